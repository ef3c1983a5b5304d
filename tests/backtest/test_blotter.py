"""A week of somebody's paper trades on live prices, recomputed by the desk's book and the fees of their days."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.backtest.trips import trades_of
from sidecar.book.fees import charges
from sidecar.domain.backtest_result import BacktestTrade
from sidecar.domain.clock import from_datetime
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Fill
from sidecar.reference import load_reference
from tests.backtest.runs import run_of

FILE = "blotter/nifty_paper_trades_2026-10-05_2026-10-09.csv"
LOT = 65
IST = ZoneInfo("Asia/Kolkata")
REFERENCE = load_reference()
Row = dict[str, str]


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> list[Row]:
    path = shared_data / FILE
    if not path.is_file():
        pytest.skip("the blotter is not among the real market data (blotter)")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trades(rows: list[Row]) -> tuple[BacktestTrade, ...]:
    fills = [one for place, row in enumerate(rows) for one in bought_and_sold(row, place)]
    return trades_of(run_of(fills))


def bought_and_sold(row: Row, place: int) -> tuple[Fill, Fill]:
    """The two fills of a row, with the charges of its day: the file holds round trips of one lot that was bought."""
    day, expiry = date.fromisoformat(row["date"]), date.fromisoformat(row["expiry"])
    contract = Contract("NIFTY", Kind.OPTION, expiry, float(row["strike"]), Right(row["side"]))
    lot = REFERENCE.lot_size("NIFTY", expiry, day)
    assert expiry in REFERENCE.expiries("NIFTY", day, 2)
    schedule = REFERENCE.fees("NSE", "option", day)

    def made(quantity: int, when: str, price: str) -> Fill:
        at = from_datetime(datetime.fromisoformat(f"{row['date']}T{row[when]}").replace(tzinfo=IST))
        paid = charges(contract, quantity, Decimal(row[price]), schedule).total
        name = f"{place}-{when}"
        return Fill(name, name, contract.id, "main", row["rule"], quantity, Decimal(row[price]), paid, at)

    return made(lot, "entry_time", "entry_prem"), made(-lot, "exit_time", "exit_prem")


def test_every_row_is_one_round_trip_of_a_lot_of_65(rows: list[Row], trades: tuple[BacktestTrade, ...]) -> None:
    assert len(rows) == len(trades) == 11
    assert {(trade.side, trade.quantity, trade.exit) for trade in trades} == {("buy", LOT, "order")}
    assert all(trade.opened_at < trade.closed_at for trade in trades)


def test_every_rows_profit_is_the_books_to_the_rupee_that_the_file_rounds_to(
    rows: list[Row], trades: tuple[BacktestTrade, ...]
) -> None:
    off = [Decimal(row["pnl_per_lot"]) - trade.gross_pnl for row, trade in zip(rows, trades, strict=True)]
    assert max(map(abs, off)) == Decimal("0.5")
    assert (sum(trade.gross_pnl for trade in trades), sum(off)) == (Decimal("6584.50"), Decimal("-0.50"))


def test_the_file_rounds_binary_floats_which_is_why_one_of_five_halves_went_the_other_way(
    rows: list[Row], trades: tuple[BacktestTrade, ...]
) -> None:
    told = [int(row["pnl_per_lot"]) for row in rows]
    assert told == [round((float(row["exit_prem"]) - float(row["entry_prem"])) * LOT) for row in rows]
    halves = [row for row, trade in zip(told, trades, strict=True) if abs(trade.gross_pnl % 1) == Decimal("0.5")]
    assert halves == [-1411, -1164, 2489, 2425, 1931]


def test_after_the_fees_of_october_2026_a_ninth_of_the_profit_is_gone(trades: tuple[BacktestTrade, ...]) -> None:
    assert [str(trade.net_pnl) for trade in trades] == [
        "-1839.9130", "-1268.9651", "-1372.4956", "2826.5383", "-659.7006", "-1477.9915",
        "-1231.2424", "4261.2729", "2415.2275", "2349.2660", "1860.8146",
    ]  # fmt: skip
    assert sum(trade.fees for trade in trades) == Decimal("721.6889")
    assert sum(trade.net_pnl for trade in trades) == Decimal("5862.8111")
    assert sum(trade.net_pnl > 0 for trade in trades) == 5


def test_one_sale_is_worked_by_hand(rows: list[Row]) -> None:
    """65 at 70.80 is 4602: 20 + 6.9030 STT + 1.6121 + 0.0046 + 0.0230, and 18 % of 21.6397."""
    _, sold = bought_and_sold(rows[0], 0)
    assert sold.fees == Decimal(20) + Decimal("6.9030") + Decimal("1.6397") + Decimal("3.8951")
