"""The Python and the libraries that a model was made with, and whether those here will do."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Iterable, Mapping

import attrs

from mlops_lite.errors import IncompatibleError, InvalidInputError, MissingLibraryError
from mlops_lite.formats import _libraries as libraries

__all__ = ["Difference", "Environment", "EnvironmentWarning", "environment_of"]

_MODES = ("check", "warn", "ignore")
# libraries whose pickles of one minor version are not promised to work in another
_MINOR_COUNTS = frozenset({"scikit-learn"})


class EnvironmentWarning(UserWarning):
    """A model was made with other versions than are here."""


@attrs.frozen
class Difference:
    """One library that is not as it was.

    Parameters
    ----------
    library : str
        The name of the package.
    made_with : str
    here : str or None
        None where it is not installed.
    serious : bool
        Whether the two are known, or by their numbers said, to be incompatible.
    """

    library: str
    made_with: str
    here: str | None
    serious: bool

    def __str__(self) -> str:
        return f"{self.library} {self.made_with} (here {self.here or 'not installed'})"


@attrs.frozen
class Environment:
    """What a model was made with.

    Parameters
    ----------
    python : str
    packages : mapping
        Package to version, of what the model imports.

    Examples
    --------
    >>> Environment("3.11.7", {"numpy": "1.0"}).differences()[0].serious
    True
    >>> Environment("3.11.7", {"numpy": "2.1.0"}).requirements
    'numpy==2.1.0'
    """

    python: str = ""
    packages: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def requirements(self) -> str:
        """What ``pip install`` takes to have the same versions."""
        return " ".join(f"{name}=={version}" for name, version in sorted(self.packages.items()))

    def differences(self) -> tuple[Difference, ...]:
        """Compare with what is installed here."""
        found = ((name, version, libraries.installed(name)) for name, version in sorted(self.packages.items()))
        return tuple(
            Difference(name, then, now, now is None or _serious(name, then, now))
            for name, then, now in found
            if then != now
        )

    def compare(self, what: str, mode: str = "check") -> None:
        """Refuse, or warn of, differences.

        Parameters
        ----------
        what : str
            What was made with it, for messages.
        mode : {"check", "warn", "ignore"}

        Raises
        ------
        IncompatibleError
            Versions are incompatible.
        MissingLibraryError
            A library is not installed.
        """
        if mode not in _MODES:
            raise InvalidInputError(f"environment={mode!r} is none of {', '.join(map(repr, _MODES))}.")
        found = self.differences() if mode != "ignore" else ()
        missing = [one for one in found if one.here is None]
        if missing:
            raise MissingLibraryError(
                f"{what} needs {_listed(missing)}.", remedy=_install(missing), name=missing[0].library
            )
        serious = [one for one in found if one.serious]
        if serious and mode == "check":
            raise IncompatibleError(
                f"{what} was made with {_listed(serious)}, which may not understand each other. Nothing was opened.",
                remedy=f'{_install(serious)}. Or try: load(…, environment="warn").',
                differences=serious,
            )
        if found:
            warnings.warn(
                f"{what} was made with {_listed(found)}. To have the same: {_install(found)}",
                EnvironmentWarning,
                stacklevel=4,
            )


def environment_of(modules: Iterable[str]) -> Environment:
    """Note the versions of the packages that modules come from.

    Parameters
    ----------
    modules : iterable of str
        Dotted names; what comes with Python, and what no package brought, is left out.

    Returns
    -------
    Environment
    """
    tops = {module.partition(".")[0] for module in modules}
    found = {libraries.distribution(top): libraries.version(top) for top in tops if libraries.is_foreign(top)}
    return Environment(
        platform.python_version(), {name: version for name, version in sorted(found.items()) if version is not None}
    )


def _serious(library: str, then: str, now: str) -> bool:
    before, after = _numbers(then), _numbers(now)
    digits = 2 if library in _MINOR_COUNTS or before[:1] == (0,) else 1
    if library in _MINOR_COUNTS:  # a model of an older one is read with a warning of the library's own; not the reverse
        return before[:1] != after[:1] or before[:digits] > after[:digits]
    return before[:digits] != after[:digits]


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("+")[0].split("."):
        digits = "".join(character for character in part if character.isdigit())
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def _listed(found: Iterable[Difference]) -> str:
    return ", ".join(map(str, found))


def _install(found: Iterable[Difference]) -> str:
    return "pip install " + " ".join(f"'{one.library}=={one.made_with}'" for one in found)
