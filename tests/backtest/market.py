"""Bars of a few short sessions, and the desk's settings that let them be traded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.bar_feed import bar_events
from sidecar.backtest.event import EventPlan, run_events
from sidecar.backtest.executed import Executed
from sidecar.backtest.pace import chainless, paced, patient
from sidecar.backtest.series import Series
from sidecar.desk.config import DeskConfig
from sidecar.domain.clock import MINUTE
from sidecar.domain.events import AnyEvent
from sidecar.domain.reference import Reference
from sidecar.reference import load_reference
from sidecar.risk.limits import defaults
from sidecar.strategies.protocol import Strategy
from sidecar.venues.matching import PaperSettings

REFERENCE = load_reference()
CALENDAR = REFERENCE.calendar("NSE")
#: The monthly future expires on the second of these four sessions.
FIRST, LAST = date(2026, 9, 28), date(2026, 10, 1)
EXPIRY = date(2026, 9, 29)
#: Limits that a run of random orders breaks, so wide that it does not.
WIDE = {"drawdown": 1.0, "daily_loss": 1.0, "loss_streak": 10_000, "order_lots": 20, "net_delta": 10_000}
CAPITAL = Decimal(20_000_000)


def bars(
    *, seed: int = 1, minutes: int = 12, first: date = FIRST, last: date = LAST, gap: float = 0.06
) -> dict[str, NDArray[Any]]:
    """Bars of the first and the last ``minutes`` of each session; the second one opens higher by ``gap``."""
    rng = np.random.default_rng(seed)
    at, opens, closes, sessions = [], [], [], []
    level = 24_700.0
    for number, session in enumerate(CALENDAR.sessions_between(first, last)):
        level *= 1.0 + gap if number == 1 else 1.0
        whole = (session.close_at - session.open_at) // MINUTE
        for minute in (*range(minutes), *range(whole - minutes, whole)):
            at.append(session.open_at + minute * MINUTE)
            opens.append(round(level, 2))
            level *= float(np.exp(rng.normal(0.0, 0.0008)))
            closes.append(round(level, 2))
            sessions.append(float(session.date.toordinal()))
    begun = np.array(at, dtype=np.int64)
    return {
        "at": begun,
        "closes_at": begun + MINUTE,
        "open": np.array(opens),
        "close": np.array(closes),
        "session": np.array(sessions),
    }


def plan(capital: Decimal = CAPITAL, **limits: float) -> EventPlan:
    """A desk at the pace of these bars, its limits wide but for those given."""
    config = DeskConfig(capital={"main": capital}, limits=defaults() | WIDE | limits)
    config, _ = paced(config, MINUTE / 1e6)
    config, _ = chainless(config, {"NIFTY": 0.15})
    return EventPlan(config, patient(PaperSettings(), MINUTE / 1e6, at_once=True))


def events_of(series: Series | tuple[Series, ...], columns: Mapping[str, NDArray[Any]]) -> list[AnyEvent]:
    """The market of the bars."""
    return list(bar_events(series, columns, "NIFTY", source="test", simulated=True))


def run(
    events: Sequence[AnyEvent],
    *strategies: Strategy,
    how: EventPlan | None = None,
    reference: Reference = REFERENCE,
) -> Executed:
    """Through the desk."""
    return run_events(events, how or plan(), reference, CALENDAR, strategies)
