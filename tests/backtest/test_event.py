"""A past through the desk itself: what it keeps, what it refuses, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sidecar.backtest.event import EventPlan, run_events
from sidecar.backtest.executed import Executed, digest
from sidecar.backtest.futures import future_series
from sidecar.backtest.witness import Witness
from sidecar.desk.state import DeskState
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import BacktestFailed
from sidecar.domain.events import AnyEvent, Beat, Quote
from sidecar.domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sidecar.domain.report import Intent, Published
from sidecar.drive import Drive
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.sma_cross import SmaCross
from sidecar.venues.paper import PaperBroker
from tests.backtest.market import CALENDAR, CAPITAL, EXPIRY, FIRST, REFERENCE, bars, events_of, plan, run

FUTURE = "NIFTY-20260929-FUT"
LOT = 65
BARS = bars(minutes=4, first=FIRST, last=EXPIRY, gap=0.0)
MARKET = events_of(future_series(BARS, "NIFTY", REFERENCE, slippage=None, commission=None), BARS)


class Asks:
    """Wants what it was told to at the report of each number; nothing else."""

    def __init__(self, wants: dict[int, Callable[[Published], Any]]) -> None:
        self.name = "asks"
        self._wants = wants
        self._reports = 0

    def on_report(self, published: Published) -> Iterable[Intent]:
        self._reports += 1
        want = self._wants.get(self._reports)
        return want(published) if want else ()


def order(quantity: Any = LOT, price: Any = None, side: Side = Side.BUY, **more: Any) -> Callable[[Published], Any]:
    """An order a little through the last price, or at ``price``."""

    def want(published: Published) -> tuple[Intent, ...]:
        chain = published.chain
        last = Decimal(round(float(chain.last[chain.rows[FUTURE]]) + 100 * side.sign))
        asked = OrderRequest(FUTURE, side, quantity, price if price is not None else last, strategy="asks")
        return (Intent(place=asked if not more else _with(asked, more)),)

    return want


def _with(request: OrderRequest, more: dict[str, Any]) -> OrderRequest:
    fields = {name: getattr(request, name) for name in OrderRequest.__struct_fields__}
    return OrderRequest(**(fields | more))


def reasons(done: Executed) -> list[str]:
    return [one.reason for one in done.unfilled]


def test_a_run_of_nothing_is_flat() -> None:
    done = run(MARKET)
    assert (done.fills, done.unfilled) == ((), ())
    assert (done.ended, done.closes, done.events) == ("", {}, len(MARKET))
    assert set(done.equity.tolist()) == {float(CAPITAL)}
    assert done.marks_at.tolist() == BARS["closes_at"].tolist()
    assert run([]).marks_at.size == 0


def test_an_order_acts_on_the_first_quote_after_its_decision_and_is_charged_the_days_tariff() -> None:
    done = run(MARKET, Asks({2: order()}))
    bought, settled = done.fills
    opens = next(
        event for event in MARKET if isinstance(event, Quote) and event.at == BARS["at"][2] and "-" in event.symbol
    )
    assert (bought.at, bought.quantity, float(bought.price)) == (opens.at, LOT, opens.ask)
    assert bought.fees > 0
    assert list(done.slippage) == pytest.approx([(opens.ask - (opens.bid + opens.ask) / 2) * LOT, 0.0])
    assert (settled.note, settled.quantity, settled.at) == ("settlement", -LOT, BARS["closes_at"][-1])
    gained = (settled.price - bought.price) * LOT - bought.fees
    assert done.equity[-1] == pytest.approx(float(CAPITAL + gained), abs=1e-6)
    assert (done.notional > 0).tolist() == [2 <= n < len(done.notional) - 1 for n in range(len(done.notional))]


def test_what_is_still_held_at_the_end_has_its_last_price() -> None:
    done = run(MARKET[:31], Asks({2: order()}))
    last = [event.last for event in MARKET[:31] if isinstance(event, Quote) and event.symbol == FUTURE][-1]
    assert done.closes == {FUTURE: last}


@pytest.mark.parametrize(
    ("want", "told"),
    [
        (order(price=Decimal("NaN")), "no order: price: NaN is not a number"),
        (order(price=Decimal("Infinity")), "no order: price: Infinity is not a number"),
        (order(price=Decimal(-5)), "price … is not between … and …"),
        (order(quantity=-LOT), "quantity … is not a whole number from … to …"),
        (order(quantity=10), "quantity … is not a multiple of the lot size …"),
        (order(quantity=6 * LOT), "limit order_lots: size of one order"),
        (order(symbol="NIFTY"), "NIFTY is an index and cannot be traded"),
        (order(symbol="NONE"), "no order: symbol: 'NONE' is not one listed contract"),
        (order(fund_id="other"), "no order: fund_id: 'other' is not a fund of this desk"),
        (order(order_type=OrderType.MARKET), "the exchange refuses MARKET orders of algorithms"),
        (order(price=Decimal(1)), "limit price_band: distance of the price from the last"),
    ],
)
def test_an_absurd_order_is_refused_with_its_reason_and_nothing_else_comes_of_it(
    want: Callable[[Published], Any], told: str
) -> None:
    done = run(MARKET[:31], Asks({2: want, 3: order()}), how=plan(order_lots=5))
    assert reasons(done)[0].startswith(told)
    assert len(done.unfilled) == 1
    assert len(done.fills) == 1


@pytest.mark.parametrize(
    ("want", "told"),
    [
        (order(price=24_700.0), "OrderRequest.price is a float (24700.0), not Decimal or None"),
        (order(quantity=float("nan")), "OrderRequest.quantity is a float (nan), not int"),
        (order(order_type="LIMIT"), "OrderRequest.order_type is a str (LIMIT), not OrderType"),
        (lambda _: None, "on_report gave None, not intents"),
        (lambda _: [7], "on_report gave a int among its intents"),
        (lambda _: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_strategy_that_raises_or_gives_no_order_at_all_fails_the_run_with_its_line(
    want: Callable[[Published], Any], told: str
) -> None:
    with pytest.raises(BacktestFailed) as failed:
        run(MARKET, Asks({2: want}))
    assert told in str(failed.value)
    assert str(failed.value).startswith("strategy asks failed at test_event.py:")
    assert "\n" not in str(failed.value)


def test_an_order_that_waits_too_long_is_not_filled_at_another_price() -> None:
    low = order(price=Decimal(24_000), time_in_force=TimeInForce.IOC)
    assert reasons(run(MARKET[:31], Asks({2: low}))) == ["no match"]
    rests = order(price=Decimal(24_000))
    assert reasons(run(MARKET, Asks({2: rests}))) == ["end of session"]


def test_a_limit_that_trips_for_good_is_why_the_run_ended() -> None:
    columns = bars(minutes=4, first=FIRST, last=EXPIRY, gap=-0.06)
    market = events_of(future_series(columns, "NIFTY", REFERENCE, slippage=None, commission=None), columns)
    again = {2: order(quantity=5 * LOT), **dict.fromkeys(range(10, 15), order())}
    done = run(market, Asks(again), how=plan(Decimal(2_000_000), **ROOMY, drawdown=0.1))
    assert done.ended.startswith("trading stopped at 2026-09-29T03:4")
    assert "by drawdown_limit: fall from the highest equity of fund main is 0.2" in done.ended
    assert "the breaker was tripped: drawdown_limit" in reasons(done)


def test_a_trip_that_the_next_day_clears_is_no_end() -> None:
    done = run(MARKET, Asks({2: order()}), how=plan(daily_loss=1e-6))
    assert done.ended == ""


ROOMY = {
    "capital_utilization": 1.0, "margin_utilization": 1.0, "strategy_allocation": 1.0, "position_allocation": 1.0,
    "capital_per_trade": 1.0, "unexecuted_value": 9.0, "var_95": 1.0, "stress_loss": 1.0,
}  # fmt: skip


def test_the_same_events_give_the_same_bytes() -> None:
    one, two = (run(MARKET, BarStrategy(SmaCross(1, 2), "s", "main", "NIFTY")) for _ in range(2))
    assert digest(one) == digest(two)
    assert len(one.fills) > 3
    assert digest(run(MARKET[:-8], BarStrategy(SmaCross(1, 2), "s", "main", "NIFTY"))) != digest(one)


def test_time_passes_up_to_a_quote_that_an_order_waits_for_over_a_hole() -> None:
    """The desk books no fill of the future, and a hole in the data is no break with the venue."""
    done = run(MARKET, Asks({4: order()}))  # the bar before the hole
    assert done.fills[0].at == BARS["at"][4] > BARS["closes_at"][3] + MINUTE
    assert done.ended == ""


def test_progress_is_told_at_the_end() -> None:
    told: list[int] = []
    run_events(MARKET, plan(), REFERENCE, CALENDAR, [], told.append)
    assert told == [len(MARKET)]


def test_marks_can_be_further_apart_but_for_the_sessions_end() -> None:
    how = plan()._replace(mark_every=3 * MINUTE)
    marks = run(MARKET, how=how).marks_at.tolist()
    ends = [int(BARS["closes_at"][BARS["session"] == day].max()) for day in np.unique(BARS["session"])]
    assert set(ends) <= set(marks)
    assert len(marks) < len(BARS["at"])


@settings(max_examples=3, phases=(Phase.generate,))
@given(st.lists(st.tuples(st.integers(1, 15), st.integers(1, 3), st.sampled_from(list(Side))), max_size=12))
def test_money_is_conserved_at_each_step(wants: list[tuple[int, int, Side]]) -> None:
    """Cash, positions at their marks and fees add up, to the last decimal in the book, at every report."""
    asked = {number: order(quantity=lots * LOT, side=side) for number, lots, side in wants}
    how = plan()
    state = DeskState(how.config, REFERENCE, CALENDAR)
    witness = Witness(state)

    def look(published: Published) -> None:
        witness.publish(published)
        total = published.report.total
        assert state.book.imbalance() == 0
        cash = CAPITAL + state.book.realized() - state.book.fees()
        assert total.portfolio_value == pytest.approx(float(cash) + total.unrealized_pnl, abs=1e-6)

    broker = PaperBroker(seed=1, settings=how.paper, calendar=CALENDAR)
    drive = Drive(state, broker, [Asks(asked)], publish=look, record=witness.record)
    for event in _with_time(MARKET):
        drive.handle(event)
    done = witness.executed(len(MARKET))
    spent = sum((fill.quantity * fill.price + fill.fees for fill in done.fills), Decimal(0))
    assert not state.book.open_positions()
    assert done.equity[-1] == pytest.approx(float(CAPITAL - spent), abs=1e-6)


def _with_time(events: list[AnyEvent]) -> Iterable[AnyEvent]:
    for event in events:
        if isinstance(event, Quote) and "-" in event.symbol:
            yield Beat(event.at)
        yield event


def test_a_plan_has_what_it_needs_by_default() -> None:
    assert EventPlan(plan().config).patience_s > 0
