"""Arrays of numpy: their bytes as one part, with type, shape and memory order beside them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.errors import DamagedError
from mlops_lite.formats._leaf import Leaf

if TYPE_CHECKING:
    import numpy as np

    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "add", "array", "dump", "is_plain", "load", "masked", "record"]

PRIORITY = 20
LEVEL = "arrays"


def is_plain(value: Any) -> bool:
    """Tell whether a value is an array of plain bytes: no objects in it, and no subclass but a memory map.

    Examples
    --------
    >>> import numpy as np
    >>> is_plain(np.zeros(3)), is_plain(np.array([None])), is_plain([1])
    (True, False, False)
    """
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) in (numpy.ndarray, numpy.memmap) and not value.dtype.hasobject


def accepts(value: Any) -> bool:
    """Take plain arrays."""
    return is_plain(value) and _has_name(value.dtype)


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Hand over the bytes; tell the rest."""
    add(writer, value)
    return {"dtype": name_of(value.dtype), "shape": list(value.shape), "order": order(value)}


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Put the array together."""
    (buffer,) = reader.buffers()
    return array(buffer, dtype_of(facts["dtype"]), tuple(facts["shape"]), facts["order"])


def leaves(facts: Mapping[str, Any], reader: Reader) -> Iterator[Leaf]:
    """Tell of the one array."""
    dtype = facts["dtype"] if isinstance(facts["dtype"], str) else None
    yield Leaf("", (0,), dtype=dtype, shape=tuple(facts["shape"]), order=facts["order"])


def add(writer: Writer, value: np.ndarray[Any, Any]) -> int:
    """Hand over an array as a part: as it lies in memory where it lies in one piece, else as a copy made later."""
    if value.flags.c_contiguous or value.flags.f_contiguous:
        return writer.add(octets(value))
    return writer.add_later(value.nbytes, lambda: octets(value.copy(order=order(value))))


def order(value: np.ndarray[Any, Any]) -> Any:
    """Name the memory order: ``"F"`` where the first index moves fastest, else ``"C"``."""
    if value.flags.c_contiguous or value.ndim < 2:
        return "C"
    if value.flags.f_contiguous:
        return "F"
    strides = [abs(stride) for stride in value.strides]
    return "F" if strides == sorted(strides) else "C"


def octets(value: np.ndarray[Any, Any]) -> Any:
    """Show the bytes of an array that lies in one piece."""
    import numpy as np

    flat = value.reshape(-1, order="C" if value.flags.c_contiguous else "F")
    return flat.view(np.uint8) if value.size else b""


def name_of(dtype: np.dtype[Any]) -> Any:
    """Write a type as text or, where it has fields, as a list."""
    import numpy as np

    if dtype.names is None and np.dtype(dtype.str) == dtype:
        return dtype.str
    return [list(field) if len(field) == 2 else [field[0], field[1], list(field[2])] for field in dtype.descr]


def shortest(dtype: np.dtype[Any]) -> Any:
    """Write a type as text where that says all, else leave it as it is."""
    import numpy as np

    return dtype.str if dtype.names is None and np.dtype(dtype.str) == dtype else dtype


def dtype_of(written: Any) -> np.dtype[Any]:
    """Read a type back.

    Raises
    ------
    DamagedError
        It is none, or one with objects in it.
    """
    import numpy as np

    try:
        dtype = np.dtype(written if isinstance(written, str) else _fields(written))
    except (TypeError, ValueError, SyntaxError) as error:
        raise DamagedError(f"{written!r} is no type of an array: {error}.") from error
    if dtype.hasobject:
        raise DamagedError(f"An array of {dtype} cannot be made from bytes.")
    return dtype


def _fields(written: Any) -> list[Any]:
    return [
        (name, _fields(kind) if isinstance(kind, list) else kind, *map(tuple, shape)) for name, kind, *shape in written
    ]


def _has_name(dtype: np.dtype[Any]) -> bool:
    try:
        return dtype_of(_through_json(name_of(dtype))) == dtype
    except (DamagedError, TypeError, ValueError):
        return False


def _through_json(value: Any) -> Any:
    return [_through_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def array(
    buffer: Any, dtype: Any, shape: tuple[int, ...], order: str
) -> np.ndarray[Any, Any]:  # a name in stored pickles
    """Make an array of bytes, without a copy: as writable as they are.

    Parameters
    ----------
    buffer : bytes-like
    dtype : str or numpy.dtype
    shape : tuple of int
    order : {"C", "F"}

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    DamagedError
        The bytes are not as many as type and shape need.

    Examples
    --------
    >>> array(bytearray(16), "<i8", (2,), "C")
    array([0, 0])
    """
    import numpy as np

    kind = dtype if isinstance(dtype, np.dtype) else dtype_of(dtype)
    size = memoryview(buffer).nbytes
    if kind.hasobject or any(length < 0 for length in shape) or size != kind.itemsize * math.prod(shape):
        raise DamagedError(f"{size:,} bytes are no array of {kind} with the shape {shape}.")
    if not size:
        return np.empty(shape, kind, order="F" if order == "F" else "C")
    return np.frombuffer(buffer, np.uint8).view(kind).reshape(shape, order="F" if order == "F" else "C")


def masked(data: Any, mask: Any, fill_value: Any, hard: bool) -> Any:  # a name in stored pickles
    """Make a masked array of its data and its mask."""
    import numpy as np

    made = np.ma.MaskedArray(data, mask=mask, hard_mask=hard)
    if fill_value is not None:
        made.fill_value = fill_value
    return made


def record(data: Any) -> Any:  # a name in stored pickles
    """Make a record array of an array with fields."""
    import numpy as np

    return data.view(np.recarray)
