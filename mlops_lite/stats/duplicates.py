"""Rows that repeat an earlier one, by a 64-bit hash of each row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.values import family, numbers

__all__ = ["Repeats"]

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_MISSING = np.uint64(0x7FF8_0000_0000_0000)


class Repeats:
    """Counts rows that repeat an earlier one. Keeps eight bytes a row.

    Two different rows share a hash with a probability of 2⁻⁶⁴: among a million rows that happens once in 40 million
    checks.

    Examples
    --------
    >>> repeats = Repeats()
    >>> repeats.add({"a": np.array([1.0, 2.0, 1.0]), "b": np.array(["x", "x", "x"])})
    >>> repeats.count()
    1
    """

    def __init__(self) -> None:
        self._hashes: list[NDArray[Any]] = []

    def add(self, block: Mapping[str, Any]) -> None:
        """Add rows."""
        total: NDArray[Any] | None = None
        for name, array in block.items():
            # each column is mixed by itself with a key of its own, so that swapped values do not cancel
            own = _mixed(_bits(array) + _hash(name))
            if total is None:
                total = own
            else:
                np.add(total, own, out=total)
        if total is not None:
            self._hashes.append(total)

    def count(self) -> int:
        """How many rows repeat an earlier one."""
        if not self._hashes:
            return 0
        every = np.concatenate(self._hashes)
        every.sort()
        return int(np.count_nonzero(every[1:] == every[:-1]))


def _mixed(bits: NDArray[Any]) -> NDArray[Any]:
    """Spread bits over all 64 (the finaliser of SplitMix64; Steele, Lea and Flood, 2014)."""
    for shift, factor in zip((30, 27), _MIX, strict=True):
        bits ^= bits >> np.uint64(shift)
        bits *= factor
    bits ^= bits >> np.uint64(31)
    return bits


def _bits(array: Any) -> NDArray[Any]:
    """Give 64 bits for each value: equal ones for equal values of a column."""
    kind = family(array)
    if kind in ("numbers", "times"):
        return np.concatenate([_of_numbers(numbers(part)) for part in getattr(array, "chunks", [array])] or [_none()])
    return _of_levels(array)


def _hash(text: str) -> np.uint64:
    data = text.encode("utf-8", "replace")
    return np.uint64(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little"))


def _none() -> NDArray[Any]:
    return np.zeros(0, dtype=np.uint64)


def _of_numbers(values: NDArray[Any]) -> NDArray[Any]:
    floats = np.add(values, 0.0, dtype=np.float64)  # a copy, in which -0.0 has become 0.0
    bits = floats.view(np.uint64)
    bits[np.isnan(floats)] = _MISSING
    return np.asarray(bits)


def _of_levels(array: Any) -> NDArray[Any]:
    """Hash each distinct text once and look it up."""
    import pyarrow as pa

    if isinstance(array, np.ndarray):
        array = pa.array([None if value is None else str(value) for value in array.tolist()], pa.string())
    if not pa.types.is_dictionary(array.type):
        try:
            array = array.dictionary_encode()
        except pa.ArrowNotImplementedError:  # arrays in cells: by their text
            array = pa.array([str(value) for value in array.to_pylist()]).dictionary_encode()
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    return np.concatenate([_of_codes(chunk) for chunk in chunks] or [_none()])


def _of_codes(chunk: Any) -> NDArray[Any]:
    texts = [str(level) for level in chunk.dictionary.to_pylist()]
    hashes = np.array([*map(_hash, texts), _MISSING], dtype=np.uint64)
    codes = chunk.indices.fill_null(len(texts)) if chunk.indices.null_count else chunk.indices
    found: NDArray[Any] = hashes[codes.to_numpy(zero_copy_only=False)]
    return found
