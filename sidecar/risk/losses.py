"""What a fund can lose in each move and stress, whichever of its working orders fill, and however partly.

A loss is linear in the units held, so in each move the largest one is found contract by contract, at the lowest or the
highest holding that fills lead to. The largest stress loss found so is exact. The value at risk is that of the largest
loss in every single move: exact where nothing else works, and otherwise never below that of any one set of fills.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sidecar.risk.legs import Floats
from sidecar.risk.tail import value_at_risk

#: Rounding allowed when two losses are compared, relative to their size.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses (m,), positive, in account currency; the first ``moves`` are one-day moves, the rest are the stresses.

    ``held``: the fund's, without the contract that an order is judged for; ``unit``: what one unit of that contract
    loses. ``ends`` (k, 2, m): of each other contract in which orders work, what its holding would lose more if all that
    is offered were sold, and if all that is bid for were bought. NaN where unknown.
    """

    held: Floats
    unit: Floats
    ends: Floats
    moves: int

    def var_95(self, low: int, high: int) -> float:
        """One-day value at risk with from ``low`` to ``high`` units of the contract, 0 where it would be a gain."""
        return self._told(low, high)[0]

    def worst(self, low: int, high: int) -> float:
        """Largest stress loss with from ``low`` to ``high`` units of the contract, never below 0."""
        return self._told(low, high)[1]

    def worst_rises(self, signed: int, low: int, high: int) -> bool:
        """Whether a fill of ``signed`` units can raise the largest stress loss, at any set of fills of the others.

        ``low`` and ``high`` are the ends of the contract's holding without it. True where it cannot be shown that
        nothing rises: each stress that grows must stay below one and the same other stress at every fill, or below 0.
        """
        loss = _with_none(self.held[self.moves :])
        unit = _with_none(self.unit[self.moves :])
        gap = loss[:, None] - loss[None, :]  # how far stress a can stand above stress b
        for ends in (*self.ends, np.stack([low * self.unit, high * self.unit])):
            two = np.stack([_with_none(end[self.moves :]) for end in ends])
            gap = gap + (two[:, :, None] - two[:, None, :]).max(axis=0)
        excess = signed * unit + gap.min(axis=1)
        return not bool((excess <= _ROUNDING * (np.abs(loss).max() + np.abs(signed * unit).max())).all())

    def _told(self, low: int, high: int) -> tuple[float, float]:
        if (low, high) not in self._known:
            most = self._others + np.maximum(low * self.unit, high * self.unit)
            at_risk = np.maximum(value_at_risk(most[: self.moves], 0.95), 0.0)
            self._known[low, high] = float(at_risk), float(np.maximum(most[self.moves :].max(), 0.0))
        return self._known[low, high]

    @cached_property
    def _others(self) -> Floats:
        others: Floats = self.held + self.ends.max(axis=1).sum(axis=0)
        return others

    @cached_property
    def _known(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Both limits ask, and each size asks about what is held."""
        return {}


def _with_none(loss: Floats) -> Floats:
    """The stresses and one in which nothing happens."""
    return np.append(loss, 0.0)
