"""Records: what the journal keeps can be read back, whole and exact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain import records
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.orders import Fill, Order, OrderRequest, OrderState, Side

MONEY = st.decimals("-1e12", "1e12", places=4)


@given(st.integers(0, 2**53), st.dictionaries(st.text(max_size=5), MONEY, max_size=3))
def test_money_and_time_come_back_to_the_last_digit(at: int, money: dict[str, Decimal]) -> None:
    entry = records.Entry(at, records.EquityMarked(at, date(2026, 8, 18), money, money, money))
    assert records.decode(records.encode(entry)) == entry


def test_every_kind_of_record_is_told_apart_by_its_tag() -> None:
    tags = [kind.__struct_config__.tag for kind in get_args(records.AnyRecord)]
    assert len(set(tags)) == len(tags)
    assert all(isinstance(tag, str) and tag for tag in tags)


def test_orders_and_fills_come_back_as_they_were() -> None:
    future = Contract("NIFTY", Kind.FUTURE, date(2026, 8, 25), expires_at=5)
    order = Order("O1", OrderRequest(future.id, Side.BUY, 75, Decimal("80.05")), OrderState.OPEN, "me", 1, 2)
    fill = Fill("F1", "O1", future.id, "main", "demo", -75, Decimal("80.05"), Decimal("1.2345"), 3)
    for record in (records.OrderRecorded(1, order, future), records.FillRecorded(2, fill)):
        assert records.decode(records.encode(records.Entry(9, record))).record == record


@pytest.mark.parametrize("payload", [b"", b"{}", b"null", b'{"wall_at":1,"record":{"kind":"nothing","at":1}}', b"\xff"])
def test_what_is_no_entry_is_refused(payload: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        records.decode(payload)
