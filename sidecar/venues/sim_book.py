"""The simulator's order book: spreads, sizes, trades and open interest round the model's prices.

Everything but the last traded price is a function of the second alone, and the last price a function of the second of
the last trade. So a market that resumes in the middle of a day has nothing to remember.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import nan
from typing import NamedTuple
from zlib import crc32

import numpy as np

from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract
from sidecar.domain.events import Quote
from sidecar.venues.sim_path import Floats, Integers
from sidecar.venues.sim_surface import Surface, Values

REFRESH_S = 3  # an idle contract is quoted again after so many seconds
OPENING_S = 300.0  # how fast the spreads of the open close
GOLDEN = 0.6180339887498949
WHOLE = 1_000_000_000  # the session's activity in whole parts, so that a count of lots is exact integer arithmetic


class Ticks(NamedTuple):
    """Best prices in whole ticks; 0 where nobody bids."""

    bid: Integers
    ask: Integers


class Shown(NamedTuple):
    """What a screen shows at a second, one entry a contract: best prices (NaN where nobody bids), units traded since
    the open, and open interest in units.
    """

    bid: Floats
    ask: Floats
    volume: Floats
    open_interest: Floats


class _Look(NamedTuple):
    """What is seen at one look: part ``part`` of ``rounds`` of the second ``step``."""

    step: int
    part: int
    rounds: int
    ticks: Ticks
    distance: Floats
    lots: Integers
    last: Integers


class Book:
    """One day's book over the listed options, one entry a row."""

    def __init__(self, options: Sequence[Contract], surface: Surface, *, seed: int, day: date) -> None:
        self.surface = surface
        self._seed = (seed, day.toordinal())
        self._symbols = [option.id for option in options]
        self._tick = np.array([float(option.tick_size) for option in options])
        self._lot = np.array([option.lot_size for option in options], dtype=np.float64)
        self._character = self._chance("character")
        first = surface.values(0)
        nearest = {name: min(o.expires_at or 0 for o in options if o.underlying == name) for name in _names(options)}
        rank = np.array([(o.expires_at or 0) - nearest[o.underlying] for o in options]) / (7 * 86_400 * SECOND)
        appeal = np.exp(-0.5 * first.distance**2) * np.exp(-rank)
        self._turnover = (60_000 * appeal * (0.6 + 0.8 * self._character)).astype(np.int64) + 3
        self._passed = np.floor(surface.elapsed * WHOLE).astype(np.int64)
        round_strike = np.where(surface.strike % 500 == 0, 3.0, np.where(surface.strike % 100 == 0, 1.4, 1.0))
        interest = np.exp(-0.35 * first.distance) * np.exp(-0.3 * rank) * round_strike
        self._interest = np.floor(30_000 * interest * (0.4 + 1.2 * self._chance("interest"))) + 10.0
        self._drift = 0.3 * (self._chance("drift") - 0.4)

    def ticks(self, step: int | Integers, onward: float = 0.0) -> tuple[Ticks, Values]:
        """Best bid and ask in ticks, and the values behind them. Bid is below ask always.

        The half spread grows with the distance from the money, with volatility and near the open; never below half a
        tick, which the rounding outward to whole ticks widens.
        """
        values = self.surface.values(step, onward)
        nervous = np.sqrt(self.surface.variance[self.surface.owner, step] / self.surface.long_run)
        opening = 1.0 + 2.0 * np.exp(-np.asarray(step) / OPENING_S)
        share = (0.0004 + 0.0012 * np.minimum(values.distance, 8.0)) * nervous * opening * (0.7 + 0.6 * self._character)
        half = np.maximum(0.5 * self._tick, share * values.price)
        bid = np.floor((values.price - half) / self._tick)
        ask = np.maximum(np.ceil((values.price + half) / self._tick), 1.0)
        return Ticks(np.maximum(bid, 0.0).astype(np.int64), ask.astype(np.int64)), values

    def lots_traded(self, step: int) -> Integers:
        """Lots traded since the open: never falls within the day."""
        return np.asarray(self._turnover * self._passed[step] // WHOLE)

    def last_before(self, step: int) -> Integers:
        """Price in ticks of each contract's last trade up to ``step``; 0 where none traded today."""
        lots = self.lots_traded(step)
        second_of_trade = np.searchsorted(self._passed, -(-lots * WHOLE // self._turnover))
        return np.where(lots > 0, self._traded_at(self.ticks(second_of_trade)[0], lots), 0)

    def shown(self, step: int) -> Shown:
        """All contracts at a second, as their newest quotes have them, but for the last trades."""
        bid, ask = self.ticks(step)[0]
        bids = np.where(bid > 0, np.round(bid * self._tick, 2), nan)
        asks = np.round(ask * self._tick, 2)
        return Shown(bids, asks, self.lots_traded(step) * self._lot, self._open_interest(step))

    def quotes(self, start: int, *, rounds: int = 1, stride: int = 1) -> Iterator[tuple[int, list[Quote]]]:
        """Of each second from ``start`` on: its number, and the quotes of the options in the order of their time.

        A contract is quoted when its bid or ask moved, and at the latest after REFRESH_S seconds. There are ``rounds``
        looks a second; with ``stride`` above 1 each contract is quoted in its turn instead, once in ``stride`` seconds.
        """
        row = np.arange(len(self._symbols))
        before = max(start - 1, 0)
        held = self.ticks(before, (rounds - 1) / rounds if start else 0.0)[0]
        lots, last = self.lots_traded(before), self.last_before(before)
        for step in range(start, len(self.surface.times)):
            found: list[Quote] = []
            for part in range(rounds):
                ticks, values = self.ticks(step, part / rounds)
                if part == 0:
                    traded = self.lots_traded(step)
                    last = np.where(traded > lots, self._traded_at(ticks, traded), last)
                    lots = traded
                wanted = (
                    (ticks.bid != held.bid) | (ticks.ask != held.ask) if stride == 1 else np.zeros_like(row, np.bool_)
                )
                if part == 0:
                    wanted |= ((step + row) % (REFRESH_S if stride == 1 else stride) == 0) | (step == 0)
                found += self._quotes(
                    np.flatnonzero(wanted), _Look(step, part, rounds, ticks, values.distance, lots, last)
                )
                held = ticks
            yield step, found

    def _quotes(self, rows: Integers, look: _Look) -> list[Quote]:
        rng = np.random.default_rng([*self._seed, look.step, look.part])
        depth = (4.0 + 40.0 * np.exp(-0.5 * look.distance)) * rng.exponential(1.0, (2, len(look.distance)))
        sizes = (np.ceil(depth) * self._lot)[:, rows]
        bid, ask, last = (np.round(prices[rows] * self._tick[rows], 2) for prices in (*look.ticks, look.last))
        nobody, untraded = bid == 0.0, last == 0.0
        sizes[0, nobody] = 0.0
        bid[nobody] = nan
        last[untraded] = nan
        spacing = SECOND // look.rounds
        began = int(self.surface.times[look.step]) + look.part * spacing
        columns = (
            began + (rows + 1) * spacing // (len(self._symbols) + 2),
            bid,
            ask,
            sizes[0],
            sizes[1],
            last,
            look.lots[rows] * self._lot[rows],
            self._open_interest(look.step)[rows],
        )
        symbols = self._symbols
        return [
            Quote(symbols[row], at, at, *numbers)
            for row, at, *numbers in zip(rows.tolist(), *(column.tolist() for column in columns), strict=True)
        ]

    def _open_interest(self, step: int) -> Floats:
        return np.asarray(np.floor(self._interest * (1.0 + self._drift * self.surface.elapsed[step])) * self._lot)

    def _traded_at(self, ticks: Ticks, lots: Integers) -> Integers:
        """Each trade hits the bid or lifts the ask, as its number decides; where nobody bids it lifts the ask."""
        hits = (self._character + lots * GOLDEN) % 1.0 < 0.5
        return np.where(hits & (ticks.bid > 0), ticks.bid, ticks.ask)

    def _chance(self, what: str) -> Floats:
        """A number in [0, 1) for each contract that belongs to it for the life of the seed."""
        return np.array([crc32(f"{what}|{self._seed[0]}|{symbol}".encode()) for symbol in self._symbols]) / 2.0**32


def _names(options: Sequence[Contract]) -> list[str]:
    return sorted({option.underlying for option in options})
