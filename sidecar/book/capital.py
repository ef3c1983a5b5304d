"""Margin and free capital, a first cut: each leg by itself, no offset between legs, no credit for a premium received.

This is deliberately more than an exchange asks: a hedged leg is charged as if it stood alone. What is blocked:

- long option: what was paid for it. That is all it can lose, so its unrealised loss is not charged a second time;
- short option: ``short_option`` x spot x quantity, plus the whole price of buying it back now. The premium received is
  not part of capital, and the whole buy-back price is charged, so no unrealised loss is charged a second time either;
- future: ``future`` x spot x quantity, and its unrealised loss on top, which is settled in cash each day.

Law: a short option adds ``-(short_option x spot + mark)`` a unit to available margin, whatever was received for it: it
never raises it. Unrealised gains are never available. So available never exceeds capital plus realised P&L.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from sidecar.book.pnl import unrealized
from sidecar.book.position import Position
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import InputError


class MarginRates(msgspec.Struct, frozen=True):
    """Fractions of spot notional, price scan and exposure together (0.14 for 12 % and 2 %)."""

    short_option: float
    future: float

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            rate = getattr(self, name)
            if not 0.0 < rate <= 1.0:
                raise InputError(f"{name}_margin_rate", f"{rate} is no margin rate", "give a fraction in (0, 1]")


class Margin(msgspec.Struct, frozen=True):
    """What a position or a fund (``id``) blocks: ``used``, and the unrealised ``loss`` (0 or less) beside it."""

    id: str
    used: float
    loss: float


def leg_margin(contract: Contract, quantity: int, entry: float, mark: float, spot: float, rates: MarginRates) -> float:
    """What ``quantity`` signed units block, bought or sold at ``entry``; NaN where a price it needs is unknown.

    ``entry`` matters for a long option alone; for one not yet bought give the mark or the order's price.

    1 x NIFTY lot of 75 sold at 80, marked 100, spot 26,000, rate 0.14: 0.14 x 26,000 x 75 + 100 x 75 = 280,500.

    :raises InputError: a contract that cannot be held.
    """
    if quantity == 0:
        return 0.0
    if contract.kind is Kind.FUTURE:
        return rates.future * spot * abs(quantity)
    if contract.kind is not Kind.OPTION:
        raise InputError("symbol", f"{contract.id} is an index, which cannot be held", "name a future or an option")
    return entry * quantity if quantity > 0 else (rates.short_option * spot + mark) * -quantity


def position_margin(position: Position, contract: Contract, mark: float, spot: float, rates: MarginRates) -> Margin:
    """What a position blocks at today's ``mark`` and ``spot``; NaN where a price it needs is unknown."""
    entry = float(position.average_price)
    used = leg_margin(contract, position.quantity, entry, mark, spot, rates)
    if contract.kind is not Kind.FUTURE:
        return Margin(position.id, used, 0.0)
    result = unrealized(position, mark)
    return Margin(position.id, used, min(result, 0.0))  # in this order an unknown result stays NaN


def fund_margin(fund_id: str, margins: Iterable[Margin]) -> Margin:
    """The sum over a fund's positions; NaN as soon as one of them is."""
    used = loss = 0.0
    for margin in margins:
        used += margin.used
        loss += margin.loss
    return Margin(fund_id, used, loss)


def available(capital: Decimal, realized: Decimal, fees: Decimal, margin: Margin) -> float:
    """What may still be blocked: capital + realised P&L - fees - used margin, less losses not yet realised.

    It can be negative: then nothing that needs margin may be added. NaN means that it is not known.
    """
    return float(capital + realized - fees) + margin.loss - margin.used
