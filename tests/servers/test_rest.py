import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.domain.breaker import BreakerEvent, BreakerStatus
from sidecar.domain.commands import CancelAll, CancelOrder, ChangeLimits, Stop
from sidecar.domain.errors import StoreError
from sidecar.domain.orders import Fill, OrderState
from sidecar.domain.report import Published
from sidecar.servers import rest
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.servers.desk import EMPTY, ORDER, QUICK, T0, Stand

ORDERS = "/api/v1/orders"
LIMITS = "/api/v1/risk/limits"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def pages(stand: Stand, path: str, name: str, limit: int) -> list[list[str]]:
    """The ids of each page, by following the cursor to the end."""
    found, cursor = [], ""
    while True:
        told = stand.client.get(
            path, params={"limit": limit, "cursor": cursor}, headers=stand.headers(Role.VIEWER)
        ).json()
        found.append([row["id"] for row in told[name]])
        assert told["count"] == len(told[name])
        if told["next_cursor"] is None:
            return found
        cursor = told["next_cursor"]


def test_an_order_is_created_found_and_listed(stand: Stand) -> None:
    made = stand.ask("POST", ORDERS, ORDER | {"client_order_id": "mine"}, Role.TRADER)
    assert made.status_code == 201
    order = made.json()
    assert order["state"] == "open"
    assert order["client_order_id"] == "mine"
    assert order["remaining"] == 75
    assert order["created_at"].endswith("+00:00")
    assert stand.ask("GET", f"{ORDERS}/{order['id']}", None, Role.VIEWER).json() == order
    told = stand.ask("GET", ORDERS, None, Role.VIEWER).json()
    assert (told["orders"], told["count"], told["next_cursor"]) == ([order], 1, None)
    assert told["as_of"] == stand.desk.report.timestamp.isoformat()


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_hold_every_order_once_newest_first(stand: Stand, limit: int) -> None:
    for number in range(7):
        stand.ask("POST", ORDERS, ORDER | {"quantity": 75 * (number % 5 + 1)})
    found = pages(stand, ORDERS, "orders", limit)
    assert [key for page in found for key in page] == [f"O{number:08d}" for number in range(7, 0, -1)]
    assert all(len(page) == limit for page in found[:-1])


def test_fills_of_one_instant_are_not_lost_between_pages(stand: Stand) -> None:
    for number in range(5):
        fill = Fill(f"F{number}", "O1", "NIFTY", "main", "demo", -75, Decimal("83.4"), Decimal("20.06"), T0)
        stand.desk.executions.append(fill)
    assert pages(stand, "/api/v1/fills", "fills", 2) == [["F4", "F3"], ["F2", "F1"], ["F0"]]
    first = stand.ask("GET", "/api/v1/fills?limit=1").json()["fills"][0]
    assert (first["quantity"], first["price"], first["fees"]) == (-75, 83.4, 20.06)
    assert first["at"] == "2025-11-24T06:30:00+00:00"


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=1",
        "cursor=~O1",
        "cursor=-1~O1",
        "limit=1001",
        "limit=0",
        "limit=-1",
        "limit=1.5",
        "fund_id=a%20b",
        "cursor=" + "1" * 200,
    ],
)
def test_a_page_that_cannot_be_is_422(stand: Stand, query: str) -> None:
    answer = stand.ask("GET", f"{ORDERS}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.split("=")[0]


def test_a_page_holds_a_hundred_unless_told(stand: Stand) -> None:
    seen: list[Any] = []

    def orders(query: Any) -> list[Any]:
        seen.append(query)
        return []

    app = create_app(replace(stand.desk.ports(), orders=orders), stand.keys, QUICK)
    client = stand.client.__class__(app, base_url="http://localhost")
    client.get(ORDERS, headers=stand.headers(Role.VIEWER))
    client.get(f"{ORDERS}?limit=1000&fund_id=main&strategy=demo&cursor=5~O1", headers=stand.headers(Role.VIEWER))
    assert [(row.limit, row.before, row.fund_id, row.strategy) for row in seen] == [
        (101, None, "", ""), (1001, (5, "O1"), "main", "demo"),
    ]  # fmt: skip


def test_a_cancel_is_200_once_it_is_done_and_202_while_it_is_not_answered(stand: Stand) -> None:
    first, second = (stand.ask("POST", ORDERS, ORDER).json()["id"] for _ in range(2))
    done = stand.ask("DELETE", f"{ORDERS}/{first}", None, Role.TRADER)
    assert (done.status_code, done.json()["state"]) == (200, "cancelled")
    assert isinstance(stand.desk.commands[-1], CancelOrder)
    stand.desk.deaf = True
    asked = stand.ask("DELETE", f"{ORDERS}/{second}")
    assert (asked.status_code, asked.json()["state"]) == (202, "open")


def test_a_cancel_of_an_ended_or_unknown_order_is_refused(stand: Stand) -> None:
    key = stand.ask("POST", ORDERS, ORDER).json()["id"]
    stand.ask("DELETE", f"{ORDERS}/{key}")
    again = stand.ask("DELETE", f"{ORDERS}/{key}")
    assert (again.status_code, again.json()["order"]["state"]) == (409, "cancelled")
    assert stand.ask("DELETE", f"{ORDERS}/O404").status_code == 404
    assert stand.ask("GET", f"{ORDERS}/O404").status_code == 404


def test_cancel_all_needs_no_body_and_names_what_is_outstanding(stand: Stand) -> None:
    keys = [stand.ask("POST", ORDERS, ORDER).json()["id"] for _ in range(2)]
    stand.desk.deaf = True
    told = stand.ask("POST", f"{ORDERS}/cancel-all", None, Role.TRADER).json()
    assert (told["status"], told["orders_cancelled"]["outstanding"]) == ("pending", keys)
    stand.desk.deaf = False
    told = stand.ask("POST", f"{ORDERS}/cancel-all", {"fund_id": "main", "reason": "close"}).json()
    assert (told["status"], told["orders_cancelled"]["done"]) == ("success", 2)
    command = stand.desk.commands[-1]
    assert isinstance(command, CancelAll)
    assert (command.fund_id, command.reason) == ("main", "close")


def test_limits_are_read_and_changed_with_a_reason(stand: Stand) -> None:
    assert stand.ask("GET", LIMITS, None, Role.VIEWER).json()["limits"] == {"daily_loss": 0.03, "drawdown": 0.08}
    answer = stand.ask("PUT", LIMITS, {"limits": {"daily_loss": 0.02}, "reason": "results today"})
    assert answer.status_code == 200
    assert answer.json()["limits"] == {"daily_loss": 0.02, "drawdown": 0.08}
    command = stand.desk.commands[-1]
    assert isinstance(command, ChangeLimits)
    assert (command.limits, command.reason, command.fund_id) == ({"daily_loss": 0.02}, "results today", None)


def test_an_unknown_limit_is_422_and_changes_nothing(stand: Stand) -> None:
    answer = stand.ask("PUT", LIMITS, {"limits": {"daily_los": 0.02}, "reason": "x"})
    assert answer.status_code == 422
    assert "daily_los" in answer.json()["detail"]
    assert stand.desk.set_limits["daily_loss"] == 0.03


def test_limits_of_an_unknown_fund_are_422(stand: Stand) -> None:
    answer = stand.ask("GET", f"{LIMITS}?fund_id=ghost")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "fund_id"


def test_the_breakers_history_is_newest_first(stand: Stand) -> None:
    for number in range(3):
        row = BreakerEvent("triggered", BreakerStatus.TRIPPED, "daily_loss_limit", "desk", T0 + number, number)
        stand.desk.history.append(row)
    told = stand.ask("GET", "/api/v1/risk/breaker/history?limit=2", None, Role.VIEWER).json()
    assert [row["halt_seq"] for row in told["events"]] == [2, 1]
    assert told["events"][0]["limit"] is None


def test_a_stuck_record_is_503_within_its_time(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_READ_TIMEOUT_S", 0.1)
    release = threading.Event()

    def stuck(_: str) -> None:
        release.wait(5)

    app = create_app(replace(stand.desk.ports(), order=stuck), stand.keys, QUICK)
    client = stand.client.__class__(app, base_url="http://localhost")
    threading.Timer(0.5, release.set).start()
    answer = client.get(f"{ORDERS}/O1", headers=stand.headers(Role.VIEWER))
    assert answer.status_code == 503
    assert "did not answer" in answer.json()["detail"]


def behind(stand: Stand, **changes: Any) -> Any:
    """A client of the same desk whose record answers as told."""
    app = create_app(replace(stand.desk.ports(), **changes), stand.keys, QUICK)
    return stand.client.__class__(app, base_url="http://localhost", headers=stand.headers(Role.VIEWER))


def test_an_order_is_listed_before_it_is_on_record_and_in_its_newest_state(stand: Stand) -> None:
    first = stand.ask("POST", ORDERS, ORDER).json()["id"]
    old = stand.desk.known[first]
    stand.ask("DELETE", f"{ORDERS}/{first}")
    second = stand.ask("POST", ORDERS, ORDER | {"fund_id": "second"}).json()["id"]
    client = behind(stand, orders=lambda query: [old] if query.before is None else [])
    told = client.get(ORDERS).json()
    assert [(row["id"], row["state"]) for row in told["orders"]] == [(second, "open"), (first, "cancelled")]
    assert [row["id"] for row in client.get(f"{ORDERS}?fund_id=main").json()["orders"]] == [first]
    page = client.get(f"{ORDERS}?limit=1").json()
    assert [row["id"] for row in page["orders"]] == [second]
    page = client.get(ORDERS, params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert ([row["id"] for row in page["orders"]], page["next_cursor"]) == ([first], None)


def test_fills_that_lag_behind_their_order_say_up_to_when_they_are_all_there(stand: Stand) -> None:
    key = stand.ask("POST", ORDERS, ORDER).json()["id"]
    order = stand.desk.known[key]
    stand.desk.known[key] = msgspec.structs.replace(order, filled=75, state=OrderState.FILLED)
    stand.ask("POST", ORDERS, ORDER)
    fills = "/api/v1/fills"
    assert stand.ask("GET", fills).json()["as_of"] is None
    part = Fill("F1", key, "NIFTY", "main", "manual", 25, Decimal("83.4"), Decimal(1), T0 + 5)
    stand.desk.executions.append(part)
    assert stand.ask("GET", fills).json()["as_of"] == "2025-11-24T06:30:00.000005+00:00"
    stand.desk.executions.append(msgspec.structs.replace(part, id="F2", quantity=50, at=T0 + 6))
    assert stand.ask("GET", fills).json()["as_of"] == stand.desk.report.timestamp.isoformat()


def test_the_breakers_newest_event_is_told_once_whether_on_record_or_not(stand: Stand) -> None:
    rows = [BreakerEvent("triggered", BreakerStatus.TRIPPED, "x", "desk", T0 + n, n) for n in range(3)]
    made = msgspec.structs.replace(stand.desk.report, breaker_events=tuple(rows))
    stand.desk.published = Published(made, EMPTY)
    stand.desk.history.extend(rows[:2])
    told = stand.ask("GET", "/api/v1/risk/breaker/history?limit=2").json()
    assert [row["halt_seq"] for row in told["events"]] == [2, 1]


@pytest.mark.parametrize("path", [ORDERS, "/api/v1/fills", "/api/v1/risk/breaker/history"])
def test_a_record_that_cannot_answer_or_falls_behind_is_503_and_no_old_list(stand: Stand, path: str) -> None:
    def broken(_: Any) -> list[Any]:
        raise StoreError("the database cannot answer")

    for client in (
        behind(stand, orders=broken, fills=broken, breaker_history=broken),
        behind(stand, record_failure=lambda: "disk full"),
    ):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "cannot answer" in answer.json()["detail"] or "disk full" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "name"),
    [(f"{ORDERS}?from=2025&bogus=1", "from"), (f"{LIMITS}?fund=main", "fund"), ("/emergency/status?x=1", "x"),
     ("/docs?y=", "y"), ("/api/v1/orders/O1?limit=1", "limit"), (f"{ORDERS}?limit=1&%ED%A0%80=1", None)],
)  # fmt: skip
def test_a_query_parameter_that_no_route_declares_is_refused_by_name(stand: Stand, path: str, name: str | None) -> None:
    answer = stand.ask("GET", path)
    assert answer.status_code == 422
    assert name is None or answer.json()["errors"][0]["field"] == name
    assert stand.desk.commands == []


def test_a_stop_stops_whatever_its_url_carries_besides(stand: Stand) -> None:
    assert stand.ask("POST", "/emergency/stop?flatten=true").status_code == 200
    (command,) = stand.desk.commands
    assert isinstance(command, Stop)
    assert not command.flatten, "a query asks for nothing"


def test_who_may_not_enter_is_not_told_what_a_route_takes(stand: Stand) -> None:
    assert stand.ask("GET", f"{ORDERS}?bogus=1", None, None).status_code == 401
