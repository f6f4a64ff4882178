"""The addresses of a column in several parts: taken together where the parts lie one behind the other in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_lite.data import integers
from mlops_lite.data.address import content, head, is_integers, letters, numbers, offset_type, places, taken

__all__ = ["addresses"]


def addresses(parts: Sequence[pa.Array], take: Callable[[Iterable[Any]], bytes] = taken) -> list[bytes]:
    """Take the address of a column in several parts.

    Parameters
    ----------
    parts : sequence of pyarrow.Array
        Of one type.
    take : callable
        Gives the address of canonical content in pieces: from what it remembers, or by SHA-256.

    Returns
    -------
    list of bytes
        The same as :func:`~mlops_lite.data.address.address` gives of each. Parts of one table are looked at together:
        threads that take a few long steps do not wait for each other.

    Examples
    --------
    >>> from mlops_lite.data.address import address
    >>> whole = pa.array(range(1000))
    >>> addresses([whole[:600], whole[600:]]) == [address(whole[:600]), address(whole[600:])]
    True
    """
    return [take(pieces) for pieces in _contents(parts)]


def _contents(parts: Sequence[pa.Array]) -> Iterator[Iterable[Any]]:
    if len(parts) > 1 and all(len(part) and not part.null_count for part in parts) and _follow(parts):
        starts = [0, *itertools.accumulate(len(part) for part in parts[:-1])]
        if is_integers(parts[0].type):
            return _of_integers(parts, starts)
        if offset_type(parts[0].type):
            return _of_pieces(parts, starts)
    return map(content, parts)


def _follow(parts: Sequence[pa.Array]) -> bool:
    """Tell whether each part begins in memory where the one before it ends."""
    buffers = [[buffer.address if buffer else 0 for buffer in part.buffers()[1:]] for part in parts]
    offsets = [(one.offset + len(one), two.offset) for one, two in itertools.pairwise(parts)]
    return all(held == buffers[0] for held in buffers) and all(end == start for end, start in offsets)


def _whole(parts: Sequence[pa.Array]) -> pa.Array:
    first = parts[0]
    return pa.Array.from_buffers(first.type, sum(map(len, parts)), [None, *first.buffers()[1:]], 0, first.offset)


def _of_integers(parts: Sequence[pa.Array], starts: list[int]) -> Iterator[Iterable[Any]]:
    said = integers.stretches(numbers(_whole(parts)), starts)
    return ((head(part), *one) for part, one in zip(parts, said, strict=True))


def _of_pieces(parts: Sequence[pa.Array], starts: list[int]) -> Iterator[Iterable[Any]]:
    said = integers.stretches(np.diff(places(_whole(parts))), starts)
    return ((head(part), *one, letters(part)) for part, one in zip(parts, said, strict=True))
