"""Bars as a market: each bar's open and close as quotes, a beat when it has closed, nothing from after it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sidecar.backtest.bar_feed import DEPTH, bar_events
from sidecar.backtest.futures import future_series
from sidecar.backtest.series import Series
from sidecar.desk.board import Board
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Kind
from sidecar.domain.events import AnyEvent, Beat, Listed, Noticed, Quote, Settlement
from sidecar.domain.quotes import defect
from tests.backtest.market import EXPIRY, REFERENCE, bars, events_of, run

COLUMNS = bars(minutes=3)
SERIES = future_series(COLUMNS, "NIFTY", REFERENCE, slippage=None, commission=None)
EVENTS = events_of(SERIES, COLUMNS)


def quotes_of(events: list[AnyEvent], symbol: str) -> list[Quote]:
    return [event for event in events if isinstance(event, Quote) and event.symbol == symbol]


def test_a_bar_is_its_opening_quote_its_closing_quote_and_then_a_beat() -> None:
    assert [type(event).__name__ for event in EVENTS[:6]] == ["Listed", "Quote", "Quote", "Quote", "Quote", "Beat"]
    spot, opening, level, closing = (event for event in EVENTS[1:5] if isinstance(event, Quote))
    at = int(COLUMNS["at"][0])
    assert (spot.symbol, spot.last, spot.at) == ("NIFTY", COLUMNS["open"][0], at)
    assert (opening.at, opening.bid, opening.ask) == (at, 24_699.95, 24_700.05)
    assert (opening.bid_size, opening.ask_size) == (DEPTH, DEPTH)
    assert (level.last, level.at) == (COLUMNS["close"][0], at + MINUTE - 1)
    assert closing.bid == closing.ask == closing.last
    assert abs(closing.last - COLUMNS["close"][0]) <= 0.025 + 1e-9
    assert EVENTS[5] == Beat(at + MINUTE)


def test_time_never_goes_back_and_no_quote_is_one_that_the_desk_would_refuse() -> None:
    assert all(one.at <= two.at for one, two in pairwise(EVENTS))
    assert {defect(event) for event in EVENTS if isinstance(event, Quote)} == {None}


def test_a_contract_is_listed_in_the_session_in_which_it_first_trades_and_settles_at_its_end() -> None:
    listed = [event for event in EVENTS if isinstance(event, Listed)]
    assert [[one.id for one in event.contracts] for event in listed] == [
        ["NIFTY", "NIFTY-20260929-FUT"], ["NIFTY-20261027-FUT"],
    ]  # fmt: skip
    assert listed[0].contracts[0].kind is Kind.INDEX
    mine = np.flatnonzero(COLUMNS["session"] == EXPIRY.toordinal())
    assert listed[1].at == COLUMNS["at"][mine[-1] + 1]
    (settled,) = [event for event in EVENTS if isinstance(event, Settlement)]
    assert (settled.at, settled.price) == (COLUMNS["closes_at"][mine[-1]], COLUMNS["close"][mine[-1]])
    assert settled.observed_at < settled.at
    assert EVENTS[EVENTS.index(settled) + 1] == Beat(settled.at)


def test_where_bars_end_before_the_exchange_does_the_contract_ends_with_them() -> None:
    keep = np.ones(len(COLUMNS["at"]), np.bool_)
    keep[np.flatnonzero(COLUMNS["session"] == EXPIRY.toordinal())[-2:]] = False
    columns = {name: column[keep] for name, column in COLUMNS.items()}
    events = events_of(future_series(columns, "NIFTY", REFERENCE, slippage=None, commission=None), columns)
    (settled,) = [event for event in events if isinstance(event, Settlement)]
    first = next(event for event in events if isinstance(event, Listed))
    assert first.contracts[1].expires_at == settled.at < REFERENCE.expiry_close("NIFTY", EXPIRY)


def test_a_gap_of_any_size_reaches_the_desk() -> None:
    """One quote of an index that moved by more than a tenth is taken for a slipped digit; a second one is a market."""
    columns = bars(minutes=3, gap=0.13)
    series = future_series(columns, "NIFTY", REFERENCE, slippage=None, commission=None)
    events = events_of(series, columns)
    board = Board()
    for event in events:
        if isinstance(event, Listed):
            board.list_contracts(event.contracts)
        elif isinstance(event, Quote):
            board.put(event)
        elif isinstance(event, Beat):
            place = int(np.searchsorted(columns["closes_at"], event.at))
            assert board.spot("NIFTY") == columns["close"][place]
    assert len(quotes_of(events, "NIFTY")) == 2 * len(columns["at"]) + 1
    assert dict(board.refused) == {"jump": 1}
    assert run(events).ended == ""


def test_what_comes_besides_a_bar_comes_after_its_beat_and_is_followed_by_another() -> None:
    at = int(COLUMNS["closes_at"][1])
    extra = {at: (Noticed(at),), int(COLUMNS["closes_at"][2]): ()}
    events = list(bar_events(SERIES, COLUMNS, "NIFTY", source="test", simulated=True, extra=extra))
    place = next(n for n, event in enumerate(events) if isinstance(event, Noticed))
    assert events[place - 1] == events[place + 1] == Beat(at)
    assert [type(event) for event in events if event.at == COLUMNS["closes_at"][2]].count(Beat) == 2


def test_an_unknown_price_is_no_quote() -> None:
    nobody = np.zeros_like(SERIES.bid)
    empty = Series(**(SERIES._asdict() | {"bid": nobody, "ask": nobody}))
    events = events_of(empty, {name: column for name, column in COLUMNS.items() if name != "open"})
    assert len(quotes_of(events, "NIFTY-20260929-FUT")) == (SERIES.contract == 0).sum()
    assert len(quotes_of(events, "NIFTY")) == len(SERIES)
    one_sided = events_of(Series(**(SERIES._asdict() | {"bid": nobody})), COLUMNS)
    assert np.isnan(quotes_of(one_sided, "NIFTY-20260929-FUT")[0].bid)
