"""What still points at a model version: aliases, deployments, runs and other models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_lite.base.ref import Ref

if TYPE_CHECKING:
    from mlops_lite.registry.version import ModelVersion
    from mlops_lite.store import Store

__all__ = ["users"]


def users(version: ModelVersion) -> tuple[str, ...]:
    """Name everything that points at a version.

    Parameters
    ----------
    version : ModelVersion

    Returns
    -------
    tuple of str
        Such as ``"the alias 'champion'"``, ``"deployment/prod@7"``, ``"run/01J…"``.
    """
    store, ref = version.store, version.ref
    aliases = [f"the alias {alias!r}" for alias in version.aliases]
    return (*aliases, *_records(store, ref), *_runs(store, ref))


def _records(store: Store, ref: Ref) -> list[str]:
    """Ask the logs that can point at a model; of each deployment and monitor the newest record that does."""
    found = []
    for kind in ("deployment", "monitor", "model"):
        for name in store.names(kind):
            history = store.log(kind, name).history()
            pointing = [record for record in history if any(str(ref) == one.ref for one in record.parents)]
            found += [str(record.ref) for record in pointing[-1:]]
    return found


def _runs(store: Store, ref: Ref) -> list[str]:
    """Ask the runs whose input it was; the run that made it can be run again and does not need it."""
    listed = store.runs.index.listing().table(["id", "body"])
    ids = listed["id"].to_pylist()
    wanted = f'"{ref}"'.encode()
    # a look at the bytes first: of a hundred thousand runs only the few that name the version are decoded
    naming = [run for run, body in zip(ids, listed["body"].to_pylist(), strict=True) if wanted in body]
    return [f"run/{run}" for run in naming if _has_input(store, run, ref)]


def _has_input(store: Store, run: str, ref: Ref) -> bool:
    return any(str(ref) == one["ref"] for one in store.runs.state(run).get("inputs", ()))
