"""The whole result: every field from the fills and marks, unknown where it is, the same bytes each time."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from math import isnan

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.backtest.executed import Executed, Unfilled, digest
from sidecar.backtest.result import Facts, assembled, refusals
from sidecar.domain import wire
from sidecar.domain.backtest_result import BacktestResult, Window
from sidecar.domain.backtests import BacktestRequest, Engine
from sidecar.domain.clock import MINUTE
from sidecar.domain.orders import Fill
from tests.backtest.runs import CALENDAR, CAPITAL, FIRST, FUTURE, fill, grown, open_at, run_of

REQUEST = BacktestRequest(("NIFTY",), "sma_cross", date(2024, 1, 1), date(2024, 3, 1), Decimal(1_000_000))
FACTS = Facts(Engine.VECTORISED, "made by hand", True, CALENDAR, draws=50)


def traded(nets: tuple[int, ...], fees: str = "0") -> tuple[Fill, ...]:
    """A long trade of one unit a session that earns so much before ``fees``, half of them a side."""
    half, fills = str(Decimal(fees) / 2), []
    for day, net in enumerate(nets):
        fills.append(fill(1, "1000", open_at(day), fees=half))
        fills.append(fill(-1, str(1000 + net), open_at(day) + MINUTE, fees=half))
    return tuple(fills)


def held(fills: tuple[Fill, ...], days: int) -> Executed:
    """A run of these fills with its true equity at the close of each day."""
    equity = []
    for day in range(days):
        done = [one for one in fills if one.at < open_at(day) + 375 * MINUTE]
        equity.append(CAPITAL - float(sum(one.quantity * one.price + one.fees for one in done)))
    return run_of(fills, equity)


def test_winners_are_trades_that_earned_money_after_fees_and_not_the_sells() -> None:
    run = held(traded((100, -50, 10, 30, 5), fees="10"), 5)
    found = assembled(REQUEST, run, FACTS)
    assert (found.total_trades, found.winning_trades, found.losing_trades) == (5, 2, 2)
    assert found.win_rate == pytest.approx(0.4)
    assert (found.avg_win, found.avg_loss) == (55.0, 32.5)
    assert found.profit_factor == pytest.approx(110 / 65)
    money = found.performance_metrics
    assert (money.gross_profit, money.gross_loss, money.net_profit) == (Decimal(110), Decimal(65), Decimal(45))
    assert (money.total_commission, money.best_trade, money.worst_trade) == (Decimal(50), 90.0, -60.0)
    assert found.total_return == pytest.approx(45 / CAPITAL)


def test_a_run_without_a_trade_has_no_average_no_rate_and_no_factor() -> None:
    found = assembled(REQUEST, grown(np.zeros(30)), FACTS)
    assert (found.total_trades, found.winning_trades, found.losing_trades) == (0, 0, 0)
    unknown = (found.win_rate, found.avg_win, found.avg_loss, found.profit_factor, found.sharpe_ratio)
    assert all(map(isnan, unknown))
    assert all(map(isnan, (found.performance_metrics.best_trade, found.performance_metrics.avg_confidence)))
    assert found.total_return == 0.0


def test_a_run_without_losers_has_no_average_loss_and_no_factor() -> None:
    found = assembled(REQUEST, held(traded((10, 20)), 2), FACTS)
    assert (found.win_rate, found.avg_win) == (1.0, 15.0)
    assert isnan(found.avg_loss)
    assert isnan(found.profit_factor)


def test_what_is_unknown_is_null_on_the_wire_and_reads_back_as_unknown() -> None:
    told = json.loads(wire.encode(assembled(REQUEST, grown(np.zeros(5)), FACTS)))
    assert told["sharpe_ratio"] is None
    assert told["avg_loss"] is None
    assert told["uncertainty"]["sharpe_ratio"] == {"value": None, "low": None, "high": None}
    assert told["config"]["strategy"] == "sma_cross"
    assert set(told) == set(BacktestResult.__struct_fields__)


def test_the_same_request_and_run_give_the_same_bytes() -> None:
    run = held(traded((100, -50, 10, 30, 5) * 8, fees="10"), 40)
    one, other = (msgspec.json.encode(assembled(REQUEST, run, FACTS)) for _ in range(2))
    assert one == other
    assert assembled(REQUEST, run, FACTS).hash == digest(run)


def test_few_sessions_and_open_trades_are_said_among_the_assumptions() -> None:
    fills = (*traded((10,)), fill(1, "1000", open_at(1)))
    run = held(fills, 2)._replace(closes={FUTURE: 1010.0})
    found = assembled(REQUEST, run, FACTS._replace(assumptions=("no basis is known",)))
    assert found.assumptions[0] == "no basis is known"
    assert "too few sessions for ratios and intervals: 2" in found.assumptions[1]
    assert "1 of the trades still open" in found.assumptions[2]
    assert found.trades[-1].exit == "open"


def test_refusals_are_counted_by_reason_the_most_frequent_first() -> None:
    unfilled = tuple(Unfilled(at, FUTURE, 75, why) for at, why in ((1, "no match"), (2, "margin"), (5, "margin")))
    assert [(one.reason, one.count, one.first_at, one.last_at) for one in refusals(unfilled)] == [
        ("margin", 2, 2, 5),
        ("no match", 1, 1, 1),
    ]


def test_the_benchmark_stands_beside_with_its_curve() -> None:
    beside = grown(np.random.default_rng(1).normal(0.001, 0.01, 60))
    found = assembled(REQUEST, grown(np.zeros(60)), FACTS._replace(benchmark=beside))
    assert found.benchmark is not None
    assert found.benchmark.total_return == pytest.approx(float(beside.equity[-1]) / CAPITAL - 1)
    assert len(found.benchmark_curve) == 60
    assert assembled(REQUEST, grown(np.zeros(60)), FACTS).benchmark is None


def test_parts_and_selection_are_of_the_run() -> None:
    windows = (Window(FIRST, FIRST + timedelta(29)), Window(FIRST + timedelta(30), FIRST + timedelta(59)))
    matrix = np.random.default_rng(2).normal(0.0, 0.01, (60, 5))
    facts = FACTS._replace(windows=windows, trial_returns=matrix)
    found = assembled(REQUEST, grown(matrix[:, 2]), facts)
    assert [part.figures.sessions for part in found.window_parts] == [30, 30]
    assert [part.name for part in found.years] == ["2024"]
    assert found.selection.trials == 5
    assert found.deflated_sharpe == found.selection.deflated_sharpe is not None


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 4000)), max_size=25))
def test_when_flat_the_nets_of_the_trades_are_the_change_of_the_equity(steps: list[tuple[int, int]]) -> None:
    quantities = [quantity for quantity, _ in steps]
    steps = [*steps, (-sum(quantities), 1000)]
    fills = [
        fill(quantity, str(Decimal(tick) / 20), place, fees="1.25", name=str(place))
        for place, (quantity, tick) in enumerate(steps)
        if quantity
    ]
    cash = -sum((one.quantity * one.price + one.fees for one in fills), Decimal(0))
    run = run_of(fills, [CAPITAL + float(cash)], [open_at(0) + MINUTE])
    found = assembled(REQUEST, run, FACTS)
    scratch = sum(trade.net_pnl == 0 for trade in found.trades)
    assert sum((trade.net_pnl for trade in found.trades), Decimal(0)) == cash == found.performance_metrics.net_profit
    assert found.winning_trades + found.losing_trades + scratch == found.total_trades
    assert found.total_return == pytest.approx(float(cash) / CAPITAL, abs=1e-12)
