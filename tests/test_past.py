from __future__ import annotations

from datetime import date
from itertools import pairwise
from math import isfinite

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.domain.bars import Bar
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Kind
from sidecar.domain.events import Listed, Quote
from sidecar.domain.reference import Reference
from sidecar.features.chain import FIELDS
from sidecar.features.matrix import NAMES, batch, rows_of
from sidecar.learning.bar_file import columns_of
from sidecar.learning.job import SimulatedPast
from sidecar.past import SOURCE, simulated_bars
from sidecar.reference import load_reference
from sidecar.venues.sim_book import Book
from sidecar.venues.sim_path import draw, opening, seconds
from sidecar.venues.sim_surface import Surface
from sidecar.venues.simulated import SimulatedMarket

WANTED = SimulatedPast("NSE", "NIFTY", 1, "2026-09-07", 2, 10, 2, 0.065)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference()


@pytest.fixture(scope="module")
def bars(reference: Reference) -> list[Bar]:
    return list(simulated_bars(WANTED, reference))


def test_every_minute_of_the_sessions_before_the_first_day_has_its_bar(bars: list[Bar], reference: Reference) -> None:
    calendar = reference.calendar("NSE")
    days = [calendar.previous_session(calendar.previous_session(date(2026, 9, 7)).date).date, date(2026, 9, 4)]
    assert sorted({bar.session for bar in bars}) == [float(day.toordinal()) for day in days]
    for day in days:
        session = calendar.session(day)
        assert session is not None
        mine = [bar for bar in bars if bar.session == day.toordinal()]
        assert [bar.at for bar in mine] == list(range(session.open_at, session.close_at, MINUTE))
        assert [bar.minute for bar in mine] == list(range(len(mine)))
        assert {bar.minutes for bar in mine} == {float(len(mine))}


def test_it_ends_where_the_simulated_market_begins(bars: list[Bar]) -> None:
    assert bars[-1].close == pytest.approx(opening("NIFTY").spot, abs=0.005)


def test_it_says_that_it_is_simulated_history(bars: list[Bar]) -> None:
    assert {(bar.source, bar.simulated, bar.symbol) for bar in bars} == {(SOURCE, True, "NIFTY")}


def test_bars_are_possible_and_follow_each_other(bars: list[Bar]) -> None:
    for bar in bars:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.closes_at == bar.known_at == bar.at + MINUTE
        assert bar.volume >= 0.0
        assert 0.0002 < bar.cost < 0.001
    assert all(one.closes_at <= two.at for one, two in pairwise(bars))


def test_the_chain_is_known_in_every_bar(bars: list[Bar]) -> None:
    unknown = {
        name for bar in bars for name in (*FIELDS, "vix", "future", "future_t") if not isfinite(getattr(bar, name))
    }
    # Near the end of an expiry's last day its wings have no price left to read a volatility from.
    assert unknown <= {"rr25", "bf25"}
    assert all(0.03 < bar.atm_iv < 0.8 for bar in bars)
    assert all(one.volume_call <= two.volume_call for one, two in pairwise(bars) if one.session == two.session)


def test_the_features_of_it_are_known_once_they_are_warm(bars: list[Bar]) -> None:
    found = batch(rows_of(columns_of(bars)))
    missing = [name for name, column in zip(NAMES, found.T, strict=True) if np.isnan(column[-1])]
    assert len(missing) <= len(NAMES) // 4, missing


def test_the_same_arguments_give_the_same_bars_and_another_seed_others(bars: list[Bar], reference: Reference) -> None:
    one = replace(WANTED, sessions=1)
    again = list(simulated_bars(one, reference))
    assert repr(again) == repr(list(simulated_bars(one, reference)))
    assert [bar.close for bar in again] != [bar.close for bar in simulated_bars(replace(one, seed=2), reference)]


def test_a_bar_is_that_of_the_index_second_by_second(bars: list[Bar], reference: Reference) -> None:
    calendar = reference.calendar("NSE")
    days = calendar.sessions_between(date(2026, 9, 3), date(2026, 9, 4))
    first = draw(1, "NIFTY", days[0], opening("NIFTY"))
    second = draw(1, "NIFTY", days[1], first.end)
    spot = np.round(second.spot * (opening("NIFTY").spot / second.end.spot), 2)
    mine = [bar for bar in bars if bar.session == days[1].date.toordinal()]
    for number, bar in enumerate(mine):
        seen = spot[number * 60 : number * 60 + 60]
        assert (bar.open, bar.high, bar.low, bar.close) == (seen[0], seen.max(), seen.min(), seen[-1])


def test_what_a_minute_shows_is_what_the_market_would_have_quoted(reference: Reference) -> None:
    calendar = reference.calendar("NSE")
    market = SimulatedMarket(reference, calendar, seed=3, start=date(2026, 9, 7), strikes_each_side=3, expiries=1)
    events = iter(market.events())
    listed = next(event for event in events if isinstance(event, Listed))
    options = [one for one in listed.contracts if one.kind is Kind.OPTION]
    newest: dict[str, Quote] = {}
    for event in events:
        if isinstance(event, Quote):
            if event.at >= market.first.open_at + MINUTE:
                break
            newest[event.symbol] = event
    path = draw(3, "NIFTY", market.first, opening("NIFTY"))
    surface = Surface.of(options, ("NIFTY",), (path,), seconds(market.first), calendar, market.first.date)
    shown = Book(options, surface, seed=3, day=market.first.date).shown(59)
    for row, option in enumerate(options):
        quote = newest[option.id]
        assert shown.bid[row] == quote.bid or (np.isnan(shown.bid[row]) and np.isnan(quote.bid))
        assert shown.ask[row] == quote.ask
        assert abs(shown.volume[row] - quote.volume) <= 40 * option.lot_size  # an idle one is quoted every 3 seconds
        assert shown.open_interest[row] == pytest.approx(quote.open_interest, rel=1e-3)


def test_no_sessions_are_no_bars(reference: Reference) -> None:
    assert list(simulated_bars(replace(WANTED, sessions=0), reference)) == []
