"""Records and reports become rows: exact, complete, unknown as NULL."""

from datetime import date
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sidecar.domain.orders import OrderRequest, OrderState, Side
from sidecar.domain.records import Audited, EquityMarked, FillRecorded, LimitsRecorded, OrderRecorded, Started, decode
from sidecar.store.columns import SCHEMAS, tabulate
from sidecar.store.projection import entry_tables, quote_table, report_rows
from tests.store.build import NOW, OPTION, chain, contracts, fill, lines_of, order, position, report, stopped


def rows(table: pa.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def test_every_record_has_its_audit_line_with_its_exact_bytes() -> None:
    records = lines_of(
        Started(NOW, "0.1.0", "sim", True),
        OrderRecorded(NOW, order(), OPTION),
        FillRecorded(NOW, fill()),
        stopped(),
        LimitsRecorded(NOW, {"daily_loss": 0.03}, "ann", "tighter"),
        EquityMarked(NOW, date(2026, 8, 18), {"main": Decimal("1.00000001")}, {}, {}),
        Audited(NOW, "ann", "stop", "refused", "role", "r1"),
    )
    audit = rows(entry_tables(records)["audit"])
    assert [decode(row["payload"].encode()) for row in audit] == [line.entry for line in records]
    assert [(row["seq"], row["kind"], row["actor"], row["action"], row["outcome"], row["detail"]) for row in audit] == [
        (1, "started", "sidecar", "start", "done", "0.1.0 on sim"),
        (2, "order", "trader", "order", "open", "o1"),
        (3, "fill", "venue", "fill", "done", "f1"),
        (4, "breaker", "trader", "triggered", "emergency_stop", "emergency_stop"),
        (5, "limits", "ann", "change_limits", "done", "tighter"),
        (6, "equity", "desk", "mark_equity", "done", "2026-08-18"),
        (7, "audited", "ann", "stop", "refused", "role"),
    ]
    assert audit[6]["request_id"] == "r1"


def test_an_order_has_one_row_in_its_last_state_and_a_fill_seen_twice_counts_once() -> None:
    tables = entry_tables(
        lines_of(
            OrderRecorded(NOW, order(state=OrderState.PENDING), OPTION),
            FillRecorded(NOW, fill(quantity=-65)),
            OrderRecorded(
                NOW + 1, order(state=OrderState.FILLED, filled=65, average_price=Decimal("80.12345")), OPTION
            ),
            FillRecorded(NOW, fill(quantity=-650)),
        )
    )
    (found,) = rows(tables["orders"])
    assert (found["seq"], found["state"], found["filled"], found["average_price"]) == (
        3, "filled", 65, Decimal("80.1234"),
    )  # fmt: skip
    (kept,) = rows(tables["fills"])
    assert (kept["seq"], kept["quantity"], kept["price"], kept["fees"]) == (
        2, -65, Decimal("80.3500"), Decimal("12.3456"),
    )  # fmt: skip
    (listed,) = rows(tables["instruments"])
    assert (listed["id"], listed["kind"], listed["lot_size"]) == (OPTION.id, "option", 65)


@pytest.mark.parametrize("price", ["1e30", "NaN", "-Infinity", "99999999999999.99995"])
def test_what_no_column_can_hold_is_null_there_and_exact_in_the_payload(price: str) -> None:
    request = OrderRequest(OPTION.id, Side.BUY, 10**30, Decimal(price))
    tables = entry_tables(lines_of(OrderRecorded(NOW, order(request=request), OPTION)))
    (found,) = rows(tables["orders"])
    assert (found["price"], found["quantity"]) == (None, None)
    assert f'"price":"{Decimal(price)}"' in rows(tables["audit"])[0]["payload"]


def test_a_report_gives_its_lines_with_unknown_numbers_as_null() -> None:
    by_table: dict[str, list[tuple[Any, ...]]] = {}
    for table, row in report_rows(report(seq=9)):
        by_table.setdefault(table, []).append(row)
    (said,) = rows(tabulate("reports", by_table["reports"]))
    assert (said["seq"], said["breaker"], said["positions"], said["quotes_refused"]) == (9, "active", 1, 3)
    (money,) = rows(tabulate("pnl", by_table["pnl"]))
    assert (money["fund_id"], money["realized_pnl"], money["unrealized_pnl"]) == ("*", Decimal("10.5000"), None)
    (greeks,) = rows(tabulate("greeks", by_table["greeks"]))
    assert (greeks["delta"], greeks["gamma"]) == (1.0, None)
    (held,) = rows(tabulate("positions", by_table["positions"]))
    assert (held["quantity"], held["current_price"], held["option_type"], held["updated_at"]) == (-65, None, "CE", None)
    assert held["entry_time"] == position().entry_time


def test_quotes_come_from_the_rows_that_changed_and_nan_is_null() -> None:
    listed = contracts(3)
    symbols = pa.array([contract.id for contract in listed])
    found = quote_table(chain(listed, [0, NOW, NOW + 1]), symbols, np.array([0, NOW]))
    (row,) = rows(found)
    assert (row["symbol"], row["bid"], row["ask"]) == (listed[2].id, 80.0, None)
    assert found.schema == SCHEMAS["quotes"]


def test_nan_never_becomes_a_number_in_any_double_column() -> None:
    row = (None, 1, "*", "NIFTY", nan, nan, nan, nan, nan, nan, "live")
    assert tabulate("greeks", [row])["rho"].to_pylist() == [None]
