"""Margin and free capital of a fund: portfolio margin, and premiums that count when paid and never when received.

What is blocked, for all contracts of one underlying together (those that expire today apart, where the rules say so):

- the **requirement** of the exchange's portfolio margin: worst scenario and exposure, less the net value of the options
  at their marks, and never below 0. A short option's whole price of buying it back is in it;
- the **net premium**: what was paid for long options, less what was received for short ones, and never below 0. What
  was received counts at most at the mark, so that a premium above it adds nothing, and only against what was paid: it
  is kept for the buying back that the requirement charges;
- of a future also its unrealised loss, which is settled in cash each day.

So a long option alone blocks what was paid for it, whatever it is worth now: that is all it can lose. A short one alone
blocks its risk and its price, whatever was received. A debit spread blocks its debit and a credit spread its width, and
on top of it the exposure margin of its shorts: the credit does not shorten the width.

Laws: available never exceeds capital plus realised P&L, because nothing that is blocked is below 0 and unrealised
gains are never available. A premium received never raises it: selling an option where none is held long never does,
and elsewhere a price above the mark does no more than the mark. The one thing that selling frees is what was paid for
a long option that it hedges.

**Working orders** count when they are sent: a fund is taken to block the most that it could after any set of fills, of
whole orders or of parts, so that an order may not lean on a hedge that has not filled. A strategy that both buys and
sells a contract may close it and open it anew at its orders' prices, and is taken to. What a fill would realise, its
fees, and a future's loss against its mark count when it fills, and not before.

**Attribution.** A fund's margin is less than the sum of its parts, so it cannot be split without a rule. A strategy's
margin is what its own legs would block by themselves, a position's what it would block alone. They are the honest
size of each, and they add up to more than the fund's; nothing adds them up.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import nan

import msgspec

from sidecar.book.pnl import unrealized
from sidecar.book.position import Position
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import InputError


class Margin(msgspec.Struct, frozen=True):
    """What a fund (``id``) blocks: ``used``, and the unrealised ``loss`` of its futures (0 or less) beside it."""

    id: str
    used: float
    loss: float


class Holding(msgspec.Struct, frozen=True):
    """Signed units of one contract and the net premium they hold: paid above 0, received below it."""

    quantity: int = 0
    premium: float = 0.0


class Prices(msgspec.Struct, frozen=True):
    """The most that units are bought for and the least that they are sold for; NaN where none are."""

    bought: float = nan
    sold: float = nan


def dearest(offers: Iterable[tuple[int, float]]) -> Prices:
    """The dearest prices of orders, each with its sign (1 buys, -1 sells) and price."""
    each = tuple(offers)
    bought = max((price for sign, price in each if sign > 0), default=nan)
    return Prices(bought, min((price for sign, price in each if sign < 0), default=nan))


def premium_of(contract: Contract, quantity: int, entry: float, mark: float) -> float:
    """What ``quantity`` signed units at ``entry`` paid; below 0 what they received, at most ``mark`` a unit.

    A future has no premium. NaN where a price it needs is unknown.

    :raises InputError: a contract that cannot be held.
    """
    if contract.kind is Kind.INDEX:
        raise InputError("symbol", f"{contract.id} is an index, which cannot be held", "name a future or an option")
    if quantity == 0 or contract.kind is Kind.FUTURE:
        return 0.0
    return entry * quantity if quantity > 0 else _lesser(entry, mark) * quantity


def held(positions: Iterable[Position], contract: Contract, mark: float) -> Holding:
    """The positions of one contract as one holding."""
    quantity, premium = 0, 0.0
    for position in positions:
        quantity += position.quantity
        premium += premium_of(contract, position.quantity, float(position.average_price), mark)
    return Holding(quantity, premium)


def moved(holding: Holding, contract: Contract, quantity: int, prices: Prices, mark: float) -> Holding:
    """The holding after fills at ``prices`` that bring it to ``quantity``.

    Units bought are taken to cost at least the mark, units sold to fetch at most the mark, which also stands for a
    price that is not given. What is closed takes its share of the premium with it.
    """
    before = holding.quantity
    if quantity == before:
        return holding
    price = prices.bought if quantity > before else prices.sold
    at = price if price == price else mark
    if quantity > before:
        at = _larger(at, mark)
    if before * (quantity - before) >= 0:
        return Holding(quantity, holding.premium + premium_of(contract, quantity - before, at, mark))
    if before * quantity >= 0:
        return Holding(quantity, holding.premium * (quantity / before))
    return Holding(quantity, premium_of(contract, quantity, at, mark))


def again(holding: Holding, contract: Contract, prices: Prices, mark: float) -> Holding:
    """The holding as dear as fills both ways can make it: closed, and opened anew, where orders of both sides work."""
    if prices.bought != prices.bought or prices.sold != prices.sold:
        return holding
    anew = moved(Holding(), contract, holding.quantity, prices, mark)
    return Holding(holding.quantity, _larger(anew.premium, holding.premium))


def reached(
    holding: Holding, contract: Contract, low: int, high: int, prices: Prices, mark: float
) -> tuple[Holding, ...]:
    """The holdings between which what is blocked has no bends, when fills bring it anywhere from ``low`` to ``high``:
    these two, the present one, and nothing where it lies between.
    """
    start = again(holding, contract, prices, mark)
    to = dict.fromkeys((holding.quantity, low, high, max(low, min(0, high))))
    return tuple(moved(start, contract, quantity, prices, mark) for quantity in to)


def future_loss(position: Position, contract: Contract, mark: float) -> float:
    """The unrealised loss of a future, 0 or less; 0 of an option. NaN where the mark is unknown."""
    if contract.kind is not Kind.FUTURE:
        return 0.0
    return min(unrealized(position, mark), 0.0)  # in this order an unknown result stays NaN


def available(capital: Decimal, realized: Decimal, fees: Decimal, margin: Margin) -> float:
    """What may still be blocked: capital + realised P&L - fees - used margin, less losses not yet realised.

    It can be negative: then nothing that needs margin may be added. NaN means that it is not known.
    """
    return float(capital + realized - fees) + margin.loss - margin.used


def _lesser(price: float, mark: float) -> float:
    return min(price, mark) if mark == mark else mark


def _larger(price: float, mark: float) -> float:
    return max(price, mark) if mark == mark else mark
