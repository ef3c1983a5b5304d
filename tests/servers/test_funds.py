"""The funds' doors: each fund's money, and its line over the day."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sidecar.domain.clock import MINUTE
from sidecar.domain.report import Published
from sidecar.servers import examples_performance, funds
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from tests.servers.desk import EMPTY, QUICK, T0, Desk, fund, report

NAN = float("nan")


@dataclass
class Point:
    at: int
    portfolio_value: float
    low: float
    high: float
    daily_pnl: float = -10.0
    drawdown: float = 0.001


class Line:
    """An equity line that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []

    def __call__(self, fund_id: str, since: int, limit: int) -> list[Point]:
        self.asked.append((fund_id, since, limit))
        return [Point(T0 - MINUTE, 999_000.0, 998_000.0, 999_500.0), Point(T0, 1_000_000.0, float("nan"), 1_000_100.0)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def ask(tmp_path: Path, desk: Desk, line: Line) -> Any:
    keys = KeyStore(tmp_path)
    secret = keys.add(Role.VIEWER, "test")
    app = create_app(desk.ports(), keys, QUICK, (funds.router(desk.ports(), keys, line),))
    client = TestClient(app, base_url="http://127.0.0.1:8000")

    def get(path: str, key: str = secret) -> Any:
        return client.get(f"/api/v1{path}", headers={"X-API-Key": key} if key else {})

    return get


def test_every_fund_is_shown_with_its_money(ask: Any) -> None:
    answer = ask("/funds")
    assert answer.status_code == 200
    (fund,) = answer.json()["funds"]
    assert (fund["fund_id"], fund["capital"], fund["portfolio_value"]) == ("*", 1_000_000, 1_000_228.75)
    assert answer.json()["timestamp"].startswith("2025-11-24T06:30:00")


def test_the_capital_of_every_fund_and_of_all_together_is_told(tmp_path: Path) -> None:
    lines = (fund(fund_id="main"), fund(fund_id="second", portfolio_value=NAN, unrealized_pnl=NAN), fund())
    desk = Desk()
    keys = KeyStore(tmp_path)
    secret = keys.add(Role.VIEWER, "test")
    desk.published = Published(report(funds=lines), EMPTY)
    app = create_app(desk.ports(), keys, QUICK, (funds.router(desk.ports(), keys, Line()),))
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    told = client.get("/api/v1/capital", headers={"X-API-Key": secret}).json()
    assert [row["fund_id"] for row in told["funds"]] == ["main", "second"]
    assert told["total"] == {
        "fund_id": "*", "capital": 1_000_000, "portfolio_value": 1_000_228.75, "used_margin": 184_000.0,
        "available_margin": 816_000.0, "capital_utilization": 0.184, "realized_pnl": -1228.75,
        "unrealized_pnl": 228.75, "fees": 40.12, "quality": "live",
    }  # fmt: skip
    assert told["funds"][1]["portfolio_value"] is told["funds"][1]["unrealized_pnl"] is None
    assert told["currency"] == "INR"
    assert told.keys() == examples_performance.CAPITAL.keys()
    desk.published = None
    assert client.get("/api/v1/capital", headers={"X-API-Key": secret}).status_code == 503


def test_a_line_is_asked_for_the_minutes_and_the_points_wanted(ask: Any, line: Line) -> None:
    answer = ask("/funds/*/performance?minutes=90&limit=50")
    assert answer.status_code == 200
    assert line.asked == [("*", T0 - 90 * MINUTE, 50)]
    items = answer.json()["items"]
    assert answer.json()["count"] == len(items) == 2
    assert [item["timestamp"] for item in items] == sorted(item["timestamp"] for item in items)
    assert items[1]["low"] is None


def test_a_fund_that_is_not_there_is_404_and_is_not_looked_up(ask: Any, line: Line) -> None:
    answer = ask("/funds/nobody/performance")
    assert answer.status_code == 404
    assert "'nobody' is not a fund" in answer.json()["detail"]
    assert line.asked == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "minutes=0", "minutes=10081", "minutes=nan"])
def test_a_window_that_makes_no_sense_is_422(ask: Any, line: Line, query: str) -> None:
    assert ask(f"/funds/*/performance?{query}").status_code == 422
    assert line.asked == []


@pytest.mark.parametrize("path", ["/funds", "/capital", "/funds/*/performance"])
def test_without_a_report_there_is_no_number_and_without_a_key_no_answer(ask: Any, desk: Desk, path: str) -> None:
    assert ask(path, key="").status_code == 401
    desk.published = None
    assert ask(path).status_code == 503
