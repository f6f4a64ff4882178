"""Where everything stands in a store: the paths of format 1."""

from __future__ import annotations

from mlops_lite.base import name as names

__all__ = [
    "FORKS",
    "IDENTITY",
    "LOGS",
    "OBJECTS",
    "fork_folder",
    "hint",
    "is_label_kind",
    "label_kind",
    "log_folder",
    "note_kind",
    "object_digest",
    "object_path",
    "owner_kind",
    "record_number",
    "record_path",
]

IDENTITY = "store.json"
OBJECTS = "objects"
LOGS = "logs"
FORKS = "forks"
_LABEL = "-label"
_NOTE = "-note"


def object_path(digest: str) -> str:
    """Place an object.

    Examples
    --------
    >>> object_path("ab" + 62 * "0")[:12]
    'objects/ab/0'
    """
    return f"{OBJECTS}/{digest[:2]}/{digest[2:]}"


def object_digest(path: str) -> str:
    """Read the digest back from a path; empty where the path is no object's."""
    parts = path.split("/")
    return parts[1] + parts[2] if len(parts) == 3 and len(parts[1] + parts[2]) == 64 else ""


def log_folder(kind: str, name: str) -> str:
    """Place a log."""
    return f"{LOGS}/{kind}/{names.encode(name)}"


def fork_folder(digest: str, kind: str, name: str) -> str:
    """Place the tail of a log that diverged, by the digest of its first record."""
    return f"{FORKS}/{digest}/{kind}/{names.encode(name)}"


def record_path(folder: str, number: int) -> str:
    """Place a record of a log.

    Examples
    --------
    >>> record_path(log_folder("model", "Churn"), 3)
    'logs/model/=43hurn/000000000003.json'
    """
    return f"{folder}/{number:012d}.json"


def record_number(path: str) -> int:
    """Read the number back from the path of a record; 0 where the path is none.

    Examples
    --------
    >>> record_number("logs/model/=43hurn/000000000003.json"), record_number("logs/model/=43hurn/hint")
    (3, 0)
    """
    name, _, ending = path.rpartition("/")[2].partition(".")
    return int(name) if len(name) == 12 and name.isdigit() and ending == "json" else 0


def hint(folder: str) -> str:
    """Place the guess at a log's newest number."""
    return f"{folder}/hint"


def label_kind(kind: str) -> str:
    """Name the kind of log that holds the labels of a kind."""
    return kind + _LABEL


def is_label_kind(kind: str) -> bool:
    """Tell whether a kind of logs holds labels."""
    return kind.endswith(_LABEL)


def note_kind(kind: str) -> str:
    """Name the kind of log that holds what is said of records of a kind later: that one was deleted, for instance."""
    return kind + _NOTE


def owner_kind(kind: str) -> str:
    """Name the kind whose labels or notes a kind of logs holds; itself where it holds neither.

    Examples
    --------
    >>> owner_kind(label_kind("model")), owner_kind(note_kind("model")), owner_kind("model")
    ('model', 'model', 'model')
    """
    return kind.removesuffix(_LABEL).removesuffix(_NOTE)
