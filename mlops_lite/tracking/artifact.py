"""Artifacts: what a run keeps under a name besides numbers."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_lite.base import canonical
from mlops_lite.base.digest import short
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["Artifact", "Artifacts"]

_SUFFIXES = {"frame": ".parquet", "figure": ".png"}


class Artifact:
    """Something that a run kept.

    Parameters
    ----------
    store : Store
    run : Ref
        The run that kept it.
    found : mapping
        What was recorded of it.
    """

    def __init__(self, store: Store, run: Ref, found: Mapping[str, Any]) -> None:
        self._store = store
        self._found = found
        self.run = run

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._found["name"])

    @property
    def kind(self) -> str:
        """``file``, ``folder``, ``bytes``, ``figure``, ``frame`` or ``object``."""
        return str(self._found["kind"])

    @property
    def digest(self) -> str:
        """The digest of its content."""
        return str(self._found["digest"])

    @property
    def nbytes(self) -> int:
        """Its size."""
        return int(self._found["nbytes"])

    def load(self) -> Any:
        """Give back what was logged.

        Returns
        -------
        object
            A frame of the library that it was of, an object; of bytes, files and figures the bytes; of a folder the
            bytes by relative path.

        Raises
        ------
        UntrustedError
            It is a Python object that needs more trust than the store has.
        """
        objects = self._store.objects
        if self.kind == "object":
            from mlops_lite import formats

            return formats.load(self.digest, self._store, what=f"the artifact {self.name!r} of {self.run}")
        if self.kind == "folder":
            files = self._files()
            return dict(zip(files, objects.read_many(file["digest"] for file in files.values()), strict=True))
        data = objects.read(self.digest)
        if self.kind == "frame":
            import pyarrow.parquet as pq

            from mlops_lite import frames

            return frames.from_arrow(pq.read_table(io.BytesIO(data)), self._found["library"])
        return data

    def path(self) -> Path:
        """Give a file or folder on this machine that holds it: a copy, for reading.

        Raises
        ------
        InvalidInputError
            It is a Python object, which has no file.
        """
        if self.kind == "object":
            raise InvalidInputError(
                f"The artifact {self.name!r} is a Python object and no file.", remedy="Call .load() to have it."
            )
        key = f"{self.digest[:2]}/{self.digest[2:]}/{self._file_name()}"
        cached = self._store.cache.path("artifacts", key)
        if not cached.exists():
            self._store.cache.fill("artifacts", key, self._write)
        return cached

    def _file_name(self) -> str:
        name = str(self._found.get("file") or os.path.basename(self.name)) or "artifact"
        return name if "." in name else name + _SUFFIXES.get(self.kind, "")

    def _write(self, target: str) -> None:
        if self.kind != "folder":
            _write_copy(target, self._store.objects.read(self.digest), 0)
            return
        os.mkdir(target)
        for path, file in self._files().items():
            _write_copy(os.path.join(target, path), self._store.objects.read(file["digest"]), file["mode"])

    def _files(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = canonical.decode(self._store.objects.read(self.digest))
        return found

    def _repr_png_(self) -> bytes | None:
        return self._store.objects.read(self.digest) if self.kind == "figure" else None

    def __repr__(self) -> str:
        return f"<Artifact {self.name!r} {self.kind} {self.nbytes:,} bytes {short(self.digest)}>"


class Artifacts(Mapping[str, Artifact]):
    """The artifacts of a run by name; of a repeated name the newest.

    Parameters
    ----------
    found : iterable of Artifact
        In the order logged.
    """

    def __init__(self, found: Iterable[Artifact]) -> None:
        self._versions: dict[str, list[Artifact]] = {}
        for artifact in found:
            self._versions.setdefault(artifact.name, []).append(artifact)

    def __getitem__(self, name: str) -> Artifact:
        if name not in self._versions:
            raise NotFoundError(
                f"The run has no artifact {name!r}.", remedy=suggest(name, self._versions) or "It kept none."
            )
        return self._versions[name][-1]

    def __contains__(self, name: object) -> bool:
        return name in self._versions

    def versions(self, name: str) -> list[Artifact]:
        """List everything that was logged under a name, oldest first."""
        self[name]
        return list(self._versions[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    def __repr__(self) -> str:
        return f"<Artifacts {', '.join(self._versions) or 'none'}>"


def _write_copy(path: str, data: bytes, mode: int) -> None:
    """Write a file that nobody changes by mistake, for the next reader gets the same copy."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o555 if mode & 0o100 else 0o444)
