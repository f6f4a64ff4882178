"""What opening a model version would do, read from its bytes; nothing is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mlops_lite import formats
from mlops_lite.base.ref import Ref
from mlops_lite.display import Drawn, badge, card, code, facts, section, table, text
from mlops_lite.errors import MlopsLiteError
from mlops_lite.formats.trust import Judgement, judge

if TYPE_CHECKING:
    from mlops_lite.formats.container import Reader
    from mlops_lite.registry.version import ModelVersion

__all__ = ["ByValue", "Inspection", "inspect"]

_TONES = {"arrays": "ok", "known": "info", "code": "warning"}


@attrs.frozen
class ByValue:
    """A function or class that the model brings along.

    Parameters
    ----------
    name : str
    source : str
        Its source as its author recorded it. What runs is not this text but the code in the pickle.
    """

    name: str
    source: str


@attrs.frozen(repr=False, str=False)
class Inspection(Drawn):
    """What opening a model version would do. Names, not behaviour.

    Parameters
    ----------
    ref : Ref
    format : str
    level : {"arrays", "known", "code"}
        What a reader must trust, judged from the bytes here.
    reason : str
        What needs more than ``"known"``; empty where nothing does.
    names : tuple of str
        Every class and function that it looks up.
    beyond : tuple of str
        Those outside the list of known names: what ``trusted=[…]`` would have to name.
    new : tuple of str
        Names that the version before did not look up.
    by_value : tuple of ByValue
    nbytes : int
    approved : bool
        Whether somebody approved exactly this content.
    """

    ref: Ref
    format: str
    level: str
    reason: str
    names: tuple[str, ...]
    beyond: tuple[str, ...]
    new: tuple[str, ...]
    by_value: tuple[ByValue, ...]
    nbytes: int
    approved: bool

    def _view(self) -> Any:
        tone: Any = _TONES[self.level]
        listed = [[name, name in self.beyond, name in self.new] for name in self.names]
        return card(
            self.ref,
            text(f"Opening it needs trusted={self.level!r}" + (f": {self.reason}." if self.reason else ".")),
            text("Judged from its bytes; nothing was opened. These are names, not behaviour.", quiet=True),
            facts({"format": self.format, "bytes": self.nbytes, "approved": self.approved}, "Facts"),
            table(["name", "unknown", "new"], listed, "What it looks up") if listed else None,
            *(
                section(f"{one.name}, by value", code(one.source or "(no source was recorded)"))
                for one in self.by_value
            ),
            status=badge(self.level, tone),
        )

    def __repr__(self) -> str:
        return f"<Inspection {self.ref} needs {self.level!r}{f': {self.reason}' if self.reason else ''}>"


def inspect(version: ModelVersion) -> Inspection:
    """Say what opening a version would do, without opening it.

    Parameters
    ----------
    version : ModelVersion

    Returns
    -------
    Inspection
    """
    reader = formats.reader(version.digest, version.store, str(version.ref))
    found = _judged(reader)
    before = _names_before(version) if found.names else frozenset(found.names)
    told = reader.manifest.facts.get("by_value", ())
    return Inspection(
        version.ref,
        reader.manifest.format,
        found.level,
        found.reason,
        found.names,
        found.beyond,
        tuple(name for name in found.names if before is not None and name not in before),
        tuple(ByValue(str(one.get("name")), str(one.get("source"))) for one in told),
        reader.manifest.nbytes,
        any(approval.digest == version.digest for approval in version.approvals),
    )


def _judged(reader: Reader) -> Judgement:
    plugin = formats.FORMATS.load(reader.manifest.format)
    if plugin.LEVEL is not None:
        return Judgement(plugin.LEVEL)
    return judge(reader.bytes(int(reader.manifest.facts["head"])))


def _names_before(version: ModelVersion) -> frozenset[str] | None:
    """Give the names of the version before; None where there is none, or it cannot be read."""
    if version.version == 1:
        return None
    try:
        record = version.store.log("model", version.name).read(version.version - 1)
        before = formats.reader(record.body["manifest"], version.store, str(record.ref))
        return frozenset(_judged(before).names)
    except MlopsLiteError:
        return None
