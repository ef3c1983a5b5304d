"""What the book is worth at marks, and how the day and the peak are counted from it.

Cost, cash, fees and realised P&L are exact; a mark is a float, and so is everything that a mark enters. An unknown mark
is NaN and makes what depends on it NaN: nothing here turns a missing price into a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite, nan

import msgspec

from sidecar.book.position import QUANTUM, Position
from sidecar.domain.errors import InputError


def unrealized(position: Position, mark: float) -> float:
    """Value at ``mark`` less cost, before fees; NaN for an unknown mark, 0 where nothing is held.

    75 NIFTY 26150 CE bought at 80.35 and marked at 83.40 are +228.75.
    """
    return position.quantity * mark - float(position.cost) if position.quantity else 0.0


def equity(capital: Decimal, realized: Decimal, fees: Decimal, unrealized: float) -> float:
    """What the account is worth: capital + realised P&L - fees + unrealised P&L; NaN while a mark is unknown."""
    return float(capital + realized - fees) + unrealized


def money(value: float) -> Decimal:
    """A float as the store's money: rounded half-even to four decimals. :raises InputError: NaN or infinite."""
    if not isfinite(value):
        raise InputError("money", f"{value} is no amount", "wait for a mark")
    return Decimal(repr(float(value))).quantize(QUANTUM, ROUND_HALF_EVEN)


class DayBase(msgspec.Struct, frozen=True):
    """Equity by fund when the ``day`` rolled, at the session's open: what the daily P&L is measured from.

    Kept as money, so that a desk that restarts from its records measures from the same base to the last bit.
    """

    day: date
    equity_by_fund: dict[str, Decimal]


def roll(base: DayBase | None, day: date, equity_by_fund: Mapping[str, float]) -> DayBase:
    """The base of ``day``: on a new day the equity now, on the same day what it was.

    A fund that has no base yet gets one as soon as its equity is known. On a new day a fund whose equity is unknown
    keeps its old base, so that a gap over the closed hours is counted rather than forgotten.
    """
    known = {fund: money(value) for fund, value in equity_by_fund.items() if isfinite(value)}
    if base is None:
        return DayBase(day, known)
    if day < base.day:
        raise InputError("day", f"{day} is before {base.day}", "a day never rolls back")
    first, then = (known, base.equity_by_fund) if day == base.day else (base.equity_by_fund, known)
    return DayBase(day, {**first, **then})


def daily_pnl(base: DayBase | None, fund_id: str, equity: float) -> float:
    """Equity now less equity at the session's open; NaN where either is unknown."""
    held = base.equity_by_fund.get(fund_id) if base is not None else None
    return equity - float(held) if held is not None else nan


def raised(peak: float, equity: float) -> float:
    """The peak after an ``equity`` from trusted marks; an unknown equity leaves it, an unknown peak takes it."""
    return equity if isfinite(equity) and not peak >= equity else peak


def drawdown(peak: float, equity: float) -> float:
    """How far ``equity`` is below its ``peak``, as a fraction of the peak; 0 above it; NaN where that is not known."""
    if not (isfinite(equity) and isfinite(peak) and peak > 0.0):
        return nan
    return max(0.0, (peak - equity) / peak)
