"""The map, the payoff, the stresses, a ticket's limits, the exposure: rows in, a figure out; unknown stays a gap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts import exposure_figures, payoff, scenario_figures, stress_figures, verdict_figures
from pages.parts import exposure_tables as exposure
from pages.parts.asked import axis

Row = dict[str, Any]
TOTAL: list[list[list[float | None]]] = [[[-300.0, -100.0], [50.0, 0.0], [200.0, None]]]


def answer(total: list[list[list[float | None]]] = TOTAL, **more: Any) -> Row:
    drawn = {"spots": [-0.1, 0.0, 0.1], "now": [-300.0, 0.0, 200.0], "expiry": [-500.0, 100.0, -400.0],
             "days": 1.5, "breakevens": [-0.02, 0.03]}  # fmt: skip
    return {"spots": [-0.1, 0.0, 0.1], "vols": [-0.02, 0.0], "days": [0.0], "total": total, "payoff": drawn,
            "legs": [{"symbol": "NIFTY-20260908-24700-CE", "quantity": -65}], **more}  # fmt: skip


def test_the_map_has_spots_across_volatilities_up_and_a_range_that_is_even_about_zero() -> None:
    (heat,) = scenario_figures.heat(answer(), "INR", 20_000).data
    assert [list(line) for line in heat.z] == [[-300.0, 50.0, 200.0], [-100.0, 0.0, None]]
    assert (list(heat.x), list(heat.y)) == ([-10.0, 0.0, 10.0], [-2.0, 0.0])
    assert (heat.zmin, heat.zmax) == (-300.0, 300.0)
    assert [list(line) for line in heat.text] == [["−300", "50", "200"], ["−100", "0", ""]]
    assert heat.customdata[0][2] == " (to 22,000)"
    assert heat.hoverongaps is False


def test_the_worst_cell_is_framed_unless_an_unknown_cell_might_be_worse() -> None:
    full: list[list[list[float | None]]] = [[[-300.0, -100.0], [50.0, 0.0], [200.0, 1.0]]]
    (frame,) = scenario_figures.heat(answer(full), "INR").layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-15.0, -5.0, -3.0, -1.0)
    assert not scenario_figures.heat(answer(), "INR").layout.shapes


def test_a_map_of_which_nothing_is_known_is_all_gaps() -> None:
    (heat,) = scenario_figures.heat(answer([[[None, None]] * 3]), "INR").data
    assert all(value is None for line in heat.z for value in line)


def test_every_axis_of_the_map_has_a_unit_and_a_zoom_survives_another_answer() -> None:
    first, second = scenario_figures.heat(answer(), "INR"), scenario_figures.heat(answer([[[1.0, 2.0]] * 3]), "INR")
    assert "(%)" in first.layout.xaxis.title.text
    assert "(points)" in first.layout.yaxis.title.text
    assert "INR" in first.data[0].colorbar.title.text
    assert first.layout.uirevision == second.layout.uirevision


@given(st.floats(-1e9, 1e9))
def test_a_short_amount_fits_into_a_cell_and_keeps_its_sign(value: float) -> None:
    told = scenario_figures.short(value)
    assert len(told) <= 7
    assert told.startswith("−") == (value < -0.5)


@given(st.floats(0.001, 1.0), st.integers(1, 60))
def test_an_axis_is_even_and_holds_zero_itself(most: float, half: int) -> None:
    found = axis(most, 2 * half + 1)
    assert found[half] == 0.0
    assert found == sorted(found)
    assert found[0] == -found[-1] == pytest.approx(-most)


def test_the_payoff_names_its_lines_and_marks_the_spot_the_break_evens_and_one_deviation() -> None:
    figure = payoff.lines(answer(days=[2.0], total=[[[-1.0], [None], [3.0]]]), "INR", 20_000, 0.01)
    names = [trace.name for trace in figure.data]
    assert names == ["now", "2 days on", "at expiry, 1.5 days on", "break-even"]
    assert len({trace.line.dash for trace in figure.data[:3]}) == 3
    assert list(figure.data[1].y) == [-1.0, None, 3.0]
    assert list(figure.data[3].x) == [19_600.0, 20_600.0]
    words = [note.text for note in figure.layout.annotations]
    assert words == ["spot 20,000", "−1σ", "+1σ"]
    assert figure.layout.xaxis.title.text == "spot (points)"
    unknown = payoff.lines(answer(total=[[[1.0]] * 3]), "INR", None, None)
    assert unknown.layout.xaxis.title.text == "move of the spot (%)"
    assert "−1σ" not in [note.text for note in unknown.layout.annotations]


@pytest.mark.parametrize(
    ("symbol", "quantity", "said"),
    [
        ("NIFTY-20260908-24700-CE", -65, ["loss has no bound"]),
        ("NIFTY-20260908-24700-CE", 65, ["gain has no bound"]),
        ("NIFTY-20260908-24700-PE", -65, ["the loss goes on, to a spot of zero"]),
        ("NIFTY-20260908-24700-PE", 65, ["the gain goes on, to a spot of zero"]),
        ("NIFTY-20260929-FUT", -65, ["loss has no bound", "the gain goes on"]),
    ],
)
def test_what_has_no_end_beyond_the_range_is_said(symbol: str, quantity: int, said: list[str]) -> None:
    told = payoff.beyond([{"symbol": symbol, "quantity": quantity}], {"NIFTY": 24_700})
    assert len(told) == len(said)
    assert all(words in line for words, line in zip(said, told, strict=True))


def test_a_covered_book_has_ends_and_an_unknown_spot_hides_them() -> None:
    legs = [{"symbol": f"NIFTY-20260908-{strike}-CE", "quantity": units} for strike, units in ((1, 65), (2, -65))]
    assert payoff.beyond(legs, {"NIFTY": 24_700}) == []
    assert "unknown" in payoff.beyond(legs, {})[0]


def test_the_payoffs_words_tell_break_evens_and_both_ends_of_the_range() -> None:
    told = payoff.words(answer(), "INR", {"NIFTY": 20_000})[0]
    assert "−2.00 %, +3.00 %" in told
    assert "+₹100" in told
    assert "−₹500" in told
    broken = answer()
    broken["payoff"]["expiry"][1] = None
    assert "unknown" in payoff.words(broken, "INR", {})[0]


STRESSES: list[Row] = [
    {"label": "up", "pnl": 10.0, "spot": 0.1, "days": 0, "source": "a", "note": ""},
    {"label": "<b>down</b>", "pnl": -20.0, "spot": -0.1, "days": 1, "source": "b", "note": "n"},
    {"label": "dark", "pnl": None, "spot": -0.2, "days": 0, "source": "c", "note": ""},
]


def test_stresses_stand_worst_on_top_with_what_is_unknown_above_all_and_the_limit_drawn() -> None:
    figure = stress_figures.bars(STRESSES, "INR", 1_000.0)
    (bar,) = figure.data
    assert list(bar.y) == ["up", "&lt;b&gt;down&lt;/b&gt;", "dark"]
    assert list(bar.x) == [10.0, -20.0, None]
    assert "spot −10.00 %, 1.00 days pass" in bar.customdata[1]
    notes = [note.text for note in figure.layout.annotations]
    assert notes == ["unknown", "limit −1,000"]
    assert [row["spot_percent"] for row in stress_figures.ordered(STRESSES)] == [-20.0, -10.0, 10.0]


LIMITS: list[Row] = [
    {"name": "net_vega", "limit": 200.0, "before": 50.0, "after": -100.0, "within": True},
    {"name": "stress_loss", "limit": 0.5, "before": 0.1, "after": 0.8, "within": False},
    {"name": "var_95", "limit": 0.05, "before": None, "after": None, "within": False},
]


def test_a_tickets_limits_are_shares_before_and_after_and_what_is_passed_has_a_pattern_and_a_word() -> None:
    figure = verdict_figures.limits(LIMITS)
    before, after = figure.data
    assert list(before.x) == [None, 20.0, 25.0]
    assert list(after.x) == [None, 130.0, 50.0]
    assert list(after.marker.pattern.shape) == ["x", "x", ""]
    assert [note.text for note in figure.layout.annotations] == ["unknown", "160 % REFUSED", "50 %"]
    said = verdict_figures.breached(LIMITS)
    assert "stress loss** would go from 10\\.00 %" in said or "stress loss** would go from 10.00 %" in said
    assert "net vega" not in said


LINES: list[Row] = [
    {"by": "strategy", "key": "a", "underlying": "NIFTY", "delta_cash": -300.0, "gamma_pnl": -1.0},
    {"by": "strategy", "key": "b", "underlying": "NIFTY", "delta_cash": 100.0, "gamma_pnl": None},
]


def test_exposure_bars_are_sorted_by_size_and_leave_out_and_count_what_is_unknown() -> None:
    lines = [*LINES, {"by": "strategy", "key": "c", "underlying": "NIFTY", "delta_cash": None}]
    (bar,) = exposure_figures.delta_cash(lines, "INR").data
    assert list(bar.y) == ["b · NIFTY", "a · NIFTY"]
    assert list(bar.x) == [100.0, -300.0]
    assert exposure_figures.unknown(lines, "delta_cash") == 1


def test_gamma_stands_on_its_strikes_with_spot_and_forward_marked() -> None:
    rows = exposure.summed(
        [{"strike": 100.0, "gamma": 0.25}, {"strike": 100.0, "gamma": 0.5}, {"strike": 110.0, "gamma": None}],
        "strike", ("gamma",),
    )  # fmt: skip
    figure = exposure_figures.gamma_by_strike(rows, "NIFTY", 101.0, None)
    assert (list(figure.data[0].x), list(figure.data[0].y)) == ([100.0], [0.75])
    assert [note.text for note in figure.layout.annotations] == ["spot 101"]


def test_vega_and_theta_have_an_axis_each() -> None:
    figure = exposure_figures.by_expiry([{"expiry": "2026-09-08", "vega": 5.0, "theta": None}], "INR")
    assert figure.layout.yaxis.title.text == "vega (INR a vol point)"
    assert figure.layout.yaxis2.title.text == "theta (INR a day)"
    assert list(figure.data[1].y) == [None]


def test_sums_with_an_unknown_part_are_unknown_and_second_order_follows_the_quantity() -> None:
    assert exposure.total([1.0, None]) is None
    assert exposure.total([]) == 0.0
    position = {"id": "p", "symbol": "X", "quantity": -2, "underlying": "NIFTY", "strategy": "a", "fund_id": "main"}
    legs = exposure.second_order([position], [{"symbol": "X", "vanna": 0.5, "volga": None, "charm": 1.0}])
    (line,) = exposure.with_second_order([LINES[0]], legs)
    assert (line["vanna"], line["volga"], line["charm"]) == (-1.0, None, -2.0)
    (whole,) = exposure.with_second_order([{**LINES[0], "underlying": "*"}], legs)
    assert (whole["vanna"], whole["charm"]) == (None, None)


def test_a_move_of_one_per_cent_adds_gamma_either_way_and_concentration_is_of_the_gross() -> None:
    assert (exposure.move(LINES[0], 1), exposure.move(LINES[0], -1)) == (-4.0, 2.0)
    assert exposure.move(LINES[1], 1) is None
    row, share = exposure.concentration(LINES, "delta_cash")
    assert row is LINES[0]
    assert share == 0.75
    assert exposure.concentration(LINES, "gamma_pnl") == (None, None)
