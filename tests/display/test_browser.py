"""Views in a browser, as notebooks of either theme hold them: what is computed there can be read."""

import html
import json
import re
import shutil
import subprocess

import pytest

from mlops_lite.display import badge, card, chart, code, facts, figure, page, section, table, text

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
THEMES = {
    "jupyter dark": ('data-jp-theme-light="false"', "dark"),
    "jupyter light": ('data-jp-theme-light="true"', "light"),
    "vscode dark": ('class="vscode-dark"', "dark"),
    "docs dark": ('data-md-color-scheme="slate"', "dark"),
    "colab dark": ('theme="dark"', "dark"),
}
# what notebooks say of all tables, and must not say of ours
NOTEBOOK = (
    ".jp-OutputArea td, .jp-OutputArea th {text-align: right; padding: 1em} .alert {padding: 3em}"
    ".jp-OutputArea tbody tr:nth-child(odd) {background: hotpink}"
)
LOOK = """
const said = {};
for (const box of document.querySelectorAll("[id^=theme]")) {
  const of = (selector) => getComputedStyle(box.querySelector(selector));
  const root = of(".mlops");
  said[box.id] = {
    ink: root.color, ground: root.backgroundColor, alert: of(".t-alert").color, quiet: of(".q").color,
    cell: of("tbody td:not(.n)").textAlign, number: of("tbody td.n").textAlign, row: of("tbody tr").backgroundColor,
    curve: of(".s1").stroke, box: of("rect").fill, label: of("svg text").fill, badge: of(".t-alert").padding,
    folded: box.querySelectorAll("details")[0].open, wide: box.scrollWidth > innerWidth,
  };
}
document.body.innerHTML = "<pre>" + JSON.stringify(said) + "</pre>";
"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the browser computed for each theme."""
    view = page(
        card(
            "report",
            text("quiet", quiet=True),
            table(["column", "effect", "verdict"], [["age", 0.5, badge("alert", "alert")]], "Findings"),
            section("folded", facts({"rows": 3}, "Facts"), code("x = 1")),
            figure(chart.lines(chart.Series("auc", [0.9, 0.8]), title="auc"), "AUC"),
            figure(chart.graph({"a": "a", "b": "b"}, [("a", "b")], title="graph"), "Lineage"),
            status=badge("alert", "alert"),
        )
    )
    boxes = "".join(
        f'<div {how}><div class="jp-OutputArea" id="theme {name}">{view}</div></div>'
        for name, (how, _) in THEMES.items()
    )
    folder = tmp_path_factory.mktemp("browser")
    written = f"<!doctype html><meta charset=utf-8><style>{NOTEBOOK}</style><body>{boxes}<script>{LOOK}</script>"
    (folder / "page.html").write_text(written)
    command = [BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"file://{folder / 'page.html'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    return {name.removeprefix("theme "): each for name, each in json.loads(html.unescape(found[1])).items()}


def luminance(colour):
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    brighter, darker = sorted([luminance(one), luminance(other)], reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_the_theme_of_the_notebook_decides(said, theme):
    ground = luminance(said[theme]["ground"])
    assert ground < 0.1 if THEMES[theme][1] == "dark" else ground > 0.9


@pytest.mark.parametrize("theme", THEMES)
def test_everything_can_be_read(said, theme):
    for what in ("ink", "alert", "quiet", "label", "curve"):
        assert contrast(said[theme][what], said[theme]["ground"]) >= 4.5, what
    assert said[theme]["box"] == said[theme]["ground"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_styles_of_the_notebook_stay_out(said, theme):
    assert (said[theme]["cell"], said[theme]["number"]) == ("left", "right")
    assert said[theme]["row"] in ("rgba(0, 0, 0, 0)", "transparent")
    assert said[theme]["badge"] == "0px"
    assert not said[theme]["wide"]
    assert not said[theme]["folded"]
