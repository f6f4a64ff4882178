"""Models in ONNX, as they are: a message of protocol buffers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader, Writer
    from mlops_lite.formats.trust import Trust

__all__ = ["accepts", "dump", "load"]

PRIORITY = 40
LEVEL = "known"

_MOST_BYTES = (1 << 31) - 1  # what a message of protocol buffers may take


def accepts(value: Any) -> bool:
    """Take models."""
    onnx = sys.modules.get("onnx")
    return onnx is not None and isinstance(value, onnx.ModelProto)


def dump(value: Any, writer: Writer) -> Mapping[str, Any]:
    """Hand over the message.

    Raises
    ------
    InvalidInputError
        It is larger than a message may be, or its weights stand in other files.
    """
    onnx = sys.modules["onnx"]
    outside = [one.name for one in value.graph.initializer if one.data_location == onnx.TensorProto.EXTERNAL]
    if outside:
        raise InvalidInputError(
            f"The weights of {outside[0]!r} stand in another file, which the model alone does not hold.",
            remedy="Load them first (onnx.load(path)), or register the folder: register(name, pathlib.Path(folder)).",
        )
    if value.ByteSize() > _MOST_BYTES:
        raise InvalidInputError(
            f"An ONNX model of {value.ByteSize():,} bytes is larger than its format allows.",
            remedy="Save it with external data, and register the folder.",
        )
    writer.add(value.SerializeToString())
    return {}


def load(facts: Mapping[str, Any], reader: Reader, trust: Trust) -> Any:
    """Have onnx read it."""
    import onnx

    return onnx.load_from_string(bytes(reader.bytes(0)))
