"""Where everything of runs stands in a store.

::

    runs/open/<id>.json               at start: who, where, arguments; gone once the summary is durable
    runs/data/<id>/p-<process>.bin    points and events; one file a process
    runs/done/<id>.<rev>.<digest8>    a summary; never changed, an edit is another revision
    runs/segments/<digest>.parquet    many summaries
"""

from __future__ import annotations

from mlops_lite.base.digest import sha256, short

__all__ = ["DATA", "DONE", "OPEN", "SEGMENTS", "data_folder", "done_path", "marker_path", "read_done_name"]

OPEN = "runs/open"
DATA = "runs/data"
DONE = "runs/done"
SEGMENTS = "runs/segments"
_ID_LENGTH = 26


def marker_path(run: str) -> str:
    """Place the marker of an open run."""
    return f"{OPEN}/{run}.json"


def data_folder(run: str) -> str:
    """Place the journals of a run."""
    return f"{DATA}/{run}"


def done_path(run: str, revision: int, data: bytes) -> str:
    """Place a summary, by its content: what stands there half can be told from what is whole.

    Examples
    --------
    >>> done_path("01J" + 23 * "0", 1, b"{}")
    'runs/done/01J00000000000000000000000.1.44136fa3'
    """
    return f"{DONE}/{run}.{revision}.{short(sha256(data))}"


def read_done_name(name: str) -> tuple[str, int, str] | None:
    """Take the name of a summary apart; None where it is no such name.

    Examples
    --------
    >>> read_done_name("01J00000000000000000000000.1.44136fa3")
    ('01J00000000000000000000000', 1, '44136fa3')
    """
    run, _, rest = name.partition(".")
    revision, _, digest = rest.partition(".")
    if len(run) != _ID_LENGTH or not revision.isdigit() or len(digest) != 8:
        return None
    return run, int(revision), digest
