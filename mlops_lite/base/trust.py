"""Levels of trust: what a reader allows opening a value to do."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from mlops_lite.errors import InvalidInputError, suggest

__all__ = ["LEVELS", "Trust"]

LEVELS = ("arrays", "known", "code")


@attrs.frozen
class Trust:
    """What a reader allows.

    Parameters
    ----------
    level : {"arrays", "known", "code"}
        ``"arrays"``: our own tree of containers, numbers, arrays and tensors; nothing is looked up or called.
        ``"known"``: also pickles that look up nothing outside the list that comes with mlops_lite, and the native
        formats of libraries. ``"code"``: everything; opening runs the code of whoever wrote it.
    names : frozenset of str
        Further exact names that a pickle may look up, such as ``"sklearn.svm._classes.SVC"``.

    Examples
    --------
    >>> Trust.of("known").allows("arrays"), Trust.of(["my.module.Model"]).level
    (True, 'known')
    """

    level: str
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, given: str | Iterable[str] | Trust) -> Trust:
        """Read what a caller wrote.

        Raises
        ------
        InvalidInputError
            It is neither a level nor a list of exact names.
        """
        if isinstance(given, Trust):
            return given
        if isinstance(given, str):
            if given not in LEVELS:
                raise InvalidInputError(
                    f"{given!r} is no level of trust.",
                    remedy=f"{suggest(given, LEVELS)} Or give a list of exact names: ['package.module.Name'].",
                )
            return cls(given)
        try:
            names = list(given)
        except TypeError:
            raise InvalidInputError(f"{given!r} is no level of trust.", remedy=suggest("", LEVELS)) from None
        for name in names:
            if not isinstance(name, str) or "." not in name or "*" in name:
                raise InvalidInputError(
                    f"{name!r} is no exact name of a class or function.", remedy="Write 'package.module.Name'."
                )
        return cls("known", frozenset(names))

    def allows(self, level: str) -> bool:
        """Tell whether something that needs a level may be opened."""
        return LEVELS.index(level) <= LEVELS.index(self.level)
