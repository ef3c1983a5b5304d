"""Why the P&L of a day is what it is: time, spot, volatility, their curvatures, trades, fees, and what is left.

The day is cut into short intervals. What a leg held all through one is explained by its Greeks at the interval's start,
a Taylor series to second order (J. Hull, "Options, Futures, and Other Derivatives", the chapter on the Greek letters):

    theta dt + delta dS + 1/2 gamma dS² + vega dv + vanna dS dv + 1/2 volga dv²

What was bought or sold within it is explained by its own price. ``unexplained`` is never computed from these: it is the
P&L of the books less all the others, so the parts always sum to the P&L, and a wrong number shows there.

Arrays have one entry a leg, (n,), or one row a part, (8, n). Amounts are in account currency. An unknown number is NaN.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.domain.analytics import ExplainLine

Floats = NDArray[np.float64]
Paise = NDArray[np.int64]

#: The Greeks that explain what is held, by row.
GREEKS = ("theta", "delta", "gamma", "vega", "vanna", "volga")
#: The parts of a P&L, by row; ``unexplained`` is what they leave.
PARTS = (*GREEKS, "trades", "fees")
#: The parts of second order.
_SECOND = [GREEKS.index(name) for name in ("gamma", "vanna", "volga")]
#: A residual this many times the leg's bid-ask spread is no bounce of its mark and of the quotes its Greeks come from.
_SPREADS = 2.0
#: A series may err by so many times its last terms.
_TERMS = 2.0
#: A residual within this share of what moved the leg is how well a model explains a market.
_SHARE = 0.10


class Held(NamedTuple):
    """Signed units of n legs over an interval: at its start, all through it, at its end, and what its fills paid.

    ``paid`` is the signed sum of quantity x price of the fills, ``fees`` their fees, not negative.
    """

    before: Floats
    kept: Floats
    after: Floats
    paid: Floats
    fees: Floats


def kept(before: int, so_far: int, now: int) -> int:
    """The units held since the interval's start, after a fill has made the position ``now``.

    ``so_far`` is what it was before the fill. Sold 75 of 150 and bought 75 again: 75 were held all through.
    """
    return max(0, min(so_far, now)) if before > 0 else min(0, max(so_far, now))


def carried_spot(spot: Floats, forward: Floats, years: Floats, end_forward: Floats, end_years: Floats) -> Floats:
    """The spot that ``end_forward`` stands for at the carry that the interval began with: F1 (S0/F0) ** (T1/T0).

    Options follow their forward, not the index, and a delta is per point of the spot: a basis that moves is a move of
    the spot to them. An expired leg (``years`` 0) has no forward: its spot does not move.
    """
    with np.errstate(all="ignore"):
        moved = end_forward * (spot / forward) ** (end_years / years)
    return np.where(years > 0.0, moved, spot)


def greek_parts(held: Floats, greeks: Floats, days: Floats, spot_move: Floats, points: Floats) -> Floats:
    """What the Greeks explain of ``held`` units, (6, n), rows as :data:`GREEKS`; NaN where a factor is unknown.

    ``greeks`` (6, n) are a unit's at the interval's start: theta a calendar day, delta and gamma a point of the spot,
    vega, vanna and volga a volatility point. ``days``, ``spot_move`` (points) and ``points`` (of volatility, 0.01) are
    what happened. A Greek of zero, or nothing held, explains zero whatever happened.

    100 units of delta 0.5 and gamma 0.002 over a move of 10 points: 500 and 10.
    """
    factors = np.empty_like(greeks)
    factors[0] = days
    factors[1] = spot_move
    factors[2] = 0.5 * spot_move * spot_move
    factors[3] = points
    factors[4] = spot_move * points
    factors[5] = 0.5 * points * points
    return np.where((greeks == 0.0) | (held == 0.0), 0.0, greeks * factors * held)


def traded(held: Held, start_mark: Floats, end_mark: Floats) -> Floats:
    """What an interval's fills earned before fees, (n,): each unit against the mark it did not have.

    Units bought or sold and still held: from the fill to the end mark. Units given up: from the start mark to the fill.
    Units that came and went: from fill to fill. A mark that no unit needs may be unknown.

    Bought 75 at 100, marked 102 at the end: 150. Sold 75 at 103 that were marked 100 at the start: 225.
    """
    came, went = held.after - held.kept, held.before - held.kept
    ends = np.where(came == 0.0, 0.0, came * end_mark)
    begins = np.where(went == 0.0, 0.0, went * start_mark)
    earned: Floats = ends - begins - held.paid
    return earned


def interval(
    held: Held,
    greeks: Floats,
    days: Floats,
    spot_move: Floats,
    points: Floats,
    start_mark: Floats,
    end_mark: Floats,
) -> tuple[Floats, NDArray[np.bool_]]:
    """One interval's parts, (8, n), rows as :data:`PARTS`, and which legs they are known for, (n,).

    Arguments as in :func:`greek_parts` and :func:`traded`. Where anything that a leg needs is unknown, only its fees
    count: the rest of the interval's P&L is left unexplained.
    """
    parts = np.empty((len(PARTS), held.before.size))
    parts[:6] = greek_parts(held.kept, greeks, days, spot_move, points)
    parts[6] = traded(held, start_mark, end_mark)
    parts[7] = np.where(held.kept == 0.0, 0.0, start_mark + end_mark)  # of no matter but whether it is known
    known = np.isfinite(parts.sum(axis=0))
    if not known.all():
        parts[:, ~known] = 0.0
    parts[7] = -held.fees
    return parts, known


def residual(parts: Floats, total: Floats) -> Floats:
    """What the parts leave of the P&L, (n,); NaN where that is unknown."""
    left: Floats = total - parts.sum(axis=0)
    return left


def to_the_paisa(parts: Floats, total: Floats) -> Paise:
    """Whole paise (1/100 of the currency), (10, n): the parts, unexplained, total; the first nine rows sum to the last.

    A row is rounded so that every run of neighbouring legs sums to the rounded sum within a paisa: a table of them adds
    up down as it adds up across, and the first line of it to the last. ``unexplained`` takes what the rounding of the
    parts leaves. An unknown total counts as what its parts explain; it is for the caller to show it as unknown.
    """
    sums = np.empty((len(PARTS) + 2, total.size))
    sums[:-2] = parts
    sums[-2] = 0.0
    sums[-1] = np.where(np.isfinite(total), total, parts.sum(axis=0))
    paise = np.rint(sums.cumsum(axis=1) * 100.0).astype(np.int64)
    paise[:, 1:] -= paise[:, :-1].copy()
    paise[-2] = paise[-1] - paise[:-2].sum(axis=0)
    return paise


def tolerance(moved: Floats, quantity: Floats, spread: Floats, floor: ArrayLike) -> Floats:
    """The largest residual of a while that is no cause for alarm, (n,), in account currency: the largest of three.

    ``floor``: too little to matter. Two spreads of the units held, and twice the terms of second order: a mark and the
    quotes behind its Greeks bounce between bid and ask, and a series errs by about its last term, at the money in the
    last minutes by more. A tenth of what moved the leg, part by part. ``moved`` is the change of the parts over that
    while, (8, n); ``spread`` is ask less bid, points. The multiples are ours, set so that a clean simulated day stays
    silent.
    """
    size = np.abs(moved[:6])
    noise = _SPREADS * np.abs(quantity) * spread + _TERMS * size[_SECOND].sum(axis=0)
    worst: Floats = np.maximum(np.maximum(floor, noise), _SHARE * size.sum(axis=0))
    return worst


class Name(NamedTuple):
    """Whose a leg is: the head of its line."""

    id: str
    symbol: str
    underlying: str
    strategy: str
    fund_id: str


class Lines:
    """The lines of n legs, made again and again: legs by id, then each strategy of a fund, each fund, and the desk.

    Only legs of ``funds`` get lines. A sum has ``*`` for what it adds up, and is the sum of its lines to the paisa.
    """

    def __init__(self, names: Sequence[Name], funds: Collection[str]) -> None:
        self.order = sorted((i for i, name in enumerate(names) if name.fund_id in funds), key=lambda i: names[i].id)
        shown = [names[i] for i in self.order]
        self._heads = list(shown)
        self._begins: list[list[int]] = []
        for depth in (2, 1, 0):
            keys = [(name.fund_id, name.strategy)[:depth] for name in shown]
            begins = [next(run)[0] for _, run in groupby(enumerate(keys), key=lambda pair: pair[1])]
            self._begins.append(begins)
            for begin in begins:
                fund, strategy = (*keys[begin], "*", "*")[:2]
                self._heads.append(Name(f"{fund}/{strategy}/*", "*", "*", strategy, fund))
        self._columns = list(zip(*self._heads, strict=True))

    def make(self, parts: Floats, total: Floats, unpriced: Floats) -> tuple[ExplainLine, ...]:
        """The lines of parts (8, n), totals (n,) and the unpriced share of the residuals (n,), legs in their order.

        A leg whose P&L is unknown has a total and an unexplained of NaN, and so has every sum with it.
        """
        if not self.order:
            return ()
        total = total[self.order]
        legs = len(self.order)
        values = np.empty((len(PARTS) + 3, len(self._heads)))
        values[:-1, :legs] = to_the_paisa(parts[:, self.order], total)
        values[-1, :legs] = np.rint(unpriced[self.order] * 100.0)
        unknown = np.flatnonzero(~np.isfinite(total))
        values[-3:-1, unknown] = nan
        end = legs
        for begins in self._begins:
            end += len(begins)
            np.add.reduceat(values[:, :legs], begins, axis=1, out=values[:, end - len(begins) : end])
        values /= 100.0
        return tuple(map(ExplainLine, *self._columns, *values.tolist()))
