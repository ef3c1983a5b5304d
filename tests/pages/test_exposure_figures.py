"""Pictures of the exposure: a sign is told by side and pattern too, and what is unknown has no bar."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest

from pages.parts import exposure_figures as figures

Row = dict[str, Any]


def line(key: str, delta_cash: float | None, underlying: str = "NIFTY") -> Row:
    return {"key": key, "underlying": underlying, "delta_cash": delta_cash}


def test_delta_cash_has_the_largest_on_top_and_leaves_out_and_counts_what_is_unknown() -> None:
    lines = [line("a", -300.0), line("b", 100.0), line("c", None), line("d", nan)]
    figure = figures.delta_cash(lines, "INR")
    (bar,) = figure.data
    assert list(bar.y) == ["b · NIFTY", "a · NIFTY"]
    assert list(bar.x) == [100.0, -300.0]
    assert list(bar.text) == ["+100", "−300"]
    assert list(bar.marker.pattern.shape) == ["", "/"]
    assert figures.unknown(lines, "delta_cash") == 2
    assert figure.layout.xaxis.title.text == "delta cash (INR); long to the right"


def test_a_line_of_a_whole_is_named_once_and_a_hostile_name_is_inert() -> None:
    (bar,) = figures.delta_cash([line("NIFTY", 1.0), line("main", 2.0, "*"), line("<b>x</b>", 3.0)], "INR").data
    assert list(bar.y) == ["NIFTY", "main", "&lt;b&gt;x&lt;/b&gt; · NIFTY"]


@pytest.mark.parametrize(
    ("values", "wanted"), [([-100.0], [-134.0, 0.0]), ([300.0, -100.0], [-236.0, 436.0]), ([], [0.0, 0.0])]
)
def test_there_is_room_for_the_words_of_a_bar_on_its_side_and_zero_is_always_seen(
    values: list[float], wanted: list[float]
) -> None:
    figure = figures.delta_cash([line(str(value), value) for value in values], "INR")
    assert list(figure.layout.xaxis.range) == pytest.approx(wanted)


def test_gamma_stands_on_its_strikes_with_spot_and_forward_marked_each_on_its_own_side() -> None:
    rows: list[Row] = [
        {"strike": 110.0, "gamma": -0.5},
        {"strike": 100.0, "gamma": 0.75},
        {"strike": 120.0, "gamma": None},
    ]
    figure = figures.gamma_by_strike(rows, "<i>", 101.0, 102.0)
    (bar,) = figure.data
    assert (list(bar.x), list(bar.y)) == ([110.0, 100.0], [-0.5, 0.75])
    assert [(note.text, note.x, note.xanchor) for note in figure.layout.annotations] == [
        ("spot 101", 101.0, "right"),
        ("forward 102", 102.0, "left"),
    ]
    assert figure.layout.yaxis.title.text == "gamma (delta a point)"
    assert figure.layout.xaxis.title.text == "strike of &lt;i&gt; (points)"
    crossed = figures.gamma_by_strike(rows, "N", 103.0, 102.0).layout.annotations
    assert [note.xanchor for note in crossed] == ["left", "right"]


def test_an_unknown_spot_or_forward_is_not_marked_at_all() -> None:
    figure = figures.gamma_by_strike([{"strike": 100.0, "gamma": 0.25}], "N", None, nan)
    assert not figure.layout.annotations
    assert [shape.y0 for shape in figure.layout.shapes] == [0]  # the line of zero alone


def test_a_strike_alone_is_no_wall_and_strikes_far_apart_are_thin() -> None:
    def width(*strikes: float) -> Any:
        rows = [{"strike": strike, "gamma": 1.0} for strike in strikes]
        return figures.gamma_by_strike(rows, "N", None, None).data[0].width

    assert width(25_000.0) == 50.0
    assert width(25_000.0, 25_050.0, 26_000.0) == 30.0
    assert width(20_000.0, 25_000.0) == 50.0
    assert width() is None


def test_vega_and_theta_have_an_axis_each_and_an_unknown_one_has_a_dash_and_no_bar() -> None:
    figure = figures.by_expiry([{"expiry": "2026-09-08", "vega": 5.0, "theta": None}], "INR")
    assert figure.layout.yaxis.title.text == "vega (INR a vol point)"
    assert figure.layout.yaxis2.title.text == "theta (INR a day)"
    vega, theta = figure.data
    assert (list(vega.x), list(vega.y), list(vega.text)) == (["2026-09-08"], [5.0], ["+5"])
    assert (list(theta.y), list(theta.text)) == ([None], ["–"])
