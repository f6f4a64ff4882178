"""The manifest of files: paths, modes, links, and where the content of each stands. Columnar, sorted by path."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from mlops_lite.base import canonical
from mlops_lite.errors import DamagedError

__all__ = ["FILE", "FOLDER", "LINK", "Tree"]

FILE, FOLDER, LINK = range(3)
_DIGEST_BYTES = 32


@attrs.frozen(eq=False)
class Tree:
    """Files, folders and links below one folder, or one file.

    Parameters
    ----------
    name : str
        What the file or folder was called.
    is_file : bool
        Whether it is a single file.
    paths : tuple of bytes
        Relative, parts joined by ``/``, in the bytes of the file system, sorted.
    kinds : ndarray of int8
        File, folder or link.
    modes : ndarray of int32
        Permission bits.
    sizes : ndarray of int64
        Bytes.
    digests : ndarray of 32-byte items
        SHA-256 of the content of files; zeros for others.
    targets : tuple of bytes
        Where links lead; empty for others.
    packs : ndarray of int32
        Which of the objects holds the content of a file; -1 for others.
    offsets : ndarray of int64
        Where in it.
    objects : tuple of str
        Their digests.
    """

    name: str
    is_file: bool
    paths: tuple[bytes, ...]
    kinds: np.ndarray[Any, Any]
    modes: np.ndarray[Any, Any]
    sizes: np.ndarray[Any, Any]
    digests: np.ndarray[Any, Any]
    targets: tuple[bytes, ...]
    packs: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, Any]
    objects: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The digest of all that a checkout brings back; not of the objects that hold it."""
        sink = hashlib.sha256(b"tree 1 %d %d\n" % (self.is_file, len(self.paths)))
        for texts in (self.paths if not self.is_file else (), self.targets):
            sink.update(np.array([len(text) for text in texts], "<i8").tobytes())
            sink.update(b"".join(texts))
        for column, kind in ((self.kinds, "i1"), (self.modes, "<i4"), (self.sizes, "<i8")):
            sink.update(column.astype(kind).tobytes())
        sink.update(self.digests.tobytes())
        return sink.hexdigest()

    @property
    def nbytes(self) -> int:
        """The bytes of all files."""
        return int(self.sizes.sum())

    @property
    def num_files(self) -> int:
        """How many files."""
        return int((self.kinds == FILE).sum())

    def places(self) -> dict[bytes, tuple[str, int]]:
        """Give the object and the offset of each content."""
        digests = self.digests.tobytes()
        held = np.flatnonzero(self.kinds == FILE).tolist()
        packs, offsets = self.packs.tolist(), self.offsets.tolist()
        step = _DIGEST_BYTES
        return {
            digests[place * step : place * step + step]: (self.objects[packs[place]], offsets[place]) for place in held
        }

    def path(self, place: int) -> str:
        """Give a path as text."""
        return os.fsdecode(self.paths[place])

    def encode(self) -> bytes:
        """Write it as an Arrow file; one row a file."""
        columns = {
            "path": pa.array(self.paths, pa.binary()),
            "kind": pa.array(self.kinds),
            "mode": pa.array(self.modes),
            "size": pa.array(self.sizes),
            "digest": _binary(self.digests.tobytes()),
            "target": pa.array(self.targets, pa.binary()),
            "pack": pa.array(self.packs),
            "offset": pa.array(self.offsets),
        }
        batch = pa.record_batch(list(columns.values()), names=list(columns))
        head = {"format": 1, "name": self.name, "is_file": self.is_file, "objects": list(self.objects)}
        batch = batch.replace_schema_metadata({b"head": canonical.encode(head)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_batch(batch)
        return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]

    @classmethod
    def decode(cls, data: Any) -> Tree:
        """Read it back.

        Raises
        ------
        DamagedError
            The bytes are no manifest.
        """
        try:
            batch = pa.ipc.open_file(pa.py_buffer(data)).get_batch(0)
            head = canonical.decode(batch.schema.metadata[b"head"])
        except (pa.ArrowException, OSError, KeyError) as error:
            raise DamagedError(f"These bytes are no manifest of files: {error}") from error
        digests = batch.column("digest")
        return cls(
            name=head["name"],
            is_file=head["is_file"],
            paths=tuple(batch.column("path").to_pylist()),
            kinds=batch.column("kind").to_numpy(),
            modes=batch.column("mode").to_numpy(),
            sizes=batch.column("size").to_numpy(),
            digests=np.frombuffer(digests.buffers()[1], f"V{_DIGEST_BYTES}", len(digests)),
            targets=tuple(batch.column("target").to_pylist()),
            packs=batch.column("pack").to_numpy(),
            offsets=batch.column("offset").to_numpy(),
            objects=tuple(head["objects"]),
        )


def _binary(data: bytes) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(_DIGEST_BYTES), len(data) // _DIGEST_BYTES, [None, pa.py_buffer(data)])
