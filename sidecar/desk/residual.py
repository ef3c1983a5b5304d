"""The alarm on what the explain leaves over: a wrong quantity, a fill that was missed, a volatility that stands still.

Each second of market time a leg's residual is set against the one of a minute before. It is over when it has moved
further than bid and ask, the series' own error and a share of the leg's P&L allow (``book.explain.tolerance``) for five
seconds in a row: a quote that is late by a few seconds is not. Beside it two counts that need no price: the units that
a leg's fills make are those that the book holds, and they are whole lots.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.book import explain
from sidecar.desk.sheet import Columns, Leg
from sidecar.domain.clock import SECOND

if TYPE_CHECKING:
    from sidecar.desk.state import DeskState

Floats = NDArray[np.float64]

#: How far back a residual is compared, and for how many seconds in a row it must be over.
_WINDOW = 60 * SECOND
_CONFIRMATIONS = 5
#: A residual of less than this share of the fund's capital is too little to matter: 100 of 10 million.
_FLOOR = 1e-5
#: How many legs an alarm names.
_NAMED = 3


class Look(NamedTuple):
    """The legs at one second: parts (8, n), residual, units and spread (n,)."""

    at: int
    parts: Floats
    left: Floats
    quantity: Floats
    spread: Floats


class Residual:
    """``alarm`` says what is wrong, worst first, and is empty while nothing is."""

    def __init__(self) -> None:
        self.alarm = ""
        self._looks: deque[Look] = deque()
        self._over = np.zeros(0, dtype=np.int64)
        self._late = False

    def forget(self) -> None:
        """A new day: nothing before it is compared with."""
        self._looks.clear()
        self._over = np.zeros(0, dtype=np.int64)
        self._late = False

    def watch(
        self, state: DeskState, legs: Sequence[Leg], now: Columns, parts: Floats, left: Floats, spread: Floats
    ) -> None:
        """Look once: raise the alarm, with a note and a count, or let it go."""
        look = Look(state.now, parts, left, now.quantity, spread)
        floor = np.array([_FLOOR * float(state.capital(leg.position.fund_id)) for leg in legs])
        said = [*_miscounts(legs, now), *self._residuals(look, legs, floor)]
        alarm = "; ".join(said[:_NAMED])
        if alarm and not self.alarm:
            state.counters["explain_alarms"] += 1
            state.say(f"the explain does not add up: {alarm}")
        self.alarm = alarm

    def _residuals(self, look: Look, legs: Sequence[Leg], floor: Floats) -> list[str]:
        looks = self._looks
        looks.append(look)
        while len(looks) > 1 and look.at - looks[1].at >= _WINDOW:
            looks.popleft()
        then = _padded(looks[0], look.left.size)
        moved = look.left - then.left
        quantity = np.maximum(np.abs(look.quantity), np.abs(then.quantity))
        allowed = explain.tolerance(look.parts - then.parts, quantity, np.fmax(look.spread, then.spread), floor)
        over = np.abs(moved) > allowed
        self._over = np.where(over, _longer(self._over, over.size) + 1, 0)
        late = np.flatnonzero(self._over >= _CONFIRMATIONS)
        if self._late and not late.size:
            # What came back is not unexplained a second time, when the minute before has slid into view.
            looks.clear()
            looks.append(look)
        self._late = bool(late.size)
        late = late[np.argsort(-np.abs(moved[late]) / allowed[late], kind="stable")]
        seconds = (look.at - then.at) / SECOND
        return [
            f"{legs[index].id} has {moved[index]:+,.2f} unexplained in {seconds:.0f} s, {allowed[index]:,.2f} may be "
            "noise: a wrong quantity, a missed fill or a stale volatility"
            for index in late.tolist()
        ]


def _miscounts(legs: Sequence[Leg], now: Columns) -> list[str]:
    said = []
    for index in now.lines.order:
        leg, lot = legs[index], now.lot[index]
        held = leg.position.quantity
        if held != leg.after:
            said.append(f"{leg.id} holds {held}, its fills make {leg.after}")
        if lot and held % lot:
            said.append(f"{leg.id} holds {held}, which is no whole number of lots of {lot}")
    return said


def _padded(look: Look, size: int) -> Look:
    """The look with legs that have come since: they had earned nothing."""
    extra = size - look.left.size
    if not extra:
        return look
    wide = [np.pad(each, (0, extra)) for each in (look.left, look.quantity, look.spread)]
    return Look(look.at, np.pad(look.parts, ((0, 0), (0, extra))), *wide)


def _longer(counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return counts if counts.size == size else np.pad(counts, (0, size - counts.size))
