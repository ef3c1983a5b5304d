"""A backtest: what is asked for, and how far it has come. Days are the exchange's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from sidecar.domain.models import RunResult


class Mode(StrEnum):
    """How training and testing share the past. ``walk_forward`` trains on the newest ``train_window_days`` before each
    test window, ``expanding_window`` on all that came before it, ``fixed_window`` once, before the first.
    """

    WALK_FORWARD = "walk_forward"
    FIXED_WINDOW = "fixed_window"
    EXPANDING_WINDOW = "expanding_window"


class Engine(StrEnum):
    """``vectorised`` for rules on bars, ``event`` for anything; ``auto`` is the first that can."""

    AUTO = "auto"
    VECTORISED = "vectorised"
    EVENT = "event"


class Instrument(StrEnum):
    """What a rule on an underlying's bars trades: its nearest monthly future at the underlying's own level, or the
    option at the money of the nearest expiry, bought: a call on a rise, a put on a fall.
    """

    FUTURE = "future"
    ATM_OPTIONS = "atm_options"


class Source(StrEnum):
    """Where the past is read: ``bars`` on record or of a file, or imported quotes in the ``archive``."""

    AUTO = "auto"
    BARS = "bars"
    ARCHIVE = "archive"


class BacktestRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for. Days are trading days of the exchange, both ends in; ``commission`` and ``slippage`` fractions
    of the price a side. ``commission`` None is the dated tariff of the exchange and the broker, item by item; a number
    stands for all of it. ``slippage`` makes every quote that much worse on both sides; None leaves quotes as they were
    and takes one tick where there are only bars. ``parameters`` are the strategy's own; ``sweep`` gives several values
    of some of them, every combination of which is one trial. ``resets`` lets somebody reset the breaker every morning;
    without, what trips stays so, as on a desk that nobody looks at.
    """

    symbols: tuple[str, ...]
    strategy: str
    start_date: date
    end_date: date
    initial_capital: Decimal = Decimal(2_000_000)
    model_id: str = ""
    commission: float | None = None
    slippage: float | None = None
    mode: Mode = Mode.WALK_FORWARD
    train_window_days: int = 60
    test_window_days: int = 20
    retrain_frequency_days: int = 20
    seed: int = 7
    engine: Engine = Engine.AUTO
    instrument: Instrument = Instrument.FUTURE
    source: Source = Source.AUTO
    parameters: Mapping[str, float] = {}
    sweep: Mapping[str, tuple[float, ...]] = {}
    resets: bool = False


class BacktestState(StrEnum):
    """Where a backtest is; ``cancelled`` is by a person."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = RunResult.DONE.value
    FAILED = RunResult.FAILED.value
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self not in (BacktestState.QUEUED, BacktestState.RUNNING)


class BacktestJob(msgspec.Struct, frozen=True):
    """One backtest of this desk, newest state; times are market microseconds UTC, 0 where it has not happened.

    ``step`` is what it is doing or did last, ``note`` how that went, ``fraction`` how much of the whole is behind it;
    ``reason`` why it failed. The figures are None until it is done.
    """

    id: str
    actor: str
    request: BacktestRequest
    state: BacktestState = BacktestState.QUEUED
    step: str = ""
    note: str = ""
    fraction: float = 0.0
    asked_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    seconds: float = 0.0
    reason: str = ""
    hash: str = ""
    total_return: float | None = None
    sharpe_ratio: float | None = None
    max_drawdown: float | None = None
    total_trades: int | None = None
    simulated: bool | None = None


class StrategyLine(msgspec.Struct, frozen=True):
    """A strategy that can be asked for by name: what it does, what runs it, and its parameters with their defaults."""

    name: str
    title: str
    description: str
    engines: tuple[Engine, ...]
    parameters: Mapping[str, float]
    needs_model: bool = False
