"""Values that draw themselves: well-formed, without a script, escaped, captioned, small; plain text that is aligned."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite import display
from mlops_lite.display import Drawn, badge, card, chart, code, facts, figure, page, plain, section, table, text
from mlops_lite.display.escape import width
from mlops_lite.display.style import STYLE

EVIL = "<script>alert('\"&')</script>\x1b[31m\u202e"


def tree(view):
    """Parse as XML: whatever is well-formed there is so in HTML too."""
    return ET.fromstring(page(view))


def everything(word):
    """One of each element, and the word in every place that takes one."""
    return card(
        word,
        text(word),
        text(word, quiet=True),
        table([word, "number"], [[word, 1.5], [badge(word, "alert"), None]], word),
        facts({word: word}, word),
        section(word, text(word), code(word)),
        figure(chart.lines(chart.Series(word, [1, 2]), chart.Series(word, [2, 1]), title=word), word),
        figure(chart.bars({word: 0.5}, title=word), word),
        figure(chart.histogram([1, 2], [2, 1], [word, word], title=word), word),
        figure(chart.sparkline([1, 2], title=word), word),
        figure(chart.graph({"a": chart.Node(word, word), "b": word}, [("a", "b")], title=word), word),
        subtitle=word,
        status=badge(word, "ok"),
    )


def test_no_user_text_becomes_markup_anywhere():
    html = page(everything(EVIL))
    names = {element.tag for element in ET.fromstring(html).iter()}
    assert "script" not in names
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 20


def test_no_user_text_moves_the_cursor_of_a_terminal():
    written = plain(everything(EVIL), 100)
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert "\\x1b[31m" in written


@given(st.text())
def test_whatever_the_text_the_html_is_well_formed(word):
    tree(everything(word))
    assert all(line.isprintable() for line in plain(everything(word), 80).splitlines())


def test_there_is_no_script_and_nothing_is_fetched():
    html = page(everything("word"))
    for forbidden in ("<script", "javascript:", "http:", "https:", "@import", "url(", "onclick", "onload"):
        assert forbidden not in html


def test_every_table_has_a_caption_and_every_head_its_scope():
    for found in tree(everything("word")).iter("table"):
        assert found.findtext("caption") == "word"
        assert {head.get("scope") for head in found.iter("th")} <= {"col", "row"}
        assert all(row[0].get("scope") == "row" for row in found.find("tbody"))


def test_every_drawing_says_what_it_is_and_every_figure_has_a_caption():
    root = tree(everything("word"))
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in root.iter("svg"))
    assert all(found.findtext("figcaption") for found in root.iter("figure"))
    assert sum(1 for _ in root.iter("svg")) == 5


def test_parts_fold_without_a_script():
    root = tree(card("x", section("closed", text("a")), section("open", text("b"), opened=True)))
    closed, opened = root.iter("details")
    assert (closed.get("open"), opened.get("open")) == (None, "")
    assert closed.findtext("summary") == "closed"


def test_no_tone_is_told_by_colour_alone():
    marks = {badge("word", tone).plain(40) for tone in ("ok", "info", "warning", "alert")}
    assert len(marks) == 4
    assert all(badge("w", tone).html().count(badge("w", tone).plain(9)) == 1 for tone in ("ok", "warning", "alert"))


def test_series_differ_by_their_dashes():
    html = chart.lines(chart.Series("a", [1, 2]), chart.Series("b", [1, 2]), title="two").html()
    classes = set(re.findall(r'class="(s\d)"', html))
    dashes = {name: re.findall(rf"\.{name}{{[^}}]*}}", STYLE)[0].partition("dasharray")[2] for name in classes}
    assert len(set(dashes.values())) == len(classes) == 2


def test_the_style_knows_light_and_dark_and_comes_once():
    assert page(everything("word")).count("<style>") == 1
    for theme in ("[data-jp-theme-light=false]", ".vscode-dark", "color-scheme:light dark", "light-dark("):
        assert theme in STYLE
    assert len(STYLE) < 4000


def test_a_typical_value_is_small():
    rows = [[f"column_{index}", "double", 0.01, chart.sparkline(range(20))] for index in range(6)]
    view = card(
        "dataset/flights@3", facts({f"fact {i}": i for i in range(12)}, "Facts"), table("abcd", rows, "Columns")
    )
    assert len(page(view)) < 8_000


def test_a_report_of_sixty_columns_stays_under_a_hundred_kilobytes():
    edges = list(range(31))
    parts = [
        section(
            f"column_{index}",
            figure(chart.histogram(range(1, 31), range(30, 0, -1), edges, title="column"), "How it is distributed"),
            facts({"effect": 0.123, "p-value": 1e-9, "threshold": 0.1, "statistic": 0.3}, "Measured"),
        )
        for index in range(60)
    ]
    rows = [[f"column_{i}", "drift.ks", badge("alert", "alert"), 0.123, "It moved from 1 to 2."] for i in range(60)]
    assert (
        len(page(card("report", table(["column", "kind", "severity", "effect", ""], rows, "Findings"), *parts)))
        < 100_000
    )


def test_a_value_says_what_it_shows_in_one_place():
    class Thing(Drawn):
        __slots__ = ("name",)

        def __init__(self, name):
            self.name = name

        def _view(self):
            return card(self.name), text("more")

    thing = Thing("model/churn@2")
    assert not hasattr(thing, "__dict__")
    assert "model/churn@2" in thing._repr_html_()
    assert str(thing).splitlines()[-1] == "more"


def test_a_value_without_a_view_says_so():
    with pytest.raises(NotImplementedError, match=r"has no _view\(\)"):
        str(Drawn())


def test_plain_text_takes_the_width_of_the_terminal(monkeypatch):
    view = table(["name", "sentence"], [["a", "word " * 40]], "Wide")

    class Wide(Drawn):
        def _view(self):
            return view

    for columns in (50, 90):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert max(map(width, str(Wide()).splitlines())) <= columns


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8), st.integers(400, 500))
def test_columns_are_aligned_whatever_the_script(words, columns):
    lines = (
        table(["name", "count"], [[word, index] for index, word in enumerate(words)], "T").plain(columns).splitlines()
    )
    assert len({width(line) for line in lines[1:]}) == 1  # numbers stand to the right: all lines end together


def test_what_is_not_shown_is_counted():
    long = table(["n"], ([n] for n in range(1000)), "Long", most=100)
    assert "… and 900 more" in long.html()
    assert "… and 970 more" in long.plain(80)


def test_the_package_names_what_there_is():
    assert all(getattr(display, name) is not None for name in display.__all__)


def luminance(colour):
    parts = (
        [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        if len(colour) == 7
        else [int(c * 2, 16) / 255 for c in colour[1:]]
    )
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_of_text_can_be_read_on_its_ground():
    """By the contrast that WCAG 2 asks of text, in light and in dark."""
    pairs = dict(re.findall(r"--(\w+):[^;]*?light-dark\((#\w+,#\w+)\)", STYLE))
    grounds = pairs.pop("g").split(",")
    assert {"f", "q", "ok", "info", "warning", "alert", "one", "two"} <= pairs.keys()
    for name in pairs.keys() - {"l"}:  # l draws lines between rows
        for ground, colour in zip(grounds, pairs[name].split(","), strict=True):
            brighter, darker = sorted([luminance(ground), luminance(colour)], reverse=True)
            assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (name, colour, ground)


@given(st.text(alphabet="abc 数据", min_size=1, max_size=200))
def test_nothing_is_lost_where_a_terminal_is_narrow(words):
    written = table(["name", "sentence"], [["a", words]], "T").plain(40)
    kept = "".join(line[6:] for line in written.splitlines()[3:])
    assert kept.replace(" ", "") == words.replace(" ", "")
    assert max(map(width, written.splitlines())) <= 40


def test_words_such_as_refs_are_broken_last():
    rows = [["dataset/flights-held-out@12", "a fifth of the same days, held out, to measure on"]]
    written = table(["ref", "why"], rows, "T").plain(50)
    assert "dataset/flights-held-out@12" in written
    assert max(map(width, written.splitlines())) <= 50


def test_too_many_columns_stand_below_each_other():
    names = [f"column {n}" for n in range(20)]
    written = table(names, [[f"a{n}" for n in range(20)], [f"b{n}" for n in range(20)]], "T").plain(60)
    assert all(f"{name}  " in written for name in names)
    assert all(f"a{n}" in written and f"b{n}" in written for n in range(20))
    assert max(map(width, written.splitlines())) <= 60


def test_whoever_draws_nothing_loads_nothing():
    code = (
        "import sys; from mlops_lite.display import Drawn\n"
        "print(sorted(name for name in sys.modules if name.startswith('mlops_lite.display')))"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    assert loaded == "['mlops_lite.display', 'mlops_lite.display.drawn']"


def test_what_is_empty_can_be_drawn_too():
    nothing = [
        table(["a"], [], "Empty"),
        facts({"left out": None}, "Empty"),
        section("Empty"),
        figure(chart.lines(title="none"), "Empty"),
        figure(chart.bars({}, title="none"), "Empty"),
        figure(chart.histogram([], [], ["a"], title="none"), "Empty"),
        figure(chart.graph({}, [], title="none"), "Empty"),
        figure(chart.sparkline([]), "Empty"),
    ]
    assert tree(card("nothing", *nothing, None)).findtext(".//caption") == "Empty"
    assert plain(card("nothing", *nothing)).count("Empty") == len(nothing)
