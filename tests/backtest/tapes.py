"""Series for the tests of the vectorised engine: written by hand, or drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.backtest.costs import flat
from sidecar.backtest.series import Series
from sidecar.domain.calendar import Session
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.reference import FeeSchedule
from sidecar.reference import load_reference

REFERENCE = load_reference()
CALENDAR = REFERENCE.calendar("NSE")
TICK = Decimal("0.05")
FREE = flat(0.0)
#: Of the Monday before April 2026, and of its first day: the tax on a future that is sold, 0.02 % and 0.05 %.
MARCH = REFERENCE.fees("NSE", "future", date(2026, 3, 30))
APRIL = REFERENCE.fees("NSE", "future", date(2026, 4, 1))
OPTIONS = REFERENCE.fees("NSE", "option", date(2025, 12, 1))
FUTURE = Contract(
    "NIFTY", Kind.FUTURE, date(2026, 4, 28), expires_at=2_000_000_000_000_000, lot_size=75, freeze_quantity=1800
)
CALL = replace(FUTURE, kind=Kind.OPTION, strike=24000.0, right=Right.CALL)
PUT = replace(CALL, right=Right.PUT)


def series_of(
    close: Sequence[float],
    opens: Sequence[tuple[float, float]] | None = None,
    *,
    contract: Contract = FUTURE,
    fees: Sequence[FeeSchedule] = (MARCH,),
    fee: Sequence[int] | None = None,
    margin: float = 0.1,
    **more: Any,
) -> Series:
    """Bars of a minute of one session that trade one contract; ``opens`` are bid and ask, else a tick off the close
    before. ``more`` are other columns.
    """
    n = len(close)
    last = _ticks(close)
    quotes = (
        _ticks(opens) if opens is not None else np.stack([np.r_[last[:1], last[:-1]] + each for each in (-1, 1)], 1)
    )
    at = np.arange(n, dtype=np.int64) * MINUTE
    shut = np.zeros(n, np.bool_)
    shut[-1] = True
    made = Series(
        at=at,
        closes_at=at + MINUTE,
        contract=np.zeros(n, np.int32),
        bid=quotes[:, 0].copy(),
        ask=quotes[:, 1].copy(),
        middle=quotes.sum(axis=1),
        close=last,
        shut=shut,
        settles=np.zeros(n, np.bool_),
        settlement=np.full(n, np.nan),
        rolls=np.zeros(n, np.bool_),
        fee=np.zeros(n, np.int32) if fee is None else np.array(fee, np.int32),
        margin=np.full(n, margin),
        contracts=(contract,),
        fees=tuple(fees),
        underlying=np.asarray(close, np.float64),
    )
    return changed(made, **more)


def changed(series: Series, **more: Any) -> Series:
    """The series with other columns. (`_replace` counts fields by the length, which is that of the bars.)"""
    return Series(**(series._asdict() | more))


def bars_of(sessions: Sequence[Session], close: NDArray[np.float64], bars: int) -> dict[str, NDArray[Any]]:
    """Columns of the first ``bars`` minutes of some sessions; a bar opens where the one before closed."""
    at = np.concatenate([each.open_at + np.arange(bars) * MINUTE for each in sessions])
    return {
        "at": at,
        "closes_at": at + MINUTE,
        "session": np.repeat([float(each.date.toordinal()) for each in sessions], bars),
        "open": np.r_[close[:1], close[:-1]],
        "close": close,
    }


def walk(n: int, seed: int, start: int = 480_000, step: float = 40.0) -> NDArray[np.float64]:
    """A martingale of ``n`` closes in index points, on whole ticks of 0.05."""
    moves = np.rint(np.random.default_rng(seed).normal(0.0, step, n)).astype(np.int64)
    return np.asarray((start + np.cumsum(moves)) * 5 / 100.0)


def _ticks(prices: Any) -> NDArray[np.int64]:
    return np.rint(np.asarray(prices, np.float64) * 20.0).astype(np.int64)
