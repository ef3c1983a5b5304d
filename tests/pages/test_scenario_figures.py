"""The map and the payoff: rows in, a figure out; unknown stays a gap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts import payoff, scenario_figures
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
