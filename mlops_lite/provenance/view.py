"""How comparisons and reproductions look in a notebook and in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops_lite.display import Element, badge, card, chart, code, figure, section, table, text
from mlops_lite.display.element import Tone
from mlops_lite.tracking.view import said

if TYPE_CHECKING:
    import pandas as pd

    from mlops_lite.provenance.compare import Comparison
    from mlops_lite.provenance.reproduce import Reproduction

__all__ = ["look_of_comparison", "look_of_reproduction"]

_MOST_ROWS = 12
_MOST_LINES = 40
_MOST_SIDES = 6
_MOST_CURVES = 2
_TONES: dict[str, Tone] = {"identical": "ok", "equivalent": "info", "different": "warning"}


def look_of_comparison(comparison: Comparison) -> Element:
    """Draw a comparison: what they scored, what they were given, what differs around them."""
    return card("Comparison", *_tables(comparison), *_curves(comparison), *_code(comparison))


def _tables(comparison: Comparison) -> Iterator[Element]:
    parts = [
        (comparison.scores, "metric", "Scores on the same rows, with 95 % intervals"),
        (comparison.metrics, "metric", "Recorded metrics"),
        (comparison.params, "parameter", "Parameters"),
        (comparison.data, "dataset", "Data"),
        (comparison.packages, "package", "Packages that differ"),
    ]
    if len(comparison.differences):
        yield _table(comparison.differences, "metric", f"How much each scores more than {comparison.names[0]}")
    same = []
    for frame, name, caption in parts:
        differs = [len({str(value) for value in row}) > 1 for row in frame.to_numpy(object)]
        if any(differs):
            yield _table(frame[differs], name, caption)
        if not all(differs):
            alike = frame[[not one for one in differs]].iloc[:, :1]
            same.append(_table(alike.set_axis(["value"], axis=1), name, caption))
    if same:
        yield section("The same for all", *same)


def _table(frame: pd.DataFrame, name: str, caption: str) -> Element:
    sides = list(frame.columns[:_MOST_SIDES])
    more = f" ({len(frame.columns) - len(sides)} more sides)" if len(frame.columns) > len(sides) else ""
    values = frame[sides].to_numpy(object)
    rows = ([index, *map(_cell, row)] for index, row in zip(frame.index, values, strict=True))
    return table([name, *sides], rows, caption + more, most=_MOST_ROWS)


def _cell(value: Any) -> Any:
    if value is None or value != value:
        return None
    return value if isinstance(value, (bool, int, float)) else said(value)


def _curves(comparison: Comparison) -> Iterator[Element]:
    drawn = 0
    for name in comparison.metrics.index:
        try:
            curves = comparison.curves(name)
        except LookupError:
            continue
        if drawn < _MOST_CURVES and max(map(len, curves.values())) > 1:
            drawn += 1
            series = [
                chart.Series(side, curve["value"].tolist(), curve["step"].tolist()) for side, curve in curves.items()
            ]
            yield figure(chart.lines(*series[:3], title=f"{name} by step"), f"{name} by step")


def _code(comparison: Comparison) -> Iterator[Element]:
    for name, difference in comparison.code.items():
        if difference:
            lines = difference.splitlines()
            shown = lines[:_MOST_LINES] + (["…"] if len(lines) > _MOST_LINES else [])
            yield section(f"Code of {name}", code("\n".join(shown)))


def look_of_reproduction(reproduction: Reproduction) -> Element:
    """Draw a reproduction: its verdict, then what differs, the first cause first."""
    verdict = reproduction.verdict
    rows = [
        (one.kind, one.sentence, "within tolerance" if one.degree == "equivalent" else "")
        for one in reproduction.differences
    ]
    return card(
        f"Reproduction of {reproduction.original.ref}",
        table(["", "what differs", ""], rows, "Causes, then effects", most=_MOST_ROWS)
        if rows
        else text("Nothing differs."),
        subtitle=f"as {reproduction.run.ref}",
        status=badge(verdict, _TONES[verdict]),
    )
