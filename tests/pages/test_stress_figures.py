"""The named stresses as a picture: the worst on top, what is unknown above it, the limit drawn."""

from __future__ import annotations

from typing import Any

from pages.parts import stress_figures
from pages.parts.figures import STATUS

STRESSES: list[dict[str, Any]] = [
    {"label": "up", "pnl": 10.0, "spot": 0.1, "days": 0, "source": "a", "note": ""},
    {"label": "<b>down</b>", "pnl": -20.0, "spot": -0.1, "days": 1, "source": "<i>", "note": "n"},
    {"label": "dark", "pnl": None, "spot": None, "days": 0, "source": "c", "note": ""},
]


def test_stresses_stand_worst_on_top_with_what_is_unknown_above_all() -> None:
    figure = stress_figures.bars(STRESSES, "INR", None)
    (bar,) = figure.data
    assert list(bar.y) == ["up", "&lt;b&gt;down&lt;/b&gt;", "dark"]
    assert list(bar.x) == [10.0, -20.0, None]
    assert list(bar.text) == ["+10", "−20", "–"]
    assert list(bar.marker.pattern.shape) == ["", "/", ""]
    assert [(note.text, note.y) for note in figure.layout.annotations] == [("unknown", "dark")]
    assert [row["spot_percent"] for row in stress_figures.ordered(STRESSES)] == [None, -10.0, 10.0]


def test_what_a_stress_assumes_is_told_with_its_sign_and_unknown_as_a_dash() -> None:
    up, down, dark = stress_figures.bars(STRESSES, "INR", None).data[0].customdata
    assert down[0] == "spot −10.00 %, 1.00 days pass"
    assert down[1] == "&lt;i&gt;"
    assert up[0].startswith("spot +10.00 %")
    assert dark[0].startswith("spot –,")


def test_the_limit_is_a_line_among_the_losses_with_its_amount_and_no_line_where_it_is_unknown() -> None:
    figure = stress_figures.bars(STRESSES, "EUR", 1_000.0)
    (line,) = [shape for shape in figure.layout.shapes if shape.line.color == STATUS["breach"][0]]
    assert line.x0 == line.x1 == -1_000.0
    assert "limit −1,000" in [note.text for note in figure.layout.annotations]
    assert figure.layout.xaxis.title.text == "P&L (EUR)"
    without = stress_figures.bars(STRESSES, "EUR", None).layout.shapes
    assert [shape.x0 for shape in without] == [0]
