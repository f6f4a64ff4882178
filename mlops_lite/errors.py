"""Everything that can go wrong, and the call that puts it right.

The tree is grouped by what the reader will do next::

    MlopsLiteError
    ├── mend the call
    │   ├── InvalidNameError       a name that no store can hold            (ValueError)
    │   ├── InvalidInputError      a value that cannot mean what is asked   (ValueError)
    │   ├── InvalidTypeError       a value of a kind that is not supported  (TypeError)
    │   ├── FilterError            a filter that does not parse             (ValueError)
    │   └── SignatureError         an input that the model was not made for (ValueError)
    ├── look elsewhere
    │   ├── NotFoundError          no such thing in this store              (LookupError)
    │   └── AmbiguousError         more than one thing answers to that name (LookupError)
    ├── read again and decide
    │   ├── ConflictError          somebody was faster
    │   └── UnknownOutcomeError    a write whose reply was lost             (OSError)
    ├── ask for leave
    │   ├── UntrustedError         opening it would run code                (PermissionError)
    │   ├── GateError              a deployment that a gate refused
    │   └── InUseError             something still points at it
    ├── change the surroundings
    │   ├── MissingLibraryError    an optional library is not installed     (ImportError)
    │   ├── IncompatibleError      made with other versions of code         (RuntimeError)
    │   ├── UnsupportedStoreError  a place that cannot keep our promises    (OSError)
    │   ├── NewerFormatError       written by a newer mlops_lite
    │   └── StoreUnavailableError  the place does not answer, or refuses    (OSError)
    └── restore from elsewhere
        └── DamagedError           bytes that are not what was written

Every class has a stable ``kind`` for programs to branch on.

Examples
--------
>>> import mlops_lite as ml
>>> with ml.Store("memory://errors-example"):
...     _ = ml.Registry().register("churn", {"w": [0.5]})
...     try:
...         ml.Registry().get("chum")
...     except ml.errors.NotFoundError as error:
...         error.kind, error.name, error.remedy
('not_found', 'chum', "Did you mean 'churn'? Known: churn.")
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

__all__ = [
    "AmbiguousError",
    "ConflictError",
    "DamagedError",
    "FilterError",
    "GateError",
    "InUseError",
    "IncompatibleError",
    "InvalidInputError",
    "InvalidNameError",
    "InvalidTypeError",
    "MissingLibraryError",
    "MlopsLiteError",
    "NewerFormatError",
    "NotFoundError",
    "SignatureError",
    "StoreUnavailableError",
    "UnknownOutcomeError",
    "UnsupportedStoreError",
    "UntrustedError",
    "suggest",
]


class MlopsLiteError(Exception):
    """The root of everything that this library raises on purpose.

    Parameters
    ----------
    message : str
        What happened, and to which thing.
    remedy : str, optional
        The call that puts it right.
    **facts
        What a program may want to read (a ref, a list of names): kept as attributes.

    Examples
    --------
    >>> error = NotFoundError("There is no dataset 'flight'.", remedy="Did you mean 'flights'?", name="flight")
    >>> str(error), error.kind, error.name
    ("There is no dataset 'flight'. Did you mean 'flights'?", 'not_found', 'flight')
    """

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, *, remedy: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.facts = facts
        for name, value in facts.items():
            if name != "kind":  # set, not looked up: ImportError and OSError have a ``name`` and an ``errno`` of theirs
                setattr(self, name, value)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.remedy, self.facts)


def _rebuild(cls: type[MlopsLiteError], message: str, remedy: str | None, facts: dict[str, Any]) -> MlopsLiteError:
    return cls(message, remedy=remedy, **facts)


class InvalidNameError(MlopsLiteError, ValueError):
    """A name that no store can hold."""

    kind = "invalid_name"


class InvalidInputError(MlopsLiteError, ValueError):
    """A value that cannot mean what is asked."""

    kind = "invalid_input"


class InvalidTypeError(MlopsLiteError, TypeError):
    """A value of a kind that is not supported."""

    kind = "invalid_type"


class FilterError(MlopsLiteError, ValueError):
    """A filter that does not parse; ``position`` says where."""

    kind = "filter"


class SignatureError(MlopsLiteError, ValueError):
    """An input that the model was not made for; ``mismatches`` names every one."""

    kind = "signature"


class NotFoundError(MlopsLiteError, LookupError):
    """No such thing in this store."""

    kind = "not_found"


class AmbiguousError(MlopsLiteError, LookupError):
    """More than one thing answers to that name."""

    kind = "ambiguous"


class ConflictError(MlopsLiteError):
    """Somebody was faster: what was expected no longer holds."""

    kind = "conflict"


class UnknownOutcomeError(MlopsLiteError, OSError):
    """A write whose reply was lost; append again with the same ``txn`` to find out."""

    kind = "unknown_outcome"


class UntrustedError(MlopsLiteError, PermissionError):
    """Opening it would run more than the reader allowed. Nothing is damaged."""

    kind = "untrusted"


class GateError(MlopsLiteError):
    """A deployment that a gate refused. The place serves what it served."""

    kind = "gate"


class InUseError(MlopsLiteError):
    """Something still points at it."""

    kind = "in_use"


class MissingLibraryError(MlopsLiteError, ImportError):
    """An optional library is not installed; the message holds the line to type."""

    kind = "missing_library"


class IncompatibleError(MlopsLiteError, RuntimeError):
    """Made with other versions of Python, of libraries or of its own code than are here; the message says which."""

    kind = "incompatible"


class UnsupportedStoreError(MlopsLiteError, OSError):
    """A place that cannot keep our promises."""

    kind = "unsupported_store"


class NewerFormatError(MlopsLiteError):
    """Written by a newer mlops_lite."""

    kind = "newer_format"


class StoreUnavailableError(MlopsLiteError, OSError):
    """The place does not answer, or refuses: network, permission, a full disk."""

    kind = "store_unavailable"


class DamagedError(MlopsLiteError):
    """Bytes that are not what was written. Never raised for a lack of trust."""

    kind = "damaged"


def suggest(name: str, known: Iterable[str], most: int = 8) -> str:
    """Say which name was perhaps meant, and what there is.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : iterable of str
        The names that exist.
    most : int
        How many to list.

    Returns
    -------
    str
        One or two sentences; empty when nothing is known.

    Examples
    --------
    >>> suggest("flight", ["flights", "weather"])
    "Did you mean 'flights'? Known: flights, weather."
    """
    import difflib

    names = sorted(known)
    if not names:
        return ""
    close = difflib.get_close_matches(name, names, n=1)
    listed = ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
    return (f"Did you mean {close[0]!r}? " if close else "") + f"Known: {listed}."
