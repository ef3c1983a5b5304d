"""The simulator's futures: one a month and underlying, at the surface's own carry, a tick or two wide.

Like the options' book everything is a function of the second, so that a market that resumes has nothing to remember.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.events import Quote
from sidecar.domain.monthly import monthly
from sidecar.domain.reference import Reference
from sidecar.pricing.daycount import years
from sidecar.venues.sim_path import profile
from sidecar.venues.sim_surface import RATE, Surface

#: Lots traded in a session, and open at its end.
_TURNOVER = 90_000
_INTEREST = 150_000


def futures(reference: Reference, underlyings: Sequence[str], day: date) -> tuple[Contract, ...]:
    """The futures that trade on ``day``: the current month's of each underlying."""
    made = []
    for name in underlyings:
        expiry = monthly(reference, name, day)
        if expiry is not None:
            made.append(
                Contract(
                    name,
                    Kind.FUTURE,
                    expiry,
                    expires_at=reference.expiry_close(name, expiry),
                    lot_size=reference.lot_size(name, expiry, day),
                    tick_size=reference.tick_size(name, day),
                    freeze_quantity=reference.freeze_quantity(name, day),
                )
            )
    return tuple(made)


class FuturesBook:
    """One day's futures over the day's surface; each is quoted once a second."""

    def __init__(
        self, contracts: Sequence[Contract], underlyings: Sequence[str], surface: Surface, *, seed: int, day: date
    ) -> None:
        self._contracts = [(contract, contract.id, underlyings.index(contract.underlying)) for contract in contracts]
        self._surface = surface
        self._seed = (seed, day.toordinal())

    def quotes(self, step: int) -> Iterator[Quote]:
        """The futures' quotes of one second."""
        surface = self._surface
        at = int(surface.times[step])
        elapsed = float(surface.elapsed[step])
        rng = np.random.default_rng([*self._seed, step, len(self._contracts), 77])
        for contract, symbol, place in self._contracts:
            carry = RATE - profile(contract.underlying).dividend
            left = float(years(at, contract.expires_at or at))
            fair = float(surface.spot[place, step]) * float(np.exp(carry * left))
            tick, lot = float(contract.tick_size), contract.lot_size
            bid = np.floor(fair / tick - 0.5 - rng.integers(0, 3))
            ask = np.ceil(fair / tick + 0.5 + rng.integers(0, 3))
            last = bid if rng.random() < 0.5 else ask
            sizes = np.ceil(rng.exponential(12.0, 2)) * lot
            prices = [round(float(value) * tick, 2) for value in (bid, ask, last)]
            yield Quote(
                symbol,
                at,
                at,
                prices[0],
                prices[1],
                float(sizes[0]),
                float(sizes[1]),
                prices[2],
                float(int(_TURNOVER * elapsed) * lot),
                float(_INTEREST * lot),
            )
