"""How a store, and what was done to it, look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_lite.base.ref import KINDS
from mlops_lite.display import badge, card, facts, table, text

if TYPE_CHECKING:
    from mlops_lite.store.gc import Collection
    from mlops_lite.store.store import Store
    from mlops_lite.store.sync import Synchronisation
    from mlops_lite.store.verify import Verification

__all__ = ["of_collection", "of_store", "of_synchronisation", "of_verification"]

_NAMES = 8


def of_store(store: Store) -> Any:
    """Draw what a store holds, by name."""
    if not store.exists:
        return card(store.url, text("Nothing was written here yet."), status=badge("empty", "info"))
    named = {kind: store.names(kind) for kind in KINDS if kind != "run"}
    rows = [[kind, len(names), _some(names)] for kind, names in named.items()]
    return card(store.url, table(["kind", "names", "such as"], rows, "What is in it"), subtitle=f"store {store.id}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMES]) + (", …" if len(names) > _NAMES else "") or "–"


def of_verification(found: Verification) -> Any:
    """Draw what a check found."""
    faults = [(badge("damaged", "alert"), one) for one in found.damaged]
    faults += [(badge("missing", "alert"), one) for one in found.missing]
    rows = [[one.path, word, one.what, ", ".join(one.refs) or "no one"] for word, one in faults]
    status = badge("as it was written", "ok") if found.ok else badge("not as it was written", "alert")
    listed = table(["where", "", "what", "needed by"], rows, "What is wrong") if rows else None
    said = "all as they were written" if found.ok else f"{len(found.damaged)} damaged, {len(found.missing)} missing"
    words = f"{found.checked:,} records, files of runs and objects checked: {said}"
    return card("Verification", text(words), listed, status=status)


def of_collection(found: Collection) -> Any:
    """Draw what a collection removed, or could."""
    counts = {
        "objects that nothing needs": len(found.removed),
        "bytes of them": found.nbytes,
        "objects needed": found.kept,
        "too young to tell": found.waiting,
    }
    said = badge("nothing was removed", "info") if found.dry_run else badge("removed", "ok")
    return card("Garbage collection", facts(counts, "Objects"), status=said)


def of_synchronisation(found: Synchronisation) -> Any:
    """Draw what was copied."""
    counts = {
        "records": found.records,
        "files of runs": found.runs,
        "objects": found.objects,
        "bytes": found.nbytes,
        "diverged, kept beside": ", ".join(found.forks) or None,
        "labels left as they are there": ", ".join(found.labels) or None,
    }
    status = badge("copied", "ok") if found.ok else badge("diverged", "warning")
    return card("Synchronisation", facts(counts, "What was copied"), status=status)
