"""From the desk's reports to bars: what was seen of one underlying and its chain, minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from math import isfinite, nan

import msgspec
import numpy as np

from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import from_datetime
from sidecar.domain.contracts import Contract
from sidecar.domain.report import Chain, Published
from sidecar.features.bars import BarBuilder, Seen
from sidecar.features.chain import chain_inputs
from sidecar.learning.listing import STALE, Listing, expiry_of, fresh, listing_of
from sidecar.pricing.daycount import years

#: What a round trip costs on a day at a price: a fraction of the price, NaN where no table knows the day.
Cost = Callable[[date, float], float]


class Watching:
    """Makes the bars of one ``symbol``. A bar that had begun before the first report is never told: half of it is lost.

    ``rate`` is continuous per year, for the chain's discounting. ``cost`` is asked once a bar.
    """

    def __init__(
        self,
        symbol: str,
        calendar: Calendar,
        cost: Cost,
        *,
        volatility_index: str,
        rate: float,
        source: str,
        simulated: bool,
    ) -> None:
        self._symbol = symbol
        self._calendar = calendar
        self._cost = cost
        self._volatility_index = volatility_index
        self._rate = rate
        self._builder = BarBuilder(symbol, calendar, source=source, simulated=simulated)
        self._listing = Listing(-1, -1, (), ())
        self._listed: tuple[Contract, ...] = ()
        self._before: tuple[Published, Listing] | None = None
        self._began = 0

    def take(self, published: Published) -> Bar | None:
        """The bar that this report closes, whole; None where it closes none."""
        report, chain = published.report, published.chain
        at = from_datetime(report.timestamp)
        self._began = self._began or at
        if chain.contracts is not self._listed:
            self._listed = chain.contracts
            self._listing = listing_of(chain.contracts, self._symbol, self._volatility_index)
        seen = self._seen(chain, at) if report.session_open else None
        closed = self._builder.close(at) if seen is None else self._builder.take(seen)
        bar = None
        if closed is not None and closed.at >= self._began and self._before is not None:
            bar = self._whole(closed, *self._before)
        self._before = published, self._listing
        return bar

    def _seen(self, chain: Chain, at: int) -> Seen:
        listing = self._listing
        future = listing.future(at)
        row = future[0] if future else -1
        level, volatility, price = self._last(chain, at, listing.level, listing.volatility, row)
        return Seen(at, level, float(chain.volume[row]) if row >= 0 else nan, volatility, price)

    @staticmethod
    def _last(chain: Chain, at: int, *rows: int) -> list[float]:
        """The last prices of some rows, NaN where there is none that is fresh."""
        if not len(chain.at):
            return [nan] * len(rows)
        return [float(price) for price in fresh(chain, chain.last, np.array(rows, dtype=np.intp), at, STALE)]

    def _whole(self, bar: Bar, before: Published, listing: Listing) -> Bar:
        """The bar with what the last report inside it says of the chain, and what a round trip costs."""
        at = from_datetime(before.report.timestamp)
        expiries = [expiry_of(before.chain, one, at) for one in listing.expiries(at)]
        found = chain_inputs(at, bar.close, self._rate, expiries, int(bar.session))
        future = listing.future(at)
        ends = years(at, future[1]) if future and isfinite(bar.future) else nan
        cost = self._cost(self._calendar.local_date(bar.at), bar.close)
        return msgspec.structs.replace(bar, **found, future_t=ends, cost=cost)
