"""What can be a metric: numbers of Python, numpy and torch, and whole arrays of them."""

from __future__ import annotations

import numbers
from typing import Any

import attrs

from mlops_lite.errors import InvalidTypeError

__all__ = ["Array", "Number", "as_metric", "as_step", "as_steps"]

Number = float | int
_LARGEST = 1 << 63


@attrs.frozen(eq=False)
class Array:
    """Many values of one name at once.

    Parameters
    ----------
    values : bytes
        Eight bytes each.
    whole : bool
        They are integers.
    count : int
    tally : tuple
        Last, smallest and largest; NaN is neither small nor large.
    """

    values: bytes
    whole: bool
    count: int
    tally: tuple[Number, Number, Number]


def as_metric(name: str, value: Any) -> Number | Array:
    """Turn what was logged into a number or an array.

    Parameters
    ----------
    name : str
        For the message.
    value : number, array, tensor or sequence of numbers

    Returns
    -------
    float, int or Array
        NaN and infinities are kept.

    Raises
    ------
    InvalidTypeError
        It is no number.

    Examples
    --------
    >>> as_metric("loss", True), as_metric("loss", 0.5), as_metric("loss", [1, 2]).count
    (1, 0.5, 2)
    """
    if isinstance(value, (bool, int)):
        return _within(int(value))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (str, bytes, bytearray, dict, set, frozenset)) or value is None:
        raise _no_number(name, value)
    if isinstance(value, (list, tuple, range)):
        return _array(name, value)
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # a tensor of torch, perhaps on a device, perhaps bfloat16
        value = _from_tensor(value)
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        return _from_array(name, value)
    return _from_object(name, value)


def _from_object(name: str, value: Any) -> Number | Array:
    if isinstance(value, numbers.Integral):
        return _within(int(value))
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _no_number(name, value) from None


def _from_tensor(value: Any) -> Any:
    value = value.detach().cpu()
    try:
        return value.numpy()
    except TypeError:  # bfloat16 has no counterpart
        return value.float().numpy()


def _from_array(name: str, value: Any) -> Number | Array:
    import numpy as np

    array = np.asarray(value)
    if array.ndim == 0:
        if array.dtype.kind in "bui":
            return _within(int(array))
        if array.dtype.kind == "f":
            return float(array)
        raise _no_number(name, value)
    return _array(name, array)


def _array(name: str, value: Any) -> Array:
    import numpy as np

    try:
        array = np.asarray(value)
    except ValueError:
        raise _no_number(name, value) from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise _no_number(name, value) from None
    if array.dtype.kind not in "buif" or array.ndim > 1 or (array.ndim == 1 and array.size == 0):
        raise _no_number(name, value)
    whole = array.dtype.kind in "bui" and array.dtype != np.uint64
    numbers_ = np.ascontiguousarray(array, "<i8" if whole else "<f8")
    real = numbers_ if whole else numbers_[numbers_ == numbers_]
    low, high = (real.min().item(), real.max().item()) if len(real) else (float("inf"), float("-inf"))
    return Array(numbers_.tobytes(), whole, len(numbers_), (numbers_[-1].item(), low, high))


def _within(value: int) -> Number:
    """Keep a whole number whole if 64 bits hold it."""
    if -_LARGEST <= value < _LARGEST:
        return value
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def as_step(step: Any) -> int:
    """Turn a step into a whole number.

    Raises
    ------
    InvalidTypeError
        It is none.
    """
    if type(step) is int and -_LARGEST <= step < _LARGEST:
        return step
    if hasattr(step, "item") and getattr(step, "shape", None) == ():
        step = step.item()
    if isinstance(step, bool) or not isinstance(step, (int, float)) or not abs(step) < _LARGEST or step != int(step):
        raise InvalidTypeError(f"A step is a whole number; {step!r} is none.")
    return int(step)


def as_steps(steps: Any, count: int) -> tuple[bytes, int]:
    """Turn the steps of an array into bytes, and give the last of them.

    Raises
    ------
    InvalidTypeError
        They are no whole numbers, or not as many as the values.
    """
    import numpy as np

    array = np.asarray(_from_tensor(steps) if hasattr(steps, "detach") else steps)
    if array.ndim == 0:  # all at one step
        array = np.full(count, as_step(array.item()))
    if array.dtype.kind == "f" and (array == np.floor(array)).all():
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu" or array.shape != (count,):
        raise InvalidTypeError(f"The steps of {count:,} values are {count:,} whole numbers, or one, or left out.")
    whole = np.ascontiguousarray(array, "<i8")
    return whole.tobytes(), int(whole[-1])


def _no_number(name: str, value: Any) -> InvalidTypeError:
    shape = getattr(value, "shape", None)
    what = f"{type(value).__name__}{f' of shape {tuple(shape)}' if shape is not None else ''}"
    return InvalidTypeError(
        f"The metric {name!r} is a {what}, and metrics are numbers or one-dimensional arrays of numbers.",
        remedy="Log settings and text with ml.log_params(…), anything else with ml.log_artifact(name, value).",
        name=name,
    )
