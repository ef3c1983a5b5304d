"""Bars of imported quotes: what the archive knows of an underlying and its chain, minute by minute.

A day may have been imported in several formats: each contract's quotes are taken from the one that has most of them. A
bar that was imported as one of a minute keeps its own open, high and low.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.archived import VOLATILITY_INDEX, ArchivedDay, archived_day, days_of
from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import NotKnown, NotTrainable
from sidecar.domain.reference import Reference
from sidecar.features.bars import BarBuilder, Seen
from sidecar.features.chain import chain_inputs
from sidecar.learning.job import ArchivedPast
from sidecar.learning.listing import STALE, Listing, expiry_of, fresh, listing_of
from sidecar.pricing.daycount import years
from sidecar.store.archive import SIMULATED
from sidecar.tariff import round_trip

#: A session whose index was seen in a smaller share of its minutes is no history by the minute.
LEAST_SEEN = 0.5
_VALUES = ("bid", "ask", "last", "volume", "open_interest")


class Quotes(NamedTuple):
    """The newest quote of each contract: arrays of one entry a row, ``at`` microseconds UTC, 0 where none was seen."""

    at: NDArray[np.int64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    last: NDArray[np.float64]
    volume: NDArray[np.float64]
    open_interest: NDArray[np.float64]


class _Known(NamedTuple):
    """What does not change from bar to bar."""

    underlying: str
    calendar: Calendar
    reference: Reference
    rate: float


def archived_bars(
    wanted: ArchivedPast, reference: Reference, told: Callable[[int, int], None] = lambda _, __: None
) -> Iterator[Bar]:
    """The bars known before ``wanted.until``, oldest first; ``told`` how many of how many days are done.

    A day whose index was seen in less than half of its minutes has none. A bar's ``source`` is the format that its
    index came in.

    :raises NotTrainable: all the days are such.
    """
    known = _Known(wanted.underlying, reference.calendar(wanted.exchange), reference, wanted.rate)
    last = known.calendar.local_date(wanted.until)
    days = [day for day in days_of(Path(wanted.folder), wanted.underlying) if day <= last]
    coarse = some = 0
    for number, day in enumerate(days, 1):
        held = archived_day(Path(wanted.folder), day, wanted.underlying, until=wanted.until)
        bars = [bar for bar in _bars(held, known) if bar.known_at <= wanted.until]
        if bars and len(bars) >= LEAST_SEEN * _minutes(bars[0], wanted.until):
            some += 1
            yield from bars
        elif bars:
            coarse += 1
        told(number, len(days))
    if coarse and not some:
        problem = f"{coarse} imported days of {wanted.underlying}, each with its value in less than half of its minutes"
        raise NotTrainable(problem, "import bars of a minute, or quotes that are as close")


def _minutes(first: Bar, until: int) -> float:
    """How many minutes of the session had passed."""
    return min(first.minutes, first.minute + (until - first.at) / MINUTE)


def _bars(day: ArchivedDay, known: _Known) -> Iterator[Bar]:
    rows = {contract.id: row for row, contract in enumerate(day.contracts)}
    frame = day.quotes
    row = frame["symbol"].map(rows).to_numpy(np.int64)
    at = frame["at"].to_numpy(np.int64)
    values = frame[list(_VALUES)].to_numpy(np.float64)
    listing = listing_of(day.contracts, known.underlying, VOLATILITY_INDEX)
    newest = Quotes(np.zeros(len(rows), np.int64), *(np.full(len(rows), np.nan) for _ in _VALUES))
    simulated = day.source in SIMULATED
    builder = BarBuilder(known.underlying, known.calendar, source=day.source, simulated=simulated)
    edges = [0, *(np.flatnonzero(np.diff(at // MINUTE)) + 1).tolist(), len(at)]
    for first, end in pairwise(edges):
        for place in range(first, end):
            _take(newest, int(row[place]), int(at[place]), values[place])
            if row[place] == listing.level:
                builder.take(_seen(newest, listing, int(at[place])))
        if first < end and (bar := builder.close((int(at[first]) // MINUTE + 1) * MINUTE)) is not None:
            volume = float(newest.volume[listing.level])
            yield _whole(_as_imported(bar, day, volume), newest, listing, known, int(at[end - 1]))


def _take(newest: Quotes, row: int, at: int, values: NDArray[np.float64]) -> None:
    newest.at[row] = at
    for column, value in zip(newest[1:], values, strict=True):
        column[row] = value


def _seen(newest: Quotes, listing: Listing, at: int) -> Seen:
    future = listing.future(at)
    row = future[0] if future else -1
    rows = np.array([listing.level, listing.volatility, row], np.intp)
    price, vix, traded = (float(value) for value in fresh(newest, newest.last, rows, at, STALE))
    return Seen(at, price, float(newest.volume[row]) if row >= 0 else float("nan"), vix, traded)


def _as_imported(bar: Bar, day: ArchivedDay, volume: float) -> Bar:
    """The bar with the prices that were imported of just its minute, if they can be; its ``volume`` is such a bar's.

    Of a longer bar that ends in this minute only the close was seen in it.
    """
    since, opened, high, low = day.bars.get(bar.closes_at - 1, (-1, *[float("nan")] * 3))
    if since != bar.at or not (0.0 < low <= min(opened, bar.close) and max(opened, bar.close) <= high < np.inf):
        return bar
    traded = bar.volume if bar.volume == bar.volume else volume
    return replace(bar, open=opened, high=high, low=low, volume=traded)


def _whole(bar: Bar, newest: Quotes, listing: Listing, known: _Known, at: int) -> Bar:
    """The bar with what is known of the chain at its last quote, and what a round trip costs."""
    expiries = [expiry_of(newest, one, at) for one in listing.expiries(at)]
    inputs = chain_inputs(at, bar.close, known.rate, expiries, int(bar.session))
    future = listing.future(at)
    ends = float(years(at, future[1])) if future and np.isfinite(bar.future) else float("nan")
    return replace(bar, **inputs, future_t=ends, cost=_cost(known, bar))


def _cost(known: _Known, bar: Bar) -> float:
    """Of a round trip by the day's tables; NaN for a day that no row of them knows."""
    try:
        return round_trip(known.reference, known.underlying, known.calendar.local_date(bar.at), bar.close)
    except NotKnown:
        return float("nan")
