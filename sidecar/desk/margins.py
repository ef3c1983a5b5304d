"""What one unit of each contract adds to a margin at the newest valuation, kept until the next one.

The exchange's ranges follow a volatility that it averages over daily returns, which the desk does not have. The
volatility index stands in for it where it is known; it can only raise the ranges above their floors.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import date
from math import nan
from typing import Any, TypeVar

import numpy as np
from msgspec.structs import replace

from sidecar.domain.contracts import parse_id
from sidecar.domain.errors import NotKnown
from sidecar.domain.margins import PARTS, MarginRules
from sidecar.domain.reference import Reference
from sidecar.domain.report import Chain
from sidecar.pricing.curve import Curve
from sidecar.risk.legs import Legs, legs_of
from sidecar.risk.margin_units import Underlying, Units, joined, units

T = TypeVar("T")

_UNKNOWN = MarginRules(*(nan for _ in PARTS))
_SCALED = ("exposure", "exposure_on_expiry", "exposure_far", "short_option_minimum", "calendar_charge")
_PERCENT = 100.0


class Margins:
    """Units by instrument id. ``scale``: what the broker asks for, as a multiple of the exchange's ranges and rates."""

    def __init__(self, reference: Reference, scale: float) -> None:
        self._reference = reference
        self._scale = scale
        self._rules: dict[tuple[str, date], MarginRules] = {}
        self._chain: Chain | None = None
        self._now = 0
        self._looked_at = -1
        self._day = date.min
        self._rates = Curve.flat(0.0)
        self._volatility = nan
        self._seen: dict[str, None] = {}
        self._asked: dict[str, None] = {}
        self._units: Units | None = None
        self._rows: dict[str, int] = {}
        self._fills = 0
        self._made: dict[Hashable, Any] = {}

    def is_at(self, chain: Chain | None, fills: int, now: int) -> bool:
        """Whether the last look was at this valuation, book and instant."""
        return now == self._looked_at and fills == self._fills and chain is self._chain

    def look(self, chain: Chain | None, fills: int, now: int, day: date, rates: Curve, index: float) -> None:
        """Take in a valuation: its chain, how many fills the book has had, the day whose rules hold, and the volatility
        index, in percent. What was made of an older one, or of an older book, is forgotten.
        """
        self._looked_at = now
        if fills != self._fills or chain is not self._chain or day != self._day:
            self._made.clear()
            self._fills = fills
        if chain is self._chain and day == self._day:
            return
        self._chain, self._now, self._day, self._rates = chain, now, day, rates
        self._volatility = index / _PERCENT
        # What was asked about last time is asked about again: it is valued in one go.
        self._seen, self._asked = self._asked, {}
        self._units = None
        self._rows = {}

    def of(self, symbols: Iterable[str]) -> Units:
        """The units, with rows for at least these contracts; NaN where the chain does not know them."""
        wanted = dict.fromkeys(symbols)
        self._asked |= wanted
        new = {symbol: None for symbol in wanted if symbol not in self._rows}
        if new or self._units is None:
            added = self._valued(tuple(new | self._seen if self._units is None else new))
            self._units = added if self._units is None else joined(self._units, added)
            self._rows = {symbol: row for row, symbol in enumerate(self._units.symbol)}
        return self._units

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` makes of this valuation and book, made once."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    def row(self, symbol: str) -> int:
        """The row of a contract that was asked for."""
        return self._rows[symbol]

    def _valued(self, symbols: tuple[str, ...]) -> Units:
        rows = self._chain.rows if self._chain is not None else {}
        strange = tuple(symbol for symbol in symbols if symbol not in rows)
        if strange:
            unlisted = units(_unknown(strange), self._underlyings(strange))
            known = tuple(symbol for symbol in symbols if symbol in rows)
            return joined(self._valued(known), unlisted) if known else unlisted
        if self._chain is None:
            return units(_unknown(()), {})
        legs = legs_of([(symbol, 1.0) for symbol in symbols], self._chain, self._rates, self._now)
        return units(legs, self._underlyings(symbols))

    def _underlyings(self, symbols: tuple[str, ...]) -> dict[str, Underlying]:
        return {name: self._underlying(name) for name in dict.fromkeys(parse_id(s).underlying for s in symbols)}

    def _underlying(self, name: str) -> Underlying:
        rules = self._rules_of(name)
        row = self._chain.rows.get(name) if self._chain else None
        spot = float(self._chain.mark[row]) if self._chain and row is not None else nan
        prices, volatilities = rules.price_scan(self._volatility), rules.volatility_scan(self._volatility)
        return Underlying(spot, prices * self._scale, volatilities * self._scale, rules)

    def _rules_of(self, name: str) -> MarginRules:
        """The day's rules; all of them unknown where the table does not know, which no beat may stumble over."""
        found = self._rules.get((name, self._day))
        if found is None:
            try:
                rules = self._reference.margins(name, self._day)
            except NotKnown:
                rules = _UNKNOWN
            found = replace(rules, **{part: getattr(rules, part) * self._scale for part in _SCALED})
            self._rules[name, self._day] = found
        return found


def _unknown(symbols: tuple[str, ...]) -> Legs:
    """Legs of which nothing is known but what their ids say."""
    n = len(symbols)
    unknown, no = np.full(n, nan), np.zeros(n, dtype=np.bool_)
    names = tuple(parse_id(symbol).underlying for symbol in symbols)
    return Legs(symbols, names, ~no, no, *(unknown for _ in range(8)))
