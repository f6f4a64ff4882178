"""What is known of a run, as plain data: what its marker said, changed by events, merged from revisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlops_lite.store.run_journal import Series

__all__ = ["State", "apply", "apply_edits", "merge", "note_series", "note_tally"]

State = dict[str, Any]


def apply(state: State, event: Mapping[str, Any]) -> None:
    """Let an event of the journal change a state.

    Parameters
    ----------
    state : dict
        Changed in place.
    event : mapping
        ``op`` says what happened: ``params`` and ``tags`` (values by name), ``facts`` (what was captured), ``input``
        and ``output`` (a ref), ``artifact``, ``note``. What a newer version wrote is passed over.

    Examples
    --------
    >>> state = {"params": {"depth": 3}}
    >>> apply(state, {"op": "params", "values": {"width": 8}})
    >>> state
    {'params': {'depth': 3, 'width': 8}}
    """
    what = event.get("op")
    if what in ("params", "tags", "facts"):
        state.setdefault(what, {}).update(event["values"])
    elif what in ("input", "output"):
        links = state.setdefault(what + "s", [])
        link = {key: value for key, value in event.items() if key != "op"}
        if not any(known["ref"] == link["ref"] and known.get("changed") == link.get("changed") for known in links):
            links.append(link)
    elif what == "artifact":
        state.setdefault("artifacts", []).append(event["artifact"])
    elif what == "note":
        state.setdefault("notes", []).append(event["note"])
    elif what == "objects":
        state.setdefault("objects", []).extend(event["digests"])


def note_series(state: State, series: Mapping[str, Series]) -> None:
    """Put what a journal remembers of its points into a state."""
    for name, found in series.items():
        if found.count:
            note_tally(state, name, found.last, found.low, found.high, found.count, found.step)


def note_tally(state: State, name: str, last: Any, low: Any, high: Any, count: int, step: int) -> None:
    """Add points of one name to what a state says of it; the last to be noted is the last."""
    metrics = state.setdefault("metrics", {})
    known = metrics.get(name)
    if known is not None:
        low, high, count = min(low, known["min"]), max(high, known["max"]), count + known["count"]
    metrics[name] = {"last": last, "min": low, "max": high, "count": count, "step": step}


def merge(revisions: Iterable[tuple[int, str, State]]) -> State | None:
    """Make one state of all revisions of a run: the highest one, with the edits of all.

    An edit is known by its id, so two people who edit at once lose nothing, in whatever order their files are found.

    Parameters
    ----------
    revisions : iterable of (revision, digest, state)

    Returns
    -------
    dict or None
        None where there is no revision.
    """
    found = sorted(revisions, key=lambda entry: entry[:2])
    if not found:
        return None
    edits: dict[str, Any] = {}
    for _, _, state in found:
        edits.update((edit["id"], edit) for edit in state.get("edits", ()))
    merged = dict(found[-1][2])
    merged["rev"] = found[-1][0]
    if edits:
        merged["edits"] = [edits[key] for key in sorted(edits)]
    return merged


def apply_edits(state: State) -> State:
    """Give a state as it reads after its edits: tags set later, notes added, or the whole run removed."""
    edits = state.get("edits")
    if not edits:
        return state
    seen = {**state, "tags": dict(state.get("tags", {})), "notes": list(state.get("notes", ()))}
    for edit in edits:
        what = edit["op"]
        if what == "tags":
            seen["tags"].update(edit["values"])
            seen["tags"] = {key: value for key, value in seen["tags"].items() if value is not None}
        elif what == "note":
            seen["notes"].append({key: edit.get(key, "") for key in ("text", "author", "time")})
        elif what == "delete":
            seen["deleted"] = True
    return seen
