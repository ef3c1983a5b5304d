"""What came of a backtest: figures, their uncertainty, and all that a reader has to know to believe them.

Money that fills moved is exact; returns, ratios and marks are floats. A number that is not known is NaN, ``null`` on
the wire: a ratio of too few returns is not 0. Times are microseconds UTC, days the exchange's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from math import nan

import msgspec

from sidecar.domain.backtests import BacktestRequest, Engine


class Estimate(msgspec.Struct, frozen=True):
    """A statistic and the ends of its 95 % interval."""

    value: float = nan
    low: float = nan
    high: float = nan


class BacktestTrade(msgspec.Struct, frozen=True):
    """One round trip from flat to flat. ``quantity`` is the most units held, ``entry_price`` and ``exit_price`` are
    average prices. ``slippage`` is what its fills paid beyond the middle of the quote of their moment, and is part of
    ``gross_pnl``; ``net_pnl`` is after ``fees``. ``exit`` says how it ended: ``order``, ``settlement``, or ``open``
    where the data ended first, then marked at the last price. ``confidence`` and ``model_id`` are of the prediction
    that it was entered on.
    """

    symbol: str
    strategy: str
    side: str
    quantity: int
    opened_at: int
    closed_at: int
    entry_price: float
    exit_price: float
    gross_pnl: Decimal
    fees: Decimal
    net_pnl: Decimal
    slippage: float = 0.0
    exit: str = "order"
    confidence: float = nan
    model_id: str = ""


class EquityPoint(msgspec.Struct, frozen=True):
    """What the account was worth at an instant, and how far below its peak, a fraction of it."""

    at: int
    equity: float
    drawdown: float


class PerformanceMetrics(msgspec.Struct, frozen=True):
    """Money over the whole run. ``gross_profit`` and ``gross_loss`` are of round trips after fees, both positive."""

    gross_profit: Decimal
    gross_loss: Decimal
    net_profit: Decimal
    total_commission: Decimal
    total_slippage: float
    avg_confidence: float
    best_trade: float
    worst_trade: float


class Figures(msgspec.Struct, frozen=True):
    """The statistics of one equity curve, in returns a session of ``sessions``; ratios over a risk-free rate of 0.

    ``exposure`` is the share of marks with a position, ``turnover`` traded value over capital, a year. ``var_95`` and
    ``expected_shortfall_975`` are losses a session, positive fractions; ``skew`` and ``kurtosis`` (3 for the normal)
    are of the same returns. ``longest_drawdown`` is in sessions.
    """

    total_return: float
    annualized_return: float
    volatility: float
    sharpe_ratio: float
    sortino_ratio: float
    calmar_ratio: float
    max_drawdown: float
    sessions: int
    exposure: float = nan
    turnover: float = nan
    var_95: float = nan
    expected_shortfall_975: float = nan
    skew: float = nan
    kurtosis: float = nan
    longest_drawdown: int = 0
    best_session: float = nan
    worst_session: float = nan


class Part(msgspec.Struct, frozen=True):
    """The figures of a part of the run: a year, a regime of volatility, or a test window."""

    name: str
    figures: Figures
    trades: int
    net_profit: Decimal


class Window(msgspec.Struct, frozen=True):
    """One test window: the days it tested on, and those that its model learnt from, None where nothing was learnt."""

    test_from: date
    test_to: date
    train_from: date | None = None
    train_to: date | None = None
    model_id: str = ""
    labels_to: int = 0
    note: str = ""


class Refused(msgspec.Struct, frozen=True):
    """Orders that did not come to a fill, by reason; the first and the last of them."""

    reason: str
    count: int
    first_at: int
    last_at: int


class Trial(msgspec.Struct, frozen=True):
    """One set of a sweep. The best by ``sharpe_ratio`` is what the rest of the result is of."""

    parameters: Mapping[str, float]
    total_return: float
    sharpe_ratio: float
    trades: int


class Selection(msgspec.Struct, frozen=True):
    """What is left of the result once it is known how many were tried. ``deflated_sharpe`` is the chance that the true
    ratio is above what the best of so many has by luck, ``overfitting_probability`` how often the best on one half of
    time is below the median on the other; each None where it cannot be told, and ``note`` says why.
    """

    trials: int
    deflated_sharpe: float | None = None
    overfitting_probability: float | None = None
    note: str = ""


class Lookahead(msgspec.Struct, frozen=True):
    """What became of the decisions up to ``cuts`` instants when all that came after each was scrambled. ``changed``
    counts the cuts at which one changed; ``first`` says which. ``note`` says why it was not looked, where it was not.
    """

    cuts: int = 0
    changed: int = 0
    first: str = ""
    note: str = ""


class DataNote(msgspec.Struct, frozen=True):
    """Something that is wrong with the data, or was done to it: ``kind`` and how often, in words and with a place."""

    kind: str
    count: int
    detail: str


class BacktestResult(msgspec.Struct, frozen=True):
    """What came of a backtest: the fields of the contract, their uncertainty, and all that a reader has to know.

    ``hash`` is SHA-256 over the fills and the equity: the same request and data give the same. ``uncertainty`` holds
    block-bootstrap intervals by the name of the figure. ``benchmark`` is one position of the same size, bought at the
    start and held. ``ended_early`` says why the run did not go through all its data; ``engine`` which one ran.
    Curves are thinned to a few thousand points at most; ``window_parts`` are the figures of the test windows.
    """

    total_return: float
    annualized_return: float
    volatility: float
    sharpe_ratio: float
    max_drawdown: float
    win_rate: float
    total_trades: int
    winning_trades: int
    losing_trades: int
    avg_win: float
    avg_loss: float
    profit_factor: float
    calmar_ratio: float
    sortino_ratio: float
    trades: tuple[BacktestTrade, ...]
    equity_curve: tuple[EquityPoint, ...]
    performance_metrics: PerformanceMetrics
    benchmark: Figures | None
    deflated_sharpe: float | None
    config: BacktestRequest
    figures: Figures
    uncertainty: Mapping[str, Estimate]
    selection: Selection
    engine: Engine
    simulated: bool
    source: str
    hash: str
    years: tuple[Part, ...] = ()
    regimes: tuple[Part, ...] = ()
    windows: tuple[Window, ...] = ()
    window_parts: tuple[Part, ...] = ()
    benchmark_curve: tuple[EquityPoint, ...] = ()
    trials: tuple[Trial, ...] = ()
    refused: tuple[Refused, ...] = ()
    lookahead: Lookahead = Lookahead()
    data: tuple[DataNote, ...] = ()
    assumptions: tuple[str, ...] = ()
    ended_early: str = ""
    bars: int = 0
    events: int = 0
    seconds: float = 0.0
