"""Two engines, one set of rules: what the arrays trade, the desk itself trades, fill by fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sidecar.backtest.costs import tariffed
from sidecar.backtest.executed import Executed, trade_digest
from sidecar.backtest.futures import future_series
from sidecar.backtest.vectorised import Sizing, trade
from sidecar.domain.orders import Fill
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.buy_and_hold import BuyAndHold
from sidecar.strategies.rules import ClosedBar, Rule, Stepper, Targets
from sidecar.strategies.sma_cross import SmaCross
from tests.backtest.market import CALENDAR, EXPIRY, REFERENCE, bars, events_of, plan, run

BARS = bars()


class Given:
    """A rule that wants what it was told to, bar by bar."""

    name = "given"
    needs_model = False

    def __init__(self, targets: NDArray[np.float64]) -> None:
        self._targets = targets

    def stepper(self) -> Stepper:
        left = iter(self._targets.tolist())
        return lambda _bar: float(next(left))

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        return self._targets[: len(bars["close"])]


def both(
    rule: Callable[[], Rule],
    columns: Mapping[str, NDArray[Any]] = BARS,
    *,
    lots: int = 1,
    capital: Decimal = Decimal(20_000_000),
    slippage: float | None = None,
    commission: float | None = None,
    **limits: float,
) -> tuple[Executed, Executed]:
    """The same rule by either engine."""
    series = future_series(columns, "NIFTY", REFERENCE, slippage=slippage, commission=commission)
    nothing = np.full(len(series), np.nan)
    first = np.diff(columns["session"], prepend=-1) != 0
    inputs = {"close": series.underlying, "first": first.astype(np.float64)}
    inputs |= dict.fromkeys(("p_sell", "p_hold", "p_buy"), nothing)
    fast = trade(series, rule().batch(inputs), Sizing(lots, capital))
    strategy = BarStrategy(rule(), "backtest", "main", "NIFTY", lots)
    desk = run(
        events_of(series, columns), strategy, how=plan(capital, **limits), reference=tariffed(REFERENCE, commission)
    )
    return fast, desk


def agree(fast: Executed, desk: Executed) -> None:
    assert [_row(fill) for fill in fast.fills] == [_row(fill) for fill in desk.fills]
    assert trade_digest(fast) == trade_digest(desk)
    # Where an order works over a hole in the bars, the desk has a mark more: time had to pass.
    shared = np.isin(desk.marks_at, fast.marks_at)
    np.testing.assert_array_equal(fast.marks_at, desk.marks_at[shared])
    np.testing.assert_allclose(fast.equity, desk.equity[shared], rtol=0.0, atol=1e-6)
    np.testing.assert_allclose(fast.notional, desk.notional[shared], rtol=0.0, atol=1e-6)
    # Both sides of a quote are rounded outwards, so that its middle may be half a tick from where it was.
    half_a_tick = [0.026 * abs(fill.quantity) for fill in fast.fills]
    assert (np.abs(np.subtract(fast.slippage, desk.slippage)) <= half_a_tick).all()


def _row(fill: Fill) -> tuple[object, ...]:
    return fill.at, fill.symbol, fill.quantity, fill.price, fill.fees


def test_an_average_cross_over_an_expiry_and_a_gap_of_six_per_cent() -> None:
    fast, desk = both(lambda: SmaCross(3, 9))
    agree(fast, desk)
    assert len(fast.fills) > 5
    assert {fill.symbol for fill in fast.fills} == {"NIFTY-20260929-FUT", "NIFTY-20261027-FUT"}


def test_what_is_bought_and_held_settles_and_is_bought_again() -> None:
    fast, desk = both(BuyAndHold)
    agree(fast, desk)
    settled = [fill for fill in desk.fills if fill.note == "settlement"]
    closes = BARS["close"][BARS["session"] == EXPIRY.toordinal()]
    assert [(fill.price, fill.fees) for fill in settled] == [(Decimal(repr(float(closes[-1]))), Decimal(0))]
    assert CALENDAR.local_date(settled[0].at) == EXPIRY
    assert [fill.symbol for fill in desk.fills if fill.quantity > 0] == ["NIFTY-20260929-FUT", "NIFTY-20261027-FUT"]


@pytest.mark.parametrize(("slippage", "commission"), [(0.0003, 0.0002), (0.0, 0.0), (0.001, None)])
def test_costs_that_are_given(slippage: float, commission: float | None) -> None:
    agree(*both(lambda: SmaCross(3, 9, short=True), bars(minutes=7), slippage=slippage, commission=commission))


@settings(max_examples=3, phases=(Phase.generate,))
@given(st.integers(0, 2**32 - 1))
def test_targets_at_random_from_long_to_short_and_back(seed: int) -> None:
    columns = bars(minutes=6, seed=seed)
    rng = np.random.default_rng(seed)
    targets = rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0, np.nan], len(columns["at"]))
    fast, desk = both(lambda: Given(targets), columns, lots=3)
    agree(fast, desk)
    assert not desk.ended


def test_an_order_whose_limit_the_next_open_jumps_over_finds_no_match() -> None:
    columns = bars(minutes=4, gap=0.0)
    columns["open"][5] = columns["close"][4] * 1.05  # beyond the 4 % that an order reaches
    targets = np.where(np.arange(len(columns["at"])) == 4, 1.0, np.nan)
    fast, desk = both(lambda: Given(targets), columns)
    agree(fast, desk)
    assert fast.fills == ()
    assert [one.reason for one in fast.unfilled] == [one.reason for one in desk.unfilled] == ["no match"]
    assert fast.unfilled[0][:3] == desk.unfilled[0][:3]


def test_what_the_account_cannot_afford_is_refused_and_on_record_by_both() -> None:
    """They judge by different rules, the kernel by the exchange's floor and the desk by its limits and its margin of
    the day: neither fills, neither shrinks, and both say so.
    """
    fast, desk = both(BuyAndHold, bars(minutes=5), lots=4, capital=Decimal(300_000))
    assert fast.fills == desk.fills == ()
    assert len(fast.unfilled) > 10
    assert {one.quantity for one in (*fast.unfilled, *desk.unfilled)} == {4 * 65}
    assert {one.reason for one in fast.unfilled} == {"not affordable"}
    assert all(one.reason.startswith("limit ") for one in desk.unfilled)
    assert set(desk.equity.tolist()) == {300_000.0}


def test_the_desk_refuses_by_its_own_limits_what_the_arrays_know_nothing_of() -> None:
    fast, desk = both(BuyAndHold, bars(minutes=3), lots=6, order_lots=5)
    assert fast.fills
    assert desk.fills == ()
    assert {one.reason for one in desk.unfilled} == {"limit order_lots: size of one order"}


def test_the_rule_sees_only_closed_bars() -> None:
    """What is decided at a bar's close is filled at the next one's open and never at its own close."""
    seen: list[int] = []

    class Watching(Given):
        def stepper(self) -> Stepper:
            step = super().stepper()

            def watched(bar: ClosedBar) -> float:
                seen.append(bar.closes_at)
                return step(bar)

            return watched

    columns = bars(minutes=4)
    targets = np.where(np.arange(len(columns["at"])) % 2 == 0, 1.0, 0.0)
    _, desk = both(lambda: Watching(targets), columns)
    assert seen == columns["closes_at"].tolist()
    opens = dict(zip(columns["at"].tolist(), columns["open"].tolist(), strict=True))
    for fill in desk.fills:
        if fill.note != "settlement":
            assert abs(float(fill.price) - opens[fill.at]) <= 0.1 + 1e-9  # a tick worse than the open
