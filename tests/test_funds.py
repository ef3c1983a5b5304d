"""A running desk of two funds behind its doors: what belongs to one is told of that one, and binds that one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from jsonschema_rs import is_valid
from starlette.testclient import TestClient

from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers import examples_performance as e
from sidecar.servers.examples_risk import RISK
from sidecar.servers.keys import Role
from sidecar.servers.shapes import schema
from tests.wiring import small, started, ticks, until

FUNDS = {"main": Decimal(2_000_000), "second": Decimal(5_000_000)}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """The demonstration trades for the second fund."""
    folder = tmp_path_factory.mktemp("funds")
    with Sidecar(small(folder, capital=FUNDS, strategy="demo", fund="second")) as sidecar:
        sidecar.keys.add(Role.ADMIN, "test", "s" * 40)
        yield started(sidecar)


@pytest.fixture(scope="module")
def ask(running: Sidecar) -> Any:
    client = TestClient(app_of(running), base_url="http://127.0.0.1:8000")
    client.headers["x-api-key"] = "s" * 40

    def asked(method: str, path: str, body: Any = None, **query: Any) -> Any:
        return client.request(method, path, json=body, params=query)

    return asked


def held(ask: Any, fund: str) -> list[dict[str, Any]]:
    lines = ask("GET", "/emergency/positions").json()["positions"]
    return [line for line in lines if line["fund_id"] == fund and (line["current_price"] or 0) > 5]


@pytest.fixture(scope="module")
def traded(ask: Any) -> dict[str, Any]:
    """What the strategy is short of, bought by hand for the other fund; that order."""
    line = until(lambda: next(iter(held(ask, "second")), None), what="a position of the strategy")
    quantity = int(abs(line["quantity"] / line["lots"]))
    for _ in range(20):
        body = {"symbol": line["symbol"], "side": "buy", "quantity": quantity, "fund_id": "main",
                "price": ticks(line["current_price"] * 1.03), "reason": "a test"}  # fmt: skip
        answer = ask("POST", "/api/v1/orders", body)
        if answer.status_code == 201:
            break
        line = held(ask, "second")[0]
    assert answer.status_code == 201, answer.text
    until(lambda: held(ask, "main"), what="the position of the other fund")
    order: dict[str, Any] = answer.json()
    return order


def test_the_strategy_trades_for_the_fund_that_the_settings_say(ask: Any, traded: dict[str, Any]) -> None:
    lines = ask("GET", "/emergency/positions").json()["positions"]
    assert {line["fund_id"] for line in lines if line["strategy"] == "demo"} == {"second"}
    assert [line["symbol"] for line in lines if line["fund_id"] == "main"] == [traded["symbol"]]


@pytest.mark.parametrize("path", ["orders", "fills"])
def test_what_is_on_record_is_told_by_fund(ask: Any, traded: dict[str, Any], path: str) -> None:
    def of(fund: str) -> list[dict[str, Any]]:
        told = ask("GET", f"/api/v1/{path}", fund_id=fund)
        assert told.status_code == 200, told.text
        rows: list[dict[str, Any]] = told.json()[path]
        return rows

    ours = until(lambda: of("main"), what=path)
    assert {row["fund_id"] for row in ours} == {"main"}
    assert traded["id"] in {row.get("order_id", row["id"]) for row in ours}
    theirs = of("second")
    assert theirs
    assert {row["fund_id"] for row in theirs} == {"second"}


def test_performance_is_on_record_by_fund(ask: Any, traded: dict[str, Any]) -> None:
    assert traded

    def lines(fund: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ask("GET", "/api/v1/monitoring/performance", fund_id=fund).json()["performance"]
        return found

    until(lambda: lines("*"), what="performance on record")
    for fund in ("main", "second", "*"):
        told = lines(fund)
        assert {row["fund_id"] for row in told} == {fund}
        assert told[0]["portfolio_value"] > 0
    every = ask("GET", "/api/v1/monitoring/performance", limit=3).json()
    assert [row["fund_id"] for row in every["performance"]] == ["second", "main", "*"]
    assert every["next_cursor"]
    assert ask("GET", "/api/v1/monitoring/performance", cursor=every["next_cursor"]).status_code == 200
    line = ask("GET", "/api/v1/funds/second/performance").json()["items"]
    assert {point["fund_id"] for point in line} == {"second"}


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("/api/v1/monitoring/performance", e.PERFORMANCE),
        ("/api/v1/capital", e.CAPITAL),
        ("/api/v1/funds", e.FUNDS),
        ("/api/v1/funds/main/performance", e.EQUITY),
        ("/emergency/risk-metrics", RISK),
    ],
)
def test_what_is_told_is_what_the_apis_document_says(
    ask: Any, traded: dict[str, Any], path: str, example: dict[str, Any]
) -> None:
    assert traded
    told = ask("GET", path)
    assert told.status_code == 200
    assert is_valid(schema(example), told.json()), told.text


def test_the_desks_capital_is_that_of_its_funds_and_margins_do_not_offset(ask: Any, traded: dict[str, Any]) -> None:
    assert traded
    told = ask("GET", "/api/v1/capital").json()
    assert {row["fund_id"]: row["capital"] for row in told["funds"]} == {"main": 2_000_000, "second": 5_000_000}
    for name in ("capital", "portfolio_value", "used_margin", "available_margin", "fees", "realized_pnl"):
        assert told["total"][name] == pytest.approx(sum(row[name] for row in told["funds"]), abs=0.01), name
    assert all(row["used_margin"] > 0 for row in told["funds"])


def test_exposure_and_explain_are_of_the_fund_that_is_asked_for(ask: Any, traded: dict[str, Any]) -> None:
    assert traded
    for path in ("greeks", "pnl/explain"):
        told = ask("GET", f"/api/v1/{path}", fund_id="main")
        assert told.status_code == 200, told.text
        assert '"second' not in told.text, path
        assert ask("GET", f"/api/v1/{path}", fund_id="nobody").status_code == 422


def test_a_limit_of_one_fund_refuses_there_and_names_its_scope(ask: Any, traded: dict[str, Any]) -> None:
    body = {"limits": {"order_lots": 1}, "reason": "a test", "fund_id": "main"}
    assert ask("PUT", "/api/v1/risk/limits", body).status_code == 200
    assert ask("GET", "/api/v1/risk/limits", fund_id="main").json()["limits"]["order_lots"] == 1
    assert ask("GET", "/api/v1/risk/limits", fund_id="second").json()["limits"]["order_lots"] == 5
    again = {"symbol": traded["symbol"], "side": "buy", "quantity": 2 * traded["quantity"],
             "fund_id": "main", "price": ticks(held(ask, "main")[0]["current_price"])}  # fmt: skip
    refused = ask("POST", "/api/v1/orders", again)
    assert refused.status_code == 409
    assert (refused.json()["limit"], refused.json()["scope"]) == ("order_lots", "main")


@pytest.mark.parametrize("path", ["/api/v1/orders", "/emergency/manual-order"])
def test_an_order_for_a_fund_that_is_none_is_refused_by_name(ask: Any, traded: dict[str, Any], path: str) -> None:
    body = {"symbol": traded["symbol"], "side": "buy", "quantity": traded["quantity"], "price": "10.00",
            "fund_id": "nobody", "reason": "a test"}  # fmt: skip
    refused = ask("POST", path, body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "fund_id"
    assert "nobody" in refused.json()["detail"]
