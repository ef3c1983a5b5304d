"""Prices as whole ticks, one at a time, and the limit of an order that shall trade at once.

What is decimal outside is binary inside: 0.15 / 0.05 is not 3. A price within a millionth of a tick of a whole number
of ticks is that number.
"""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor, isfinite

from sidecar.domain.errors import InputError
from sidecar.domain.orders import Side

#: Of a tick: what a price in binary may miss its tick by.
NEAR = 1e-6
#: A marketable order's limit is this many hundredths beyond the price that it was decided on: inside the gate's band.
THROUGH = 4


def nearest(price: float | Decimal, tick: Decimal) -> int:
    """The whole number of ticks nearest to a price, half a tick up.

    >>> nearest(24212.8, Decimal("0.05")), nearest(0.15, Decimal("0.05")), nearest(0.025, Decimal("0.05"))
    (484256, 3, 1)

    :raises InputError: the price is not a number.
    """
    return floor(_in_ticks(price, tick) + 0.5 + NEAR)


def whole_below(price: float | Decimal, tick: Decimal) -> int:
    """The largest whole number of ticks that is not above a price. :raises InputError: it is not a number."""
    return floor(_in_ticks(price, tick) + NEAR)


def whole_above(price: float | Decimal, tick: Decimal) -> int:
    """The least whole number of ticks that is not below a price. :raises InputError: it is not a number."""
    return ceil(_in_ticks(price, tick) - NEAR)


def limit_ticks(close: int, sign: int) -> int:
    """The limit in ticks of an order to buy (``sign`` 1) or to sell (-1) at once, decided on ``close`` ticks.

    It lies 4 % beyond, rounded toward the close: an order never offers more than that.

    >>> limit_ticks(1001, 1), limit_ticks(1001, -1)
    (1041, 961)
    """
    hundredths = close * (100 + sign * THROUGH)
    return hundredths // 100 if sign > 0 else -(-hundredths // 100)


def limit_price(close: float | Decimal, tick: Decimal, side: Side) -> Decimal:
    """The limit of an order that shall trade at once, decided on a price of ``close``; a multiple of ``tick``.

    >>> limit_price(50.05, Decimal("0.05"), Side.BUY)
    Decimal('52.05')

    :raises InputError: the price is not a number.
    """
    return limit_ticks(nearest(close, tick), side.sign) * tick


def _in_ticks(price: float | Decimal, tick: Decimal) -> float:
    number = float(price)
    if not isfinite(number):
        raise InputError("price", f"{price} is not a number", "give a price")
    return number / float(tick)
