"""A what-if at a real desk's door, over a real socket, in a simulated market."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import isfinite
from typing import Any

import pytest

from sidecar.client import Desk, Json
from sidecar.domain.errors import DeskRefused
from sidecar.servers.what_if import MOST_ORDERS
from tests.wiring import Serving, until


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("what-if") / "data", "--strategy", "demo") as made:
        until(lambda: len(made.desk.positions()["positions"]) == 2, what="a strangle")
        yield made


@pytest.fixture(scope="module")
def desk(serving: Serving) -> Desk:
    return serving.desk


@pytest.fixture
def asked(desk: Desk) -> Json:
    """One lot at the touch of an option of the chain, that nothing is held of."""
    held = {line["symbol"] for line in desk.positions()["positions"]}
    contract = next(
        line
        for line in desk.chain("NIFTY")["contracts"]
        if line["option_type"] in ("CE", "PE") and line["bid"] and line["ask"] and line["symbol"] not in held
    )
    return {"symbol": contract["symbol"], "quantity": 65, "side": "sell", "price": contract["bid"]}


def test_the_answer_is_the_gates_the_limits_and_the_book_before_and_after(desk: Desk, asked: Json) -> None:
    told = desk.what_if([asked])
    assert told["simulated"] is True
    (order,) = told["orders"]
    assert (order["symbol"], order["quantity"], order["accepted"]) == (asked["symbol"], 65, told["accepted"])
    limits = {line["name"]: line for line in order["limits"]}
    assert limits["stress_loss"]["after"] > limits["stress_loss"]["before"] > 0
    assert 0 < limits["var_95"]["after"] < limits["var_95"]["limit"]
    (fund,) = told["funds"]
    assert fund["after"]["used_margin"] > fund["before"]["used_margin"] > 0
    assert fund["after"]["greeks"][0]["gamma"] < fund["before"]["greeks"][0]["gamma"]
    assert isfinite(fund["after"]["tail"]["es_975"])


def test_nothing_is_sent(desk: Desk, asked: Json) -> None:
    before = [order["id"] for order in desk.orders()["orders"]]
    desk.what_if([asked, {**asked, "side": "buy"}])
    assert [order["id"] for order in desk.orders()["orders"]] == before


def test_the_largest_quantity_leaves_the_desk_and_one_lot_more_is_refused(desk: Desk, asked: Json) -> None:
    def most() -> int:
        found: int = desk.what_if([asked])["orders"][0]["largest_quantity"]
        return found

    quantity = most()
    assert quantity > 0
    price = Decimal(str(asked["price"]))
    with pytest.raises(DeskRefused) as refused:
        desk.order(asked["symbol"], quantity + 65, "sell", price)
    assert refused.value.status == 409
    assert desk.order(asked["symbol"], quantity, "sell", price)["id"]


def test_an_order_of_what_is_not_listed_is_named_by_its_place_and_field(desk: Desk, asked: Json) -> None:
    with pytest.raises(DeskRefused, match=r"orders\[1\]\.fund_id: 'none' is not a fund"):
        desk.what_if([asked, {**asked, "fund_id": "none"}])


@pytest.mark.parametrize(
    ("orders", "field"),
    [
        ([], "orders"),
        ([{"symbol": "X"}] * (MOST_ORDERS + 1), "orders"),
        ([{"symbol": "NIFTY24600CE", "quantity": 0, "side": "sell", "price": 1}], "orders.0.quantity"),
        ([{"symbol": "NIFTY24600CE", "quantity": 65, "side": "hold", "price": 1}], "orders.0.side"),
        ([{"symbol": "NIFTY24600CE", "quantity": 65, "side": "sell"}], "price"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_its_field(desk: Desk, orders: list[Any], field: str) -> None:
    with pytest.raises(DeskRefused) as refused:
        desk.what_if(orders)
    assert refused.value.status == 422
    assert field in str(refused.value)


def test_it_needs_a_key(serving: Serving, asked: Json) -> None:
    answer = serving.http.post("/api/v1/what-if", json={"orders": [asked]})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
