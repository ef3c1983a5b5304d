"""Why the day's P&L is what it is, kept as the day goes: one set of parts a leg, from the roll to the next roll.

A leg is a position (fund, strategy, contract) that was held at some time since the session's open. All legs share one
cut of the day: an interval ends after five seconds, at once when a fill comes or a leg's spot has moved a twentieth of
what its volatility expects to expiry (so that two orders of the series are enough), and when the legs go on record.
The running interval is shown on top of those that are over. While the exchange is closed time stands still: what a late
mark moves then is left over.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sidecar.book import explain, pnl
from sidecar.book.position import ZERO, Position
from sidecar.book.positions import Book
from sidecar.desk.residual import Residual
from sidecar.desk.sheet import (
    FORWARD,
    MARK,
    SPOT,
    VOLATILITY,
    YEARS,
    Columns,
    Leg,
    Sheet,
    columns,
    market,
    spreads,
    unit_greeks,
)
from sidecar.domain.analytics import ExplainLine
from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.orders import Fill
from sidecar.domain.records import ExplainMark

if TYPE_CHECKING:
    from sidecar.desk.state import DeskState

Floats = NDArray[np.float64]

#: A fill, and its position before and after it.
Booked = tuple[Fill, Position | None, Position]

#: An interval's length, and how far a spot may move within it, in standard deviations to expiry.
_INTERVAL = 5 * SECOND
_REACH = 0.05


class Explaining:
    """The day's explain of every leg. ``update`` brings it up to the newest valuation and gives the report's lines."""

    def __init__(self) -> None:
        self.lines: tuple[ExplainLine, ...] = ()
        self.residual = Residual()
        self._legs: dict[str, Leg] = {}
        self._funds: set[str] = set()
        self._sheet = Sheet()
        self._columns: Columns | None = None
        self._known = np.zeros(0, dtype=bool)
        self._listed = 0
        self._began = 0
        self._looked = 0
        self._stirred = False
        self._seen: object = None

    def take(self, fill: Fill, before: Position | None, after: Position) -> None:
        """Take a fill that the book has taken, and the position before and after it."""
        leg = self._legs.get(after.id)
        if leg is None:
            cash = before.realized - before.fees if before is not None else ZERO
            leg = self._add(Leg(after, before.quantity if before is not None else 0, cash))
        leg.take(fill)
        leg.position = after
        self._stirred = True

    def update(self, state: DeskState) -> tuple[ExplainLine, ...]:
        """The lines at the newest valuation: legs by id, then strategies, funds, and the desk; none before a roll."""
        looks = state.now - self._looked >= SECOND
        if not (looks or self._stirred or state.chain is not self._seen):
            return self.lines
        self._seen = state.chain
        legs = self._synced(state) if looks or self._stirred or self._columns is None else self._columns
        if not self._legs or not self._funds:
            self.lines = ()
            return self.lines
        now = market(state, legs)
        total = _total(legs, now)
        if self._stirred or _is_open(state):
            legs = self._advance(state, legs, now, total, cut=self._stirred)
        parts = self._sheet.parts + self._sheet.running
        if self._known.size != total.size:
            # Legs that came while nothing trades (a restart after the close): no interval has been looked at.
            self._known = np.zeros(total.size, dtype=bool)
        if looks:
            self._looked = state.now
            left = np.where(self._known, explain.residual(parts, total) - self._sheet.unpriced, nan)
            self.residual.watch(state, list(self._legs.values()), legs, parts, left, spreads(state, legs, now))
        self.lines = legs.lines.make(parts, total, self._sheet.unpriced)
        return self.lines

    def roll(self, state: DeskState, funds: Iterable[str]) -> None:
        """Begin the day anew for these funds at the newest valuation, as the day's P&L does."""
        rolled = {fund for fund in funds if fund in state.config.capital}
        self._funds |= rolled
        self._synced(state)
        stay = [leg.position.fund_id not in rolled or leg.position.quantity != 0 for leg in self._legs.values()]
        self._keep(stay)
        legs = self._synced(state)
        start = np.concatenate([market(state, legs), unit_greeks(state, legs)])
        for index, leg in enumerate(self._legs.values()):
            position = leg.position
            if position.fund_id in rolled:
                leg.base_cash = position.realized - position.fees
                leg.base_value = pnl.unrealized(position, float(start[MARK, index]))
                leg.begin(position.quantity)
                self._sheet.begin(index, start[:, index], state.now)
        self._columns = None
        self._began = state.now
        self.residual.forget()

    def marks(self, state: DeskState) -> tuple[ExplainMark, ...] | None:
        """Where each leg stands, for the journal: the running interval ends here. None before a roll."""
        if not self._funds:
            return None
        legs = self._synced(state)
        if self._stirred or _is_open(state):
            now = market(state, legs)
            self._advance(state, legs, now, _total(legs, now), cut=True)
        sheet = self._sheet
        numbers = zip(*(each.T.tolist() for each in (sheet.parts, sheet.start)), strict=True)
        return tuple(
            ExplainMark(
                leg.id,
                leg.before,
                leg.base_cash,
                leg.base_value,
                tuple(parts),
                float(sheet.left[index]),
                float(sheet.unpriced[index]),
                int(sheet.started[index]),
                tuple(value if isfinite(value) else None for value in start),
            )
            for index, (leg, (parts, start)) in enumerate(zip(self._legs.values(), numbers, strict=True))
        )

    def resume(
        self, at: int, marks: Iterable[ExplainMark], funds: Iterable[str], book: Book, since: Iterable[Booked]
    ) -> None:
        """Take up the legs of a record made ``at``, and the fills ``since``, all in the ``book`` already.

        Each leg waits in its interval until its market is known again.
        """
        self._keep([False] * len(self._legs))
        self._funds = set(funds)
        self._began = at
        for mark in marks:
            position = book.positions.get(mark.id)
            if position is None or len(mark.parts) != len(explain.PARTS):
                continue  # of another program: what it held is found in the book, without a past
            self._add(Leg(position, mark.quantity, mark.base_cash, mark.base_value))
            self._sheet.resume(mark)
        for booked in since:
            self.take(*booked)
        self._sheet.resumed[:] = 1.0

    def _add(self, leg: Leg) -> Leg:
        self._legs[leg.id] = leg
        self._sheet.add()
        self._columns = None
        return leg

    def _keep(self, stay: list[bool]) -> None:
        self._sheet.keep(stay)
        self._legs = {leg.id: leg for leg, stays in zip(self._legs.values(), stay, strict=True) if stays}
        self._columns = None

    def _synced(self, state: DeskState) -> Columns:
        """The columns of the book as it is. A position that came there without a fill is a leg that owns nothing."""
        for position in state.book.open_positions():
            if position.id not in self._legs:
                self._add(Leg(position, 0, ZERO))
        stale = self._stirred or self._listed != len(state.board.universe)
        for leg in self._legs.values():
            position = state.book.positions[leg.id]
            stale = stale or position is not leg.position
            leg.position = position
        if stale or self._columns is None:
            self._listed = len(state.board.universe)
            self._columns = columns(state, list(self._legs.values()), self._funds)
        return self._columns

    def _advance(self, state: DeskState, legs: Columns, now: Floats, total: Floats, *, cut: bool) -> Columns:
        """Bring the running interval up to now; end it when asked, when it is long, or when a spot has moved far."""
        sheet = self._sheet
        start = sheet.start
        days = np.maximum(np.minimum(state.now, legs.expires) - sheet.started, 0.0) / DAY
        spot = explain.carried_spot(start[SPOT], start[FORWARD], start[YEARS], now[FORWARD], now[YEARS])
        move = spot - start[SPOT]
        points = np.where(now[YEARS] > 0.0, 100.0 * (now[VOLATILITY] - start[VOLATILITY]), 0.0)
        parts, known = explain.interval(legs.held, start[VOLATILITY + 1 :], days, move, points, start[MARK], now[MARK])
        sheet.running[:] = parts
        self._known = known
        far = np.abs(move) > _REACH * start[SPOT] * start[VOLATILITY] * np.sqrt(start[YEARS])
        if not (cut or state.now - self._began >= _INTERVAL or far.any()):
            return legs
        rolled = sheet.cut(now, unit_greeks(state, legs), state.now, total, known)
        self._began = state.now
        if not self._stirred:
            return legs
        self._stirred = not rolled.all()  # a leg that waits keeps its fills
        for leg, rolls in zip(self._legs.values(), rolled.tolist(), strict=True):
            if rolls:
                leg.begin(leg.after)
        self._columns = None
        return self._synced(state)


def _total(legs: Columns, now: Floats) -> Floats:
    """The day's P&L of each leg, as the book has it; NaN where it is held at an unknown mark."""
    total: Floats = legs.cash + np.where(legs.quantity == 0.0, 0.0, legs.quantity * now[MARK])
    return total


def _is_open(state: DeskState) -> bool:
    return state.session is not None and state.session.is_open(state.now)
