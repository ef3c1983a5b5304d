"""What a trade costs: brokerage, transaction tax, the exchange's charges, stamp duty, and GST on the services.

Every item is rounded half-up to four decimals, a fill at a time; the total is the sum of the items as shown. (Contract
notes round the transaction tax and the stamp duty of a whole day to the rupee: they differ from the sum of these items
by less than a rupee a tax and day.) Rates come in by date from ``domain.reference``; none are here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from sidecar.book.position import QUANTUM, ZERO
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import InputError
from sidecar.domain.reference import FeeSchedule


class Charges(msgspec.Struct, frozen=True):
    """The items of one fill, in account currency; none is negative."""

    brokerage: Decimal = ZERO
    stt: Decimal = ZERO
    exchange: Decimal = ZERO
    sebi: Decimal = ZERO
    ipft: Decimal = ZERO
    stamp: Decimal = ZERO
    gst: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All items together: the ``fees`` of a fill."""
        return sum((getattr(self, name) for name in self.__struct_fields__), ZERO)


def charges(
    contract: Contract, quantity: int, price: Decimal, schedule: FeeSchedule, *, first_fill: bool = True
) -> Charges:
    """What a fill of signed ``quantity`` at ``price`` costs under the schedule of its day, exchange and instrument.

    Turnover is premium times quantity for an option, price times quantity for a future. Brokerage is by order: it falls
    on the order's ``first_fill``. GST is on brokerage, exchange, SEBI and investor-protection charges as rounded.

    Worked by hand: 75 NIFTY 26150 CE sold at 83.40 on 2025-12-01, turnover 6255.00; brokerage 20; STT 0.1 % = 6.2550;
    exchange 0.03503 % = 2.1911; SEBI 10 a crore = 0.0063; investor protection 50 a crore = 0.0313; stamp (buyer only)
    0; GST 18 % of 22.2287 = 4.0012; together 32.4849.

    :raises InputError: a contract that cannot trade, a quantity of nothing, a price that is negative or not a number.
    """
    if contract.kind is Kind.INDEX:
        raise InputError("symbol", f"{contract.id} is an index, which cannot trade", "name a future or an option")
    if quantity == 0 or not price.is_finite() or price < 0:
        raise InputError("quantity", f"{quantity} at {price} is no trade", "give a signed quantity and a price")
    turnover = abs(quantity) * price
    buys = quantity > 0
    brokerage = _rounded(schedule.brokerage) if first_fill else ZERO
    exchange = _rounded(turnover * schedule.exchange)
    sebi = _rounded(turnover * schedule.sebi)
    ipft = _rounded(turnover * schedule.ipft)
    return Charges(
        brokerage=brokerage,
        stt=_rounded(turnover * (schedule.stt_buy if buys else schedule.stt_sell)),
        exchange=exchange,
        sebi=sebi,
        ipft=ipft,
        stamp=_rounded(turnover * (schedule.stamp_buy if buys else schedule.stamp_sell)),
        gst=_rounded((brokerage + exchange + sebi + ipft) * schedule.gst),
    )


def exercise_charges(
    contract: Contract, quantity: int, intrinsic: Decimal, closing: Decimal, schedule: FeeSchedule
) -> Charges:
    """What settlement at expiry costs a position of signed ``quantity``: transaction tax on what the holder exercises.

    Only the long side of an option that ends in the money pays, on its ``intrinsic`` value, or on the ``closing`` value
    of the index where the schedule says ``settlement`` (before 2019-09-01). Worthless options, writers and futures pay
    nothing: exchange charges, stamp duty and brokerage fall on trades, and a cash settlement is none.
    """
    if contract.kind is not Kind.OPTION or quantity <= 0 or intrinsic <= 0:
        return Charges()
    base = {"intrinsic": intrinsic, "settlement": closing}[schedule.stt_exercise_base]
    return Charges(stt=_rounded(quantity * base * schedule.stt_exercise))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(QUANTUM, ROUND_HALF_UP)
