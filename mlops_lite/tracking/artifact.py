"""Artifacts: what a run keeps under a name besides numbers."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_lite.base.digest import short
from mlops_lite.base.ref import Ref
from mlops_lite.errors import InvalidInputError, NotFoundError, suggest
from mlops_lite.tracking.pickling import unpickle

if TYPE_CHECKING:
    from mlops_lite.store import ObjectBatch, Store

__all__ = ["Artifact", "Artifacts", "add"]


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
        """Give back what was logged: bytes, a frame, an object; of files and figures their bytes.

        Raises
        ------
        UntrustedError
            It is a Python object, and the store is not trusted with code.
        """
        if self.kind == "object":
            return unpickle(self._store, self.digest, f"the artifact {self.name!r}")
        data = self._store.objects.read(self.digest)
        if self.kind == "frame":
            import pandas as pd

            return pd.read_parquet(io.BytesIO(data))
        return data

    def path(self) -> Path:
        """Give a file on this machine that holds it, for reading; its name is that of the artifact."""
        key = f"{self.digest[:2]}/{self.digest[2:]}/{self._found.get('file') or os.path.basename(self.name)}"
        cached = self._store.cache.path("artifacts", key)
        if not cached.exists():
            data = self._store.objects.read(self.digest)
            self._store.cache.fill("artifacts", key, lambda target: Path(target).write_bytes(data))
        return cached

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


def add(batch: ObjectBatch, name: str, value: Any) -> dict[str, Any]:
    """Add something to a batch, and say what the run has to remember of it.

    Parameters
    ----------
    batch : ObjectBatch
    name : str
    value : path, bytes, figure, frame or any object

    Returns
    -------
    dict

    Raises
    ------
    InvalidInputError
        The path is not there.
    """
    if isinstance(value, (str, os.PathLike)):
        return _add_file(batch, name, Path(value))
    kind, data = _encoded(value)
    return {"name": name, "kind": kind, "digest": batch.add(data), "nbytes": len(data)}


def _add_file(batch: ObjectBatch, name: str, path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InvalidInputError(
            f"The artifact {name!r} is to be the file {str(path)!r}, and there is none.",
            remedy=f"It would be at {path.absolute()}. To keep a text, give bytes: text.encode().",
        )
    size = path.stat().st_size
    return {"name": name, "kind": "file", "file": path.name, "digest": batch.add_file(path), "nbytes": size}


def _encoded(value: Any) -> tuple[str, bytes]:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "bytes", bytes(value)
    if callable(getattr(value, "savefig", None)):
        target = io.BytesIO()
        value.savefig(target, format="png")
        return "figure", target.getvalue()
    if hasattr(value, "to_parquet"):
        return "frame", value.to_parquet()
    import cloudpickle

    return "object", cloudpickle.dumps(value, protocol=5)
