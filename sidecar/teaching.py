"""The trainer of a running sidecar: what its settings ask for, and what it is shown of the desk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sidecar.book.positions import RoundTrip
from sidecar.domain.calendar import Calendar
from sidecar.domain.contracts import parse_id
from sidecar.domain.models import LabelKind, TrainingRun
from sidecar.domain.report import DeskReport
from sidecar.domain.training import TrainingJob
from sidecar.features.labels import LabelSpec
from sidecar.learning.job import ArchivedPast, Job, SimulatedPast
from sidecar.learning.plan import Plan
from sidecar.learning.trade_file import Trades, trades_of
from sidecar.live import Live
from sidecar.schooling import Desk, Schooling
from sidecar.settings import Settings
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from sidecar.trainer import Trainer

#: Where models and jobs stand in the data directory.
MODELS = "models"
JOBS = "jobs"


def symbol_of(settings: Settings) -> str:
    """The underlying that is predicted: the one that is set, or the market's first."""
    return settings.learning.symbol or settings.simulation.underlyings[0]


def spec_of(settings: Settings) -> LabelSpec:
    """What is learnt of it."""
    return LabelSpec(LabelKind(settings.learning.label), settings.learning.horizon)


def trainer_of(
    settings: Settings,
    calendar: Calendar,
    live: Live,
    reader: Reader,
    writer: Writer,
    trips: Callable[[], Iterable[RoundTrip]],
    *,
    told: Callable[[TrainingJob], None],
    ended: Callable[[TrainingRun], None] = lambda _: None,
) -> Trainer:
    """The trainer, not started. ``told`` hears of each change of a training, ``ended`` of each run; neither waits.

    ``trips`` are the book's closed round trips; it is asked from the trainer's thread.
    """

    def report() -> DeskReport | None:
        return live.latest.report if live.latest is not None else None

    desk = Desk(
        now=live.now,
        report=report,
        bars=reader.bars,
        put=live.inbox.put,
        offer_bars=writer.offer_bars,
        trades=lambda strategy: trades_in(trips(), strategy, symbol_of(settings), settings.capital),
        told=told,
        ended=ended,
    )
    return Trainer(desk, schooling_of(settings, calendar))


def trades_in(trips: Iterable[RoundTrip], strategy: str, underlying: str, capital: Mapping[str, Decimal]) -> Trades:
    """A strategy's round trips in the contracts of ``underlying``, as :class:`~sidecar.schooling.Desk` has them.

    The ``value`` of each is the ``capital`` of its fund (account currency): a move is a return on it, a fraction.
    """
    return trades_of(
        [
            (trip.opened_at, trip.closed_at, float(trip.net), float(capital[trip.fund_id]))
            for trip in trips
            if trip.strategy == strategy and parse_id(trip.symbol).underlying == underlying
        ]
    )


def schooling_of(settings: Settings, calendar: Calendar) -> Schooling:
    """How a desk of these settings trains."""
    learning = settings.learning
    folder = settings.data_dir.resolve()
    pattern = Job(
        id="",
        at=0,
        symbol=symbol_of(settings),
        spec=spec_of(settings),
        plan=Plan(search=learning.search, threads=learning.threads),
        models=str(folder / MODELS),
        sessions=learning.sessions,
        past=_past(settings, folder),
        memory_mb=learning.memory_mb,
        parent=os.getpid(),
    )
    return Schooling(pattern, folder / JOBS, calendar, learning.train_at, learning.timeout_s)


def _past(settings: Settings, folder: Path) -> SimulatedPast | ArchivedPast | None:
    """What a desk without bars learns from: the simulated market's own past, or what was imported."""
    common: dict[str, Any] = {
        "exchange": settings.desk.exchange,
        "underlying": symbol_of(settings),
        "rate": settings.desk.risk_free_rate,
    }
    if settings.market != "sim":
        return ArchivedPast(folder=str(folder / "archive"), until=0, **common)
    simulation, sessions = settings.simulation, settings.learning.first_sessions
    if not sessions:
        return None
    return SimulatedPast(
        seed=settings.seed,
        start=simulation.start_date,
        sessions=sessions,
        strikes_each_side=simulation.strikes_each_side,
        expiries=simulation.expiries,
        **common,
    )
