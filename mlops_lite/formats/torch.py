"""Tensors and modules of PyTorch: each storage as one part of bytes, each tensor as a view of a storage.

So tied weights stay tied, views stay views, and types that numpy lacks keep their bits. PyTorch's own way to pickle a
storage opens another pickle inside, unchecked; it is never used. Tensors of other devices are stored from main memory
and come back there; sparse, quantised and other special tensors are left to PyTorch and need ``trusted="code"``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.errors import DamagedError
from mlops_lite.formats import pickle as pickles

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "describe", "dump", "is_plain", "load", "storage", "storage_of", "tensor"]

PRIORITY = 30
LEVEL = None  # the pickle says


def is_plain(value: Any) -> bool:
    """Tell whether a value is a dense tensor or parameter of no other class."""
    torch = sys.modules.get("torch")
    if torch is None or type(value) not in (torch.Tensor, torch.nn.Parameter):
        return False
    plain = value.layout is torch.strided and not value.is_quantized and value.device.type != "meta"
    return plain and not (value.is_conj() or value.is_neg()) and not vars(value) and not _has_hooks(value)


def _has_hooks(value: Any) -> bool:
    return bool(getattr(value, "_backward_hooks", None))


def accepts(value: Any) -> bool:
    """Take modules, and optimisers, schedulers and other things of PyTorch's own; plain tensors go into trees."""
    torch = sys.modules.get("torch")
    if torch is None or is_plain(value):
        return False
    return isinstance(value, torch.nn.Module) or type(value).__module__.partition(".")[0] == "torch"


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Pickle, with the storages beside it."""
    return pickles.dump(value, writer)


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Open the pickle."""
    return pickles.load(facts, reader, trust)


leaves = pickles.leaves


def storage_of(value: Any) -> tuple[Any, Any]:
    """Show the bytes of a tensor's storage.

    Returns
    -------
    bytes-like, hashable
        The bytes, and what tells this storage from others as long as it lives.
    """
    import torch

    whole = value.detach().untyped_storage()
    near = whole if whole.device.type == "cpu" else whole.cpu()
    key = (whole.device.type, whole.data_ptr(), whole.nbytes())
    if not near.nbytes():
        return b"", key
    flat = torch.empty(0, dtype=torch.uint8).set_(near, 0, (near.nbytes(),), (1,))
    return flat.numpy(), key


def describe(value: Any) -> list[Any]:
    """Tell what a tensor is besides its bytes: type, shape, strides, offset, whether it wants a gradient, its class."""
    import torch

    kind = "parameter" if type(value) is torch.nn.Parameter else "tensor"
    dtype = str(value.dtype).removeprefix("torch.")
    return [dtype, list(value.shape), list(value.stride()), value.storage_offset(), value.requires_grad, kind]


def storage(buffer: Any) -> Any:  # a name in stored pickles
    """Make a storage of bytes, without a copy."""
    import torch

    view = memoryview(buffer)
    if not view.nbytes:
        return torch.empty(0, dtype=torch.uint8).untyped_storage()
    if view.readonly:  # PyTorch has no tensors that refuse writing: one into such memory would kill the process
        view = memoryview(bytearray(view))
    return torch.frombuffer(view, dtype=torch.uint8).untyped_storage()


def tensor(
    storage: Any, dtype: str, shape: Any, stride: Any, offset: int, requires_grad: bool, kind: str = "tensor"
) -> Any:  # a name in stored pickles
    """Make a tensor that shows part of a storage.

    Raises
    ------
    DamagedError
        It would reach outside.
    """
    import torch

    kinds = getattr(torch, dtype, None) if isinstance(dtype, str) else None
    if not isinstance(kinds, torch.dtype) or not isinstance(storage, torch.UntypedStorage):
        raise DamagedError(f"{dtype!r} is no type of a tensor, or it has no storage.")
    shape, stride = tuple(shape), tuple(stride)
    if not _inside(shape, stride, offset, storage.nbytes() // kinds.itemsize):
        raise DamagedError(f"A tensor of the shape {shape} would reach outside its storage.")
    made = torch.empty(0, dtype=kinds).set_(storage, offset, shape, stride)
    if kind == "parameter":
        return torch.nn.Parameter(made, requires_grad)
    return made.requires_grad_(requires_grad)


def _inside(shape: tuple[int, ...], stride: tuple[int, ...], offset: int, most: int) -> bool:
    if len(shape) != len(stride) or any(number < 0 for number in (*shape, *stride, offset)):
        return False
    if 0 in shape:
        return True
    return offset + sum((length - 1) * step for length, step in zip(shape, stride, strict=True)) < most
