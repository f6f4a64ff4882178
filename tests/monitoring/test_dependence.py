"""Prediction drift names the columns that explain it."""

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml


def rows(count, seed, age=0.0, oslo=0.5, noise=0.0):
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": dice.normal(40 + age, 10, count),
            "city": dice.choice(["Bern", "Oslo"], count, p=[1 - oslo, oslo]),
            "noise": dice.normal(noise, 1, count),
        }
    )
    frame["p"] = 1 / (1 + np.exp(-(frame["age"] - 40) / 10 - 2.0 * (frame["city"] == "Oslo") + 1))
    return frame


def said(report):
    return next(f.sentence for f in report.findings if f.column == "p" and f.kind == "drift.distribution")


@pytest.fixture
def monitor(store):
    return ml.Monitor("m", reference=rows(5000, 0), score="p", store=store)


def test_the_column_that_moved_is_named(monitor):
    by_age = said(monitor.check(rows(5000, 1, age=8, noise=2)))
    assert "'age' (+" in by_age
    assert "'noise'" not in by_age
    assert "'city'" not in by_age
    by_city = said(monitor.check(rows(5000, 2, oslo=0.9)))
    assert "'city' (+" in by_city
    assert "'age'" not in by_city


def test_the_part_is_what_moving_that_column_alone_does(monitor):
    now = rows(5000, 3, age=8, oslo=0.9)
    moved = {
        "age": rows(200_000, 4, age=8)["p"].mean() - rows(200_000, 5)["p"].mean(),
        "city": rows(200_000, 4, oslo=0.9)["p"].mean() - rows(200_000, 5)["p"].mean(),
    }
    sentence = said(monitor.check(now))
    for name, part in moved.items():
        told = float(sentence.partition(f"'{name}' (")[2].partition(")")[0])
        assert told == pytest.approx(part, abs=0.02)


def test_a_model_that_became_another_is_explained_by_no_column(monitor):
    now = rows(5000, 6)
    now["p"] = now["p"] ** 2
    assert "No column by itself explains the move" in said(monitor.check(now))


def test_missing_values_explain_too(store):
    def with_gaps(seed, share):
        frame = rows(5000, seed)
        gaps = np.random.default_rng(seed).random(5000) < share
        frame.loc[gaps, "age"] = np.nan
        frame.loc[gaps, "p"] = 0.99
        return frame

    monitor = ml.Monitor("m", reference=with_gaps(0, 0.05), score="p", store=store)
    assert "'age' (+" in said(monitor.check(with_gaps(1, 0.4)))


def test_of_a_stream_as_reference_nothing_is_known(store):
    monitor = ml.Monitor("m", reference=iter([rows(2000, 0), rows(2000, 1)]), score="p", store=store)
    assert "these columns" not in said(monitor.check(rows(2000, 2, age=8)))
