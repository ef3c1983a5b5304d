"""What a book makes over the spot, now and when its first option expires, and where it breaks even."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sidecar.risk.legs import Floats, Legs
from sidecar.risk.scenarios import SPOTS, grid, worth

_NOISE = 1e-12  # of the book's notional: rounding round zero is no crossing


@dataclass(frozen=True, eq=False)
class Payoff:
    """P&L of the book in account currency over ``spots`` (m,), moves of the spot as fractions, ascending.

    ``now`` is at once, ``expiry`` (m,) when the first option expires, ``time`` years from now (0 without one). The
    ``breakevens`` are the moves at which ``expiry`` crosses or touches zero, ascending.
    """

    spots: Floats
    now: Floats
    expiry: Floats
    time: float
    breakevens: tuple[float, ...]


def payoff(legs: Legs, spots: ArrayLike = SPOTS, *, cost: float | None = None) -> Payoff:
    """The lines of a payoff chart; ``spots`` (m,) are moves as in :func:`~sidecar.risk.scenarios.grid`.

    ``cost`` is what the book was bought for (quantity x entry price, summed; negative for a credit; futures
    included), by default what the model values it at now. The moves that lead to a strike are added to ``spots``: the
    line at expiry has its kinks there, so a breakeven is exact where all legs expire together and interpolated between
    neighbouring moves where some live on. Those live on at their own volatility. ValueError as in ``grid``; a leg that
    is not known makes both lines NaN and leaves no breakevens.
    """
    ends = legs.time[legs.option & (legs.quantity != 0) & (legs.time > 0)]
    time = float(np.fmin.reduce(ends, initial=np.inf))
    time = time if np.isfinite(time) else 0.0
    asked = np.asarray(spots, dtype=np.float64)
    moves = _with_kinks(legs, asked) if asked.ndim == 1 and np.isfinite(asked).all() else asked
    found = grid(legs, moves, (0.0,), (0.0, time))
    held = legs.quantity != 0
    start = 0.0 if cost is None else float(np.sum(legs.quantity[held] * worth(legs)[held])) - cost
    now, expiry = found.total[0, :, 0] + start, found.total[1, :, 0] + start
    notional = float(np.sum(np.abs(legs.quantity[held]) * legs.forward[held]))
    return Payoff(moves, now, expiry, time, _crossings(moves, expiry, _NOISE * notional))


def _with_kinks(legs: Legs, spots: Floats) -> Floats:
    """``spots`` in order, with the moves within their range that lead a spot to a strike."""
    held = legs.option & (legs.quantity != 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = legs.strike[held] / legs.spot[held] - 1.0
    inside = kinks[(kinks > spots.min(initial=np.inf)) & (kinks < spots.max(initial=-np.inf))]
    return np.unique(np.concatenate((spots, inside)))


def _crossings(moves: Floats, line: Floats, noise: float) -> tuple[float, ...]:
    """Where the broken line through the points changes its sign, and the ends of each stretch on which it is zero."""
    if not np.isfinite(line).all():
        return ()
    sign = np.where(np.abs(line) <= noise, 0.0, np.sign(line))
    found = []
    for i in range(len(moves)):
        if sign[i] == 0 and any(sign[j] != 0 for j in (i - 1, i + 1) if 0 <= j < len(moves)):
            found.append(float(moves[i]))
        if i + 1 < len(moves) and sign[i] * sign[i + 1] < 0:
            share = line[i] / (line[i] - line[i + 1])
            found.append(float(moves[i] + share * (moves[i + 1] - moves[i])))
    return tuple(found)
