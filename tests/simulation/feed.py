"""The seeded market: a path of spot and volatility, quotes made of it, and what goes wrong on the way to the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import exp, inf, nan, sqrt

import msgspec
import numpy as np

from sidecar.domain.clock import DAY, MINUTE, SECOND
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import FeedState, Listed, MarketEvent, Quote, QuoteRefused, Settlement, TradingHalt
from sidecar.pricing.black import price
from sidecar.pricing.daycount import years
from tests.simulation.scene import INDEX, SPOT, VIX, Scene

HOUR = 60 * MINUTE
_YEAR = 365.0 * DAY


class Market:
    """A random walk that is told to the desk. ``faults`` counts what was drawn, by kind."""

    def __init__(self, scene: Scene, faults: Counter[str]) -> None:
        self.spot, self.volatility = SPOT, 0.14
        self.calm = False
        self._scene, self._faults = scene, faults
        self._walk, self._chance = scene.random("walk"), scene.random("feed")
        self._options = [one for one in scene.contracts if one.kind is Kind.OPTION]
        self._strikes = np.array([one.strike for one in self._options])
        self._calls = np.array([one.right is Right.CALL for one in self._options])
        self._future = next((one for one in scene.contracts if one.kind is Kind.FUTURE), None)
        self._at = 0
        self._deaf_until = self._halted_until = 0
        self._settled: set[str] = set()
        self._last: list[Quote] = []

    def listed(self, at: int) -> Listed:
        """What trades; the first thing that a feed says, again after each start."""
        return Listed(at, self._scene.contracts, "simulation", True)

    def news(self, at: int) -> Iterator[MarketEvent]:
        """What the feed tells at ``at``: the walk goes on to it whether or not anybody hears of it."""
        self._go(at)
        yield from self._settlements(at)
        if self._halted_until and (self.calm or at >= self._halted_until):
            self._halted_until = 0
            yield TradingHalt(at, "simulation", False, "trading resumes")
        if not self.calm:
            yield from self._states(at)
        if at < self._deaf_until and not self.calm:
            return
        for quote in self._quotes(at):
            yield from (quote,) if self.calm else self._faulty(quote, at)

    def _go(self, at: int) -> None:
        past = max(at - self._at, 0) / _YEAR if self._at else 0.0
        self._at = at
        self.spot *= exp(self.volatility * sqrt(past) * self._walk.gauss(0.0, 1.0))
        self.volatility = min(
            max(self.volatility * exp(0.8 * sqrt(past * 250) * self._walk.gauss(0.0, 0.3)), 0.06), 1.2
        )
        if self._scene.on("shocks") and not self.calm and self._walk.random() < 0.008:
            self._faults["shock"] += 1
            self.spot *= 1.0 + self._walk.choice((-0.06, -0.03, -0.015, 0.015, 0.03))
            self.volatility *= self._walk.choice((1.3, 2.0, 3.5))

    def _settlements(self, at: int) -> Iterator[Settlement]:
        for contract in self._options:
            name = f"{contract.expiry:%Y%m%d}"
            # The closing value comes a while after the end of trading, and now and then twice.
            if (contract.expires_at or 0) + 2 * MINUTE <= at and name not in self._settled:
                if at - (contract.expires_at or 0) > HOUR or self._chance.random() < 0.5:
                    self._settled.add(name)
                yield Settlement(at, "NIFTY", name, round(self.spot, 2), at)

    def _states(self, at: int) -> Iterator[MarketEvent]:
        chance = self._chance.random
        if self._scene.on("gaps"):
            if at >= self._deaf_until and chance() < 0.02:
                self._faults["dead feed"] += 1
                self._deaf_until = at + int(self._chance.choice((3, 15, 70)) * SECOND)
                if chance() < 0.5:
                    yield FeedState(at, "simulation", False, "connection lost")
            elif chance() < 0.02:
                self._faults["gap"] += 1
                yield FeedState(at, "simulation", True, gap=self._chance.randint(1, 50))
        if self._scene.on("halts") and not self._halted_until and chance() < 0.006:
            self._faults["trading halt"] += 1
            self._halted_until = at + self._chance.choice((1, 60, 900)) * SECOND
            yield TradingHalt(at, "simulation", True, "index circuit")

    def _quotes(self, at: int) -> list[Quote]:
        """One round of quotes; in a few the future or some options do not trade."""
        made = [self._index(INDEX, at, self.spot), self._index(VIX, at, 100.0 * self.volatility)]
        time = np.array([years(at, one.expires_at or 0) for one in self._options])
        value = price(self.spot, self._strikes, np.maximum(time, 1e-9), self.volatility, call=self._calls)
        for contract, middle in zip(self._options, value.tolist(), strict=True):
            if (contract.expires_at or 0) > at and (self.calm or self._chance.random() < 0.9):
                made.append(self._sided(contract, at, middle, 0.001))
        if self._future is not None:
            made.append(self._sided(self._future, at, self.spot + 40.0, 0.00005))
        return made

    def _index(self, contract: Contract, at: int, value: float) -> Quote:
        return Quote(contract.id, at, at, last=round(value, 2))

    def _sided(self, contract: Contract, at: int, middle: float, half: float) -> Quote:
        lots = 40.0 if self.calm else self._chance.choice((1.0, 4.0, 40.0))
        low, high = round(middle * (1 - half) / 0.05) - 1, round(middle * (1 + half) / 0.05) + 1
        bid, ask = (round(low * 0.05, 2) if low > 0 else nan), round(max(high, 1) * 0.05, 2)
        size = lots * contract.lot_size
        return Quote(contract.id, at, at, bid, ask, size, size, ask, 1_000.0 * size, 500.0)

    def _faulty(self, quote: Quote, at: int) -> Iterator[MarketEvent]:
        """The quote, or what became of it."""
        draw = self._chance.random()
        if self._scene.on("ticks") and draw < 0.01:
            self._faults["bad tick"] += 1
            yield self._bad(quote)
        elif self._scene.on("order") and draw > 0.985:
            self._faults["disordered tick"] += 1
            yield from self._disordered(quote, at)
        else:
            yield quote
        if draw < 0.02:
            self._last = [*self._last[-3:], quote]

    def _bad(self, quote: Quote) -> MarketEvent:
        kind = self._chance.randrange(8)
        if kind == 0:
            return QuoteRefused(quote.at, quote.symbol, "not_finite")
        if kind == 1:
            return msgspec.structs.replace(quote, symbol=self._chance.choice(("NIFTY-20260908-1-CE", "??", "")))
        value = self._chance.choice((nan, inf, -inf, -5.0, 0.0))
        if quote.bid != quote.bid:
            return msgspec.structs.replace(quote, last=value if kind < 6 else quote.last * 10.0)
        if kind == 2:
            return msgspec.structs.replace(quote, bid=quote.ask, ask=quote.bid)
        if kind == 3:
            return msgspec.structs.replace(quote, bid=quote.bid * 10.0, ask=quote.ask * 10.0, last=quote.last * 10.0)
        field = self._chance.choice(("bid", "ask", "last", "bid_size", "volume"))
        return msgspec.structs.replace(quote, **{field: value})

    def _disordered(self, quote: Quote, at: int) -> Iterator[MarketEvent]:
        kind = self._chance.randrange(4)
        if kind == 0:
            yield quote
            yield quote
        elif kind == 1 and self._last:
            yield quote
            yield self._chance.choice(self._last)
        else:
            wrong = at + self._chance.choice((-HOUR, HOUR, -SECOND, 30 * SECOND))
            yield msgspec.structs.replace(quote, at=wrong)
