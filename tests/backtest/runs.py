"""Runs for the tests of what a run came to: fills and marks written by hand, or drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from sidecar.backtest.executed import Executed, Unfilled
from sidecar.domain.calendar import Calendar, Session, SessionKind
from sidecar.domain.clock import MINUTE, at_local
from sidecar.domain.orders import Fill

FUTURE = "NIFTY-20251230-FUT"
CALL = "NIFTY-20251202-26150-CE"
CAPITAL = 1_000_000.0
ZONE = ZoneInfo("Asia/Kolkata")
FIRST = date(2024, 1, 1)


def open_at(session: int) -> int:
    """09:15 of the ``session``-th day from :data:`FIRST`, every day of the week."""
    return at_local(FIRST + timedelta(days=session), 9, 15, ZONE)


def every_day(count: int = 1100) -> Calendar:
    """A calendar on which every day has a session of 375 minutes."""
    days = [FIRST + timedelta(days=one) for one in range(count)]
    spans = [(at_local(day, 9, 15, ZONE), at_local(day, 15, 30, ZONE)) for day in days]
    held = zip(days, spans, strict=True)
    return Calendar("NSE", ZONE.key, [Session(day, (span,), SessionKind.REGULAR, "made") for day, span in held])


CALENDAR = every_day()


def fill(
    quantity: int, price: str, at: int, *, fees: str = "0", symbol: str = FUTURE, name: str = "", note: str = ""
) -> Fill:
    """A fill of the main fund; its id is made of its content unless it is named."""
    id_ = name or f"{symbol}/{quantity}@{price}#{at}"
    return Fill(id_, id_, symbol, "main", "hand", quantity, Decimal(price), Decimal(fees), at, note)


def run_of(
    fills: Sequence[Fill] = (),
    equity: Sequence[float] = (),
    at: Sequence[int] = (),
    *,
    slippage: Sequence[float] = (),
    closes: Mapping[str, float] | None = None,
    notional: Sequence[float] | None = None,
    unfilled: tuple[Unfilled, ...] = (),
) -> Executed:
    """A run with the marks that are given; without ``at`` one at the close of each session from the first."""
    instants = at or [open_at(place) + 375 * MINUTE for place in range(len(equity))]
    return Executed(
        tuple(fills),
        tuple(slippage) or (0.0,) * len(fills),
        np.array(instants, np.int64),
        np.array(equity, np.float64),
        np.array(notional if notional is not None else [0.0] * len(equity), np.float64),
        unfilled,
        dict(closes or {}),
    )


def grown(returns: Sequence[float] | np.ndarray, capital: float = CAPITAL) -> Executed:
    """A run with one mark a session that had these returns, and no fills."""
    return run_of(equity=list(capital * np.cumprod(1.0 + np.asarray(returns))))


def moment(text: str) -> int:
    """Microseconds of a UTC time as ``2025-12-01 04:00``."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000
