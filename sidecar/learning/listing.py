"""Where one underlying stands in the desk's chain: its index, its futures, and the options of each expiry by strike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.features.chain import Expiry

#: A quote older than this (microseconds) is unknown; open interest, which exchanges tell rarely, later.
STALE = MINUTE
STALE_INTEREST = 5 * MINUTE

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


class Quotes(Protocol):
    """The newest quote of each contract, one entry a row: the desk's ``Chain``, or whatever else knows them."""

    @property
    def at(self) -> NDArray[np.int64]: ...
    @property
    def bid(self) -> Floats: ...
    @property
    def ask(self) -> Floats: ...
    @property
    def last(self) -> Floats: ...
    @property
    def volume(self) -> Floats: ...
    @property
    def open_interest(self) -> Floats: ...


class Options(NamedTuple):
    """The options of one expiry: rows of the chain by ascending strike, −1 where a right is not listed."""

    expiry: int
    expires_at: int
    strike: Floats
    calls: Rows
    puts: Rows
    tick: float


class Listing(NamedTuple):
    """The rows of one underlying: its index as ``level``, the volatility index, and what trades, by the end of its
    trading. −1 is not listed.
    """

    level: int
    volatility: int
    futures: tuple[tuple[int, int], ...]
    options: tuple[Options, ...]

    def future(self, at: int) -> tuple[int, int] | None:
        """(row, expires at) of the nearest future that still trades at ``at``; None without one."""
        return next(((row, ends) for row, ends in self.futures if ends > at), None)

    def expiries(self, at: int) -> tuple[Options, ...]:
        """The two nearest expiries that still trade at ``at``."""
        return tuple(one for one in self.options if one.expires_at > at)[:2]


def listing_of(contracts: Sequence[Contract], symbol: str, volatility_index: str) -> Listing:
    """The listing of ``symbol`` among ``contracts``, whose places are the chain's rows."""
    mine = [(row, one) for row, one in enumerate(contracts) if one.underlying == symbol]
    futures = [(row, one.expires_at or 0) for row, one in mine if one.kind is Kind.FUTURE]
    ends = sorted({(one.expires_at or 0, str(one.expiry)) for _, one in mine if one.kind is Kind.OPTION})
    return Listing(
        next((row for row, one in mine if one.kind is Kind.INDEX), -1),
        next((row for row, one in enumerate(contracts) if one.underlying == volatility_index), -1),
        tuple(sorted(futures, key=lambda found: found[1])),
        tuple(_options([(row, one) for row, one in mine if str(one.expiry) == day and one.right]) for _, day in ends),
    )


def _options(found: Sequence[tuple[int, Contract]]) -> Options:
    first = found[0][1]
    strikes = sorted({one.strike or 0.0 for _, one in found})
    rows = {(one.strike, one.right): row for row, one in found}
    return Options(
        int(f"{first.expiry:%Y%m%d}"),
        first.expires_at or 0,
        np.array(strikes),
        np.array([rows.get((strike, Right.CALL), -1) for strike in strikes], dtype=np.intp),
        np.array([rows.get((strike, Right.PUT), -1) for strike in strikes], dtype=np.intp),
        float(first.tick_size),
    )


def expiry_of(chain: Quotes, options: Options, at: int) -> Expiry:
    """What was known of one expiry's options at ``at``: what is too old by then, or never came, is NaN."""

    def told(column: Floats, limit: int = STALE) -> tuple[Floats, Floats]:
        return fresh(chain, column, options.calls, at, limit), fresh(chain, column, options.puts, at, limit)

    (call_bid, put_bid), (call_ask, put_ask), (call_last, put_last) = map(told, (chain.bid, chain.ask, chain.last))
    call_oi, put_oi = told(chain.open_interest, STALE_INTEREST)
    call_volume, put_volume = told(chain.volume, STALE_INTEREST)
    return Expiry(
        options.expiry, options.expires_at, options.strike, call_bid, call_ask, call_last, put_bid, put_ask, put_last,
        call_oi, put_oi, call_volume, put_volume, options.tick,
    )  # fmt: skip


def fresh(chain: Quotes, column: Floats, rows: Rows, at: int, limit: int) -> Floats:
    """``column`` at ``rows``, NaN where there is no row or its quote is more than ``limit`` microseconds old at ``at``.

    A quote dated after ``at`` is a feed's clock that runs ahead: its age is 0.
    """
    known = (rows >= 0) & (chain.at[rows] > 0) & (at - chain.at[rows] <= limit)
    return np.where(known, column[rows], np.nan)
