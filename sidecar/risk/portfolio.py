"""What a fund's book blocks, and the most it can block whichever of its working orders fill, and however partly.

A pool of contracts that offset each other blocks its requirement (:mod:`sidecar.risk.margin`) and its net premium
(:mod:`sidecar.book.capital`), neither below 0. That is the largest of 36 sums over contracts: one for each of sixteen
scenarios, for the short-option minimum and for nothing, each with the premium and without. Each sum is taken apart by
contract and in each contract is piecewise linear in the units held, with kinks at zero and at what is held now. So its
largest value over every set of fills is found contract by contract, at the lowest, the present and the highest holding:
exact, in time proportional to the number of contracts.

The calendar charge, which is added to all sums but those of nothing, is not such a sum. With working orders it is taken
at the largest deltas that can offset each other, which may be more than any one set of fills makes; without them it is
exact.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from sidecar.risk.legs import Floats
from sidecar.risk.margin import Rows
from sidecar.risk.margin_units import SCENARIOS, Units

_NEEDS = SCENARIOS + 2
_SUMS = 2 * _NEEDS
#: The sums that need something, to which the calendar charge is added: all but the last of either half.
_CHARGED = np.arange(_SUMS) % _NEEDS < _NEEDS - 1
#: Rounding allowed when two margins are compared, relative to their size.
_ROUNDING = 1e-9

#: Signed units of a contract and the premium that they hold (paid above 0, received below).
Point = tuple[float, float]
Pool = tuple[str, bool]


class Book:
    """Holdings in m contracts, at ``rows`` of the units, each a contract of its own.

    ``quantity`` and ``premium`` (m, k) are the points between which fills can move each contract; k is 1 where nothing
    works. A contract that is not held has zeros.
    """

    def __init__(self, one: Units, rows: Rows, quantity: Floats, premium: Floats) -> None:
        self._one = one
        self._rows = rows
        terms = _terms(one, rows, quantity, premium)
        deltas = np.where(quantity == 0, 0.0, quantity * one.delta[rows, None])
        self._tops: Floats = terms.max(axis=1)
        self._low: Floats = deltas.min(axis=1)
        self._high: Floats = deltas.max(axis=1)
        moves = np.flatnonzero((quantity != quantity[:, :1]).any(axis=1))
        self._ranged = {int(rows[number]): terms[number] for number in moves}

    def changed(self, other: Book) -> Book:
        """The book with the contracts of ``other``, made of the same or newer units, held as they are there."""
        theirs = set(other._rows.tolist())
        kept = [number for number, row in enumerate(self._rows.tolist()) if row not in theirs]
        both = object.__new__(Book)
        both._one = other._one
        both._rows = np.concatenate([self._rows[kept], other._rows])
        both._tops = np.concatenate([self._tops[kept], other._tops])
        both._low = np.concatenate([self._low[kept], other._low])
        both._high = np.concatenate([self._high[kept], other._high])
        both._ranged = {row: terms for row, terms in self._ranged.items() if row not in theirs} | other._ranged
        return both

    def total(self) -> float:
        """The most that the book can block; NaN where a number that it needs is unknown."""
        return float(sum(pool.blocked for pool in self._pools.values()))

    def each(self) -> Floats:
        """The most that each contract would block by itself, (m,)."""
        most: Floats = self._tops.max(axis=1)
        return most

    def with_(self, row: int, point: Point) -> float:
        """The most that the book can block with one more contract, of which it holds ``point``."""
        own = self._one.pool[row]
        rest = sum(pool.blocked for key, pool in self._pools.items() if key != own)
        return float(rest + self._pool(row).and_(self._one, row, point).blocked)

    def rises(self, row: int, before: Point, after: Point) -> bool:
        """Whether moving one more contract from ``before`` to ``after`` can raise what is blocked, at any set of fills.

        Both holdings are on the same side of zero. True where it cannot be shown that nothing rises.
        """
        pool = self._pool(row)
        if not pool.ranged:
            now, then = pool.and_(self._one, row, before).blocked, pool.and_(self._one, row, after).blocked
            return not then <= now + _ROUNDING * abs(now)
        return not pool.falls(self._one, row, before, after)

    def _pool(self, row: int) -> _Sums:
        return self._pools.get(self._one.pool[row]) or _Sums(np.zeros(_SUMS), {}, 0.0, [])

    @cached_property
    def _pools(self) -> dict[Pool, _Sums]:
        members: dict[Pool, list[int]] = {}
        for number, row in enumerate(self._rows.tolist()):
            members.setdefault(self._one.pool[row], []).append(number)
        return {pool: self._sums(np.array(numbers)) for pool, numbers in members.items()}

    def _sums(self, numbers: Rows) -> _Sums:
        rows, low, high = self._rows[numbers], self._low[numbers], self._high[numbers]
        held = np.flatnonzero((low != 0) | (high != 0))
        months, place = np.unique(self._one.month[rows[held]], return_inverse=True)
        lows = np.bincount(place, low[held], months.size).tolist()
        highs = np.bincount(place, high[held], months.size).tolist()
        spread = dict(zip(months.tolist(), zip(lows, highs, strict=True), strict=True))
        ranged = [self._ranged[row] for row in rows.tolist() if row in self._ranged]
        return _Sums(self._tops[numbers].sum(axis=0), spread, float(self._one.calendar[rows[0]]), ranged)


class _Sums:
    """One pool: its 36 sums at their largest; by expiry the lowest and the highest delta; the calendar charge a delta;
    and the terms of the contracts that fills can move.
    """

    def __init__(self, sums: Floats, months: dict[int, tuple[float, float]], rate: float, ranged: list[Floats]) -> None:
        self.sums = sums
        self.months = months
        self.rate = rate
        self.ranged = ranged

    def and_(self, one: Units, row: int, point: Point) -> _Sums:
        """The pool with one more contract in it."""
        months = dict(self.months)
        if point[0]:
            delta, month = point[0] * float(one.delta[row]), int(one.month[row])
            low, high = months.get(month, (0.0, 0.0))
            months[month] = (low + delta, high + delta)
        return _Sums(self.sums + _at(one, row, point)[0], months, float(one.calendar[row]), self.ranged)

    @cached_property
    def blocked(self) -> float:
        """The largest sum, with the calendar charge where something is needed."""
        return float((self.sums + np.where(_CHARGED, self.charge, 0.0)).max())

    @cached_property
    def charge(self) -> float:
        """The calendar charge, at the largest deltas that can offset each other."""
        # A spread has two expiries.
        if len(self.months) <= 1:
            return 0.0
        ends = np.array(list(self.months.values()))
        long, short = np.maximum(ends[:, 1], 0.0).sum(), np.maximum(-ends[:, 0], 0.0).sum()
        return float(self.rate * np.minimum(long, short))

    def falls(self, one: Units, row: int, before: Point, after: Point) -> bool:
        """Whether it can be shown that no set of fills makes the move raise anything.

        A sum that grows may not pass the largest one: it must stay below one and the same other sum at every fill.
        """
        old, new = _at(one, row, before)[0], _at(one, row, after)[0]
        gap = self._widest_gaps()  # [a, b]: how far sum a can stand above sum b among the other contracts
        dearer = self._dearer(one, row, before, after)
        charge = self.and_(one, row, after).charge
        extra = np.where(_CHARGED[:, None], np.where(_CHARGED, dearer, charge), 0.0)
        excess = (gap + new[:, None] - old[None, :] + extra).min(axis=1)
        return bool((excess <= _ROUNDING * (np.abs(self.sums).max() + np.abs(old).max())).all())

    def _widest_gaps(self) -> Floats:
        fixed = self.sums - sum(terms.max(axis=0) for terms in self.ranged)
        gap: Floats = fixed[:, None] - fixed[None, :]
        for terms in self.ranged:
            gap = gap + (terms[:, :, None] - terms[:, None, :]).max(axis=0)
        return gap

    def _dearer(self, one: Units, row: int, before: Point, after: Point) -> float:
        """The most that the calendar charge can rise: nothing where the expiry's own delta shrinks at every fill."""
        month, unit = int(one.month[row]), float(one.delta[row])
        if not set(self.months) - {month}:
            return 0.0
        low, high = self.months.get(month, (0.0, 0.0))
        low, high = low + before[0] * unit, high + before[0] * unit
        change = (after[0] - before[0]) * unit
        shrinks = low + change >= 0 if change < 0 else high + change <= 0
        return 0.0 if shrinks else float(one.calendar[row]) * abs(change)


def _at(one: Units, row: int, point: Point) -> Floats:
    """The 36 sums' terms of one contract at one point, (1, 36)."""
    terms: Floats = _terms(one, np.array([row]), np.array([[point[0]]]), np.array([[point[1]]]))[0]
    return terms


def _terms(one: Units, rows: Rows, quantity: Floats, premium: Floats) -> Floats:
    """The 36 sums' terms of each contract at each point, (m, k, 36)."""
    short, long = np.maximum(-quantity, 0.0), np.maximum(quantity, 0.0)
    base = short * one.short[rows, None] + long * one.long[rows, None] - quantity * one.value[rows, None]
    needs = np.zeros((*quantity.shape, _NEEDS))
    needs[..., :SCENARIOS] = quantity[..., None] * one.losses[rows][:, None, :] + base[..., None]
    needs[..., SCENARIOS] = short * one.minimum[rows, None] + base
    needs[quantity == 0] = 0.0  # what is not held needs nothing, even where its price is unknown
    both: Floats = np.concatenate([needs + premium[..., None], needs], axis=-1)
    return both
