"""Holding arrays and tensors against a signature: type, number of dimensions, lengths, NaN."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from mlops_lite.registry.signature import Mismatch, Signature, mismatched

__all__ = ["checker", "infer"]


def infer(example: Any) -> Signature:
    """Read a signature off an array or tensor: the first length may be any, the others are part of it."""
    shape = tuple(example.shape)
    container = "torch" if type(example).__module__ == "torch" else "numpy"
    dtype = str(example.dtype).removeprefix("torch.")
    return Signature(
        container, dtype=dtype, shape=(None, *shape[1:]) if shape else (), nullable=_has_nan(_as_numpy(example))
    )


def checker(signature: Signature) -> Callable[[Any], Any]:
    """Make the function that checks."""
    return _tensor_checker(signature) if signature.container == "torch" else _array_checker(signature)


def _array_checker(signature: Signature) -> Callable[[Any], Any]:
    assert signature.dtype is not None and signature.shape is not None
    ndarray, dtype, ndim, tail = np.ndarray, np.dtype(signature.dtype), len(signature.shape), signature.shape[1:]
    finite = dtype.kind in "fc" and not signature.nullable

    def check(X: Any) -> Any:
        if type(X) is ndarray and X.dtype is dtype and X.ndim == ndim and X.shape[1:] == tail:
            if finite and _has_nan(X):
                raise mismatched([_nan()])
            return X
        return slowly(X)

    def slowly(X: Any) -> Any:
        array = _as_numpy(X)
        found = _shape_mismatches(array.shape, signature.shape or ())
        array = _cast(array, dtype, found)
        if not found and finite and _has_nan(array):
            found.append(_nan())
        if found:
            raise mismatched(found)
        return array

    return check


def _tensor_checker(signature: Signature) -> Callable[[Any], Any]:
    assert signature.shape is not None
    shape = signature.shape

    def check(X: Any) -> Any:
        import torch

        tensor = X if isinstance(X, torch.Tensor) else torch.as_tensor(_as_numpy(X))
        found = _shape_mismatches(tuple(tensor.shape), shape)
        dtype = getattr(torch, str(signature.dtype))
        if tensor.dtype != dtype:
            cast = tensor.to(dtype)
            if torch.equal(cast.to(tensor.dtype), tensor) and tensor.is_complex() == cast.is_complex():
                tensor = cast
            else:
                found.append(_type(str(tensor.dtype), str(signature.dtype)))
        if not found and not signature.nullable and tensor.is_floating_point() and bool(tensor.isnan().any()):
            found.append(_nan())
        if found:
            raise mismatched(found)
        return tensor

    return check


def _as_numpy(X: Any) -> Any:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(X, torch.Tensor):
        X = X.detach().cpu()
        return X.float().numpy() if X.dtype == torch.bfloat16 else X.numpy()
    try:
        return np.asarray(X)
    except ValueError as error:
        raise mismatched([Mismatch(None, "shape", f"this {type(X).__name__} is no array: {error}")]) from error


def _shape_mismatches(actual: tuple[int, ...], expected: tuple[int | None, ...]) -> list[Mismatch]:
    fits = len(actual) == len(expected) and all(
        want is None or have == want for have, want in zip(actual, expected, strict=True)
    )
    if fits:
        return []
    wanted = "(" + ", ".join("any" if length is None else str(length) for length in expected) + ")"
    return [Mismatch(None, "shape", f"the shape is {actual}, and {wanted} is expected")]


def _cast(array: Any, dtype: np.dtype[Any], found: list[Mismatch]) -> Any:
    """Change the type where nothing is lost."""
    if array.dtype == dtype:
        return array
    if array.dtype.kind in "iuf" and dtype.kind in "iufc":
        with np.errstate(all="ignore"):
            cast = array.astype(dtype)
            if np.array_equal(cast.astype(array.dtype), array, equal_nan=array.dtype.kind == "f"):
                return cast
    found.append(_type(str(array.dtype), str(dtype)))
    return array


def _type(actual: str, expected: str) -> Mismatch:
    return Mismatch(None, "type", f"the type is {actual.removeprefix('torch.')}, and {expected} is expected")


def _nan() -> Mismatch:
    return Mismatch(None, "null", "there is NaN, and the example had none")


def _has_nan(array: Any) -> bool:
    """Look for NaN: by the sum, which is fast, and closer only where the sum is NaN (infinities make it so too)."""
    if array.dtype.kind not in "fc":
        return False
    with np.errstate(all="ignore"):
        total = array.sum()
    return bool(total != total and np.isnan(array).any())
