"""Sparse matrices and splines: indices, and the lengths of what belongs together."""

from __future__ import annotations

from typing import Any

__all__ = ["CHECKS"]


def _compressed(found: list[Any]) -> bool:
    for one in found:
        one.check_format(full_check=True)
    return True


def _coordinates(found: list[Any]) -> bool:
    return all(
        coordinate.shape == one.data.shape
        and (not coordinate.size or (coordinate.min() >= 0 and coordinate.max() < length))
        for one in found
        for coordinate, length in zip(one.coords, one.shape, strict=True)
    )


def _diagonals(found: list[Any]) -> bool:
    return all(one.data.ndim == 2 and one.offsets.shape == one.data.shape[:1] for one in found)


def _lists(found: list[Any]) -> bool:
    return all(
        one.rows.shape == one.data.shape == one.shape[:1]
        and all(
            len(row) == len(data) and all(0 <= index < one.shape[1] for index in row)
            for row, data in zip(one.rows, one.data, strict=True)
        )
        for one in found
    )


def _splines(found: list[Any]) -> bool:
    return all(one.t.ndim == 1 and 0 <= one.k < len(one.t) - one.k - 1 <= len(one.c) for one in found)


CHECKS = {
    **dict.fromkeys(("scipy.sparse._csr._csr_base", "scipy.sparse._csc._csc_base"), _compressed),
    "scipy.sparse._bsr._bsr_base": _compressed,
    "scipy.sparse._coo._coo_base": _coordinates,
    "scipy.sparse._dia._dia_base": _diagonals,
    "scipy.sparse._lil._lil_base": _lists,
    "scipy.interpolate._bsplines.BSpline": _splines,
}
