from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.positions import RoundTrip
from sidecar.domain.clock import SECOND, iso
from sidecar.domain.orders import Side
from sidecar.servers import trades
from sidecar.servers.examples_signals import TRADE, TRADES
from sidecar.servers.keys import Role
from sidecar.servers.ports import SpanQuery
from tests.desk.world import CALL, PUT
from tests.servers.signalling import SignalDesk

PATH, FILE = "/api/v1/trades", "/api/v1/trades.csv"


@pytest.fixture
def desk(tmp_path: Path) -> SignalDesk:
    """A call that lost and a put of another strategy that gained, in that order."""
    made = SignalDesk(tmp_path)
    world = made.world
    for contract, strategy, sold, bought in ((CALL, "demo", "20.00", "26.50"), (PUT, "odd", "21.05", "19.00")):
        world.trade_lots(contract, Side.SELL, strategy=strategy, at_price=sold)
        world.trade(beats=10)
        world.trade_lots(contract, Side.BUY, strategy=strategy, at_price=bought)
        world.trade(beats=10)
    return made


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_round_trips_are_told_newest_first_as_the_book_has_them(desk: SignalDesk) -> None:
    told = desk.told(PATH)
    book = desk.world.state.book.round_trips
    assert [row["id"] for row in told["trades"]] == ["T00000002", "T00000001"]
    assert (told["count"], told["next_cursor"], told["as_of"]) == (2, None, iso(desk.world.at))
    newest, oldest = told["trades"]
    assert (oldest["strategy"], oldest["symbol"], oldest["fund_id"]) == ("demo", CALL.id, "main")
    for row, trip in ((oldest, book[0]), (newest, book[1])):
        assert (row["opened_at"], row["closed_at"]) == (iso(trip.opened_at), iso(trip.closed_at))
        assert Decimal(str(row["realized"])) == trip.realized
        assert Decimal(str(row["net"])) == trip.realized - trip.fees
    assert oldest["realized"] < 0.0 < newest["realized"]


def test_a_position_that_is_not_flat_yet_is_no_trade(desk: SignalDesk) -> None:
    desk.world.trade_lots(CALL, Side.SELL, lots=2)
    desk.world.trade_lots(CALL, Side.BUY, lots=1)
    assert desk.told(PATH)["count"] == 2


def test_filters_choose_by_fund_strategy_and_when_a_trip_closed(desk: SignalDesk) -> None:
    first, second = (trip.closed_at for trip in desk.world.state.book.round_trips)

    def chosen(**asked: str) -> list[str]:
        for path in (PATH, FILE):
            answer = desk.client.get(path, params=asked, headers={"X-API-Key": desk.secrets[Role.VIEWER]})
            assert answer.status_code == 200, answer.text
            found = answer.json()["trades"] if path == PATH else rows(answer.text)
            names = [row["id"] for row in found]
        return names

    assert chosen(strategy="demo") == ["T00000001"]
    assert chosen(fund_id="other") == chosen(strategy="none") == []
    assert chosen(**{"from": iso(second)}) == ["T00000002"]
    assert chosen(to=iso(second)) == ["T00000001"]
    assert chosen(**{"from": iso(first), "to": iso(second + 1)}) == ["T00000002", "T00000001"]


def test_the_file_is_csv_under_a_fixed_name_and_its_money_stays_a_number(desk: SignalDesk) -> None:
    answer = desk.ask("GET", FILE, role=Role.VIEWER)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="trades.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.splitlines()[0] == ",".join(trades.COLUMNS)
    found = rows(answer.text)
    book = desk.world.state.book.round_trips
    assert [row["id"] for row in found] == ["T00000002", "T00000001"]
    for row, trip in zip(found, reversed(book), strict=True):
        exact = trip.realized, trip.fees, trip.net
        assert tuple(Decimal(row[name]) for name in ("realized", "fees", "net")) == exact
        assert row["closed_at"] == iso(trip.closed_at)
    assert found[1]["realized"].startswith("-")


class Line(NamedTuple):
    fund_id: str
    strategy: str
    symbol: str
    opened_at: int
    closed_at: int
    realized: Decimal
    fees: Decimal
    net: Decimal


HOSTILE = ('=HYPERLINK("http://x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_a_spreadsheet_would_run_is_neutralised_and_a_negative_number_is_not(name: str) -> None:
    trip = Line("main", name, "NIFTY", 0, SECOND, Decimal("-1E+2"), Decimal("0.1000"), Decimal("-100.1000"))
    text = trades.table([trades.Trade("T00000001", trip)])
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["strategy"] == f"'{name}"
    assert (row["realized"], row["fees"], row["net"]) == ("-100", "0.1000", "-100.1000")


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_whatever_a_strategy_is_called_the_file_has_its_row_and_no_cell_begins_a_formula(names: list[str]) -> None:
    found = [
        trades.Trade(f"T{number:08d}", Line("main", name, "NIFTY", 0, 0, Decimal(1), Decimal(0), Decimal(1)))
        for number, name in enumerate(names)
    ]
    read = list(csv.DictReader(io.StringIO(trades.table(found), newline="")))
    assert [row["strategy"].removeprefix("'") for row in read] == [name.removeprefix("'") for name in names]
    assert not any(cell.startswith(HOSTILE_STARTS) for row in read for cell in row.values())


HOSTILE_STARTS = ("=", "+", "-", "@", "\t", "\r")


def test_a_file_that_would_be_too_long_is_refused_and_nothing_is_left_out(
    desk: SignalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trades, "MOST_ROWS", 1)
    answer = desk.ask("GET", FILE, role=Role.VIEWER)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "from")
    assert desk.ask("GET", f"{FILE}?strategy=demo", role=Role.VIEWER).status_code == 200


def test_who_may_and_what_cannot_be_asked(desk: SignalDesk) -> None:
    for path in (PATH, FILE):
        assert [desk.ask("GET", path, role=role).status_code for role in (None, *Role)] == [401, 200, 200, 200]
        for asked in ("from=yesterday", "to=2026-09-07T10:00:00", "symbol=NIFTY", "strategy=a/b"):
            assert desk.ask("GET", f"{path}?{asked}", role=Role.VIEWER).status_code == 422
    for asked in ("cursor=x", "limit=0", "limit=1001"):
        assert desk.ask("GET", f"{PATH}?{asked}", role=Role.VIEWER).status_code == 422
    assert desk.ask("GET", f"{FILE}?limit=5", role=Role.VIEWER).status_code == 422


def test_the_documents_example_names_the_fields_that_are_told(desk: SignalDesk) -> None:
    told = desk.told(PATH)
    assert set(told) == set(TRADES)
    assert set(told["trades"][0]) == set(TRADE) == set(trades.COLUMNS)


closing_times = st.lists(st.integers(0, 5), max_size=20)


@given(closing_times, st.integers(1, 7))
def test_pages_hold_every_round_trip_once_also_where_many_close_at_one_instant(times: list[int], size: int) -> None:
    trips = [RoundTrip("main", "s", "NIFTY", 0, at, Decimal(1), Decimal(0)) for at in times]
    seen: list[Any] = []
    before = None
    while True:
        page = trades.found(trips, SpanQuery(size, before))
        seen += page
        if len(page) < size:
            break
        before = trades.place_of(page[-1])
    assert len(seen) == len({trade.id for trade in seen}) == len(times)
    assert [trades.place_of(one) for one in seen] == sorted((trades.place_of(one) for one in seen), reverse=True)
