"""Rules on closed bars: what one wants to hold, from the closes so far and the model's probabilities.

A rule sees no order, no money and no clock. A stepper is what it does live, bar by bar; ``batch`` is the same over
arrays and must give the same number to the last bit: a test holds every rule of the table to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import nan
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Targets = NDArray[np.float64]


class ClosedBar(NamedTuple):
    """What a rule sees of a bar once it has closed at ``closes_at`` (microseconds UTC). ``first`` of its session;
    probabilities are NaN where there is no prediction on this bar.
    """

    closes_at: int
    close: float
    first: bool = False
    p_sell: float = nan
    p_hold: float = nan
    p_buy: float = nan


Stepper = Callable[[ClosedBar], float]


class Rule(Protocol):
    """What to hold, from -1 (short of the whole size) to 1 (long of it); NaN leaves things as they are.

    ``needs_model`` says that it looks at probabilities.
    """

    name: str
    needs_model: bool

    def stepper(self) -> Stepper:
        """A fresh run of the rule: give it every closed bar in order, take what it wants."""
        ...

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        """The same for each of n bars; ``bars`` holds ``close``, ``first``, ``p_sell``, ``p_hold``, ``p_buy`` (n,)."""
        ...


def stepped(rule: Rule, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
    """What a rule wants after each of n bars, step by step: a ``batch`` for who has written the stepper alone.

    It takes a second for some hundred thousand bars. ``bars`` may hold ``closes_at``, which is 0 otherwise.
    """
    step, n = rule.stepper(), len(bars["close"])
    unknown = np.full(n, nan)
    columns = [bars["close"], bars["first"], *(bars.get(name, unknown) for name in ("p_sell", "p_hold", "p_buy"))]
    at = np.asarray(bars.get("closes_at", np.zeros(n))).astype(np.int64).tolist()
    rows = zip(at, *(column.tolist() for column in columns), strict=True)
    found = (step(ClosedBar(at, close, bool(first), *told)) for at, close, first, *told in rows)
    return np.fromiter(found, np.float64, n)
