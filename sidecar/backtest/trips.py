"""Round trips of a run: from flat to flat, by the desk's own book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan

from sidecar.backtest.executed import Executed
from sidecar.book.pnl import money
from sidecar.book.position import ZERO, Position, flat, position_id, split
from sidecar.book.positions import Book
from sidecar.domain.backtest_result import BacktestTrade
from sidecar.domain.errors import BacktestFailed
from sidecar.domain.orders import Fill, Side

#: What the prediction was that a contract was entered on at an instant: its confidence, and the id of its model.
Entered = Callable[[str, int], tuple[float, str]]
#: How a fill of the settlement is told from an order's.
SETTLEMENT = "settlement"


def unpredicted(_symbol: str, _at: int) -> tuple[float, str]:
    """Entered on no prediction."""
    return nan, ""


def trades_of(run: Executed, entered: Entered = unpredicted) -> tuple[BacktestTrade, ...]:
    """The round trips of a run, in the order of their ends; those still open at the end come last, by contract.

    P&L and fees are those of :class:`sidecar.book.positions.Book`: average cost, exact. A fill that turns a position
    round ends one trip and begins the next; its fees and its slippage are shared by quantity. What is still held is
    marked at ``run.closes`` and counts as a trade whose ``exit`` is ``open``, so that the nets of all trades together
    are what the equity changed by. ``entered`` is asked with the contract and the instant of a trip's first fill.

    :raises BacktestFailed: something is held at the end, and its last price is not known.
    """
    book, running = Book(), dict[str, _Trip]()
    ended: list[BacktestTrade] = []
    for fill, slippage in zip(run.fills, run.slippage, strict=True):
        if fill.id in book.seen:
            continue
        key, before = position_id(fill.fund_id, fill.strategy, fill.symbol), len(book.round_trips)
        parts = split(book.positions.get(key) or flat(fill), fill)
        book.apply(fill)
        for part in parts:
            trip = running.setdefault(key, _Trip())
            trip.take(part, slippage * part.quantity / fill.quantity)
            if trip.held == 0:
                done = book.round_trips[before]
                exits = SETTLEMENT if fill.note == SETTLEMENT else "order"
                ended.append(running.pop(key).ended(part, done.realized, done.fees, exits, fill.at, entered))
    return (*ended, *_open(run, book, running, entered))


def _open(run: Executed, book: Book, running: dict[str, _Trip], entered: Entered) -> Iterator[BacktestTrade]:
    """What is held at the end, marked at its last price."""
    for position in book.open_positions():
        trip = running[position.id]
        mark = run.closes.get(position.symbol, nan)
        if not isfinite(mark):
            raise BacktestFailed(f"{position.symbol} is held at the end and its last price is not known")
        price = money(mark)
        last = max(int(run.marks_at[-1]), run.fills[-1].at) if len(run.marks_at) else run.fills[-1].at
        gross = position.trip_realized + position.quantity * price - position.cost
        trip.left(position.quantity, price)
        yield trip.ended(position, gross, position.trip_fees, "open", last, entered)


@dataclass(slots=True)
class _Trip:
    """One trip on its way: signed units held, and the sums that its average prices are of."""

    held: int = 0
    side: Side = Side.BUY
    opened_at: int = 0
    most: int = 0
    opened: int = 0
    opened_for: Decimal = ZERO
    closed: int = 0
    closed_for: Decimal = ZERO
    slippage: float = 0.0

    def take(self, part: Fill, slippage: float) -> None:
        """Count one fill that does not cross zero."""
        if self.held == 0:
            self.side, self.opened_at = Side.BUY if part.quantity > 0 else Side.SELL, part.at
        size = abs(part.quantity)
        if part.quantity * self.side.sign > 0:
            self.opened += size
            self.opened_for += size * part.price
        else:
            self.left(part.quantity, part.price)
        self.held += part.quantity
        self.most = max(self.most, abs(self.held))
        self.slippage += slippage

    def left(self, quantity: int, price: Decimal) -> None:
        """So many units left at that price."""
        self.closed += abs(quantity)
        self.closed_for += abs(quantity) * price

    def ended(
        self, named: Fill | Position, gross: Decimal, fees: Decimal, exits: str, at: int, entered: Entered
    ) -> BacktestTrade:
        """The trade that it was."""
        confidence, model_id = entered(named.symbol, self.opened_at)
        return BacktestTrade(
            symbol=named.symbol,
            strategy=named.strategy,
            side=self.side.value,
            quantity=self.most,
            opened_at=self.opened_at,
            closed_at=at,
            entry_price=float(self.opened_for / self.opened),
            exit_price=float(self.closed_for / self.closed),
            gross_pnl=gross,
            fees=fees,
            net_pnl=gross - fees,
            slippage=self.slippage,
            exit=exits,
            confidence=confidence,
            model_id=model_id,
        )
