"""Progress: shown where somebody looks, silent elsewhere, and never a reason for a warning."""

import subprocess
import sys

from mlops_lite.base import progress


class Terminal:
    """Standard error, as a terminal that remembers what it was shown."""

    encoding = "utf-8"

    def __init__(self):
        self.shown = ""

    def isatty(self):
        return True

    def write(self, text):
        self.shown += text

    def flush(self):
        pass


def walk(monkeypatch, delay=0.0):
    """Walk through three parts, and give what a terminal showed meanwhile."""
    terminal = Terminal()
    monkeypatch.setattr(progress, "_DELAY_S", delay)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)  # here: the capture of pytest takes it back between set-up and test
    with progress.bar(range(3), description="parts") as bar:
        assert list(bar) == [0, 1, 2]
    return terminal.shown


def test_a_terminal_sees_a_bar(monkeypatch):
    assert "parts" in walk(monkeypatch)


def test_work_of_less_than_two_seconds_shows_none(monkeypatch):
    assert progress._DELAY_S == 2.0
    assert "parts" not in walk(monkeypatch, progress._DELAY_S)


def test_one_setting_silences_it(monkeypatch):
    monkeypatch.setattr(progress, "_silent", False)
    progress.silence()
    assert walk(monkeypatch) == ""


def test_a_variable_silences_a_process(monkeypatch):
    monkeypatch.setenv("MLOPS_LITE_PROGRESS", "0")
    assert walk(monkeypatch) == ""


def test_output_that_nobody_watches_stays_clean():
    code = (
        "from mlops_lite.base import progress; progress._DELAY_S = 0\n"
        "with progress.bar(range(3), description='parts') as bar: print(list(bar))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[0, 1, 2]", "")


def test_a_notebook_without_widgets_gets_the_plain_bar(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.setattr(progress.importlib.util, "find_spec", lambda name: None)
    assert progress._kind().__module__ == "tqdm.std"


def test_long_work_of_every_feature_shows_itself(monkeypatch, tmp_path):
    """Snapshots, models, checks, and what walks a whole store."""
    import numpy as np
    import pandas as pd

    import mlops_lite as ml

    shown = []
    real = progress.bar
    monkeypatch.setattr(progress, "bar", lambda *args, **how: shown.append(how["description"]) or real(*args, **how))
    with ml.Store(tmp_path / "store") as store:
        frame = pd.DataFrame({"a": np.arange(1000.0)})
        snapshot = ml.Dataset("numbers").snapshot(frame)
        snapshot.load()
        ml.Registry().register("weights", {"w": np.ones(1 << 18)})
        ml.Monitor("numbers", reference=frame).check(snapshot)
        store.verify()
        store.gc()
        store.sync(to=tmp_path / "copy")
    assert {"snapshot", "load", "store", "check", "verify", "mark", "sync"} <= set(shown)
