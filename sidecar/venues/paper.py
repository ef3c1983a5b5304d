"""The paper broker: orders meet the live book, in the market's own time, and are filled as a cautious venue would.

Deterministic: the same orders and market events give the same answers. It never looks at a clock. An order acts on the
first quote it has not seen by its decision, not before its latency is over. What it cannot know it does not invent:
without a fresh quote an order waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from zlib import crc32

from sidecar.domain.calendar import Calendar
from sidecar.domain.contracts import Contract, Kind, parse_id
from sidecar.domain.errors import CalendarBeyond
from sidecar.domain.events import (
    FeedState,
    MarketEvent,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    Quote,
    Settlement,
    TradingHalt,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.orders import Order, OrderType
from sidecar.domain.quotes import defect
from sidecar.venues.matching import Market, PaperSettings, Working, match


class PaperBroker:
    """A :class:`~sidecar.venues.port.Broker` that matches against the quotes it is shown.

    With a ``calendar`` it takes orders in a session only and cancels what is left at its close; without one an order
    lives until its contract expires. ``seed`` decides which orders meet a random refusal, if any shall.
    """

    name = "paper"

    def __init__(self, *, seed: int, settings: PaperSettings | None = None, calendar: Calendar | None = None) -> None:
        self._seed = seed
        self._settings = settings or PaperSettings()
        self._calendar = calendar
        self._markets: dict[str, Market] = {}
        self._working: dict[str, Working] = {}
        self._known: set[str] = set()
        self._positions: dict[str, int] = {}
        self._fills: dict[str, list[OrderFilled]] = {}
        self._halted = False

    def restore(self, positions: Mapping[str, int]) -> None:
        """Take over the positions of an earlier run (symbol → signed units); its working orders no longer exist."""
        self._positions = {symbol: quantity for symbol, quantity in positions.items() if quantity}

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:
        """Accept or reject an order; the same id a second time changes nothing."""
        if order.id in self._known:
            return ()
        self._known.add(order.id)
        reason = self._refusal(order, contract, at)
        if reason is not None:
            return (OrderRejected(at, order.id, reason),)
        symbol = contract.id
        market = self._markets.setdefault(symbol, Market())
        self._working[order.id] = Working(
            order,
            contract,
            symbol,
            at + self._settings.latency_us,
            self._end(contract, at),
            market.serial,
            order.remaining,
        )
        return (OrderAccepted(at, order.id, f"PAPER-{order.id}"),)

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:
        """Cancel what is left, once the latency is over. An order that has ended already has said so: no event.

        An order that this venue never had (it was started anew since) is answered as cancelled: nothing of it is left.
        """
        working = self._working.get(order.id)
        if working is None:
            return () if order.id in self._known else (OrderCancelled(at, order.id, "not at the venue"),)
        if working.cancel_at is None:
            working.cancel_at = at + self._settings.latency_us
        return tuple(self._ended([working], at))

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:
        """Take in what the market shows; answers with the executions and endings that follow."""
        if isinstance(event, Quote):
            return self._on_quote(event)
        if isinstance(event, Settlement):
            return tuple(self._settled(event))
        if isinstance(event, TradingHalt):
            self._halted = event.halted
        if isinstance(event, FeedState) and not event.up:
            for market in self._markets.values():
                market.quote = None  # nothing may fill against a book that nobody sees
        return ()

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:
        """Let time pass: cancels, ends of session, and orders whose latency is over since the last quote."""
        if not self._working:
            return ()
        events = list(self._ended(list(self._working.values()), at))
        for working in list(self._working.values()):
            quote = self._markets[working.symbol].quote
            if quote is not None and at - quote.at <= self._settings.stale_after_us:
                events += self._meet(working, at)
        return tuple(events)

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook:
        """Positions that are not zero, by symbol; the working orders' ids, oldest first; the fills of ``orders``."""
        fills = (fill for order in orders for fill in self._fills.get(order.id, ()))
        return VenueBook(at, dict(sorted(self._positions.items())), tuple(self._working), tuple(fills))

    def _on_quote(self, quote: Quote) -> tuple[VenueEvent, ...]:
        market = self._markets.setdefault(quote.symbol, Market())
        if (market.quote is not None and quote.at < market.quote.at) or defect(quote) is not None:
            return ()
        market.see(quote)
        mine = [working for working in self._working.values() if working.symbol == quote.symbol]
        if not mine:
            return ()
        events = list(self._ended(mine, quote.at))
        for working in mine:
            if working.order.id in self._working:
                events += self._meet(working, quote.at)
        return tuple(events)

    def _meet(self, working: Working, at: int) -> Iterator[VenueEvent]:
        """One order against the quote that its market shows, if it has not met it yet and has arrived."""
        market = self._markets[working.symbol]
        if self._halted or at < working.active_at or market.serial <= working.seen:
            return
        order, before = working.order, working.fills
        for number, execution in enumerate(match(working, market, self._settings), before + 1):
            held = self._positions.pop(working.symbol, 0) + working.sign * execution.quantity
            if held:
                self._positions[working.symbol] = held
            price = execution.price(working.contract.tick_size)
            filled = OrderFilled(at, order.id, f"P-{order.id}-{number}", execution.quantity, price, execution.note)
            self._fills.setdefault(order.id, []).append(filled)
            yield filled
        if not working.remaining:
            del self._working[order.id]
        elif working.immediate:
            yield self._cancelled(working, at, "immediate or cancel: the rest found no match")

    def _ended(self, orders: Iterable[Working], at: int) -> Iterator[VenueEvent]:
        """Which of ``orders`` end by ``at``: by request, with the session, or immediate ones that saw no quote."""
        for working in orders:
            if working.ends_at is not None and at >= working.ends_at:
                yield self._cancelled(working, at, "end of session")
            elif working.cancel_at is not None and at >= working.cancel_at:
                yield self._cancelled(working, at, "by request")
            elif working.immediate and at > working.active_at + self._settings.stale_after_us:
                yield self._cancelled(working, at, "immediate or cancel: no fresh quote")

    def _settled(self, event: Settlement) -> Iterator[VenueEvent]:
        """Contracts that settled are cash: no order on them lives on and no position is held."""
        for working in list(self._working.values()):
            if _settles(working.symbol, event):
                yield self._cancelled(working, event.at, "the contract has expired")
        self._positions = {symbol: held for symbol, held in self._positions.items() if not _settles(symbol, event)}

    def _cancelled(self, working: Working, at: int, reason: str) -> OrderCancelled:
        del self._working[working.order.id]
        return OrderCancelled(at, working.order.id, reason)

    def _end(self, contract: Contract, at: int) -> int | None:
        """When an order of this moment ends by itself: with its session or its contract, whichever is first."""
        session = self._calendar.session_at(at) if self._calendar is not None else None
        ends = [end for end in (contract.expires_at, session.close_at if session else None) if end is not None]
        return min(ends, default=None)

    def _refusal(self, order: Order, contract: Contract, at: int) -> str | None:
        """Why the venue will not have the order; None if it will."""
        for reason in _defects(order, contract, at):
            return reason
        try:
            if self._calendar is not None and not self._calendar.is_open(at):
                return "the session is closed"
        except CalendarBeyond as problem:
            return str(problem)
        chance = crc32(f"{self._seed}|{order.id}".encode()) / 2**32
        return "refused at random, as venues do" if chance < self._settings.reject_probability else None


def _defects(order: Order, contract: Contract, at: int) -> Iterator[str]:
    """What is wrong with an order by itself."""
    request, lot, tick = order.request, contract.lot_size, contract.tick_size
    if request.symbol != contract.id:
        yield f"the order is for {request.symbol}, the contract is {contract.id}"
    if contract.kind is Kind.INDEX:
        yield "an index cannot be traded"
    if contract.expires_at is not None and at >= contract.expires_at:
        yield "the contract has expired"
    if order.remaining <= 0 or order.remaining % lot:
        yield f"quantity {order.remaining} is not a positive multiple of the lot of {lot}"
    if 0 < contract.freeze_quantity < request.quantity:
        yield f"quantity {request.quantity} is above the freeze quantity of {contract.freeze_quantity}"
    if request.order_type is OrderType.LIMIT and request.price is None:
        yield "a limit order needs a price"
    price = request.price
    if price is not None and not (price.is_finite() and price > 0 and price % tick == 0):
        yield f"price {price} is not a positive multiple of the tick of {tick}"


def _settles(symbol: str, event: Settlement) -> bool:
    parts = parse_id(symbol)
    return (
        parts.underlying == event.underlying and parts.expiry is not None and f"{parts.expiry:%Y%m%d}" == event.expiry
    )
