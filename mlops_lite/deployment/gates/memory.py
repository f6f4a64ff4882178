"""Memory: how much a loaded version takes that it does not share."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import attrs

from mlops_lite.deployment.outcome import Outcome
from mlops_lite.errors import InvalidInputError

if TYPE_CHECKING:
    from mlops_lite.deployment.candidate import Candidate

__all__ = ["Memory"]

_PROGRAM = """
import pickle, sys
from mlops_lite.deployment.gates.memory import private_bytes
from mlops_lite.deployment.loaded import load
store, ref, trusted = pickle.loads(sys.stdin.buffer.read())
before = private_bytes()
loaded = load(store, ref, trusted)
print(private_bytes() - before)
"""


@attrs.frozen
class Memory:
    """Ask that loading the version takes at most so much memory of its own.

    It is loaded in a fresh process, libraries included. What counts is private memory: the arrays of a model are mapped
    and shared by all workers of a machine, so that resident memory would count them once a worker.

    Parameters
    ----------
    mb : float
        Megabytes (of a million bytes).

    Examples
    --------
    >>> Memory(mb=500).mb
    500
    """

    mb: float = attrs.field(validator=attrs.validators.gt(0))

    def __call__(self, candidate: Candidate) -> Outcome:
        """Judge a version."""
        if private_bytes() is None:
            raise InvalidInputError("This system does not tell private memory.", remedy="Leave the gate out here.")
        import pickle

        asked = pickle.dumps((candidate.store, candidate.ref, candidate._trusted))
        done = subprocess.run([sys.executable, "-c", _PROGRAM], input=asked, capture_output=True, check=False)
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise InvalidInputError(f"{candidate.ref} could not be loaded in a fresh process: {last}")
        taken = float(done.stdout) / 1e6
        sentence = f"{taken:.1f} MB private in a fresh process, at most {self.mb:g}"
        return Outcome("Memory", taken <= self.mb, sentence, {"private_mb": taken})


def private_bytes() -> int | None:
    """Tell how much memory this process shares with nobody; None where the system does not say."""
    try:
        with open("/proc/self/smaps_rollup", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return _uss()
    return 1024 * sum(int(lines[name].split()[0]) for name in ("Private_Clean", "Private_Dirty"))


def _uss() -> int | None:
    try:
        import psutil
    except ImportError:
        return None
    try:
        return int(psutil.Process().memory_full_info().uss)
    except (psutil.Error, AttributeError):
        return None
