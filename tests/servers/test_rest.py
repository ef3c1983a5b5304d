import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.breaker import BreakerEvent, BreakerStatus
from sidecar.domain.events import CancelAll, CancelOrder, ChangeLimits
from sidecar.domain.orders import Fill
from sidecar.servers import rest
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.servers.desk import ORDER, QUICK, T0, Stand

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
    assert stand.ask("GET", ORDERS, None, Role.VIEWER).json() == {"orders": [order], "count": 1, "next_cursor": None}


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
        "cursor=1~",
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
