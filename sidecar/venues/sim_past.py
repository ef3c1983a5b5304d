"""The simulator's past: the days before its first, drawn by the same processes and seen at the end of each minute.

Its index ends exactly where the simulated market begins, by a constant factor on every price: returns do not notice,
and strikes are listed round what the index then was. Variance and skew are those of the days' own processes, so that
they, and with them the level of volatility, may step a little where the past ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract
from sidecar.domain.reference import Reference
from sidecar.venues.sim_book import Book, Shown
from sidecar.venues.sim_futures import FuturesBook, futures
from sidecar.venues.sim_path import Floats, Integers, Path, draw, opening, seconds
from sidecar.venues.sim_surface import Surface
from sidecar.venues.simulated import SimulatedMarket


class Minute(NamedTuple):
    """One minute as it was seen: the instants of its first, extreme and last index values, and the rest at its end.

    ``future`` and ``volume`` (units since the open) are NaN where no future is listed.
    """

    at: Integers
    price: Floats
    future: float
    volume: float
    vix: float
    chain: Shown


class PastDay(NamedTuple):
    """A day of the past: ``options`` in the order of a chain's rows, ``future`` None where none is listed."""

    session: Session
    options: tuple[Contract, ...]
    future: Contract | None
    minutes: Iterator[Minute]


def past(
    reference: Reference, calendar: Calendar, market: SimulatedMarket, *, seed: int, sessions: int, underlying: str
) -> Iterator[PastDay]:
    """The ``sessions`` days before ``market``'s first, oldest first; fewer where the sessions table begins later.

    Each day's minutes must be taken before the next day. The same arguments give the same days, bit for bit.
    """
    held = calendar.sessions_between(calendar.first, market.first.date)[:-1][-sessions:] if sessions else ()
    options: dict[str, Contract] = {}
    for session, path in zip(held, _paths(held, seed, underlying), strict=True):
        options = market.listed(session, {underlying: path}, options)
        if options:
            yield _day(reference, calendar, session, path, tuple(options.values()), seed, underlying)


def _paths(held: tuple[Session, ...], seed: int, underlying: str) -> list[Path]:
    """The days' paths, scaled so that the last closes where the market begins."""
    state, paths = opening(underlying), []
    for session in held:
        paths.append(draw(seed, underlying, session, state))
        state = paths[-1].end
    scale = opening(underlying).spot / state.spot
    return [replace(path, spot=path.spot * scale) for path in paths]


def _day(
    reference: Reference,
    calendar: Calendar,
    session: Session,
    path: Path,
    options: tuple[Contract, ...],
    seed: int,
    underlying: str,
) -> PastDay:
    times, names = seconds(session), (underlying,)
    surface = Surface.of(options, names, (path,), times, calendar, session.date)
    book = Book(options, surface, seed=seed, day=session.date)
    monthly = futures(reference, names, session.date)
    traded = FuturesBook(monthly, names, surface, seed=seed, day=session.date)
    return PastDay(session, options, monthly[0] if monthly else None, _minutes(surface, book, traded, path))


def _minutes(surface: Surface, book: Book, traded: FuturesBook, path: Path) -> Iterator[Minute]:
    times, spot = surface.times, np.round(path.spot, 2)
    edges = [0, *(np.flatnonzero(np.diff(times // MINUTE)) + 1).tolist(), len(times)]
    for first, end in pairwise(edges):
        steps = _telling(spot[first:end]) + first
        quoted = next(iter(traded.quotes(end - 1)), None)
        yield Minute(
            times[steps],
            spot[steps],
            quoted.last if quoted else np.nan,
            quoted.volume if quoted else np.nan,
            round(surface.volatility_index(0, end - 1), 2),
            book.shown(end - 1),
        )


def _telling(prices: NDArray[np.float64]) -> NDArray[np.intp]:
    """Where the first, lowest, highest and last of ``prices`` stand, in order: all that a bar can tell of them."""
    return np.unique(np.array([0, prices.argmin(), prices.argmax(), len(prices) - 1]))
