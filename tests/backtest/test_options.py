"""The option at the money as a series: kept for a session, and gone before the night."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.backtest.options import option_series
from sidecar.backtest.series import Series
from sidecar.backtest.vectorised import Sizing, trade
from sidecar.domain.errors import InputError
from tests.backtest.tapes import CALENDAR, CALL, PUT, REFERENCE, bars_of, walk

MINUTES, SESSIONS = 10, 3
HIGHER = replace(CALL, strike=24100.0)


def columns_of(**more: Any) -> dict[str, Any]:
    """Three sessions of ten minutes: a contract of the first two, another of the third, quoted 100.00 to 100.30."""
    sessions = CALENDAR.sessions_between(date(2026, 4, 15), date(2026, 4, 30))[:SESSIONS]
    n = SESSIONS * MINUTES
    bars = bars_of(sessions, walk(n, 1), MINUTES)
    sides = {"open_bid": 100.0, "open_ask": 100.3, "close_bid": 100.0, "close_ask": 100.3}
    quotes = {name: np.full(n, price) for name, price in sides.items()}
    sizes = {"open_bid_size": np.full(n, 750.0), "open_ask_size": np.full(n, 750.0)}
    contract = np.repeat([0, 0, 1], MINUTES).astype(np.int32)
    return bars | quotes | sizes | {"underlying_close": bars["close"], "contract": contract} | more


def option(columns: dict[str, Any], slippage: float | None = None) -> Series:
    return option_series(columns, (CALL, HIGHER), REFERENCE, slippage=slippage, commission=0.0)


def bars(run: Any, series: Series) -> list[tuple[int, str, int]]:
    return [(int(np.searchsorted(series.at, fill.at)), fill.symbol, fill.quantity) for fill in run.fills]


def test_what_is_held_is_sold_three_bars_before_the_end_of_every_session() -> None:
    series = option(columns_of())
    run = trade(series, np.ones(len(series)), Sizing(2, Decimal(100_000)))
    assert bars(run, series) == [
        (1, CALL.id, 150), (7, CALL.id, -150), (11, CALL.id, 150), (17, CALL.id, -150), (21, HIGHER.id, 150),
        (27, HIGHER.id, -150),
    ]  # fmt: skip
    assert {str(fill.price) for fill in run.fills} == {"100.00", "100.30"}
    assert run.notional[MINUTES - 1 :: MINUTES].tolist() == [0.0] * SESSIONS
    assert run.slippage[0] == pytest.approx(150 * 0.15)


def test_a_quote_is_made_worse_by_the_slippage_and_marks_at_its_middle() -> None:
    series = option(columns_of(), slippage=0.01)
    assert (series.bid[0], series.ask[0], series.middle[0], series.close[0]) == (1980, 2027, 4007, 2003)
    assert (series.margin == 1.0).all()


def test_a_side_that_nobody_stands_on_trades_nothing_and_marks_at_what_was_known() -> None:
    n = SESSIONS * MINUTES
    gone = np.full(n, 100.3)
    gone[[1, 2]] = nan
    ask = np.full(n, 104.3)
    ask[3:5] = nan
    series = option(columns_of(open_ask=gone, close_ask=ask))
    assert series.ask[:4].tolist() == [2006, 0, 0, 2006]
    assert (series.close[:6] == 2043).all()
    run = trade(series, np.ones(n), Sizing(1, Decimal(100_000)))
    assert [order.reason for order in run.unfilled] == ["no match", "no match"]
    assert bars(run, series)[0] == (3, CALL.id, 75)


def test_at_the_end_the_last_bid_that_the_session_had_takes_what_no_bid_took() -> None:
    bid = np.full(SESSIONS * MINUTES, 100.0)
    bid[7:10] = nan
    run = trade(option(columns_of(open_bid=bid)), np.ones(SESSIONS * MINUTES), Sizing(1, Decimal(100_000)))
    assert [(fill.quantity, str(fill.price)) for fill in run.fills[:2]] == [(75, "100.30"), (-75, "100.00")]
    assert [order.quantity for order in run.unfilled] == [-75, -75]


def test_an_order_is_no_larger_than_what_is_shown_or_assumed() -> None:
    size = np.full(SESSIONS * MINUTES, nan)
    size[:MINUTES] = 74.0
    series = option(columns_of(open_ask_size=size))
    assert series.ask_size is not None
    assert series.ask_size[[0, MINUTES]].tolist() == [74, 750]
    run = trade(series, np.ones(len(series)), Sizing(1, Decimal(100_000)))
    assert run.fills[0].at == series.at[MINUTES + 1]
    assert {order.reason for order in run.unfilled} == {"larger than is shown"}


def test_a_session_without_a_contract_trades_nothing() -> None:
    contract = np.repeat([0, -1, 1], MINUTES).astype(np.int32)
    series = option(columns_of(contract=contract))
    run = trade(series, np.ones(len(series)), Sizing(1, Decimal(100_000)))
    assert [place for place, *_ in bars(run, series)] == [1, 7, 21, 27]
    assert run.unfilled == ()


@pytest.mark.parametrize(
    ("change", "contracts", "field"),
    [
        ({"contract": np.arange(SESSIONS * MINUTES) % 2}, (CALL, HIGHER), "contract"),
        ({}, (), "symbols"),
        ({}, (CALL, replace(PUT, tick_size=Decimal("0.01"))), "contracts"),
    ],
)
def test_what_is_no_leg_is_refused(change: dict[str, Any], contracts: tuple[Any, ...], field: str) -> None:
    with pytest.raises(InputError) as problem:
        option_series(columns_of(**change), contracts, REFERENCE, slippage=None, commission=None)
    assert problem.value.field == field
