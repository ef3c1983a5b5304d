"""The past that an empty desk learns from: bars of the simulator's earlier days, built exactly as live ones are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
from msgspec.structs import replace

from sidecar.domain.bars import Bar
from sidecar.domain.clock import MINUTE
from sidecar.domain.reference import Reference
from sidecar.features.bars import BarBuilder, Seen
from sidecar.features.chain import Expiry, chain_inputs
from sidecar.learning.job import SimulatedPast
from sidecar.learning.listing import Options, listing_of
from sidecar.pricing.daycount import years
from sidecar.tariff import round_trip
from sidecar.venues.sim_book import Shown
from sidecar.venues.sim_past import PastDay, past
from sidecar.venues.simulated import VOLATILITY_INDEX, SimulatedMarket

#: Who saw these bars.
SOURCE = "history"


def simulated_bars(
    wanted: SimulatedPast, reference: Reference, told: Callable[[int, int], None] = lambda _, __: None
) -> Iterator[Bar]:
    """The bars of a simulated past, oldest first; ``told`` how many days of how many are done.

    They end where the simulated market begins. The same arguments give the same bars.
    """
    calendar = reference.calendar(wanted.exchange)
    market = SimulatedMarket(
        reference,
        calendar,
        seed=wanted.seed,
        start=date.fromisoformat(wanted.start),
        underlyings=(wanted.underlying,),
        strikes_each_side=wanted.strikes_each_side,
        expiries=wanted.expiries,
    )
    days = past(reference, calendar, market, seed=wanted.seed, sessions=wanted.sessions, underlying=wanted.underlying)
    builder = BarBuilder(wanted.underlying, calendar, source=SOURCE, simulated=True)
    for number, day in enumerate(days, 1):
        yield from _bars_of(day, builder, wanted, reference)
        told(number, wanted.sessions)


def _bars_of(day: PastDay, builder: BarBuilder, wanted: SimulatedPast, reference: Reference) -> Iterator[Bar]:
    listing = listing_of(day.options, wanted.underlying, VOLATILITY_INDEX)
    for minute in day.minutes:
        for at, price in zip(minute.at.tolist(), minute.price.tolist(), strict=True):
            builder.take(Seen(at, price, minute.volume, minute.vix, minute.future))
        at, spot = int(minute.at[-1]), float(minute.price[-1])
        bar = builder.close(_end(day, at))
        if bar is not None:
            expiries = [_expiry(options, minute.chain) for options in listing.expiries(at)]
            inputs = chain_inputs(at, spot, wanted.rate, expiries, int(bar.session))
            yield replace(bar, **inputs, **_traded(day, bar, at, reference, wanted.underlying))


def _expiry(options: Options, chain: Shown) -> Expiry:
    """One expiry's options; of the last trades nothing, for no feature looks at them where there are quotes."""
    bid, ask, volume, interest = (np.append(values, np.nan) for values in chain)  # -1, not listed, finds the NaN
    calls, puts, unknown = options.calls, options.puts, np.full(len(options.strike), np.nan)
    return Expiry(
        options.expiry,
        options.expires_at,
        options.strike,
        *(bid[calls], ask[calls], unknown),
        *(bid[puts], ask[puts], unknown),
        *(interest[calls], interest[puts]),
        *(volume[calls], volume[puts]),
        options.tick,
    )


def _end(day: PastDay, at: int) -> int:
    """The end of the minute that ``at`` lies in, or of trading."""
    ends = next(closes for opens, closes in day.session.intervals if opens <= at < closes)
    return min(at // MINUTE * MINUTE + MINUTE, ends)


def _traded(day: PastDay, bar: Bar, at: int, reference: Reference, underlying: str) -> dict[str, float]:
    """What a round trip costs, and the future's time to expiry as it stood with the last quotes of the bar."""
    found = {"cost": round_trip(reference, underlying, day.session.date, bar.close)}
    if day.future is not None and day.future.expires_at is not None:
        found["future_t"] = float(years(at, day.future.expires_at))
    return found
