"""How an order meets the market that was seen: pure arithmetic in ticks, no clock, no dictionary of orders.

An order that takes never does better than the opposite best price of its moment, and pays worse ones level by level
when it is larger than what is shown. An order that rests fills at its own limit and nowhere else: when the market
comes through it, or after what was ahead of it in the queue has traded. Nothing fills beyond its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor
from typing import NamedTuple

import msgspec

from sidecar.domain.contracts import Contract
from sidecar.domain.errors import ConfigurationError
from sidecar.domain.events import Quote
from sidecar.domain.orders import Order, OrderType, TimeInForce

_NEAR = 1e-6  # of a tick: what a price in binary may miss its tick by


class PaperSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the paper venue behaves. Times are microseconds of the market's own time.

    ``depth_levels`` are shown nowhere: beyond the best price as many again stand behind it, each as large as the best,
    each half a spread (at least a tick) worse. Where a feed gives last prices only, a spread of ``assumed_spread`` of
    the price (at least a tick) and a size of ``assumed_depth_lots`` are assumed, and each fill says so.
    """

    latency_us: int = 50_000
    stale_after_us: int = 10_000_000
    depth_levels: int = 4
    assumed_spread: float = 0.005
    assumed_depth_lots: int = 10
    reject_probability: float = 0.0

    def __post_init__(self) -> None:
        for field in ("latency_us", "stale_after_us", "depth_levels", "assumed_spread", "assumed_depth_lots"):
            if not 0 <= getattr(self, field) < float("inf"):
                raise ConfigurationError(field, f"{getattr(self, field)} is not a number from 0 up", "give 0 or more")
        if not 0.0 <= self.reject_probability <= 1.0:
            raise ConfigurationError("reject_probability", f"{self.reject_probability}", "give 0 to 1")


@dataclass
class Market:
    """What the venue last saw of one contract. ``serial`` counts its quotes, ``traded`` the units since the one before;
    ``taken`` what own orders took from this quote, by side of the order (1 buys, -1 sells).
    """

    quote: Quote | None = None
    serial: int = 0
    two_sided: bool = False
    traded: float = 0.0
    taken: dict[int, int] | None = None

    def see(self, quote: Quote) -> None:
        """Take in a newer quote."""
        grown = quote.volume - self.quote.volume if self.quote is not None else 0.0
        self.traded = max(0.0, grown)  # NaN and the fall at a new day count as nothing
        self.two_sided = self.two_sided or quote.bid == quote.bid or quote.ask == quote.ask
        self.quote, self.serial, self.taken = quote, self.serial + 1, None


@dataclass
class Working:
    """An order that lives at the venue. ``seen`` is the serial of the last quote it met, first that of its decision."""

    order: Order
    contract: Contract
    symbol: str
    active_at: int
    ends_at: int | None
    seen: int
    remaining: int
    fills: int = 0
    resting: bool = False
    ahead: float | None = None
    cancel_at: int | None = None
    cancel_reason: str = ""

    @property
    def sign(self) -> int:
        return self.order.request.side.sign

    @property
    def immediate(self) -> bool:
        return self.order.request.time_in_force is TimeInForce.IOC

    @property
    def limit(self) -> int | None:
        """The limit in ticks; None for a market order."""
        price = self.order.request.price
        if price is None or self.order.request.order_type is OrderType.MARKET:
            return None
        return int(price / self.contract.tick_size)


class Execution(NamedTuple):
    ticks: int
    quantity: int
    note: str

    def price(self, tick: Decimal) -> str:
        """The price as exact text."""
        return str(self.ticks * tick)


class Side(NamedTuple):
    """One side of the book: best price in ticks and units shown there; ``None`` where nobody stands."""

    ticks: int
    size: float


class View(NamedTuple):
    """The book as one order sees it: what it can ``take``, what it would ``join``, and whether they were assumed."""

    take: Side | None
    join: Side | None
    step: int
    last: float
    note: str


def view(market: Market, working: Working, settings: PaperSettings) -> View:
    """The book in ticks, prices that miss a tick rounded against the order."""
    quote, contract = market.quote, working.contract
    if quote is None:
        return View(None, None, 1, float("nan"), "")
    tick = float(contract.tick_size)
    depth = float(settings.assumed_depth_lots * contract.lot_size)
    bid, ask, note = quote.bid, quote.ask, ""
    if not market.two_sided:
        half = 0.5 * max(tick, settings.assumed_spread * quote.last)
        bid, ask, note = quote.last - half, quote.last + half, "assumed spread"
    buyers = _side(floor(bid / tick + _NEAR), quote.bid_size, depth) if bid == bid else None
    sellers = _side(ceil(ask / tick - _NEAR), quote.ask_size, depth) if ask == ask else None
    step = max(1, (sellers.ticks - buyers.ticks) // 2) if buyers and sellers else 1
    last = quote.last / tick
    return View(sellers, buyers, step, last, note) if working.sign > 0 else View(buyers, sellers, step, last, note)


def _side(ticks: int, size: float, depth: float) -> Side | None:
    return Side(ticks, size if size == size else depth) if ticks > 0 else None


def match(working: Working, market: Market, settings: PaperSettings) -> list[Execution]:
    """What of an order executes against the quote that the market now shows; the working order is brought up to date.

    To be called once for an order and a quote.
    """
    working.seen = market.serial
    seen, limit = view(market, working, settings), working.limit
    if seen.take is not None and _within(seen.take.ticks, limit, working.sign):
        found = _taken(working, market, seen, seen.take, limit, settings)
    elif limit is not None and not working.immediate:
        found = _queued(working, market, seen, limit)
        working.resting = True
    else:
        found = []
    working.remaining -= sum(execution.quantity for execution in found)
    working.fills += len(found)
    return found


def _taken(
    working: Working, market: Market, seen: View, best: Side, limit: int | None, settings: PaperSettings
) -> list[Execution]:
    """The shown size at the best price, then worse levels; an order that had rested fills at its own limit."""
    taken = market.taken = market.taken or {1: 0, -1: 0}
    gone, wanted, found = taken[working.sign], working.remaining, []
    for level in range(1 if working.resting else settings.depth_levels + 1):
        ticks = limit if working.resting and limit is not None else best.ticks + working.sign * level * seen.step
        if ticks <= 0 or not _within(ticks, limit, working.sign):
            break
        shown = best.size * (level + 1) - gone
        quantity = _lots(min(shown, wanted), working.contract.lot_size)
        if quantity > 0:
            found.append(Execution(ticks, quantity, seen.note))
            gone += quantity
            wanted -= quantity
    taken[working.sign] = gone
    return found


def _queued(working: Working, market: Market, seen: View, limit: int) -> list[Execution]:
    """Wait at the limit: behind what is shown there, ahead of nobody; trades at the limit or worse move the queue."""
    best = seen.join
    better = 0 if best is None else working.sign * (limit - best.ticks)
    joined = working.ahead is None
    if best is not None and better < 0:
        working.ahead = None  # others stand at better prices; when the market returns, at the back again
        return []
    shown = best.size if best is not None and better == 0 else 0.0
    ahead = shown if working.ahead is None else min(working.ahead, shown)
    traded = market.traded if not joined and working.sign * (limit - seen.last) >= -_NEAR else 0.0
    working.ahead = max(ahead - traded, 0.0)
    quantity = _lots(min(traded - ahead, working.remaining), working.contract.lot_size)
    if quantity <= 0:
        return []
    market.traded -= quantity
    return [Execution(limit, quantity, "queue" if not seen.note else f"queue, {seen.note}")]


def _within(ticks: int, limit: int | None, sign: int) -> bool:
    return limit is None or sign * (limit - ticks) >= 0


def _lots(quantity: float, lot: int) -> int:
    return int(quantity // lot) * lot if quantity > 0 else 0
