"""Keeping an artifact: a path, a folder, bytes, a figure, a frame, any object, each in its own way."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from mlops_lite.store import ObjectBatch

__all__ = ["keep"]

_FRAMES = ("pandas", "arrow", "polars")
Found = Mapping[str, Any]


def keep(batch: ObjectBatch, name: str, value: Any) -> dict[str, Any]:
    """Put something into a batch, and say what the run has to remember of it.

    Parameters
    ----------
    batch : ObjectBatch
    name : str
    value : path, bytes, figure, frame or any object

    Returns
    -------
    dict
        ``kind``, ``digest`` and ``nbytes`` beside what the kind needs.

    Raises
    ------
    InvalidInputError
        The path is not there, or the object cannot be stored.
    """
    kind = next(keep for fits, keep in _KINDS if fits(value))
    return {"name": name, **kind(batch, name, value)}


def _keep_path(batch: ObjectBatch, name: str, value: str | os.PathLike[str]) -> Found:
    path = Path(value)
    if path.is_dir():
        return _keep_folder(batch, name, path)
    if not path.is_file():
        raise InvalidInputError(
            f"There is no file or folder {str(path)!r}.",
            remedy=f"It would be at {path.absolute()}. To keep a text, give bytes: text.encode().",
        )
    return {"kind": "file", "file": path.name, "digest": batch.add_file(path), "nbytes": path.stat().st_size}


def _keep_folder(batch: ObjectBatch, name: str, folder: Path) -> Found:
    files, total = {}, 0
    for path in _walk(folder):
        found = path.stat()
        relative = path.relative_to(folder).as_posix()
        files[relative] = {"digest": batch.add_file(path), "nbytes": found.st_size, "mode": found.st_mode & 0o777}
        total += found.st_size
    listed = batch.add(canonical.encode(files))
    return {"kind": "folder", "file": folder.resolve().name, "digest": listed, "nbytes": total}


def _walk(folder: Path) -> Iterator[Path]:
    """List the files of a folder. Links to files inside are followed; one that leads out is refused."""
    home = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            raise InvalidInputError(
                f"{str(path)!r} is a link that leaves the folder {str(folder)!r}.",
                remedy="Keep what it points at by itself, or put a copy there.",
            )
        if path.is_file():
            yield path


def _keep_bytes(batch: ObjectBatch, name: str, value: Any) -> Found:
    data = bytes(value)
    return {"kind": "bytes", "digest": batch.add(data), "nbytes": len(data)}


def _keep_figure(batch: ObjectBatch, name: str, value: Any) -> Found:
    target = io.BytesIO()
    value.savefig(target, format="png")
    return {**_keep_bytes(batch, name, target.getbuffer()), "kind": "figure"}


def _keep_frame(batch: ObjectBatch, name: str, value: Any) -> Found:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mlops_lite import frames

    target = io.BytesIO()
    try:
        pq.write_table(frames.to_arrow(value, whole=True), target, compression="zstd")
    except (InvalidTypeError, InvalidInputError, pa.ArrowException):  # a frame of what no column holds
        return _keep_object(batch, name, value)
    found = _keep_bytes(batch, name, target.getbuffer())
    return {**found, "kind": "frame", "library": frames.kind(value)}


def _keep_object(batch: ObjectBatch, name: str, value: Any) -> Found:
    from mlops_lite import formats

    stored = formats.dump(value, batch)
    return {"kind": "object", "digest": stored.manifest, "nbytes": stored.nbytes, "format": stored.format}


def _is_frame(value: Any) -> bool:
    from mlops_lite import frames

    return frames.kind(value) in _FRAMES


_KINDS: list[tuple[Callable[[Any], bool], Callable[..., Found]]] = [
    (lambda value: isinstance(value, (str, os.PathLike)), _keep_path),
    (lambda value: isinstance(value, (bytes, bytearray, memoryview)), _keep_bytes),
    (lambda value: callable(getattr(value, "savefig", None)), _keep_figure),
    (_is_frame, _keep_frame),
    (lambda value: True, _keep_object),
]
