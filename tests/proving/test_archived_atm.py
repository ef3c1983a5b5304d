"""The options at the money of an archive by the bar, and a rule that trades them on either engine alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.backtest.executed import trade_digest
from sidecar.backtest.options import option_series
from sidecar.backtest.vectorised import Sizing, trade
from sidecar.domain.backtests import Instrument
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Right
from sidecar.domain.errors import InputError
from sidecar.domain.events import Quote
from sidecar.domain.orders import Fill
from sidecar.proving.archived_atm import AtTheMoney, atm_columns
from sidecar.strategies.bar_strategy import BarStrategy
from tests.archive_world import DAYS, SEEN, archive, minutes_of, opens_at, put
from tests.backtest.market import CAPITAL, events_of, plan, run
from tests.backtest.test_agreement import Given
from tests.desk.world import CALENDAR, CONTRACTS, DAY, EXPIRY, REFERENCE, SPOT, chain, option, quote


@pytest.fixture(scope="module")
def legs(tmp_path_factory: pytest.TempPathFactory) -> tuple[AtTheMoney, AtTheMoney]:
    return read(archive(tmp_path_factory.mktemp("archive")))


def read(folder: Path, first: date = DAY, last: date = EXPIRY, period: int = MINUTE) -> tuple[AtTheMoney, AtTheMoney]:
    return atm_columns(folder, "NIFTY", first, last, REFERENCE, CALENDAR, period)


def test_a_session_keeps_the_pair_that_was_at_the_money_in_its_first_bar(legs: tuple[AtTheMoney, AtTheMoney]) -> None:
    for leg, right in zip(legs, Right, strict=True):
        assert leg.columns["at"].tolist() == [at for day in DAYS for at in minutes_of(day)]
        assert {contract.right for contract in leg.contracts} == {right}
        assert leg.assumed == 0
        for day in DAYS:
            mine = leg.columns["session"] == day.toordinal()
            place, first = leg.columns["contract"][mine], leg.columns["underlying_close"][mine][0]
            assert len(set(place.tolist())) == 1
            strike = leg.contracts[place[0]].strike
            assert strike is not None
            assert abs(strike - first) <= 50.0


def test_a_bar_opens_and_closes_at_the_quotes_of_its_contract(tmp_path: Path) -> None:
    at, call = opens_at(DAY), option(24_700.0, Right.CALL)
    times = [at, at + 20_000_000, at + 61_000_000, at + 100_000_000]
    quotes = [one for n, time in enumerate(times) for one in chain(time, SPOT + n)]
    put(tmp_path, DAY, quotes)
    calls, _ = read(tmp_path, last=DAY)
    mine = [quote(call, time, SPOT + n) for n, time in enumerate(times)]
    assert calls.columns["underlying_close"].tolist() == [SPOT + 1, SPOT + 3]
    assert calls.columns["open"].tolist() == [SPOT, SPOT + 2]
    assert calls.columns["open_ask"].tolist() == [mine[0].ask, mine[2].ask]
    assert calls.columns["open_bid_size"].tolist() == [mine[0].bid_size, mine[2].bid_size]
    assert calls.columns["close_bid"].tolist() == [mine[1].bid, mine[3].bid]
    assert calls.columns["minute"].tolist() == [0.0, 1.0]


def test_an_order_meets_the_first_quote_after_the_bar_before_even_where_the_index_was_not_seen(tmp_path: Path) -> None:
    at, call = opens_at(DAY), option(24_700.0, Right.CALL)
    between = quote(call, at + 70_000_000, SPOT + 40)
    put(tmp_path, DAY, [*chain(at), between, *chain(at + 3 * MINUTE, SPOT + 3)])
    calls, puts = read(tmp_path, last=DAY)
    assert calls.columns["at"].tolist() == [at, at + 3 * MINUTE]
    assert calls.columns["open_ask"][1] == between.ask
    assert puts.columns["open_ask"][1] == quote(option(24_700.0, Right.PUT), at + 3 * MINUTE, SPOT + 3).ask


def test_where_there_are_last_prices_alone_the_venues_own_spread_is_laid_round_them(tmp_path: Path) -> None:
    nan = float("nan")
    bare = [
        replace(one, bid=nan, ask=nan, bid_size=nan, ask_size=nan) if isinstance(one, Quote) else one
        for time in minutes_of(DAY, 2)
        for one in chain(time)
    ]
    put(tmp_path, DAY, bare)
    calls, _ = read(tmp_path, last=DAY)
    last = quote(option(24_700.0, Right.CALL), opens_at(DAY)).last
    assert calls.assumed == 1
    assert calls.columns["open_bid"][0] == pytest.approx(last * (1 - 0.0025))
    assert calls.columns["open_ask"][0] == pytest.approx(last * (1 + 0.0025))


def test_a_session_without_options_points_at_none(tmp_path: Path) -> None:
    archive(tmp_path, seen=2)
    after = CALENDAR.next_session(EXPIRY).date
    put(tmp_path, after, [Quote("NIFTY", opens_at(after), 0, last=24_800.0)], contracts=CONTRACTS[:1])
    calls, puts = read(tmp_path, last=after)
    assert calls.columns["contract"][-1] == puts.columns["contract"][-1] == -1
    assert np.isnan(calls.columns["open_ask"][-1])


def test_days_that_were_not_imported_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no day of NIFTY from 2026-09-07 to 2026-09-08 was imported"):
        read(tmp_path)


def test_both_engines_trade_them_alike(legs: tuple[AtTheMoney, AtTheMoney]) -> None:
    made = [option_series(leg.columns, leg.contracts, REFERENCE, slippage=0.001, commission=None) for leg in legs]
    pair, columns = (made[0], made[1]), legs[0].columns
    number = np.tile(np.arange(2 * SEEN), 2)
    targets = np.array([0.0, 1.0, np.nan, -1.0, 0.5, 1.0, -1.0, 0.0])[number % 8]
    fast = trade(pair, targets, Sizing(2, CAPITAL))
    strategy = BarStrategy(Given(targets), "backtest", "main", "NIFTY", 2, Instrument.ATM_OPTIONS)
    desk = run(events_of(pair, columns), strategy, how=plan(iv_shock=1.0))
    assert desk.ended == ""
    assert _rows(fast.fills) == _rows(desk.fills)
    assert trade_digest(fast) == trade_digest(desk)
    assert len(fast.fills) > 20
    assert fast.closes == desk.closes == {}


def _rows(fills: Iterable[Fill]) -> list[tuple[object, ...]]:
    return sorted((fill.at, fill.symbol, fill.quantity, fill.price, fill.fees) for fill in fills)
