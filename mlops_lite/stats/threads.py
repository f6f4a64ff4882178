"""Columns side by side on threads: counting them leaves the interpreter free for most of its time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlops_lite.stats.values import family

__all__ = ["Threads"]

_LEVELS = 1 << 14  # rows from which a column of levels is worth another thread: Arrow counts it in one go
_NUMBERS = 1 << 18  # and one of numbers, whose many short steps would else wait for each other


class Threads:
    """Does something for each column of a block, on several threads where there is enough to do.

    Parameters
    ----------
    count : int, optional
        How many, with the one that calls; as many as there are cores by default.

    Examples
    --------
    >>> with Threads() as threads:
    ...     threads.map(str.upper, {"a": [], "b": []}, 0)
    ['A', 'B']
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or os.cpu_count() or 1
        self._executor: Any = None

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown()

    def map(self, function: Callable[[str], Any], block: Mapping[str, Any], rows: int) -> list[Any]:
        """Call a function with the name of each column, and give what it gave in their order.

        The calling thread begins with the numbers and the others with the levels, so that they meet late.
        """
        if self.count == 1 or rows < _LEVELS:
            return [function(name) for name in block]
        mine = deque(name for name in block if family(block[name]) != "levels")
        theirs = deque(name for name in block if name not in mine)
        if rows >= _NUMBERS:
            mine.extend(theirs)
            theirs = mine
        found: dict[str, Any] = {}

        def work(take: Callable[[], str]) -> None:
            for name in _until_empty(take):
                found[name] = function(name)

        others = [self._submit(work, theirs.pop) for _ in range(min(self.count - 1, len(theirs)))]
        work(mine.popleft)
        for other in others:
            other.result()
        return [found[name] for name in block]

    def _submit(self, *call: Any) -> Any:
        if self._executor is None:
            from concurrent.futures import ThreadPoolExecutor

            self._executor = ThreadPoolExecutor(self.count - 1)
        return self._executor.submit(*call)


def _until_empty(take: Callable[[], str]) -> Iterator[str]:
    while True:
        try:
            name = take()
        except IndexError:
            return
        yield name
