"""Which contracts of a chain a strategy means, and what it would pay for them: nothing here decides to trade."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from math import isfinite, nan
from typing import NamedTuple

from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Side
from sidecar.domain.report import Chain

#: How far through the touch a marketable limit reaches, and through the last trade where no touch is known.
_THROUGH = 0.004
_THROUGH_LAST = 0.02


class Pair(NamedTuple):
    """The call and the put of one strike and expiry."""

    call: Contract
    put: Contract


def nearest_future(contracts: Iterable[Contract], underlying: str, now: int) -> Contract | None:
    """The future of the underlying that expires first of those that still trade at ``now``, microseconds UTC."""
    return min(
        (one for one in contracts if one.kind is Kind.FUTURE and _trades(one, underlying, now)),
        key=lambda one: one.expires_at or 0,
        default=None,
    )


def at_the_money(contracts: Iterable[Contract], underlying: str, level: float, now: int) -> Pair | None:
    """The pair of the nearest expiry whose strike is closest to ``level``, the lower one of two; None without any.

    The expiry is the first that still trades at ``now`` and lists both rights at one strike.
    """
    legs: dict[tuple[int, float], dict[Right, Contract]] = {}
    for one in contracts:
        if one.kind is Kind.OPTION and one.right is not None and _trades(one, underlying, now):
            legs.setdefault((one.expires_at or 0, one.strike or 0.0), {})[one.right] = one
    pairs = {place: found for place, found in legs.items() if len(found) == len(Right)}
    if not pairs:
        return None
    expiry = min(pairs)[0]
    place = min((one for one in pairs if one[0] == expiry), key=lambda one: (abs(one[1] - level), one[1]))
    return Pair(pairs[place][Right.CALL], pairs[place][Right.PUT])


def price_of(chain: Chain, row: int) -> float:
    """What a row is worth: the middle of its quote, else its last price; NaN where neither is known."""
    for column in (chain.mark, chain.last):
        price = float(column[row])
        if isfinite(price) and price > 0.0:
            return price
    return nan


def marketable(chain: Chain, row: int, side: Side, *, touching: bool = False) -> Decimal | None:
    """A limit that shall trade at once: a little through the touch, or through the last price where there is no touch.

    With ``touching`` it is the touch itself, where there is one: a tick through it is much of an option that is nearly
    worthless, and beyond the gate's band. None where there is no price to go by, or none above zero would remain.
    """
    tick = chain.contracts[row].tick_size
    touch = float(chain.ask[row] if side is Side.BUY else chain.bid[row])
    through = _THROUGH
    if not isfinite(touch):
        touch, through = float(chain.last[row]), _THROUGH_LAST
    elif touching:
        return in_ticks(round(touch, 6), tick, side)
    if not isfinite(touch):
        return None
    price = in_ticks(touch + side.sign * max(touch * through, float(tick)), tick, side)
    return price if price > 0 else None


def in_ticks(price: float, tick: Decimal, side: Side) -> Decimal:
    """A price on the tick grid: rounded up for a buy and down for a sell, so that it reaches at least as far."""
    steps = (Decimal(repr(price)) / tick).to_integral_value(ROUND_UP if side is Side.BUY else ROUND_DOWN)
    return steps * tick


def known(chain: Chain, underlying: str, right: Right, after: int, expiry: date | None = None) -> list[int]:
    """The rows of options of one right whose delta and price are known, in listing order.

    Only those that trade on beyond the instant ``after``, and of ``expiry`` alone where it is given.
    """
    return [
        row
        for row, one in enumerate(chain.contracts)
        if one.right is right and _trades(one, underlying, after) and expiry in (None, one.expiry)
        if isfinite(chain.delta[row]) and isfinite(chain.mark[row])
    ]


def of_nearest(chain: Chain, rows: Iterable[int], delta: float) -> int | None:
    """Of the rows that expire first the one whose unsigned delta is closest to ``delta``; None where there is none."""
    expiring = [(chain.contracts[row].expires_at or 0, row) for row in rows]
    first = min(expiring, default=(0, 0))[0]
    near = (row for expires_at, row in expiring if expires_at == first)
    return min(near, key=lambda row: (abs(abs(float(chain.delta[row])) - delta), row), default=None)


def _trades(contract: Contract, underlying: str, now: int) -> bool:
    return contract.underlying == underlying and (contract.expires_at or 0) > now
