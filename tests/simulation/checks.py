"""The desk's books against the second set, after one event: positions, money, and what every number says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite

from sidecar.desk.state import DeskState
from sidecar.domain.breaker import DAILY, BreakerState, BreakerStatus
from sidecar.domain.clock import MINUTE
from sidecar.domain.commands import Disable, Reset, Stop
from sidecar.domain.contracts import parse_id
from sidecar.domain.events import AnyEvent, OrderFilled, VenueBook
from sidecar.domain.orders import Order
from sidecar.domain.records import BreakerRecorded
from sidecar.domain.report import DeskReport, Published, Quality
from sidecar.domain.scopes import Scope
from tests.simulation.ledger import Ledger

_PAISA = 0.01


class Broken(BaseException):
    """An invariant does not hold. The desk forgives a venue what it raises: this it must not catch."""

    def __init__(self, invariant: str, detail: str) -> None:
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant


def shut(state: BreakerState, order: Order, at: int) -> str:
    """The cause that shuts the gate for an order that adds risk, or ""; an override lets the limits it names pass."""
    request = order.request
    who = request.fund_id, request.strategy, parse_id(request.symbol).underlying
    override = state.override
    passes = override.limits if override and at < override.expires_at else ()
    if state.status is BreakerStatus.EMERGENCY_STOP:
        passes = ()
    standing = [cause for cause in state.causes if cause.limit_name not in passes]
    if not state.active and (standing or not state.causes):
        return str(state.status)
    narrow = [cause for cause in state.partial if cause.limit_name not in passes]
    return next((f"{one.trigger} of {one.scope}" for one in narrow if Scope.parse(one.scope).covers(*who)), "")


def turned(before: BreakerState, record: BreakerRecorded, event: AnyEvent | None) -> None:
    """The breaker moves only as it may: out of a stop by a named person's reset, or by the roll of a daily trip."""
    after, name = record.state, record.event.event
    freed = not before.active and after.active
    less = [one for one in before.partial if one.scope not in {left.scope for left in after.partial}]
    if after.halt_seq < before.halt_seq:
        raise Broken("INV4", f"halt_seq falls from {before.halt_seq} to {after.halt_seq}")
    if not (freed or less):
        return
    if name == "reset" and isinstance(event, Reset) and event.actor.strip() and event.reason.strip():
        return
    if name == "rolled" and all(cause.trigger in DAILY for cause in (*(before.causes if freed else ()), *less)):
        return
    raise Broken("INV4", f"{name} by {record.event.actor} freed {before.status} {less} at {event}")


def obeyed(event: AnyEvent | None, report: DeskReport) -> None:
    """A stop stops, whatever else is the matter."""
    if isinstance(event, Stop) and report.breaker.status is not BreakerStatus.EMERGENCY_STOP:
        raise Broken("INV4", f"after a stop the breaker is {report.breaker.status}")
    if isinstance(event, Disable) and report.breaker.active:
        raise Broken("INV4", "after a disable the breaker is active")


def filled(event: AnyEvent | None, ledger: Ledger, now: int) -> None:
    """What the venue said was executed is on record, once, as it said it."""
    told = (event,) if isinstance(event, OrderFilled) else event.fills if isinstance(event, VenueBook) else ()
    for fill in told:
        order = ledger.orders.get(fill.order_id)
        if order is None or not _bookable(fill, order, ledger, now):
            continue
        kept = ledger.fills.get(fill.fill_id)
        if (
            kept is None
            or kept.quantity != order.request.side.sign * fill.quantity
            or kept.price != Decimal(fill.price)
        ):
            raise Broken("INV3", f"fill {fill.fill_id} of {fill.quantity} at {fill.price} is on record as {kept}")


def _bookable(fill: OrderFilled, order: Order, ledger: Ledger, now: int) -> bool:
    contract = ledger.contracts[order.request.symbol]
    try:
        price = Decimal(fill.price)
    except InvalidOperation:
        return False
    alive = contract.expires_at is None or contract.expires_at > now
    timely = order.created_at - MINUTE <= fill.at <= now + MINUTE
    return alive and timely and fill.quantity > 0 and price.is_finite() and price > 0


def positions(report: DeskReport, ledger: Ledger) -> None:
    """What is held is the sum of what was filled."""
    held = {(line.fund_id, line.strategy, line.symbol): line.quantity for line in report.positions}
    summed = {key: units for key, units in ledger.units.items() if units}
    if held != summed:
        wrong = sorted({key for key in held.keys() | summed.keys() if held.get(key) != summed.get(key)})
        raise Broken("INV3", f"{wrong[0]}: held {held.get(wrong[0])}, filled {summed.get(wrong[0])}")


def money(published: Published, ledger: Ledger, capital: Mapping[str, Decimal]) -> None:
    """Capital, cash and marks are the fund's value to the paisa; what is not known is not a number."""
    report, chain = published.report, published.chain
    for line in report.funds:
        mine = [fund for fund in capital if line.fund_id in ("*", fund)]
        value = float(sum((capital[fund] + ledger.cash.get(fund, Decimal(0)) for fund in mine), Decimal(0)))
        for (fund, _, symbol), units in ledger.units.items():
            if units and fund in mine:
                row = chain.rows.get(symbol)
                value += units * float(chain.mark[row]) if row is not None else float("nan")
        if isfinite(value) != isfinite(line.portfolio_value) or abs(value - line.portfolio_value) > _PAISA:
            raise Broken("INV2", f"{line.fund_id} is worth {line.portfolio_value!r}, its fills make {value!r}")
    if report.total.fees != ledger.fees:
        raise Broken("INV2", f"fees are {report.total.fees}, on record {ledger.fees}")


def exact(state: DeskState, ledger: Ledger, capital: Mapping[str, Decimal]) -> None:
    """The desk's own books, in decimals: no tolerance at all."""
    if imbalance := state.book.imbalance():
        raise Broken("INV2", f"the book is out of balance by {imbalance}")
    for fund in capital:
        if state.book.cash(fund) != ledger.cash.get(fund, Decimal(0)):
            raise Broken("INV2", f"{fund} has {state.book.cash(fund)}, its fills make {ledger.cash.get(fund)}")
    for _, _, symbol in ledger.units:
        if state.book.net(symbol) != ledger.net(symbol):
            raise Broken("INV3", f"{symbol}: {state.book.net(symbol)} held, {ledger.net(symbol)} filled")


def qualities(report: DeskReport) -> None:
    """What is called live is a number and has its time; what is no number is not called live."""
    for fund in report.funds:
        if fund.quality is Quality.LIVE and not isfinite(fund.portfolio_value):
            raise Broken("INV6", f"fund {fund.fund_id} is called live and worth {fund.portfolio_value}")
    for line in report.positions:
        known = isfinite(line.current_price) and isfinite(line.unrealized_pnl) and line.updated_at is not None
        if line.quality is Quality.LIVE and not known:
            raise Broken("INV6", f"{line.id} is called live: {line.current_price} at {line.updated_at}")
        if line.quality is Quality.MISSING and isfinite(line.current_price):
            raise Broken("INV6", f"{line.id} is called missing and priced {line.current_price}")
    for market in report.markets:
        if market.quality is Quality.LIVE and not (isfinite(market.spot_price) and market.timestamp):
            raise Broken("INV6", f"{market.symbol} is called live: {market.spot_price} at {market.timestamp}")
