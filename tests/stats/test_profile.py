"""Profiles add up, whatever the order, and hold what the rows held."""

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.errors import DamagedError, InvalidInputError, NotFoundError
from mlops_lite.stats.cells import MOST_LEVELS
from mlops_lite.stats.number_cells import NumberCells, number_cells
from mlops_lite.stats.profile import Frame, Profile, profile

SHAPES = {
    "normal": lambda dice, n: dice.normal(size=n),
    "far mean": lambda dice, n: dice.normal(1e6, 1, n),
    "skewed": lambda dice, n: dice.lognormal(0, 3, n),
    "heavy": lambda dice, n: dice.standard_cauchy(n),
    "whole": lambda dice, n: dice.poisson(20, n),
    "years": lambda dice, n: dice.integers(1950, 2030, n),
    "zeros": lambda dice, n: np.where(dice.random(n) < 0.6, 0, dice.exponential(1, n)),
    "prices": lambda dice, n: np.round(dice.lognormal(3, 1, n), 2),
    "nanoseconds": lambda dice, n: 1_700_000_000_000_000_000 + dice.integers(0, 10**15, n),
    "constant": lambda dice, n: np.full(n, 7.5),
    "signs": lambda dice, n: dice.choice([-1.0, -0.0, 0.0, 1.0], n),
    "far modes": lambda dice, n: dice.normal(size=n) + dice.choice([0.0, 1e6], n),
    "modes in modes": lambda dice, n: dice.normal(size=n) + dice.choice([0.0, 1e9, 1e9 + 1e4], n, p=[0.5, 0.3, 0.2]),
    "small": lambda dice, n: dice.normal(size=n).astype(np.float32),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_cells_are_intervals_in_order(shape):
    values = np.sort(SHAPES[shape](np.random.default_rng(0), 20_000))
    cells = number_cells(values)
    codes = cells.code(values)
    assert np.all(np.diff(codes) >= 0)
    assert codes.min() >= 0
    assert codes.max() < cells.size


@pytest.mark.parametrize("shape", SHAPES)
def test_the_distance_of_distributions_is_kept(shape):
    """Kolmogorov and Smirnov's distance on the cells is never above the exact one, and little below."""
    dice = np.random.default_rng(1)
    a, b = SHAPES[shape](dice, 100_000), SHAPES[shape](dice, 100_000)
    whole = profile({"x": a})
    other = profile({"x": b}, whole.frame)
    on_cells = np.abs(np.cumsum(whole["x"].counts - other["x"].counts)).max() / 100_000
    both = np.sort(np.concatenate((a, b)))
    exact = np.abs(np.searchsorted(np.sort(a), both, "right") - np.searchsorted(np.sort(b), both, "right")).max() / 1e5
    assert exact - 5e-4 <= on_cells <= exact + 1e-12


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "constant"])
def test_no_cell_holds_much_more_than_its_share(shape):
    values = SHAPES[shape](np.random.default_rng(2), 200_000)
    found = profile({"x": values})["x"]
    _, repeats = np.unique(values, return_counts=True)
    atom = repeats.max() / len(values)
    assert found.counts.max() / len(values) <= atom + 0.004


@pytest.mark.parametrize("far", [50.0, 1e3, 1e6, 1e12])
def test_a_move_inside_a_far_mode_changes_the_counts(far):
    dice = np.random.default_rng(4)
    values = np.where(dice.random(20_000) < 0.3, far, 0) + dice.normal(size=20_000)
    whole = profile({"x": values})
    now = profile({"x": values + (values > far / 2)}, whole.frame)
    again = Frame.decode(whole.frame.encode())
    parts = [profile({"x": part}, again) for part in np.array_split(values + (values > far / 2), 7)]
    assert np.abs(np.cumsum(whole["x"].counts - now["x"].counts)).max() > 0.3 * 0.37 * 20_000
    assert parts[0].merge(*parts[1:])["x"].counts.tolist() == now["x"].counts.tolist()
    assert len(whole.encode()) <= 8_000


@pytest.mark.parametrize("shape", SHAPES)
def test_moments_and_quantiles(shape):
    values = SHAPES[shape](np.random.default_rng(3), 50_000)
    found = profile({"x": values})["x"]
    floats = values.astype(np.float64)
    spread = floats.std(ddof=1)
    assert found.mean == pytest.approx(floats.mean(), abs=1e-6 * spread + 1e-9)
    assert found.std == pytest.approx(spread, rel=1e-5, abs=1e-9)
    assert (found.minimum, found.maximum) == (floats.min(), floats.max())
    for share in (0.01, 0.25, 0.5, 0.75, 0.99):
        low, high = np.quantile(floats, [max(0, share - 0.004), min(1, share + 0.004)], method="nearest")
        ends = found.ends  # a quantile lies in the cell of the value, or in that of a neighbour in rank
        first, last = np.searchsorted(ends, [low, high], "right")
        slack = 1e-6 * (floats.max() - floats.min()) + np.abs(found.cells.centre) * 1e-7
        assert ends[max(first - 1, 0)] - slack <= found.quantile(share) <= ends[min(last, len(ends) - 1)] + slack


TABLES = st.integers(0, 2**32 - 1)


def drawn(seed, rows=400):
    dice = np.random.default_rng(seed)
    numbers = dice.normal(5, 2, rows)
    numbers[dice.random(rows) < 0.1] = np.nan
    numbers[:2] = [np.inf, -np.inf]
    names = np.array(["a", "b", "c", None], dtype=object)
    return {"x": numbers, "n": dice.integers(-5, 5, rows), "level": pa.array(names[dice.integers(0, 4, rows)])}


def cut(table, places):
    edges = [0, *sorted(places), 400]
    return [{name: column[low:high] for name, column in table.items()} for low, high in itertools.pairwise(edges)]


@settings(max_examples=30, deadline=None)
@given(seed=TABLES, places=st.lists(st.integers(0, 400), max_size=6), turn=st.randoms())
def test_profiles_of_parts_are_the_profile_of_the_whole_in_any_order(seed, places, turn):
    table = drawn(seed)
    frame = profile(table).frame
    parts = [profile(part, frame) for part in cut(table, places)]
    turn.shuffle(parts)
    merged, whole = parts[0].merge(*parts[1:]), profile(table, frame)
    for name in table:
        one, other = merged[name], whole[name]
        assert one.counts.tolist() == other.counts.tolist()
        assert (one.rows, one.missing, one.infinite) == (other.rows, other.missing, other.infinite)
        assert one.levels == other.levels
        assert one.mean == pytest.approx(other.mean, rel=1e-9, nan_ok=True)
    again = [profile(part, frame) for part in cut(table, places)]
    assert merged.encode() == again[0].merge(*again[1:]).encode()  # the same bytes, whatever the order


@settings(max_examples=20, deadline=None)
@given(seed=TABLES)
def test_what_is_written_is_read(seed):
    whole = profile(drawn(seed))
    again = Profile.decode(whole.encode())
    assert again.encode() == whole.encode()
    assert again.frame.digest == whole.frame.digest == Frame.decode(whole.frame.encode()).digest
    lean = Profile.decode(whole.encode(whole.frame), whole.frame)
    assert lean.encode() == whole.encode()


def test_a_profile_on_another_frame_is_not_read():
    whole, other = profile(drawn(0)), profile(drawn(1))
    with pytest.raises(DamagedError, match="not at hand"):
        Profile.decode(whole.encode(whole.frame), other.frame)
    with pytest.raises(DamagedError, match="no profile"):
        Profile.decode(b"nonsense")


def test_other_cells_do_not_add_up():
    with pytest.raises(InvalidInputError, match="different cells"):
        profile(drawn(0)).merge(profile(drawn(1)))


def test_libraries_agree():
    frame = pd.DataFrame({"x": [1.0, np.nan, 3.0], "s": ["a", None, "b"], "b": [True, False, True]})
    table = pa.Table.from_pandas(frame)
    one, other = profile(table), profile(table.to_batches())
    assert one.encode() == other.encode()
    assert one["b"].levels == {"False": 1, "True": 2}
    assert one["s"].missing == one["x"].missing == 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_are_the_same_in_every_unit(unit):
    days = np.arange("2026-01-01", "2026-03-01", dtype="datetime64[D]").astype(f"datetime64[{unit}]")
    reference = profile({"day": days.astype("datetime64[s]")})
    found = profile({"day": pa.array(days)}, reference.frame)["day"]
    assert found.counts.tolist() == reference["day"].counts.tolist()
    assert found.maximum == reference["day"].maximum


def test_categories_are_counted_by_their_text():
    values = pd.Categorical([1, 2, 2, None])
    table = pa.table({"c": pa.DictionaryArray.from_arrays(pa.array(values.codes, mask=values.codes < 0), [1, 2])})
    assert profile(table)["c"].levels == profile({"c": np.array(["1", "2", "2", None], dtype=object)})["c"].levels


def test_very_many_levels_are_put_together_by_hash():
    names = np.array([f"user {each}" for each in range(100_000)])
    whole = profile({"user": names})
    assert whole["user"].cells.hashed
    assert whole["user"].counts.sum() == 100_000
    assert len(whole.encode()) < 8_000


def test_new_levels_are_named_and_then_settled():
    whole = profile({"city": np.array(["Rome", "Oslo"])})
    more = profile({"city": np.array(["Bern", "Rome"])}, whole.frame)
    assert more["city"].unknown == {"Bern": 1}
    settled = whole.merge(more).settled()
    assert settled["city"].unknown == {}
    assert settled["city"].levels == {"Bern": 1, "Oslo": 1, "Rome": 2}


def test_the_file_of_a_column_is_small():
    dice = np.random.default_rng(0)
    columns = {f"x{place}": dice.lognormal(0, 2, 100_000) for place in range(10)}
    assert len(profile(columns).encode()) <= 10 * 8_000


def test_text_where_numbers_were_is_counted_as_alien():
    whole = profile({"x": np.arange(5.0)})
    found = profile({"x": np.array(["a", "b", None], dtype=object)}, whole.frame)["x"]
    assert (found.alien, found.missing, found.counts.sum()) == (2, 1, 0)


def test_infinities_and_nothing():
    found = profile({"x": np.array([np.inf, -np.inf, np.nan, 1.0])})["x"]
    assert (found.infinite, found.missing, found.mean) == ((1, 1), 1, 1.0)
    empty = profile({"x": np.zeros(0)})["x"]
    assert (empty.rows, empty.counts.sum()) == (0, 0)
    assert np.isnan(empty.mean)
    assert np.isnan(empty.quantile(0.5))


def test_unequal_columns_and_unknown_names():
    with pytest.raises(InvalidInputError, match="different lengths"):
        profile({"x": np.zeros(3), "y": np.zeros(2)})
    with pytest.raises(NotFoundError, match="Did you mean 'age'"):
        profile({"age": np.zeros(3)})["agee"]


def test_levels_beyond_the_most_are_hashed():
    assert not profile({"c": np.arange(MOST_LEVELS).astype(str)})["c"].cells.hashed
    assert profile({"c": np.arange(MOST_LEVELS + 1).astype(str)})["c"].cells.hashed


def test_threads_change_nothing():
    dice = np.random.default_rng(0)
    columns = {f"x{place}": dice.normal(size=300_000) for place in range(4)}
    frame = profile(columns, threads=1).frame
    assert profile(columns, frame, threads=1).encode() == profile(columns, frame, threads=4).encode()


def test_cells_without_values():
    cells = number_cells(np.array([np.nan, np.inf]))
    assert cells.size == 1
    assert isinstance(cells, NumberCells)


def test_a_profile_is_read_at_a_glance():
    seen = profile({"age": np.array([31.0, 45.0, np.nan]), "<b>": np.array(["Rome", "Oslo", "Rome"])})
    assert repr(seen) == "<Profile of 3 rows, 2 columns>"
    assert "Rome" in str(seen) and "45" in str(seen)
    assert "<b>" not in seen._repr_html_() and len(seen._repr_html_()) < 8_000
    assert repr(profile({})) == "<Profile of 0 rows, 0 columns>" and str(profile({}))
    times = profile({"t": np.array(["2020-01-01", "NaT"], "M8[s]"), "d": np.array([86400, 86400], "m8[s]")})
    assert "2020-01-01" in str(times) and "86400 seconds" in str(times)


@pytest.mark.parametrize("seed", range(20))
def test_there_are_no_more_distinct_values_than_rows(seed):
    found = profile({"x": np.append(np.random.default_rng(seed).normal(size=600), [np.nan, np.inf])}).columns["x"]

    assert found.summary()["distinct"] <= 600


@pytest.mark.parametrize("start", [0, -40, 1_000])
def test_quantiles_of_few_whole_numbers_are_exact(start):
    values = start + np.random.default_rng(0).integers(0, 24, 5_001)
    found = profile({"x": values}).columns["x"]

    for share in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        assert found.quantile(share) == np.quantile(values, share, method="inverted_cdf")
