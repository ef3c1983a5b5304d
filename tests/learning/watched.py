"""Reports of one index with a small chain, made by hand, minute by minute of a real session."""

from __future__ import annotations

import dataclasses
from datetime import date
from math import nan
from typing import Any

import msgspec
import numpy as np

from sidecar.domain.clock import MINUTE, SECOND, to_datetime
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.models import ModelLine, Prediction
from sidecar.domain.report import Chain, DeskReport, Published
from sidecar.learning.watching import Watching
from sidecar.pricing.black import price
from sidecar.pricing.daycount import years
from sidecar.reference import load_reference
from tests.servers.desk import EMPTY, report

REFERENCE = load_reference()
CALENDAR = REFERENCE.calendar("NSE")
DAY = date(2025, 11, 24)
SESSION = CALENDAR.session(DAY)
assert SESSION is not None
OPEN, CLOSE = SESSION.open_at, SESSION.close_at
EXPIRIES = ((date(2025, 11, 25), OPEN + 86_400 * SECOND), (date(2025, 12, 2), OPEN + 8 * 86_400 * SECOND))
STRIKES = (26_000.0, 26_050.0, 26_100.0, 26_150.0, 26_200.0)
CONTRACTS = (
    Contract("NIFTY", Kind.INDEX),
    Contract("INDIAVIX", Kind.INDEX),
    Contract("NIFTY", Kind.FUTURE, EXPIRIES[1][0], expires_at=EXPIRIES[1][1], lot_size=75),
    *(
        Contract("NIFTY", Kind.OPTION, day, strike, right, ends, 75)
        for day, ends in EXPIRIES
        for strike in STRIKES
        for right in (Right.CALL, Right.PUT)
    ),
)
SPOT, VOLATILITY, RATE, COST = 26_100.0, 0.12, 0.065, 0.0005


def chain(at: int, spot: float = SPOT, *, volume: float = nan, vix: float = 13.0, old: int = 0) -> Chain:
    """The chain at ``at``, quoted ``old`` microseconds before, every option at one volatility."""
    n = len(CONTRACTS)
    column = {name: np.full(n, nan) for name in ("bid", "ask", "last", "volume", "open_interest")}
    column["last"][:3] = spot, vix, spot + 20.0
    column["volume"][2] = volume
    for row, one in enumerate(CONTRACTS[3:], 3):
        assert one.strike is not None
        t = years(at, one.expires_at or 0)
        middle = price(
            spot * np.exp(RATE * t), one.strike, t, VOLATILITY, np.exp(-RATE * t), call=one.right is Right.CALL
        )
        column["bid"][row], column["ask"][row] = float(middle) - 0.05, float(middle) + 0.05
        column["open_interest"][row], column["volume"][row] = 7_500.0, 750.0
    rows = {one.id: row for row, one in enumerate(CONTRACTS)}
    return dataclasses.replace(EMPTY, contracts=CONTRACTS, rows=rows, at=np.full(n, at - old), **column)


def said(at: int, models: tuple[ModelLine, ...] = (), predictions: tuple[Prediction, ...] = ()) -> DeskReport:
    """A report of that instant."""
    opened = OPEN <= at < CLOSE
    made = report(timestamp=to_datetime(at), session_open=opened)
    return msgspec.structs.replace(made, models=models, predictions=predictions)


def seen(at: int, spot: float = SPOT, report: DeskReport | None = None, **more: Any) -> Published:
    """What the desk publishes at ``at``."""
    return Published(report or said(at), chain(at, spot, **more))


def watching(**changes: Any) -> Watching:
    """What makes bars of it."""
    given: dict[str, Any] = {"volatility_index": "INDIAVIX", "rate": RATE, "source": "live", "simulated": True}
    return Watching("NIFTY", CALENDAR, lambda day, level: COST, **given | changes)


def minute(number: int, second: float = 0.0) -> int:
    """So many seconds into a minute of the session, from 0."""
    return OPEN + number * MINUTE + int(second * SECOND)
