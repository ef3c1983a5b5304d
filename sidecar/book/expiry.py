"""Settlement at expiry, in cash: each position closes at exactly what its index's closing value makes it worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isfinite

from sidecar.book.fees import exercise_charges
from sidecar.book.position import ZERO, Position
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import InputError
from sidecar.domain.orders import Fill
from sidecar.domain.reference import FeeSchedule


def settlement_price(contract: Contract, closing: float) -> Decimal:
    """What one unit is worth at the index's ``closing`` value: intrinsic value of an option, that value of a future.

    The floats are taken as their shortest decimal text, which is the number the exchange printed: the 24200 call at
    24212.80 is worth exactly 12.8.

    :raises InputError: a closing value that is not a positive number, or a contract that does not settle.
    """
    if not (isfinite(closing) and closing > 0.0):
        raise InputError("closing", f"{closing} is no closing value of {contract.underlying}", "give the index's close")
    value = Decimal(repr(float(closing)))
    if contract.kind is Kind.FUTURE:
        return value
    if contract.kind is not Kind.OPTION or contract.strike is None or contract.right is None:
        raise InputError("symbol", f"{contract.id} does not settle", "name a future or an option")
    strike = Decimal(repr(float(contract.strike)))
    return max(ZERO, value - strike if contract.right is Right.CALL else strike - value)


def settlement_fills(
    positions: Iterable[Position], contracts: Mapping[str, Contract], closing: float, at: int, schedule: FeeSchedule
) -> tuple[Fill, ...]:
    """One fill for each position held in the expiring ``contracts`` (by id), in the order given.

    The contracts are of one underlying and one instrument: ``closing`` is its value, ``schedule`` its fees. ``at`` is
    the time of the settlement. Ids are ``settle-<position id>-<expiry>``, so that settling twice changes nothing.
    Fees are the exercise tax of a long option in the money, nothing else.

    :raises InputError: no closing value, or contracts of several underlyings.
    """
    underlyings = sorted({contract.underlying for contract in contracts.values()})
    if len(underlyings) > 1:
        raise InputError("contracts", f"one closing value for {', '.join(underlyings)}", "settle each index by itself")
    held = (position for position in positions if position.quantity and position.symbol in contracts)
    return tuple(_fill(position, contracts[position.symbol], closing, at, schedule) for position in held)


def _fill(position: Position, contract: Contract, closing: float, at: int, schedule: FeeSchedule) -> Fill:
    price = settlement_price(contract, closing)
    fees = exercise_charges(contract, position.quantity, price, Decimal(repr(float(closing))), schedule)
    name = f"settle-{position.id}-{contract.expiry:%Y%m%d}"
    return Fill(
        id=name,
        order_id=name,
        symbol=position.symbol,
        fund_id=position.fund_id,
        strategy=position.strategy,
        quantity=-position.quantity,
        price=price,
        fees=fees.total,
        at=at,
        note="settlement",
    )
