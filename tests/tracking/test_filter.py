"""A filter keeps the runs it says, and says where it is wrong."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlops_lite as ml
from mlops_lite.errors import FilterError, InvalidInputError
from mlops_lite.tracking.filter import parse


@pytest.fixture(scope="module")
def five():
    store = ml.Store("memory://five-runs")
    for number in range(5):
        with ml.start_run(f"fit{number}", experiment="a" if number < 3 else "b", store=store) as run:
            run.log_params(depth=number, model="ridge" if number % 2 else "lasso", net={"width": 8 * number})
            run.log(auc=0.5 + number / 10)
            run.log({"valid/loss 🎉": 1.0 / (number + 1)})
            if number == 4:
                run.log(depth=3.0, odd=math.nan)
                run.log_params(mixed="text", flag=True, date="2026-11-01")
            elif number:
                run.log_params(mixed=number, flag=False)
        run.tag(stage="late" if number > 2 else "early")
    return store


CASES = {
    "auc > 0.7": [3, 4],
    "auc >= 0.7 and model == 'ridge'": [3],
    "model = 'lasso' or auc > 0.85": [0, 2, 4],
    "not model == 'lasso'": [1, 3],
    "0.55 < auc <= 0.8": [1, 2, 3],
    "0.7 < auc": [3, 4],
    "params.depth in (1, 3)": [1, 3],
    "params.depth not in [1, 3, 4]": [0, 2],
    "model in ('ridge',) & params.depth != 1": [3],
    "`valid/loss 🎉` < 0.3": [3, 4],
    "metrics.`valid/loss 🎉` < 0.3": [3, 4],
    "`net.width` >= 16": [2, 3, 4],
    "net.width == 8": [1],
    "mixed == 'text'": [4],
    "mixed < 3": [1, 2],
    "mixed is none": [0],
    "mixed is not none": [1, 2, 3, 4],
    "mixed == none or mixed == 1": [0, 1],
    "mixed != 1": [2, 3, 4],
    "flag": [4],
    "not flag and mixed is not none": [1, 2, 3],
    "flag == false": [1, 2, 3],
    "odd > 0": [],
    "odd is not none": [4],
    "tags.stage == 'late'": [3, 4],
    "name like 'fit[0-2]'": [0, 1, 2],
    "name not like 'fit*'": [],
    "status == 'finished' and run.experiment == 'b'": [3, 4],
    "duration < 1000 and started_at > '2020-01-01'": [0, 1, 2, 3, 4],
    "started_at > '2200-01-01 10:00'": [],
    "(auc > 0.8 or (params.depth == 0)) and not params.depth > 3": [0],
    "auc > 8.5e-1": [4],
    "params.depth == 1_0 or params.depth == -1": [],
    "auc > 0.85 AND model == 'lasso'": [4],
}


@pytest.mark.parametrize("where", CASES)
def test_a_filter_keeps_what_it_says(five, where):
    found = ml.runs(where=where, store=five, order_by="started_at")
    assert [run.params["depth"] for run in found] == CASES[where]


@pytest.mark.parametrize(
    ("where", "position", "message"),
    [
        ("auk > 1", 0, "No run has 'auk'.*\n.*\n  \\^\nDid you mean 'auc'"),
        ("auc > 1 and tags.stag == 'x'", 12, "Did you mean 'tags.stage'"),
        ("auc >> 1", 5, "not '>'"),
        ("auc > ", 6, "not the end"),
        ("", 0, "A name is expected here"),
        ("auc > 1 or", 10, "not the end"),
        ("(auc > 1", 8, "'\\)' is expected"),
        ("auc > 1)", 7, "or the end"),
        ("auc > 'x", 6, "does not end"),
        ("auc > `x", 6, "does not end"),
        ("auc ; 1", 4, "';' means nothing here"),
        ("__import__('os')", 10, "expected here"),
        ("auc > model", 6, "put text into quotes"),
        ("1 < 2", 4, "One side has to be a name"),
        ("auc in 3", 7, "A list such as"),
        ("model in (ridge)", 10, "put text into quotes"),
        ("auc == 'x'", 4, "'auc' is a number"),
        ("model < 3", 6, "'model' is text"),
        ("depth > 1", 0, "both a param and a metric.*\n.*\n.*\nWrite params.depth or metrics.depth"),
        ("started_at > 'yesterday'", 11, "is no time"),
        ("model like 3", 11, "takes a text"),
        ("model is 3", 9, "asks for none"),
        ("model not 3", 10, "'in' or 'like'"),
        ("auc > 1 \n and bad > 2", 14, "\n   and bad > 2\n       \\^"),
    ],
)
def test_a_wrong_filter_points_at_the_character(five, where, position, message):
    with pytest.raises(FilterError, match=message) as raised:
        ml.runs(where=where, store=five)
    assert raised.value.position == position


def test_a_filter_that_is_no_text_is_refused(five):
    with pytest.raises(FilterError, match="not a int"):
        ml.runs(where=3, store=five)


@given(st.text(alphabet="ab<>=()'`\" 0.5andorti,[]!-&|~"))
def test_no_text_makes_the_parser_stumble(text):
    try:
        parse(text)
    except FilterError as error:
        assert 0 <= error.position <= len(text)


def test_order_limit_and_pages(five):
    def numbers(**options):
        return [int(run.name[-1]) for run in ml.runs(store=five, **options)]

    assert numbers() == [4, 3, 2, 1, 0]
    assert numbers(order_by="auc") == [0, 1, 2, 3, 4]
    assert numbers(order_by=["model", "-auc"]) == [4, 2, 0, 3, 1]
    assert numbers(order_by="-mixed") == [3, 2, 1, 4, 0]
    assert numbers(order_by="`valid/loss 🎉`", limit=2) == [4, 3]
    assert numbers(experiment="b") == [4, 3] and numbers(experiment="c") == []
    found = ml.runs(store=five)
    assert [run.name for run in found[1:3]] == ["fit3", "fit2"] and found[-1].name == "fit0"
    with pytest.raises(FilterError, match="No run has 'auk'"):
        numbers(order_by="-auk")
    with pytest.raises(InvalidInputError, match="limit="):
        numbers(limit=-1)


def test_a_frame_has_a_row_for_each_run(five):
    frame = ml.runs(store=five, order_by="started_at").to_frame()
    assert frame["params.depth"].tolist() == [0, 1, 2, 3, 4] and str(frame["params.depth"].dtype) == "int64"
    assert frame["metrics.auc"].tolist() == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert frame["params.mixed"].tolist() == [None, 1, 2, 3, "text"]
    assert frame["params.flag"].tolist() == [None, False, False, False, True]
    assert frame["tags.stage"].tolist() == ["early"] * 3 + ["late"] * 2
    assert frame["experiment"].tolist() == ["a", "a", "a", "b", "b"]
    assert "params.mixed" not in ml.runs(store=five, where="params.depth == 0").to_frame()


def test_an_empty_store_has_no_runs(store):
    found = ml.runs(where="auc > 0.5", order_by="-auc", store=store)
    assert len(found) == 0 and len(found.to_frame()) == 0 and list(found) == []


# --- any filter keeps what plain Python would ------------------------------------------------------------------

VALUES = {"depth": [0, 1, 2, 3, None], "rate": [0.5, 0.25, None, 2.0, -1.0], "model": ["a", "b", None, "ab", "a"]}
COMPARE = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.fixture(scope="module")
def grid():
    store = ml.Store("memory://grid-of-runs")
    for row in zip(*VALUES.values(), strict=True):
        with ml.start_run(store=store) as run:
            run.log_params({name: value for name, value in zip(VALUES, row, strict=True) if value is not None})
    return store


def compared(name, sign, value):
    def holds(row):
        return row[name] is not None and COMPARE[sign](row[name], value)

    return f"{name} {sign} {value!r}", holds


def listed(name, values):
    return f"{name} in ({', '.join(map(repr, values))})", lambda row: row[name] in values


def missing(name):
    return f"{name} is none", lambda row: row[name] is None


numbers = st.tuples(
    st.sampled_from(["depth", "rate"]), st.sampled_from(list(COMPARE)), st.sampled_from([-1.0, 0, 0.25, 1, 2, 7])
)
texts = st.tuples(st.just("model"), st.sampled_from(list(COMPARE)), st.sampled_from(["a", "b", "c", "ab"]))
leaves = st.one_of(
    numbers.map(lambda parts: compared(*parts)),
    texts.map(lambda parts: compared(*parts)),
    st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda values: listed("depth", values)),
    st.sampled_from(list(VALUES)).map(missing),
)


def joined(parts):
    (left, left_holds), word, (right, right_holds) = parts
    if word == "and":
        return f"({left} and {right})", lambda row: left_holds(row) and right_holds(row)
    return f"({left} or {right})", lambda row: left_holds(row) or right_holds(row)


def turned(part):
    text, holds = part
    return f"not ({text})", lambda row: not holds(row)


filters = st.recursive(
    leaves,
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(joined) | inner.map(turned),
    max_leaves=8,
)


@given(filters)
def test_any_filter_keeps_what_plain_python_would(grid, found):
    where, holds = found
    rows = [dict(zip(VALUES, row, strict=True)) for row in zip(*VALUES.values(), strict=True)]
    kept = [{name: run.params.get(name) for name in VALUES} for run in ml.runs(where=where, store=grid)]
    assert list(reversed(kept)) == [row for row in rows if holds(row)]
