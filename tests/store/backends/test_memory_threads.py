"""Threads may list and write at once."""

import sys
import threading

import pytest

from mlops_lite.store.backends import connect


@pytest.fixture
def hurried():
    """Let threads take turns a thousand times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_listing_does_not_stumble_over_a_writer(hurried):
    backend = connect("memory://threads", {})
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            backend.replace(f"other/{number % 500}", b"x")
            backend.delete([f"other/{(number + 250) % 500}"])
            number += 1

    backend.replace("own/a", b"x")
    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(300):
            assert [found.path for found in backend.walk("own")] == ["own/a"]
    finally:
        stop.set()
        thread.join()
