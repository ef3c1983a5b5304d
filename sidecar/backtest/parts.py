"""The figures of parts of a run: its years, its test windows, and the calm and the rough of the market.

A part is the equity of its sessions put end to end, each from where the one before it in the part left off, beginning
with what the account held before the first. A trade, and its money, belong to the session that it ended in.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.curve import Curve, Floats, Whole, dated, day_of
from sidecar.backtest.statistics import figures_of
from sidecar.book.performance import DAYS_A_YEAR
from sidecar.book.position import ZERO
from sidecar.domain.backtest_result import BacktestTrade, Part, Window
from sidecar.domain.calendar import Calendar
from sidecar.domain.orders import Fill

#: Sessions whose returns say how rough the market was before the next one.
TRAILING = 20
#: The words of the three thirds, from the quietest.
REGIMES = ("calm", "usual", "rough")
UNKNOWN = "not known"
#: With fewer sessions of known volatility than this, thirds of them are no regimes.
FEWEST_KNOWN = 30


class Closes(NamedTuple):
    """The last value of an underlying on each of its ``days`` (n,), ordinals in order; it may begin before the run."""

    days: Whole
    value: Floats


class Ended(NamedTuple):
    """A run by the day: its curve, and the day of each fill and of each trade's end, as ordinals."""

    curve: Curve
    fills: tuple[Fill, ...]
    fill_days: Whole
    trades: tuple[BacktestTrade, ...]
    trade_days: Whole


def ended(curve: Curve, fills: tuple[Fill, ...], trades: tuple[BacktestTrade, ...], calendar: Calendar) -> Ended:
    """What the parts are cut from."""
    return Ended(
        curve,
        fills,
        np.array([day_of(fill.at, calendar) for fill in fills], np.int64),
        trades,
        np.array([day_of(trade.closed_at, calendar) for trade in trades], np.int64),
    )


def years(run: Ended) -> tuple[Part, ...]:
    """One part a calendar year, by its number."""
    year = np.array([day.year for day in dated(run.curve.days)], np.int64)
    return tuple(_part(run, str(one), year == one) for one in np.unique(year))


def of_windows(run: Ended, windows: Sequence[Window]) -> tuple[Part, ...]:
    """One part a test window that has a session, named by its days."""
    days = run.curve.days
    chosen = (
        (f"{one.test_from} to {one.test_to}", (days >= one.test_from.toordinal()) & (days <= one.test_to.toordinal()))
        for one in windows
    )
    return tuple(_part(run, name, which) for name, which in chosen if which.any())


def regimes(run: Ended, closes: Closes | None = None) -> tuple[Part, ...]:
    """One part a regime, from calm to rough: thirds of the run's sessions by the volatility before each.

    That is the deviation of the last :data:`TRAILING` sessions' returns of the underlying that ended before the session
    began, or of the run's own returns where no underlying is known. The thirds are of the whole run, so they tell its
    sessions apart afterwards; they could not have been traded. Sessions with a shorter past are a part of their own,
    :data:`UNKNOWN`; empty with fewer than :data:`FEWEST_KNOWN` others.
    """
    rough = trailing_volatility(run.curve, closes)
    known = np.isfinite(rough)
    if known.sum() < FEWEST_KNOWN:
        return ()
    bounds = np.quantile(rough[known], (1 / 3, 2 / 3))
    third = np.where(known, np.searchsorted(bounds, rough, side="left"), len(REGIMES))
    names = (*REGIMES, UNKNOWN)
    return tuple(_part(run, name, third == place) for place, name in enumerate(names) if (third == place).any())


def trailing_volatility(curve: Curve, closes: Closes | None) -> Floats:
    """The volatility a year that was known before each session of the curve, (d,); NaN where the past is too short."""
    if closes is None:
        days, moves = curve.days, curve.returns()
    else:
        days, moves = closes.days[1:], np.diff(np.log(closes.value))
    before = np.searchsorted(days, curve.days, side="left")
    found = np.full(curve.days.size, np.nan)
    for place, end in enumerate(before):
        if end >= TRAILING:
            found[place] = moves[end - TRAILING : end].std(ddof=1) * sqrt(DAYS_A_YEAR)
    return found


def _part(run: Ended, name: str, chosen: NDArray[np.bool_]) -> Part:
    days = run.curve.days[chosen]
    inside = np.isin(run.trade_days, days)
    trades = [trade for trade, its in zip(run.trades, inside, strict=True) if its]
    made = [fill for fill, its in zip(run.fills, np.isin(run.fill_days, days), strict=True) if its]
    net = sum((trade.net_pnl for trade in trades), ZERO)
    return Part(name, figures_of(part_of(run.curve, chosen), made), len(trades), net)


def part_of(curve: Curve, chosen: NDArray[np.bool_]) -> Curve:
    """The sessions that are ``chosen`` (d,), put end to end as if nothing had happened in between."""
    kept = chosen[curve.session]
    places, session = np.unique(curve.session[kept], return_inverse=True)
    base = curve.base()
    capital = float(base[places[0]]) if places.size else curve.capital
    ends = curve.equity[curve.last[places]]
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.concatenate([[1.0], np.cumprod(ends / base[places])])[:-1] * capital
        scale = grown / base[places]
    last = np.searchsorted(session, np.arange(places.size), side="right") - 1
    equity = curve.equity[kept] * scale[session]
    return Curve(curve.at[kept], equity, curve.notional[kept], session, curve.days[places], last, capital)
