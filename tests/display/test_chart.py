"""Drawings: what they draw is where the values are."""

import math
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.display import chart
from mlops_lite.display.chart import Node, Series, bars, graph, histogram, lines, sparkline

anything = st.lists(st.one_of(st.none(), st.floats()), max_size=600)


def path(svg, style):
    found = ET.fromstring(svg).find(f".//path[@class='{style}']")
    return [tuple(map(float, point)) for point in re.findall(r"[M ](-?[\d.]+) (-?[\d.]+)", found.get("d"))]


@given(anything)
def test_any_values_can_be_drawn(values):
    for drawing in (lines(Series("x", values), title="t", limit=1), sparkline(values)):
        assert "nan" not in drawing.html().replace("aria-label", "")
        ET.fromstring(drawing.html())
        assert len(drawing.html()) < 4000
        assert drawing.plain(60) is not None


def test_a_line_rises_where_values_do():
    points = path(lines(Series("x", [1, 2, 4]), title="t").html(), "s1")
    xs, ys = zip(*points, strict=True)
    assert xs == tuple(sorted(xs))
    assert ys[0] > ys[1] > ys[2]  # paper counts downwards
    assert (ys[0] - ys[1]) * 2 == pytest.approx(ys[1] - ys[2], abs=0.3)


def test_a_level_line_has_one_tick_at_its_value():
    svg = lines(Series("x", [3, 3, 3]), title="t").html()
    assert re.findall(r'text-anchor="end">([^<]*)</text>', svg)[0] == "3"
    assert "2.7" not in svg and "3.3" not in svg


def test_what_is_missing_leaves_a_gap():
    svg = lines(Series("x", [1, 2, None, 2, 1]), title="t").html()
    assert svg.count("M") - svg.count('class="ax"') == 2


def test_a_single_point_can_be_seen():
    drawing = lines(Series("x", [1], [datetime(2026, 1, 3, 10, 30)]), title="t").html()
    assert "a1 1 0" in drawing
    assert drawing.count("2026-01-03 10:30") == 1


def test_times_of_one_day_are_told_apart():
    drawing = lines(Series("x", [1, 2], [datetime(2026, 1, 3, 10), datetime(2026, 1, 3, 11)]), title="t").html()
    assert "2026-01-03 10:00" in drawing and "2026-01-03 11:00" in drawing


def test_thinning_keeps_the_extremes():
    values = [math.sin(i / 50) for i in range(20_000)]
    values[12_345] = 9.0
    ys = [y for _, y in path(lines(Series("x", values), title="t").html(), "s1")]
    assert len(ys) <= 200
    assert min(ys) == 16.0  # the top of the paper: the one outlier was kept


def test_times_stand_where_they_belong_and_are_named():
    days = [datetime(2013, 1, day, tzinfo=UTC) for day in (1, 2, 11)]
    svg = lines(Series("x", [1, 1, 1], days), title="t").html()
    first, second, third = (x for x, _ in path(svg, "s1"))
    assert (third - second) / (second - first) == pytest.approx(9, rel=0.05)
    assert "2013-01-01" in svg
    assert "2013-01-11" in svg


def test_an_interval_is_drawn_around_the_line():
    svg = lines(Series("x", [1, 2], low=[0, 1], high=[2, 3]), title="t").html()
    assert ET.fromstring(svg).find(".//path[@class='f1']") is not None


def test_bars_are_as_long_as_their_values():
    lengths = [
        float(each) for each in re.findall(r"h([\d.]+)v12", bars({"a": 1, "b": 0.5, "c": None}, title="t").html())
    ]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=0.2)
    assert lengths[2] == 0


def test_a_histogram_compares_shares_not_counts():
    then, now, _ = histogram([10, 20], [100, 200], [0, 1, 2], title="t").plain(60).splitlines()
    assert then.split()[1] == now.split()[1] == "▅█"


def test_a_histogram_without_current_data_shows_the_reference_alone():
    drawing = histogram([1, 2, 3], None, ["a", "b", "c"], title="t")
    assert "current" not in drawing.html() + drawing.plain(60)


def test_a_graph_goes_from_left_to_right():
    svg = ET.fromstring(graph({"b": "b", "a": "a", "c": "c"}, [("a", "b"), ("b", "c"), ("a", "c")], title="t").html())
    place = {group.findtext("text"): float(group.find("rect").get("x")) for group in svg.iter("g")}
    assert place["a"] < place["b"] < place["c"]


def test_an_arrow_runs_between_boxes_and_not_behind_them():
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c")]
    svg = ET.fromstring(graph({key: key for key in "abcd"}, edges, title="t").html())
    boxes = [(float(box.get("x")), float(box.get("y"))) for box in svg.iter("rect")]
    passed = 0
    for arrow in svg.iter("path"):
        for x, y in re.findall(r"(\d+) ([\d.]+)h192", arrow.get("d")):
            passed += 1
            assert not any(left == float(x) and top <= float(y) <= top + 40 for left, top in boxes)
    assert passed == 3


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_any_graph_can_be_drawn_circles_too(pairs):
    nodes = {str(key): Node(str(key)) for key in range(10)}
    drawing = graph(nodes, [(str(a), str(b)) for a, b in pairs], title="t")
    boxes = [rect.attrib for rect in ET.fromstring(drawing.html()).iter("rect")]
    assert len({(box["x"], box["y"]) for box in boxes}) == 10  # none hides another
    drawing.plain(80)


def test_a_tree_names_what_it_has_shown_before():
    drawing = graph({k: k for k in "abcd"}, [("a", "c"), ("b", "c"), ("c", "d")], title="t")
    assert drawing.plain(60).splitlines() == ["a", "└─ c", "   └─ d", "b", "└─ c (see above)"]


def test_the_public_drawings_are_these():
    assert {"lines", "bars", "histogram", "sparkline", "graph", "Series", "Node"} <= set(chart.__all__)
