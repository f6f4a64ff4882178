"""What opening a stored value may do: judged from the bytes, before one of them is interpreted.

Whoever can write a store can write anything into it, a list of names that says "harmless" included. So the reader
chooses a level (:class:`Trust`), and what it allows is held against the pickle itself, twice: by a machine that
follows the pickle without running it, and by an unpickler that looks up nothing outside the list.
"""

from __future__ import annotations

from mlops_lite.base.trust import LEVELS, Trust
from mlops_lite.formats.trust.default import trust_of
from mlops_lite.formats.trust.judgement import Judgement, judge, require, unpickle

__all__ = ["LEVELS", "Judgement", "Trust", "judge", "require", "trust_of", "unpickle"]
