"""Rows that repeat an earlier one, by a 64-bit hash of each row."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_lite.stats.values import family, numbers

__all__ = ["Repeats", "coded"]

_FACTOR = np.uint64(0x9E37_79B9_7F4A_7C15)
_HALF = np.uint64(32)
_MISSING = np.uint64(0x7FF8_0000_0000_0000)
_PIECE = 1 << 17  # rows that a thread hashes at a time: what the caches hold

_MANY = 1 << 14  # rows from which text is worth a look by itself

Bits = NDArray[np.uint64]
Column = Callable[[slice, Bits], None]  # writes 64 bits for each value: equal ones for equal values of a column


class Repeats:
    """Counts rows that repeat an earlier one. Keeps eight bytes a row.

    Two different rows share a hash with a probability of about 2⁻⁶⁴: among a million rows that happens once in 40
    million checks.

    Examples
    --------
    >>> repeats = Repeats()
    >>> repeats.add({"a": np.array([1.0, 2.0, 1.0]), "b": np.array(["x", "x", "x"])})
    >>> repeats.count()
    1
    """

    def __init__(self) -> None:
        self._hashes: list[Bits] = []

    def add(self, block: Mapping[str, Any]) -> None:
        """Add rows."""
        if not block:
            return
        rows = len(next(iter(block.values())))
        pieces = [slice(start, min(start + _PIECE, rows)) for start in range(0, rows, _PIECE)]
        arrays = [block[name] for name in sorted(block)]
        if len(pieces) < 2:
            columns = [_column(array) for array in arrays]
            self._hashes += [_hashes(columns, piece) for piece in pieces]
            return
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            columns = list(threads.map(_column, arrays))
            self._hashes += threads.map(lambda piece: _hashes(columns, piece), pieces)

    def count(self) -> int:
        """How many rows repeat an earlier one."""
        if not self._hashes:
            return 0
        every = np.concatenate(self._hashes)
        every.sort()
        return int(np.count_nonzero(every[1:] == every[:-1]))


def coded(block: Mapping[str, Any]) -> dict[str, Any]:
    """Give the same columns, long ones of Arrow's text as codes: to be looked up here, and counted elsewhere.

    Examples
    --------
    >>> import pyarrow as pa
    >>> str(coded({"city": pa.array(["Rome", "Oslo"] * 10_000)})["city"].type)
    'dictionary<values=string, indices=int32, ordered=0>'
    """
    texts = [name for name, array in block.items() if len(array) >= _MANY and _is_text(array)]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(lambda name: block[name].dictionary_encode(), texts)
        return {**block, **dict(zip(texts, found, strict=True))}


def _is_text(array: Any) -> bool:
    return not isinstance(array, np.ndarray) and str(array.type) in ("string", "large_string")


def _hashes(columns: list[Column], piece: slice) -> Bits:
    """Hash rows: column by column, what was found so far is mixed with the bits of the next.

    Each step can be undone, so that rows that differ in one column only never share a hash.
    """
    total = np.zeros(piece.stop - piece.start, dtype=np.uint64)
    bits = np.empty_like(total)
    for write in columns:
        write(piece, bits)
        np.bitwise_xor(total, bits, out=total)
        np.multiply(total, _FACTOR, out=total)
        np.right_shift(total, _HALF, out=bits)
        np.bitwise_xor(total, bits, out=total)
    return total


def _column(array: Any) -> Column:
    kind = family(array)
    if kind not in ("numbers", "times"):
        return _of_levels(array)
    missing = None
    has_nulls = kind == "numbers" and not isinstance(array, np.ndarray) and array.null_count
    if has_nulls:  # filled, as whole numbers would become floats
        missing = np.asarray(array.is_null())
        array = array.fill_null(0)
    parts = [numbers(part) for part in getattr(array, "chunks", [array])] or [np.zeros(0)]
    return _of_numbers(parts[0] if len(parts) == 1 else np.concatenate(parts), missing)


def _of_numbers(values: NDArray[Any], missing: NDArray[np.bool_] | None) -> Column:
    wide = values.dtype.kind in "iu" and values.dtype.itemsize == 8

    def write(piece: slice, bits: Bits) -> None:
        floats = bits.view(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            np.add(values[piece], 0.0, out=floats, casting="unsafe")  # -0.0 becomes 0.0
            if wide:  # what a float does not hold of a large whole number
                bits += (values[piece] - floats.astype(values.dtype)).view(np.uint64) * _FACTOR
            elif np.isnan(np.add.reduce(floats)):
                bits[np.isnan(floats)] = _MISSING
        if missing is not None:
            bits[missing[piece]] = _MISSING

    return write


def _of_levels(array: Any) -> Column:
    """Hash each distinct text once and look it up."""
    import pyarrow as pa

    if isinstance(array, np.ndarray):
        array = pa.array([None if value is None else str(value) for value in array.tolist()], pa.string())
    if not pa.types.is_dictionary(array.type):
        try:
            array = array.dictionary_encode()
        except pa.ArrowNotImplementedError:  # arrays in cells: by their text
            array = pa.array([str(value) for value in array.to_pylist()]).dictionary_encode()
    if isinstance(array, pa.ChunkedArray):
        array = array.unify_dictionaries().combine_chunks()
    texts = [str(level) for level in array.dictionary.to_pylist()]
    hashes = np.array([*map(_hash, texts), _MISSING], dtype=np.uint64)
    codes = array.indices.fill_null(len(texts)) if array.indices.null_count else array.indices
    found = codes.to_numpy(zero_copy_only=False)

    def write(piece: slice, bits: Bits) -> None:
        np.take(hashes, found[piece], out=bits, mode="clip")

    return write


def _hash(text: str) -> np.uint64:
    data = text.encode("utf-8", "replace")
    return np.uint64(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little"))
