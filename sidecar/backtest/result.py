"""Everything that a reader has to know of a run, put together from its fills and marks."""

from __future__ import annotations

from math import isfinite, nan
from typing import NamedTuple

import numpy as np

from sidecar.backtest.curve import Curve, Floats, curve_of
from sidecar.backtest.deflated import selection_of
from sidecar.backtest.executed import Executed, Unfilled, digest
from sidecar.backtest.parts import Closes, ended, of_windows, regimes, years
from sidecar.backtest.statistics import figures_of
from sidecar.backtest.thinned import equity_points
from sidecar.backtest.trips import Entered, trades_of, unpredicted
from sidecar.backtest.uncertainty import LEAST, inside, intervals
from sidecar.book.performance import win_rate
from sidecar.book.position import ZERO
from sidecar.domain.backtest_result import (
    BacktestResult,
    BacktestTrade,
    DataNote,
    Estimate,
    Figures,
    Lookahead,
    PerformanceMetrics,
    Refused,
    Trial,
    Window,
)  # fmt: skip
from sidecar.domain.backtests import BacktestRequest, Engine
from sidecar.domain.calendar import Calendar

#: Resampled histories that the intervals are of.
DRAWS = 1000


class Facts(NamedTuple):
    """What a run does not know of itself.

    ``source`` says in words where its data are from, ``simulated`` whether they are made up. ``benchmark`` is the run
    of one position that was bought and held. ``trial_returns`` (T, N) are the session returns of every trial of a sweep
    of which this run is the best. ``entered`` tells the prediction that a trade was entered on, ``closes`` the
    underlying's daily closes, from before the start if they are known. ``bars`` counts what was traded on, ``seconds``
    how long it all took.
    """

    engine: Engine
    source: str
    simulated: bool
    calendar: Calendar
    benchmark: Executed | None = None
    windows: tuple[Window, ...] = ()
    trials: tuple[Trial, ...] = ()
    trial_returns: Floats | None = None
    lookahead: Lookahead = Lookahead()
    data: tuple[DataNote, ...] = ()
    assumptions: tuple[str, ...] = ()
    entered: Entered = unpredicted
    closes: Closes | None = None
    bars: int = 0
    seconds: float = 0.0
    draws: int = DRAWS


class Won(NamedTuple):
    """Trades by what they earned after fees; a trade of exactly nothing is neither won nor lost."""

    winners: int
    losers: int
    win_rate: float
    avg_win: float
    avg_loss: float
    profit_factor: float


def assembled(request: BacktestRequest, run: Executed, facts: Facts) -> BacktestResult:
    """The result of a run that was asked for with ``request``: the same bytes for the same run and facts.

    ``avg_loss`` is a positive amount, as ``gross_loss`` is; a ratio over nothing is NaN, never 0.

    :raises BacktestFailed: something is held at the end whose last price is not known.
    """
    capital = float(request.initial_capital)
    curve = curve_of(run, capital, facts.calendar)
    trades = trades_of(run, facts.entered)
    shown, money = figures_of(curve, run.fills), metrics(run, trades)
    won, by_day = won_of(trades, money), ended(curve, run.fills, trades, facts.calendar)
    beside = curve_of(facts.benchmark, capital, facts.calendar) if facts.benchmark else None
    selection = selection_of(curve.returns(), facts.trial_returns)
    return BacktestResult(
        total_return=shown.total_return,
        annualized_return=shown.annualized_return,
        volatility=shown.volatility,
        sharpe_ratio=shown.sharpe_ratio,
        max_drawdown=shown.max_drawdown,
        win_rate=won.win_rate,
        total_trades=len(trades),
        winning_trades=won.winners,
        losing_trades=won.losers,
        avg_win=won.avg_win,
        avg_loss=won.avg_loss,
        profit_factor=won.profit_factor,
        calmar_ratio=shown.calmar_ratio,
        sortino_ratio=shown.sortino_ratio,
        trades=trades,
        equity_curve=equity_points(curve),
        performance_metrics=money,
        benchmark=figures_of(beside, facts.benchmark.fills) if facts.benchmark and beside else None,
        deflated_sharpe=selection.deflated_sharpe,
        config=request,
        figures=shown,
        uncertainty=_uncertainty(curve, shown, trades, request.seed, facts.draws),
        selection=selection,
        engine=facts.engine,
        simulated=facts.simulated,
        source=facts.source,
        hash=digest(run),
        years=years(by_day),
        regimes=regimes(by_day, facts.closes),
        windows=facts.windows,
        window_parts=of_windows(by_day, facts.windows),
        benchmark_curve=equity_points(beside) if beside else (),
        trials=facts.trials,
        refused=refusals(run.unfilled),
        lookahead=facts.lookahead,
        data=facts.data,
        assumptions=(*facts.assumptions, *_said(shown, trades)),
        ended_early=run.ended,
        bars=facts.bars,
        events=run.events,
        seconds=facts.seconds,
    )


def metrics(run: Executed, trades: tuple[BacktestTrade, ...]) -> PerformanceMetrics:
    """The money of a run; the averages and extremes of no trades are NaN."""
    nets = [trade.net_pnl for trade in trades]
    confidences = [trade.confidence for trade in trades if isfinite(trade.confidence)]
    return PerformanceMetrics(
        gross_profit=sum((net for net in nets if net > 0), ZERO),
        gross_loss=-sum((net for net in nets if net < 0), ZERO),
        net_profit=sum(nets, ZERO),
        total_commission=sum((fill.fees for fill in run.fills), ZERO),
        total_slippage=float(sum(run.slippage)),
        avg_confidence=float(np.mean(confidences)) if confidences else nan,
        best_trade=float(max(nets)) if nets else nan,
        worst_trade=float(min(nets)) if nets else nan,
    )


def won_of(trades: tuple[BacktestTrade, ...], money: PerformanceMetrics) -> Won:
    """How many of the trades won and lost, and what they did."""
    winners = sum(trade.net_pnl > 0 for trade in trades)
    losers = sum(trade.net_pnl < 0 for trade in trades)
    return Won(
        winners,
        losers,
        win_rate(len(trades), winners),
        float(money.gross_profit / winners) if winners else nan,
        float(money.gross_loss / losers) if losers else nan,
        float(money.gross_profit / money.gross_loss) if money.gross_loss else nan,
    )


def refusals(unfilled: tuple[Unfilled, ...]) -> tuple[Refused, ...]:
    """The orders that came to nothing, by reason, the most frequent first."""
    times: dict[str, list[int]] = {}
    for one in unfilled:
        times.setdefault(one.reason, []).append(one.at)
    found = (Refused(reason, len(at), min(at), max(at)) for reason, at in times.items())
    return tuple(sorted(found, key=lambda one: (-one.count, one.first_at, one.reason)))


def _uncertainty(
    curve: Curve, shown: Figures, trades: tuple[BacktestTrade, ...], seed: int, draws: int
) -> dict[str, Estimate]:
    """The intervals, about the figures that are shown."""
    found = intervals(curve.returns(), trades, seed, draws, inside(curve))
    return {name: Estimate(getattr(shown, name, one.value), one.low, one.high) for name, one in found.items()}


def _said(shown: Figures, trades: tuple[BacktestTrade, ...]) -> tuple[str, ...]:
    """What the figures take for granted."""
    still = sum(trade.exit == "open" for trade in trades)
    few = f"too few sessions for ratios and intervals: {shown.sessions}, of {LEAST} needed"
    held = f"{still} of the trades still open at the end, marked at their last price without the cost of leaving them"
    return (*((few,) if shown.sessions < LEAST else ()), *((held,) if still else ()))
