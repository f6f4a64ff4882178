"""Working ahead: the next items are worked on in threads while the last result is used."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

_THREADS = min(os.cpu_count() or 1, 8)
Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int = _THREADS
) -> Iterator[tuple[Item, Result]]:
    """Apply a function to items in threads, a few ahead, however many there are.

    Parameters
    ----------
    function : callable
    items : iterable
        Asked for its items in the thread of the caller, only as fast as they are worked on: it may itself work ahead.
    threads : int

    Yields
    ------
    item, result
        In the order of the items.

    Examples
    --------
    >>> list(ahead(len, ["a", "bc"]))
    [('a', 1), ('bc', 2)]
    """
    running: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            running.append((item, pool.submit(function, item)))
            if len(running) > threads:
                yield _oldest(running)
        while running:
            yield _oldest(running)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _oldest(running: deque[tuple[Item, Future[Result]]]) -> tuple[Item, Result]:
    item, future = running.popleft()
    return item, future.result()
