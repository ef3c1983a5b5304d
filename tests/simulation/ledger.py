"""A second set of books, kept from the records alone and by plain addition: what the desk must agree with."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from sidecar.domain.breaker import BreakerState
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import WORKING, Fill, Order, OrderState
from sidecar.domain.records import AnyRecord, Audited, BreakerRecorded, FillRecorded, LimitsRecorded, OrderRecorded

Key = tuple[str, str, str]


class Ledger:
    """Orders by id as they were last told, fills in order, money and units as their sums, the breaker's last state."""

    def __init__(self, records: Iterable[AnyRecord] = ()) -> None:
        self.orders: dict[str, Order] = {}
        self.contracts: dict[str, Contract] = {}
        self.fills: dict[str, Fill] = {}
        self.twice: list[str] = []
        self.units: dict[Key, int] = {}
        self.cash: dict[str, Decimal] = {}
        self.fees = Decimal(0)
        self.breaker = BreakerState()
        self.limits = 0
        self.disabled: set[str] = set()
        for record in records:
            self.take(record)

    def take(self, record: AnyRecord) -> None:
        """Add one record."""
        match record:
            case OrderRecorded(order=order, contract=contract):
                self.orders[order.id] = order
                self.contracts[contract.id] = contract
            case FillRecorded(fill=fill):
                self._fill(fill)
            case BreakerRecorded(state=state):
                self.breaker = state
            case LimitsRecorded():
                self.limits += 1
            case Audited(action="disable_strategy", subject=name):
                self.disabled.add(name)
            case Audited(action="enable_strategy", subject=name):
                self.disabled.discard(name)
            case _:
                pass

    def _fill(self, fill: Fill) -> None:
        if fill.id in self.fills:
            self.twice.append(fill.id)
        self.fills[fill.id] = fill
        key = (fill.fund_id, fill.strategy, fill.symbol)
        self.units[key] = self.units.get(key, 0) + fill.quantity
        self.cash[fill.fund_id] = self.cash.get(fill.fund_id, Decimal(0)) - fill.quantity * fill.price - fill.fees
        self.fees += fill.fees

    def net(self, symbol: str, fund: str | None = None) -> int:
        """Signed units of a contract, of a fund or all."""
        return sum(units for key, units in self.units.items() if key[2] == symbol and fund in (None, key[0]))

    def working(self, fund: str) -> list[Order]:
        """A fund's orders that may still fill."""
        return [order for order in self.orders.values() if order.state in WORKING and order.request.fund_id == fund]

    def recovered(self) -> dict[str, Order]:
        """The orders as a restart must have them: what worked is unknown until the venue has spoken."""
        return {name: order if order.state not in WORKING else _unknown(order) for name, order in self.orders.items()}


def _unknown(order: Order) -> Order:
    return replace(order, state=OrderState.UNKNOWN, note="before a restart")
