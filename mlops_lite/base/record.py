"""Records: the entries of logs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from mlops_lite.base import canonical, digest
from mlops_lite.base.ref import KINDS, Ref
from mlops_lite.base.seal import opened, sealed
from mlops_lite.errors import DamagedError, InvalidInputError, NewerFormatError

__all__ = ["FORMAT", "MOST_BYTES", "Parent", "Record"]

FORMAT = 1
MOST_BYTES = 64 * 1024  # one write on every backend


@attrs.frozen
class Parent:
    """What a record was made from, so that a ref which means another thing elsewhere cannot lie.

    Parameters
    ----------
    ref : str
        The ref, with its number.
    record : str
        The digest of the record it named.
    store : str
        The id of the store it was read in.
    """

    ref: str
    record: str = ""
    store: str = ""


@attrs.frozen(repr=False)
class Record:
    """One entry of a log: what happened, who, when, from what.

    Parameters
    ----------
    kind, name : str
        The log it stands in.
    number : int
        Its place, from 1.
    action : str
        What happened, as a verb: ``snapshot``, ``register``, ``deploy`` …
    time : datetime
        When, in UTC; always later than the entry before.
    author, host : str
        Who, and on which machine.
    txn : str
        The transaction that wrote it, by which a write whose reply was lost is recognised.
    body : mapping
        What the feature has to say.
    message : str, optional
        What the author has to say.
    parents : tuple of Parent
        What it was made from.
    objects : tuple of str
        The digests that it keeps alive, all of them, where they are few.
    inventory : str, optional
        The digest of the object that lists them, where they are many.
    previous : str, optional
        The digest of the entry before.
    clock : datetime, optional
        What the author's own clock said, where that was not later than the entry before.
    format : int
        The format of this record.
    extra : mapping
        Fields of a newer version, kept.
    """

    kind: str
    name: str
    number: int
    action: str
    time: datetime
    author: str
    txn: str
    host: str = ""
    body: Mapping[str, Any] = attrs.field(factory=dict)
    message: str | None = None
    parents: tuple[Parent, ...] = ()
    objects: tuple[str, ...] = ()
    inventory: str | None = None
    previous: str | None = None
    clock: datetime | None = None
    format: int = 0
    extra: Mapping[str, Any] = attrs.field(factory=dict)
    digest: str = attrs.field(default="", eq=False, repr=False)

    @property
    def ref(self) -> Ref:
        """The ref of this entry."""
        return Ref.of(self.kind, self.name, self.number) if self.kind in KINDS else _foreign(self)

    def __repr__(self) -> str:
        when = f"{self.time:%Y-%m-%d %H:%M:%S} UTC"
        return f"<Record {self.kind}/{self.name}@{self.number}: {self.action}, {self.author}, {when}>"

    def encode(self) -> bytes:
        """Write it as it stands in the log.

        Raises
        ------
        InvalidInputError
            It is longer than 64 kB.
        """
        fields = canonical.unstructure(self)
        fields.pop("digest", None)
        data = sealed(canonical.encode(fields))
        if len(data) > MOST_BYTES:
            raise InvalidInputError(
                f"The record of {self.kind}/{self.name} takes {len(data):,} bytes; {MOST_BYTES:,} is the most.",
                remedy="Put long parts into objects and point at them.",
            )
        return data

    def as_written(self, data: bytes) -> Record:
        """Give it as a reader of its bytes will see it: with its digest, and nothing of the writer's own values."""
        return attrs.evolve(self, body=canonical.decode(data).get("body", {}), digest=digest.sha256(data))

    @classmethod
    def decode(cls, data: bytes, where: str = "a log") -> Record:
        """Read it back.

        Raises
        ------
        DamagedError
            The bytes are no record, or not those that were written.
        NewerFormatError
            A newer mlops_lite wrote it.
        """
        found = canonical.decode(data)
        if not isinstance(found, dict):
            raise DamagedError(f"The record at {where} is no JSON object.", path=where)
        if isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise NewerFormatError(
                f"The record at {where} has format {found['format']}; this mlops_lite reads up to {FORMAT}.",
                remedy="pip install --upgrade mlops_lite",
            )
        fields = opened(data, found, where)
        return attrs.evolve(canonical.structure(fields, cls), digest=digest.sha256(data))


def _foreign(record: Record) -> Any:
    return f"{record.kind}/{record.name}@{record.number}"
