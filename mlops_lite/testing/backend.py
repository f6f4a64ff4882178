"""What every backend must do."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mlops_lite.base.digest import sha256
from mlops_lite.store import Store
from mlops_lite.store.backends import Backend

__all__ = ["BackendContract", "StoreContract"]


class BackendContract:
    """The promises of a backend. Inherit it in a test module and give a fixture ``backend``: a new, empty place.

    Each test says in its name what must hold.
    """

    def test_a_missing_file_is_missing_to_every_reader(self, backend: Backend) -> None:
        """Reading says FileNotFoundError, looking says None."""
        assert backend.stat("no/such") is None
        assert not backend.exists("no/such")
        assert backend.read_many(["no/such"]) == [None]
        assert list(backend.walk("no")) == []
        assert backend.folders("no") == []
        backend.delete(["no/such"])
        for start, stop in ((0, None), (1, 2)):
            try:
                backend.read("no/such", start, stop)
            except FileNotFoundError:
                continue
            raise AssertionError("no FileNotFoundError")

    def test_what_was_created_is_read(self, backend: Backend) -> None:
        """Whole, by range, and among others."""
        backend.create("a/b.json", b"0123456789")
        assert backend.read("a/b.json") == b"0123456789"
        assert backend.read("a/b.json", 2, 5) == b"234"
        assert backend.read("a/b.json", 7) == b"789"
        assert backend.read("a/b.json", 3, 3) == b""
        assert backend.read_ranges("a/b.json", [(0, 2), (8, 10)]) == [b"01", b"89"]
        assert backend.read_many(["a/b.json", "a/c.json"]) == [b"0123456789", None]
        found = backend.stat("a/b.json")
        assert found is not None
        assert found.size == 10

    def test_a_taken_name_is_refused(self, backend: Backend) -> None:
        """And the first contents stay, also against an empty second file."""
        backend.create("taken", b"first")
        for data in (b"second", b""):
            try:
                backend.create("taken", data)
            except FileExistsError:
                continue
            raise AssertionError("no FileExistsError")
        assert backend.read("taken") == b"first"

    def test_of_many_creators_one_wins(self, backend: Backend) -> None:
        """Eight at once, several times: one winner each, and its bytes are there."""
        for number in range(6):
            assert_one_winner(backend, f"race/{number}")

    def test_replace_replaces(self, backend: Backend) -> None:
        """The newer contents are read."""
        for data in (b"one", b"three", b""):
            backend.replace("hint", data)
            assert backend.read("hint") == data

    def test_a_batch_is_there_after_its_commit(self, backend: Backend) -> None:
        """Small files by name, large ones by digest, empty ones too; the same path twice is the same file."""
        batch = backend.batch()
        for number in range(40):
            batch.write(f"objects/{number % 7}/{number}", bytes([number]) * number)
        batch.write("objects/1/1", b"\x01")
        big = os.urandom(2 << 20)
        digest = batch.write_hashed(big, lambda digest: f"objects/big/{digest}")
        batch.commit()
        assert digest == sha256(big)
        assert backend.read(f"objects/big/{digest}") == big
        assert [backend.read(f"objects/{n % 7}/{n}") for n in range(40)] == [bytes([n]) * n for n in range(40)]

    def test_a_batch_writes_over_no_name_that_is_taken(self, backend: Backend) -> None:
        """It says whether it wrote; a place that cannot tell as cheaply as it writes never does."""
        batch = backend.batch()
        batch.write("objects/1/1", b"there")
        batch.commit()
        later = backend.batch()
        assert not later.write_new("objects/1/1", b"other")
        written = later.write_new("objects/1/2", b"new")
        later.commit()
        assert backend.read("objects/1/1") == b"there"
        assert written == any(found.path == "objects/1/2" for found in backend.walk("objects"))

    def test_walking_finds_every_file_below_and_nothing_else(self, backend: Backend) -> None:
        """Also what another writer put there after an earlier walk."""
        backend.create("logs/a/1", b"x")
        assert [found.path for found in backend.walk("logs")] == ["logs/a/1"]
        backend.create("logs/b/c/2", b"xy")
        backend.create("logsx/3", b"x")
        assert sorted((found.path, found.size) for found in backend.walk("logs")) == [
            ("logs/a/1", 1),
            ("logs/b/c/2", 2),
        ]
        assert backend.folders("logs") == ["a", "b"]

    def test_deleting_removes(self, backend: Backend) -> None:
        """And only what it is told."""
        for name in ("x/1", "x/2"):
            backend.create(name, b"")
        backend.delete(["x/1", "x/missing"])
        assert [found.path for found in backend.walk("x")] == ["x/2"]

    def test_an_old_file_is_removed_and_a_young_one_stays(self, backend: Backend) -> None:
        """By the place's own clock, which stands near the age of a file written now."""
        backend.create("x/1", b"")
        found = backend.stat("x/1")
        assert found is not None
        assert abs(backend.now() - found.modified) < 60
        backend.remove_old("x/1", found.modified - 5)
        assert backend.exists("x/1")
        backend.remove_old("x/1", found.modified + 5)
        assert not backend.exists("x/1")

    def test_a_renewed_file_is_as_young_as_one_written_now(self, backend: Backend) -> None:
        """Its contents stay; a missing one is missing."""
        backend.create("x/1", b"contents")
        backend.renew("x/1")
        found = backend.stat("x/1")
        assert found is not None
        assert abs(backend.now() - found.modified) < 60
        assert backend.read("x/1") == b"contents"
        try:
            backend.renew("x/2")
        except FileNotFoundError:
            return
        raise AssertionError("no FileNotFoundError")

    def test_a_download_is_the_file(self, backend: Backend, tmp_path: Any) -> None:
        """Byte for byte."""
        backend.create("x", b"contents")
        backend.download("x", str(tmp_path / "copy"))
        assert (tmp_path / "copy").read_bytes() == b"contents"

    def test_any_name_of_ours_can_be_a_path(self, backend: Backend) -> None:
        """What names are written as."""
        for name in ("=c3=bcn=c3=af", "a=2fhint", "=63on", "x-y_z.1"):
            backend.create(f"logs/model/{name}/000000000001.json", name.encode())
        assert len(list(backend.walk("logs"))) == 4

    def test_threads_share_it(self, backend: Backend) -> None:
        """Reads and writes at once."""

        def work(number: int) -> bytes:
            backend.create(f"t/{number}", bytes([number]))
            return backend.read(f"t/{number}")

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(20))) == [bytes([number]) for number in range(20)]


def assert_one_winner(backend: Backend, path: str, creators: int = 8) -> None:
    """Race creators for one name."""
    start = threading.Barrier(creators)

    def attempt(number: int) -> bytes | None:
        data = os.urandom(8)
        start.wait()
        try:
            backend.create(path, data)
        except OSError:
            return None
        return data

    with ThreadPoolExecutor(creators) as pool:
        winners = [data for data in pool.map(attempt, range(creators)) if data is not None]
    assert len(winners) == 1, f"{len(winners)} of {creators} were told that they created {path}"
    assert backend.read(path) == winners[0]


class StoreContract:
    """The promises of a store on a backend. Give a fixture ``store``: a new, empty one."""

    def test_a_life(self, store: Store) -> None:
        """Objects, records, labels, verification, and a second process's view."""
        with store.objects.batch() as batch:
            digests = [batch.add(str(number).encode()) for number in range(5)]
        log = store.log("dataset", "Flights/2026")
        for digest in digests:
            log.append({"digest": digest}, action="snapshot", objects=[digest])
        store.labels("dataset", "Flights/2026").move("golden", 2)
        again = Store(store.url, **store._options)
        assert again.id == store.id
        assert again.names("dataset") == ["Flights/2026"]
        found = again.log("dataset", "Flights/2026")
        assert [record.number for record in found.history()] == [1, 2, 3, 4, 5]
        assert found.resolve("golden") == 2
        assert again.objects.read_many(digests) == [b"0", b"1", b"2", b"3", b"4"]
        assert bytes(again.objects.map(digests[3])) == b"3"
        assert again.verify().ok
        assert again.gc().removed == ()

    def test_eight_writers_lose_nothing(self, store: Store) -> None:
        """Each with a store of its own."""
        store.prepare()

        def write(number: int) -> list[int]:
            log = Store(store.url, **store._options).log("dataset", "d")
            return [log.append({"writer": number}, action="snapshot").number for _ in range(4)]

        with ThreadPoolExecutor(8) as pool:
            numbers = sorted(number for found in pool.map(write, range(8)) for number in found)
        assert numbers == list(range(1, 33))
        assert len(store.log("dataset", "d")) == 32

    def test_time_by_the_places_clock_is_near_ours(self, store: Store) -> None:
        """Else ages would mean nothing."""
        store.prepare()
        assert abs(store.backend.now() - time.time()) < 3600
