"""Who watches a run: fills, marks and refusals, taken from the reports as the desk makes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite

import numpy as np

from sidecar.backtest.executed import Executed, Unfilled
from sidecar.desk.state import DeskState
from sidecar.domain import clock
from sidecar.domain.breaker import DAILY, BreakerState
from sidecar.domain.commands import PlaceOrder
from sidecar.domain.events import AnyEvent, Beat
from sidecar.domain.orders import Fill, Order, OrderState
from sidecar.domain.records import FillRecorded
from sidecar.domain.report import DeskReport, Outcome, OutcomeStatus, PositionLine, Published
from sidecar.risk.limits import BY_NAME

#: The ends of an order that may leave something unfilled.
_SHORT = frozenset({OrderState.REJECTED, OrderState.CANCELLED, OrderState.EXPIRED})
_WORDS = {"immediate or cancel: the rest found no match": "no match"}
_NUMBER = re.compile(r"(?:(?<!\w)-)?(?:\d[\d.,:_-]*\d|\d)")


class Witness:
    """Told every event and every report of a run; :meth:`executed` is what it saw.

    A mark is the first report of a beat, at most one in ``mark_every`` (microseconds) but for the beat at which the
    session is found closed; a beat at which the account's worth is not known leaves none.
    """

    def __init__(self, state: DeskState, mark_every: int = 0) -> None:
        self._state = state
        self._every = mark_every
        self._asked: dict[str, PlaceOrder] = {}
        self._fills: list[Fill] = []
        self._slippage: list[float] = []
        self._unfilled: list[Unfilled] = []
        self._at: list[int] = []
        self._equity: list[float] = []
        self._notional: list[float] = []
        self._in_session = False
        self._beat = False
        self._last: DeskReport | None = None

    def record(self, event: AnyEvent) -> None:
        """Take an event that the desk is about to take: what was asked, and whether a beat's report comes next."""
        if isinstance(event, PlaceOrder):
            self._asked[event.request_id] = event
        self._beat = isinstance(event, Beat)

    def publish(self, published: Published) -> None:
        """Take a report."""
        report = self._last = published.report
        for record in report.records:
            if isinstance(record, FillRecorded):
                self._fills.append(record.fill)
                self._slippage.append(self._beyond(record.fill))
        for outcome in report.outcomes:
            self._refused(outcome)
        for order in report.order_updates:
            if order.state in _SHORT:
                self._ended(order)
        if self._beat:
            self._beaten(report, self._state.now)

    def executed(self, events: int) -> Executed:
        """What the run came to, its last report marked too."""
        if self._last is not None and (not self._at or self._state.now > self._at[-1]):
            self._mark(self._last, self._state.now)
        held = self._last.positions if self._last is not None else ()
        return Executed(
            fills=tuple(self._fills),
            slippage=tuple(self._slippage),
            marks_at=np.array(self._at, dtype=np.int64),
            equity=np.array(self._equity, dtype=np.float64),
            notional=np.array(self._notional, dtype=np.float64),
            unfilled=tuple(self._unfilled),
            closes={line.symbol: line.current_price for line in held},
            ended=stopped(self._state.breaker),
            events=events,
        )

    def _beaten(self, report: DeskReport, at: int) -> None:
        closed = self._in_session and not report.session_open
        self._in_session = report.session_open
        if closed or not self._at or at - self._at[-1] >= self._every:
            self._mark(report, at)

    def _mark(self, report: DeskReport, at: int) -> None:
        equity = report.total.portfolio_value
        if not isfinite(equity):
            return
        if self._at and self._at[-1] == at:
            for column in (self._at, self._equity, self._notional):
                column.pop()
        self._at.append(at)
        self._equity.append(equity)
        self._notional.append(notional(report.positions))

    def _beyond(self, fill: Fill) -> float:
        """Money paid beyond the middle of the newest quote; 0 for a settlement and where there is no quote."""
        quote = self._state.board.last(fill.symbol)
        if fill.note == "settlement" or quote is None:
            return 0.0
        middle = 0.5 * (quote.bid + quote.ask)
        middle = middle if isfinite(middle) else quote.last
        beyond = (float(fill.price) - middle) * fill.quantity
        # To the money's four places: prices are binary numbers, and what they miss by is no money.
        return round(max(beyond, 0.0), 4) if isfinite(beyond) else 0.0

    def _refused(self, outcome: Outcome) -> None:
        asked = self._asked.pop(outcome.request_id, None)
        if asked is None or outcome.status not in (OutcomeStatus.REFUSED, OutcomeStatus.INVALID):
            return
        request = asked.request
        self._unfilled.append(Unfilled(asked.at, request.symbol, request.signed, self._why(outcome)))

    def _why(self, outcome: Outcome) -> str:
        if outcome.refusal is None:
            return "no order: " + in_words(outcome.message.partition(";")[0])
        name = outcome.refusal.limit_name
        if name == "breaker":
            return "the breaker was tripped: " + ", ".join(dict.fromkeys(c.trigger for c in outcome.breaker.causes))
        if name in BY_NAME:
            return f"limit {name}: {BY_NAME[name].what}"
        return in_words(outcome.refusal.detail.partition(";")[0])

    def _ended(self, order: Order) -> None:
        short = order.request.quantity - order.filled
        if short > 0:
            why = _WORDS.get(order.note, in_words(order.note))
            sign = order.request.side.sign
            self._unfilled.append(Unfilled(order.updated_at, order.request.symbol, sign * short, why))


def in_words(text: str) -> str:
    """A reason without its numbers, so that equal reasons can be counted.

    >>> in_words("quantity 130 is above the freeze quantity of 1,800")
    'quantity … is above the freeze quantity of …'
    """
    return _NUMBER.sub("…", text)


def notional(positions: Iterable[PositionLine]) -> float:
    """The value of what is held, unsigned, at its marks."""
    return float(sum(abs(line.quantity * line.current_price) for line in positions))


def stopped(breaker: BreakerState) -> str:
    """Why trading stopped for good, and when; empty where it goes on, or would with the next day."""
    lasting = [cause for cause in (*breaker.causes, *breaker.partial) if cause.trigger not in DAILY]
    if not lasting:
        return ""
    first = min(lasting, key=lambda cause: cause.at)
    return f"trading stopped at {clock.iso(first.at)} by {first.trigger}: {first.detail}"
