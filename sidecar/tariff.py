"""What a round trip in the nearest future costs, by the fee tables of its day: the cost in a label."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sidecar.domain.errors import InputError
from sidecar.domain.reference import Reference


def round_trip(reference: Reference, underlying: str, on: date, price: float) -> float:
    """The cost of buying and selling one unit of a future of ``underlying`` at ``price`` on ``on``, a fraction of it.

    Both sides' transaction tax, exchange, SEBI and investor-protection charges, stamp duty and GST, and one tick for
    the spread. Brokerage is left out: it is money an order, so its share depends on the size (0.3 basis points of one
    NIFTY lot at 20 an order). On 2026-04-01, when the tax on a sale rose from 0.02 % to 0.05 %, it is 5.7 basis points
    before the spread.

    :raises InputError: ``price`` is not above 0. :raises NotKnown: a table has no row for the day.
    """
    if not price > 0.0:
        raise InputError("price", f"{price} is no price", "give one above 0")
    fees = reference.fees(reference.exchange(underlying), "future", on)
    services = 2 * (fees.exchange + fees.sebi + fees.ipft)
    taxes = fees.stt_buy + fees.stt_sell + fees.stamp_buy + fees.stamp_sell
    return float(taxes + services * (1 + fees.gst) + reference.tick_size(underlying, on) / Decimal(repr(price)))
