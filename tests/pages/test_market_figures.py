"""Figures of the chain and of the day: what is unknown is not drawn."""

from __future__ import annotations

from typing import Any

from pages.parts import market_figures
from pages.parts.chain_tables import Line, pivot

CONTRACTS: list[dict[str, Any]] = [
    {"option_type": right, "strike": strike, "open_interest": units, "iv": iv, "vol_quality": rests}
    for right, strike, units, iv, rests in (
        ("CE", 24_600.0, 100.0, 0.12, "quoted"),
        ("PE", 24_600.0, 300.0, 0.13, "traded"),
        ("CE", 24_650.0, None, None, None),
        ("PE", 24_650.0, 0.0, 0.14, "quoted"),
    )
]


def test_calls_stand_up_and_puts_hang_down_and_unknown_interest_has_no_bar() -> None:
    figure = market_figures.interest(pivot(CONTRACTS), 24_610.0, 24_600.0, "a")
    calls, puts = figure.data
    assert list(calls.y) == [100.0, None]
    assert list(puts.y) == [-300.0, 0.0]
    assert puts.customdata[0] == "300"
    assert puts.marker.pattern.shape == "/"
    said = [note.text for note in figure.layout.annotations]
    assert said == ["spot 24,610", "max pain 24,600"]
    assert "units" in figure.layout.yaxis.title.text
    assert figure.layout.xaxis.title.text == "strike (points)"


def test_an_unknown_spot_or_max_pain_is_not_marked() -> None:
    assert not market_figures.interest(pivot(CONTRACTS), None, None, "a").layout.annotations


def test_the_volatility_is_that_of_the_option_out_of_the_money_and_unknown_is_a_gap() -> None:
    trace = market_figures.volatilities(pivot(CONTRACTS), 24_640.0, "a").data[0]
    assert list(trace.y) == [13.0, None]
    assert list(trace.customdata) == ["traded", "unknown"]
    assert trace.connectgaps is False
    assert list(market_figures.volatilities(pivot(CONTRACTS), 24_600.0, "a").data[0].y) == [12.0, None]


def test_the_day_runs_in_exchange_time_with_gaps() -> None:
    rows: list[dict[str, Any]] = [
        {"timestamp": "2026-09-07T03:45:00+00:00", "close": 24_600.0, "vix": None},
        {"timestamp": "2026-09-07T03:46:00+00:00", "close": None, "vix": 14.5},
        {"timestamp": "broken", "close": 1.0, "vix": 1.0},
    ]
    figure = market_figures.day(rows, "NIFTY")
    spot, index = figure.data
    assert [at.strftime("%H:%M") for at in spot.x] == ["09:15", "09:16"]
    assert list(spot.y) == [24_600.0, None]
    assert list(index.y) == [None, 14.5]
    assert figure.layout.xaxis2.title.text == "time (IST)"
    assert figure.layout.uirevision == "day-NIFTY-2026-09-07"


def test_nothing_draws_empty_figures() -> None:
    none: list[Line] = []
    assert not market_figures.interest(none, None, None, "a").data[0].x
    assert not market_figures.volatilities(none, None, "a").data[0].x
    assert not market_figures.day([], "NIFTY").data[0].x
