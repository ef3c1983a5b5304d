"""A result for the tests of the report: a strategy in and out of the market for some sessions, and a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import numpy as np

from sidecar.backtest.executed import Executed, Unfilled
from sidecar.backtest.result import Facts, assembled
from sidecar.domain.backtest_result import BacktestResult, DataNote, Lookahead, Trial, Window
from sidecar.domain.backtests import BacktestRequest, Engine
from sidecar.domain.clock import MINUTE
from tests.backtest.runs import CALENDAR, CAPITAL, FIRST, FUTURE, fill, open_at, run_of


def traded(days: int = 60, seed: int = 4) -> Executed:
    """One unit in and out of a walk of five bars a session, with a fee of 20 a fill and a tick of slippage."""
    rng = np.random.default_rng(seed)
    price, cash, held = 20_000.0, CAPITAL, 0
    fills, at, equity, notional = [], [], [], []
    for bar in range(days * 5):
        when = open_at(bar // 5) + bar % 5 * MINUTE
        price = round(price * (1 + rng.normal(0, 0.004)) * 20) / 20
        if rng.random() < 0.3:
            quantity = 25 if held == 0 else -held
            fills.append(fill(quantity, f"{price:.2f}", when, fees="20", name=str(bar)))
            cash -= quantity * price + 20
            held += quantity
        at.append(when + MINUTE)
        equity.append(cash + held * price)
        notional.append(held * price)
    refused = (Unfilled(at[3], FUTURE, 75, "no match"), Unfilled(at[9], FUTURE, 75, "<b>margin</b>"))
    slippage = [1.25] * len(fills)
    return run_of(fills, equity, at, slippage=slippage, notional=notional, unfilled=refused, closes={FUTURE: price})


def result(
    run: Executed | None = None,
    *,
    symbols: Sequence[str] = ("NIFTY",),
    strategy: str = "sma_cross",
    simulated: bool = True,
    lookahead: Lookahead = Lookahead(20),  # noqa: B008  never changed
    reasons: Sequence[str] = (),
) -> BacktestResult:
    """The result of a run, by default of :func:`traded`, with windows, trials, a benchmark and notes."""
    run = run if run is not None else traded()
    end = FIRST + timedelta(days=59)
    request = BacktestRequest(tuple(symbols), strategy, FIRST, end, Decimal(int(CAPITAL)), parameters={"fast": 20})
    facts = Facts(
        engine=Engine.VECTORISED,
        source="bars made by hand",
        simulated=simulated,
        calendar=CALENDAR,
        benchmark=traded(seed=5),
        windows=(Window(FIRST, end, FIRST, FIRST, "model-1", open_at(0), "as asked"),),
        trials=(Trial({"fast": 20.0}, 0.01, 1.2, 30), Trial({"fast": 10.0}, 0.0, float("nan"), 0)),
        trial_returns=np.random.default_rng(1).normal(0, 0.01, (60, 2)),
        lookahead=lookahead,
        data=(DataNote("gap", 3, "2024-01-02 10:15 to 10:30"),),
        assumptions=("no basis is known", *reasons),
        bars=300,
        draws=50,
    )
    return assembled(request, run, facts)
