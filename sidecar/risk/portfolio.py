"""What a fund's book blocks, and the most it can block whichever of its working orders fill, and however partly.

A pool of contracts that offset each other blocks its requirement (:mod:`sidecar.risk.margin`) and its net premium
(:mod:`sidecar.book.capital`), neither below 0. That is the largest of 36 sums over contracts: one for each of sixteen
scenarios, for the short-option minimum and for nothing, each with the premium and without. Each sum is taken apart by
contract and in each contract is piecewise linear in the units held. So its largest value over every set of fills is
found contract by contract, at the points where a line can bend and at the ends: exact, in time proportional to the
number of contracts. Which points these are is for the caller to say (:mod:`sidecar.desk.money`).

The calendar charge, which is added to all sums but those of nothing, is not such a sum. With working orders it is taken
at the largest deltas that can offset each other, which may be more than any one set of fills makes; without them it is
exact.
"""

from __future__ import annotations

from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from sidecar.risk.legs import Flags, Floats
from sidecar.risk.margin_units import SCENARIOS, Numbers, Units

_NEEDS = SCENARIOS + 2
_SUMS = 2 * _NEEDS
#: The sums that need something, to which the calendar charge is added: all but the last of either half.
_CHARGED = np.arange(_SUMS) % _NEEDS < _NEEDS - 1
#: Rounding allowed when two margins are compared, relative to their size.
_ROUNDING = 1e-9

#: Signed units of a contract and the premium that they hold (paid above 0, received below).
Point = tuple[float, float]


def terms(one: Units, rows: Numbers, quantity: Floats, premium: Floats) -> Floats:
    """What the contracts at ``rows`` add to the 36 sums at each of k points, (m, k, 36); the others are (m, k)."""
    long, short = one.rates
    needs = np.where(quantity[..., None] > 0, long[rows][:, None], short[rows][:, None])
    needs *= np.abs(quantity)[..., None]
    needs[quantity == 0] = 0.0  # what is not held needs nothing, even where its price is unknown
    both = np.empty((*quantity.shape, _SUMS))
    np.add(needs, premium[..., None], out=both[..., :_NEEDS])
    both[..., _NEEDS:] = needs
    return both


def alone(one: Units, row: int, points: ArrayLike) -> Floats:
    """What one contract blocks by itself at each of its ``points``, (k, 2) units and premium: (k,)."""
    at = np.asarray(points, dtype=np.float64)
    most: Floats = terms(one, np.array([row]), at[None, :, 0], at[None, :, 1])[0].max(axis=1)
    return most


class Book:
    """Holdings in m contracts, at ``rows`` of the units, each a contract of its own.

    ``quantity`` and ``premium`` (m, k) are the points to which fills can bring each contract; k is 1 where nothing
    works. A contract that is not held has zeros.
    """

    def __init__(self, one: Units, rows: Numbers, quantity: Floats, premium: Floats) -> None:
        self._one = one
        self._rows = rows
        own = terms(one, rows, quantity, premium)
        deltas = np.where(quantity == 0, 0.0, quantity * one.delta[rows, None])
        self._tops: Floats = own.max(axis=1)
        self._low: Floats = deltas.min(axis=1)
        self._high: Floats = deltas.max(axis=1)
        moves = np.flatnonzero(((quantity != quantity[:, :1]) | (premium != premium[:, :1])).any(axis=1))
        self._ranged = {int(rows[number]): own[number] for number in moves}

    @classmethod
    def _of(cls, one: Units, rows: Numbers, tops: Floats, low: Floats, high: Floats, ranged: dict[int, Floats]) -> Self:
        book = object.__new__(cls)
        book._one, book._rows, book._tops, book._low, book._high, book._ranged = one, rows, tops, low, high, ranged
        return book

    def changed(self, other: Book) -> Book:
        """The book with the contracts of ``other``, made of the same or newer units, held as they are there."""
        return other._after(self.without(other._one, other._rows))

    def _after(self, first: Book) -> Self:
        rows, tops = np.concatenate([first._rows, self._rows]), np.concatenate([first._tops, self._tops])
        low, high = np.concatenate([first._low, self._low]), np.concatenate([first._high, self._high])
        return self._of(self._one, rows, tops, low, high, first._ranged | self._ranged)

    def without(self, one: Units, rows: ArrayLike) -> Self:
        """The book on the same or newer units, with nothing of the contracts at ``rows`` in it."""
        kept = np.ones(len(one.symbol), dtype=np.bool_)
        kept[np.asarray(rows)] = False
        stays = kept[self._rows]
        ranged = {row: own for row, own in self._ranged.items() if kept[row]}
        return self._of(one, self._rows[stays], self._tops[stays], self._low[stays], self._high[stays], ranged)

    def total(self) -> float:
        """The most that the book can block; NaN where a number that it needs is unknown."""
        return float(sum(pool.most for pool in self._pools.values()))

    def each(self) -> Floats:
        """The most that each contract would block by itself, (m,)."""
        most: Floats = self._tops.max(axis=1)
        return most

    def with_(self, row: int, points: ArrayLike) -> Floats:
        """The most that the book can block with one more contract, at each of its ``points``, (k, 2): (k,)."""
        own = int(self._one.pool_number[row])
        rest = sum(pool.most for number, pool in self._pools.items() if number != own)
        most: Floats = rest + self._pool(row).with_(self._one, row, np.asarray(points, dtype=np.float64))
        return most

    def rises(self, row: int, before: Point, after: Point) -> bool:
        """Whether moving one more contract from ``before`` to ``after`` can raise what is blocked, at any set of fills.

        Both holdings are on the same side of zero. True where it cannot be shown that nothing rises.
        """
        pool = self._pool(row)
        if not pool.ranged:
            now, then = pool.with_(self._one, row, np.array([before, after])).tolist()
            return not then <= now + _ROUNDING * abs(now)
        return not pool.falls(self._one, row, before, after)

    def _pool(self, row: int) -> _Sums:
        nothing = np.zeros(int(self._one.expiry.max()) + 1)
        found = self._pools.get(int(self._one.pool_number[row]))
        return found or _Sums(np.zeros(_SUMS), nothing, nothing, nothing > 0, float(self._one.calendar[row]), [])

    @cached_property
    def _pools(self) -> dict[int, _Sums]:
        of = self._one.pool_number[self._rows]
        return {number: self._sums(np.flatnonzero(of == number)) for number in dict.fromkeys(of.tolist())}

    def _sums(self, numbers: Numbers) -> _Sums:
        rows, low, high = self._rows[numbers], self._low[numbers], self._high[numbers]
        width, expiry = int(self._one.expiry.max()) + 1, self._one.expiry[rows]
        held = np.bincount(expiry, (low != 0) | (high != 0), width) > 0
        lows, highs = (np.bincount(expiry, ends, width).astype(np.float64) for ends in (low, high))
        ranged = [self._ranged[row] for row in rows.tolist() if row in self._ranged]
        return _Sums(self._tops[numbers].sum(axis=0), lows, highs, held, float(self._one.calendar[rows[0]]), ranged)


class _Sums:
    """One pool: its 36 sums at their largest; by expiry (e,) the lowest and the highest delta and whether any is held;
    the calendar charge a delta; and the terms of the contracts that fills can move.
    """

    def __init__(self, sums: Floats, low: Floats, high: Floats, held: Flags, rate: float, ranged: list[Floats]) -> None:
        self.sums = sums
        self.low = low
        self.high = high
        self.held = held
        self.rate = rate
        self.ranged = ranged

    @cached_property
    def most(self) -> float:
        """The largest sum, with the calendar charge where something is needed."""
        long, short = np.maximum(self.high, 0.0).sum(), np.maximum(-self.low, 0.0).sum()
        return float(self._most(self.sums, self._charge(long, short, self.held.sum())))

    def with_(self, one: Units, row: int, points: Floats) -> Floats:
        """The same with one more contract in the pool, at each of its points."""
        return self._most(self.sums + _at(one, row, points), self._charges(one, row, points[:, 0]))

    def falls(self, one: Units, row: int, before: Point, after: Point) -> bool:
        """Whether it can be shown that no set of fills makes the move raise anything.

        A sum that grows may not pass the largest one: it must stay below one and the same other sum at every fill.
        """
        old, new = _at(one, row, np.array([before, after]))
        dearer = self._dearer(one, row, before, after)
        (charge,) = self._charges(one, row, np.array([after[0]]))
        most = _ROUNDING * (np.abs(self.sums).max() + np.abs(old).max())
        # A sum that does not grow stays below itself; of the others, how far each can stand above each other sum.
        grows = np.flatnonzero(~(new - old + np.where(_CHARGED, dearer, 0.0) <= most))
        extra = np.where(_CHARGED[grows, None], np.where(_CHARGED, dearer, charge), 0.0)
        excess = self._widest_gaps(grows) + new[grows, None] - old[None, :] + extra
        return bool((excess.min(axis=1) <= most).all())

    def _most(self, sums: Floats, charge: Floats) -> Floats:
        most: Floats = (sums + charge[..., None] * _CHARGED).max(axis=-1)
        return most

    def _charges(self, one: Units, row: int, quantity: Floats) -> Floats:
        """The calendar charge with so many units more of one contract, (k,)."""
        place, delta = int(one.expiry[row]), np.where(quantity == 0, 0.0, quantity * one.delta[row])
        others = np.arange(self.held.size) != place
        long, short = np.maximum(self.high[others], 0.0).sum(), np.maximum(-self.low[others], 0.0).sum()
        long = long + np.maximum(self.high[place] + delta, 0.0)
        short = short + np.maximum(-self.low[place] - delta, 0.0)
        expiries = self.held[others].sum() + (self.held[place] | (quantity != 0))
        return self._charge(long, short, expiries)

    def _charge(self, long: Floats, short: Floats, expiries: Numbers) -> Floats:
        """The calendar charge of deltas that can offset each other; a spread has two expiries."""
        charge: Floats = np.where(expiries > 1, self.rate * np.minimum(long, short), 0.0)
        return charge

    def _widest_gaps(self, rows: Numbers) -> Floats:
        """How far each sum at ``rows`` can stand above each other among the contracts that are there, (a, 36)."""
        points = max(len(own) for own in self.ranged)
        ranged = np.stack([own if len(own) == points else np.resize(own, (points, _SUMS)) for own in self.ranged])
        fixed = self.sums - ranged.max(axis=1).sum(axis=0)
        among: Floats = (ranged[:, :, rows, None] - ranged[:, :, None, :]).max(axis=1).sum(axis=0)
        gap: Floats = among + fixed[rows, None] - fixed[None, :]
        return gap

    def _dearer(self, one: Units, row: int, before: Point, after: Point) -> float:
        """The most that the calendar charge can rise: nothing where the expiry's own delta shrinks at every fill."""
        place, unit = int(one.expiry[row]), float(one.delta[row])
        if not np.delete(self.held, place).any():
            return 0.0
        low, high = self.low[place] + before[0] * unit, self.high[place] + before[0] * unit
        change = (after[0] - before[0]) * unit
        shrinks = low + change >= 0 if change < 0 else high + change <= 0
        return 0.0 if shrinks else float(one.calendar[row]) * abs(change)


def _at(one: Units, row: int, points: Floats) -> Floats:
    """The 36 sums' terms of one contract at each of its points, (k, 36)."""
    own: Floats = terms(one, np.array([row]), points[None, :, 0], points[None, :, 1])[0]
    return own
