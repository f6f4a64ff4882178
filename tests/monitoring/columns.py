"""Profiles drawn directly as counts: what a million simulated rows would give, in a microsecond.

To draw counts from a multinomial law is the same as to draw rows and count them, as long as the cells are fixed.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from mlops_lite.stats.cells import LevelCells
from mlops_lite.stats.column import ColumnProfile
from mlops_lite.stats.number_cells import NumberCells
from mlops_lite.stats.profile import Profile

CELLS = 256
_NUMBERS = NumberCells(0.0, 98_000 + np.arange(1, CELLS), 1.0)


def shares(law, law_of_cells=None, cells: int = CELLS) -> np.ndarray:
    """The chance of each cell under a law, on cells of equal chance under another one, or the same."""
    edges = (law_of_cells or law).ppf(np.arange(1, cells) / cells)
    return np.diff(law.cdf(edges), prepend=0, append=1)


def numbers(name: str, chances: np.ndarray, rows: int, dice, missing: float = 0.0) -> ColumnProfile:
    """A column of numbers."""
    absent = int(dice.binomial(rows, missing))
    counts = np.zeros(CELLS, dtype=np.int64)
    counts[: len(chances)] = dice.multinomial(rows - absent, chances)
    return ColumnProfile(name, "double", "numbers", _NUMBERS, rows, absent, counts, minimum=0.0, maximum=1.0)


def levels(name: str, chances: np.ndarray, rows: int, dice, missing: float = 0.0) -> ColumnProfile:
    """A column of levels."""
    absent = int(dice.binomial(rows, missing))
    cells = LevelCells(tuple(f"{place:03}" for place in range(len(chances))))
    return ColumnProfile(name, "string", "levels", cells, rows, absent, dice.multinomial(rows - absent, chances))


def mixed() -> list[tuple]:
    """Sixty columns: normal, skewed, tied, counts, zero-inflated, with nulls; 2 to 500 levels."""
    even = np.full(CELLS, 1 / CELLS)
    count = np.arange(60)
    poisson = np.exp(count * np.log(20) - 20 - np.array([np.sum(np.log(np.arange(1, k + 1))) for k in count]))
    zeros = np.concatenate(([0.6], np.full(100, 0.004)))
    tied = 0.5 ** np.arange(1, 11)
    made = []
    for place in range(50):
        chances = [even, even, poisson, zeros, tied][place % 5]
        made.append((numbers, f"n{place}", chances / chances.sum(), [0.0, 0.1, 0.01, 0.0, 0.3][place // 10]))
    for place, size in enumerate((2, 2, 3, 5, 10, 20, 50, 100, 200, 500)):
        chances = np.full(size, 1 / size) if place % 2 else 1 / np.arange(1, size + 1)
        made.append((levels, f"c{place}", chances / chances.sum(), 0.05 if place == 4 else 0.0))
    return made


def draw(columns: list[tuple], rows: int, dice) -> Profile:
    """A table of such columns."""
    found = {name: kind(name, chances, rows, dice, missing) for kind, name, chances, missing in columns}
    return Profile(rows, found)


def moved(columns: list[tuple], places: list[int], chances: np.ndarray) -> list[tuple]:
    """The same columns, some with other chances."""
    return [
        (kind, name, chances if place in places else old, missing)
        for place, (kind, name, old, missing) in enumerate(columns)
    ]


NORMAL = stats.norm()
