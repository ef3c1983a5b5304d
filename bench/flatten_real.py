"""The plan of an iron condor on a real NIFTY chain: quotes of the exchange's own page, 2019-06-12 11:00.

The file stands beside the checkout, not in it. The positions are ours; prices, sizes and last trades are the market's.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd

from bench.chains import NSE
from bench.loop import table
from sidecar.desk import unwinding
from sidecar.desk.config import DeskConfig
from sidecar.desk.fills import take_fill
from sidecar.desk.holdings import mark_of
from sidecar.desk.state import DeskState
from sidecar.desk.step import step
from sidecar.domain.clock import SECOND, at_local
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import Beat, Listed, Quote
from sidecar.domain.orders import Fill
from sidecar.domain.plans import Plan
from sidecar.reference import load_reference
from sidecar.risk.limits import defaults

DAY, EXPIRY, PAGE = date(2019, 6, 12), date(2019, 6, 27), pd.Timestamp("2019-06-12 11:00")
LOTS = 8
#: Strike, right and sign of each leg.
CONDOR = ((11_500.0, Right.PUT, 1), (11_700.0, Right.PUT, -1), (12_100.0, Right.CALL, -1), (12_300.0, Right.CALL, 1))


def show(folder: Path) -> None:
    """Print the chain's legs and the plan."""
    state = condor(folder)
    plan = unwinding.plan_of(state, state.book.open_positions())
    print(f"NIFTY {state.board.spot('NIFTY'):,.2f} at {PAGE:%Y-%m-%d %H:%M}, expiry {EXPIRY}, {LOTS} lots a leg\n")
    table(
        ("step", "order", "limit", "expected", "cost", "cash", "margin after", "worst loss after", "at, s"),
        [("now", "", "", "", "", "", f"{plan.margin:,.2f}", f"{plan.worst_loss:,.2f}", ""), *_rows(plan)],
    )
    print(
        f"cost {plan.cost:,.2f}, of it fees {plan.fees:,.2f}; money needed beforehand {plan.peak_cash:,.2f}; ", end=""
    )
    print(f"{plan.seconds:.1f} s if each slice fills at once; {plan.rises or 'neither margin nor worst loss rises'}")
    for name, why in plan.left_out:
        print(f"left out: {name}: {why}")


def _rows(plan: Plan) -> list[tuple[str, ...]]:
    return [
        (
            str(number),
            f"{one.side} {one.quantity} {one.symbol}",
            f"{one.limit}",
            f"{one.expected:.2f}",
            f"{one.cost:,.2f}",
            f"{one.cash:,.2f}",
            f"{one.margin:,.2f}",
            f"{one.worst_loss:,.2f}",
            f"{one.starts_s:.1f}",
        )
        for number, one in enumerate(plan.steps, 1)
    ]


def condor(folder: Path) -> DeskState:
    """A desk that holds the condor, each leg at its mark, in the market of that page."""
    rows = pd.read_parquet(folder / NSE)
    rows = rows[(rows.symbol == "NIFTY") & (rows.expiry == f"{EXPIRY:%d%b%Y}".upper()) & (rows.snapshot_ist <= PAGE)]
    page = rows[rows.snapshot_ist == rows.snapshot_ist.max()].drop_duplicates("StrikePrice")
    reference = load_reference()
    state = DeskState(DeskConfig({"main": Decimal(5_000_000)}, defaults()), reference, reference.calendar("NSE"))
    at = at_local(DAY, 11, 0, state.calendar.zone)
    lot, close = reference.lot_size("NIFTY", EXPIRY, DAY), reference.expiry_close("NIFTY", EXPIRY)
    index = Contract("NIFTY", Kind.INDEX)
    quotes, contracts = [Quote("NIFTY", at, at, last=float(page.CurrentVal.median()))], {}
    for row in page.itertuples(index=False):
        for right, side in ((Right.CALL, "Call"), (Right.PUT, "Put")):
            strike = float(row.StrikePrice)
            one = Contract("NIFTY", Kind.OPTION, EXPIRY, strike, right, close, lot, Decimal("0.05"), 5_000)
            names = (f"{side}{name}" for name in ("BidPrice", "AskPrice", "BidQty", "AskQty", "LTP"))
            told = [float(pd.to_numeric(getattr(row, name), errors="coerce")) for name in names]
            if not min(told[:2]) > 0:
                continue
            contracts[strike, right] = one
            quotes.append(Quote(one.id, at, at, *told))
    step(state, Listed(at - SECOND, (index, *contracts.values()), "NSE 2019", False))
    for quote in quotes:
        step(state, quote)
    step(state, Beat(at))
    for number, (strike, right, sign) in enumerate(CONDOR):
        leg = contracts[strike, right]
        state.contracts[leg.id] = leg
        price = Decimal(str(round(mark_of(state, leg.id), 2)))
        take_fill(state, Fill(f"B{number}", "", leg.id, "main", "condor", sign * LOTS * lot, price, Decimal(0), at))
    step(state, Beat(at + 1))
    return state
