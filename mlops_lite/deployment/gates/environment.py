"""Environment: this machine has what the version was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mlops_lite.deployment.outcome import Outcome

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Environment"]


@attrs.frozen
class Environment:
    """Ask that the libraries here will do for what the version was made with.

    Run it where the place is served, or in the same image.

    Parameters
    ----------
    exact : bool
        Refuse any other version of a library, not only those that are known to be incompatible.

    Examples
    --------
    >>> Environment().exact
    False
    """

    exact: bool = False

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        differences = candidate.version.environment.differences()
        refused = [one for one in differences if one.serious or self.exact]
        told = ", ".join(map(str, refused or differences))
        if refused:
            install = candidate.version.environment.requirements
            sentence = f"{candidate.ref} was made with {told}. To have the same: pip install {install}"
        else:
            sentence = f"made with {told}, which will do" if told else "the libraries are those that it was made with"
        return Outcome("Environment", not refused, sentence, {"differences": len(differences)})
