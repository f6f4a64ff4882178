"""Refs: the names of versions, such as ``dataset/flights@3``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from mlops_lite.base import name as names
from mlops_lite.errors import InvalidInputError, InvalidNameError, suggest

__all__ = ["KINDS", "HasRef", "Ref", "check_label", "making", "several"]

# the kinds, and the call that makes the first of each
MAKING = {
    "dataset": "ml.Dataset({name!r}).snapshot(table)",
    "model": "ml.Registry().register({name!r}, model)",
    "run": "a call of a function that is decorated with @ml.track_run; its .last_run is the run",
    "deployment": "ml.deploy('model@1', to={name!r})",
    "monitor": "ml.Monitor({name!r}, reference=snapshot)",
}
KINDS = tuple(MAKING)


class Ref(str):
    """The name of a version, or of a thing at its newest version.

    A ref is text, so it goes wherever text goes; its parts are attributes.

    Parameters
    ----------
    text : str
        ``kind/name@version``; the version is a number, a label, ``latest``, ``fork:<digest>/<number>`` or left out.

    Raises
    ------
    InvalidInputError
        The text does not begin with a kind.
    InvalidNameError
        The name is not one.

    Examples
    --------
    >>> ref = Ref("model/team/churn@champion")
    >>> ref.kind, ref.name, ref.version
    ('model', 'team/churn', 'champion')
    >>> Ref.parse("churn@2", kind="model")
    'model/churn@2'
    """

    __slots__ = ("kind", "name", "version")
    kind: str
    name: str
    version: int | str | None

    def __new__(cls, text: str) -> Ref:
        """Parse and check."""
        kind, _, rest = text.partition("/")
        if kind not in KINDS or not rest:
            name = text if "/" not in text and text else "flights@3"
            raise InvalidInputError(
                f"{text!r} is not a ref.",
                remedy=f"Write kind/name@version, such as 'dataset/{name}'. {suggest(kind, KINDS)}",
            )
        name, at, version = rest.partition("@")
        name = names.check(name, kind)
        if at and not version:
            raise InvalidInputError(f"{text!r} has an '@' and no version.", remedy=f"Write '{kind}/{name}@3'.")
        number = int(version) if version.isascii() and version.isdigit() else None
        self = super().__new__(cls, f"{kind}/{name}{at}{version if number is None else number}")
        self.kind, self.name = kind, name
        self.version = (version if number is None else number) if at else None
        return self

    @classmethod
    def of(cls, kind: str, name: str, version: int | str | None = None) -> Ref:
        """Put a ref together from its parts."""
        return cls(f"{kind}/{name}" if version is None else f"{kind}/{name}@{version}")

    @classmethod
    def parse(cls, text: object, kind: str | None = None) -> Ref:
        """Read a ref as a person writes it.

        Parameters
        ----------
        text : str or value with a ref
            ``kind/name@version``, or without the kind where ``kind`` is given.
        kind : str, optional
            The kind that is expected. A ref of another kind is refused.

        Returns
        -------
        Ref
        """
        if isinstance(text, HasRef) and not isinstance(text, str):
            text = text.ref
        if not isinstance(text, str):
            remedy = f"A {kind} is made by {making(kind, 'name')}." if kind else "Write 'kind/name@version'."
            raise InvalidInputError(f"A {type(text).__name__} is not a ref.", remedy=remedy)
        if isinstance(text, Ref) or text.partition("/")[0] in KINDS:
            ref = cls(text)
            if kind is not None and ref.kind != kind:
                raise InvalidInputError(f"{text!r} names a {ref.kind}; here a {kind} is expected.")
            return ref
        if kind is None:
            return cls(text)
        return cls(f"{kind}/{text}")

    def at(self, version: int | str) -> Ref:
        """Name another version of the same thing."""
        return Ref.of(self.kind, self.name, version)

    def __reduce__(self) -> tuple[type[Ref], tuple[str]]:
        return Ref, (str(self),)

    def __repr__(self) -> str:
        return repr(str(self))


def making(kind: str, name: str) -> str:
    """Say what makes the first version of a thing.

    Examples
    --------
    >>> making("dataset", "flights")
    "ml.Dataset('flights').snapshot(table)"
    """
    return MAKING[kind].format(name=name)


@runtime_checkable
class HasRef(Protocol):
    """A value of any feature that knows its own ref."""

    @property
    def ref(self) -> Ref:
        """The ref of this value."""
        ...


def several(refs: object | Iterable[object]) -> list[object]:
    """Take one ref for a list of one.

    Examples
    --------
    >>> several("dataset/flights@3"), several(("model/churn@1", "dataset/flights@3"))
    (['dataset/flights@3'], ['model/churn@1', 'dataset/flights@3'])
    """
    if isinstance(refs, (tuple, list)):
        return list(refs)
    if isinstance(refs, (str, HasRef)) or not isinstance(refs, Iterable):
        return [refs]
    return list(refs)


def check_label(label: object) -> str:
    """Accept a label, or say why not: it must not read as a version or a date.

    Examples
    --------
    >>> check_label("golden")
    'golden'
    """
    text = names.check(label, "label")
    if text == "latest" or text[0].isdigit() or text[0] in "-+" or ":" in text:
        raise InvalidNameError(
            f"{text!r} cannot be a label: it reads as a version, a time or a fork.",
            remedy="Begin with a letter, such as 'golden'.",
            name=text,
        )
    return text
