"""Fills, contracts and rates for the tests of this room."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Fill
from sidecar.domain.reference import FeeSchedule

CALL = "NIFTY-20251202-26150-CE"
PUT = "NIFTY-20251202-26300-PE"
SENSEX = "SENSEX-20251204-86000-CE"
FUTURE = "NIFTY-20251230-FUT"
DAY = date(2025, 12, 2)

#: NSE index options on 2025-12-01, a flat brokerage of 20 an order.
SCHEDULE = FeeSchedule(
    brokerage=Decimal(20),
    stt_buy=Decimal(0),
    stt_sell=Decimal("0.001"),
    stt_exercise=Decimal("0.00125"),
    stt_exercise_base="intrinsic",
    exchange=Decimal("0.0003503"),
    sebi=Decimal("0.000001"),
    ipft=Decimal("0.000005"),
    stamp_buy=Decimal("0.00003"),
    stamp_sell=Decimal(0),
    gst=Decimal("0.18"),
)

OPTION = Contract("NIFTY", Kind.OPTION, DAY, 26150.0, Right.CALL, lot_size=75)
PUT_OPTION = Contract("NIFTY", Kind.OPTION, DAY, 26300.0, Right.PUT, lot_size=75)
FUTURE_CONTRACT = Contract("NIFTY", Kind.FUTURE, date(2025, 12, 30), lot_size=75)
INDEX = Contract("NIFTY", Kind.INDEX)


def fill(
    quantity: int,
    price: str | Decimal,
    *,
    name: str = "",
    symbol: str = CALL,
    fund: str = "main",
    strategy: str = "hand",
    fees: str | Decimal = "0",
    at: int = 0,
) -> Fill:
    """A fill; without a ``name`` its id is made of its content."""
    id_ = name or f"{symbol}/{quantity}@{price}#{at}"
    return Fill(id_, "order", symbol, fund, strategy, quantity, Decimal(price), Decimal(fees), at)


def amounts(*values: int | str) -> tuple[Decimal, ...]:
    """The exact amounts that a test expects."""
    return tuple(Decimal(value) for value in values)


quantities = st.integers(-900, 900).filter(bool)
prices = st.decimals("0.0001", "99999", places=4)
fees = st.decimals("0", "500", places=4)


@st.composite
def fill_lists(draw: st.DrawFn, most: int = 25) -> list[Fill]:
    """Fills of several funds, strategies and contracts, each with its own id, in time order."""
    count = draw(st.integers(1, most))
    return [
        fill(
            draw(quantities),
            draw(prices),
            name=f"fill-{number}",
            symbol=draw(st.sampled_from((CALL, PUT, SENSEX))),
            fund=draw(st.sampled_from(("main", "second"))),
            strategy=draw(st.sampled_from(("hand", "demo"))),
            fees=draw(fees),
            at=number,
        )
        for number in range(count)
    ]
