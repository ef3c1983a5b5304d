from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.orders import OrderType, Side, TimeInForce
from sidecar.servers import examples
from sidecar.servers.bodies import Body, CancelAllBody, CloseBody, LimitsBody, OrderBody, ResetBody, StopBody, parsed
from sidecar.servers.problems import Problem
from sidecar.servers.what_if import WhatIfBody

BODIES: list[type[Body]] = [StopBody, ResetBody, CloseBody, OrderBody, CancelAllBody, LimitsBody]


def order(**changes: str) -> bytes:
    """The JSON of an order, with raw JSON text for each changed field."""
    fields = {"symbol": '"NIFTY26150CE"', "quantity": "75", "side": '"buy"', "price": "83.4"} | changes
    return ("{" + ",".join(f'"{name}":{text}' for name, text in fields.items() if text) + "}").encode()


def refused(raw: bytes, model: type[Body]) -> Problem:
    with pytest.raises(Problem) as caught:
        parsed(raw, model)
    assert caught.value.status_code == 422
    return caught.value


def fields_of(problem: Problem) -> list[str]:
    return [row["field"] for row in problem.extra["errors"]]


@pytest.mark.parametrize("text", ["83.4", '"83.4"', '"83.40"'])
def test_a_price_keeps_the_digits_it_was_sent_with(text: str) -> None:
    price = parsed(order(price=text), OrderBody).price
    assert isinstance(price, Decimal)
    assert price == Decimal("83.4")


@given(st.decimals(min_value="0.0001", max_value=10**9, places=4))
def test_money_is_exact_whether_sent_as_a_number_or_as_text(price: Decimal) -> None:
    for text in (f"{price:f}", f'"{price:f}"'):
        assert parsed(order(price=text), OrderBody).price == price


@pytest.mark.parametrize(
    "text",
    ['"nan"', '"inf"', "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e400000000", "true", "false", "0", "-83.4",
     "0.00001", "83.40000000000000001", '"1e3"', '" 83.4"', '"٨٣"', "[83.4]", "{}", "99999999999999999999"],
)  # fmt: skip
def test_a_price_that_is_not_plain_positive_money_is_refused(text: str) -> None:
    problem = refused(order(price=text), OrderBody)
    assert fields_of(problem) in (["price"], ["body"])


@pytest.mark.parametrize("text", ["0", "-75", "75.0", "75.5", '"75"', "true", "null", "1e2", "1000000001", "[75]"])
def test_a_quantity_that_is_not_a_positive_whole_number_is_refused(text: str) -> None:
    assert fields_of(refused(order(quantity=text), OrderBody)) == ["quantity"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("symbol", '""'), ("symbol", '"' + "N" * 65 + '"'), ("symbol", '"NIFTY\\u0000"'), ("symbol", '"; drop table"'),
        ("symbol", "7"), ("side", '"hold"'), ("side", "1"), ("order_type", '"STOP"'), ("time_in_force", '"GTC"'),
        ("reason", '"' + "x" * 501 + '"'), ("reason", '"a\\nb"'), ("reason", '"\\u001b[31m"'), ("reason", '"\\ud800"'),
        ("reason", '"\\u202e"'), ("client_order_id", '"a b"'), ("client_order_id", '""'), ("fund_id", "null"),
        ("strategy", '"=cmd()"'), ("quantitty", "75"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_refused_by_name(field: str, text: str) -> None:
    found = refused(order(**{field: text}), OrderBody)
    assert fields_of(found) == [field]


@pytest.mark.parametrize("name", ["\\ud800", "\\u0000", "\\n\\u001b[31m", "ß" * 200])
def test_a_field_name_that_is_no_text_is_refused_in_plain_ascii(name: str) -> None:
    found = refused(order(**{name: "1"}), OrderBody)
    assert found.detail.isascii()
    assert len(found.detail) < 500


def test_a_limit_order_needs_a_price_and_a_market_order_has_none() -> None:
    assert fields_of(refused(order(price=""), OrderBody)) == ["price"]
    assert fields_of(refused(order(order_type='"MARKET"'), OrderBody)) == ["price"]
    assert parsed(order(order_type='"MARKET"', price=""), OrderBody).price is None


def test_words_of_side_and_type_are_taken_in_either_case() -> None:
    asked = parsed(order(side='"SELL"', order_type='"limit"', time_in_force='"ioc"'), OrderBody)
    made = asked.request("NIFTY-20251125-26150-CE", "one")
    assert (made.side, made.order_type, made.time_in_force) == (Side.SELL, OrderType.LIMIT, TimeInForce.IOC)
    assert (made.signed, made.client_order_id) == (-75, "one")


def test_a_reason_may_be_written_in_any_script() -> None:
    for text in ("बाज़ार रुक गया", "క్\u200cష", "stop — now"):
        assert parsed(f'{{"reason":"{text}"}}'.encode(), StopBody).reason == text


@pytest.mark.parametrize("model", BODIES)
@pytest.mark.parametrize(
    "raw",
    [b"[]", b"7", b"null", b'"x"', b"{", b"{]", b"\xff\xfe", b"[" * 60_000, b"9" * 60_000, b'{"a":1}x', b"reason=fire",
     b'{"reason":"a","reason":"b"}', b'{"reason":NaN}', b'{"unknown_field":1}', b"\x00"],
)  # fmt: skip
def test_what_is_not_an_object_of_known_fields_is_refused(model: type[Body], raw: bytes) -> None:
    assert refused(raw, model).extra["errors"]


def test_a_stop_and_a_cancel_need_no_body_at_all() -> None:
    for raw in (b"", b"  ", b"{}"):
        assert parsed(raw, StopBody) == StopBody()
        assert parsed(raw, CancelAllBody) == CancelAllBody()
        assert fields_of(refused(raw, ResetBody)) == ["reason"]


@pytest.mark.parametrize("text", ["1", '"true"', '"yes"', "0"])
def test_flatten_is_true_or_false_and_nothing_like_it(text: str) -> None:
    assert fields_of(refused(f'{{"flatten":{text}}}'.encode(), StopBody)) == ["flatten"]


@pytest.mark.parametrize(
    "raw", [b"{}", b'{"symbol":"A","close_all":true}', b'{"symbol":"A","position_id":"b"}', b'{"close_all":false}']
)
def test_a_close_names_exactly_one_thing(raw: bytes) -> None:
    assert "exactly one" in refused(raw, CloseBody).detail


@pytest.mark.parametrize("text", ["1e999", '"nan"', "NaN", "false", "true", '"0.03"', "{}", "[1]", "1" + "0" * 400])
def test_a_limit_is_a_finite_number(text: str) -> None:
    raw = f'{{"limits":{{"daily_loss":{text}}},"reason":"x"}}'.encode()
    assert fields_of(refused(raw, LimitsBody)) in (["limits.daily_loss"], ["body"])


@pytest.mark.parametrize("limits", ["{}", '{"Daily":1}', '{"":1}', '{"a b":1}', "[]", "null"])
def test_limits_are_named_and_not_empty(limits: str) -> None:
    assert fields_of(refused(f'{{"limits":{limits},"reason":"x"}}'.encode(), LimitsBody))[0].startswith("limits")


def test_at_most_64_limits_change_at_once() -> None:
    named = ",".join(f'"l{n}":1' for n in range(65))
    assert fields_of(refused(f'{{"limits":{{{named}}},"reason":"x"}}'.encode(), LimitsBody)) == ["limits"]


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (StopBody, examples.STOP_ASKED), (ResetBody, examples.RESET_ASKED), (CloseBody, examples.CLOSE_ASKED),
        (OrderBody, examples.ORDER_ASKED), (CancelAllBody, examples.CANCEL_ALL_ASKED),
        (LimitsBody, examples.LIMITS_ASKED),
    ],
)  # fmt: skip
def test_every_documented_body_is_taken(model: type[Body], asked: dict[str, Any]) -> None:
    from sidecar.domain.wire import encode

    assert parsed(encode(asked), model)


@given(st.binary(max_size=200), st.sampled_from(BODIES))
def test_any_bytes_are_taken_or_refused_but_never_a_fault(raw: bytes, model: type[Body]) -> None:
    with suppress(Problem):
        assert isinstance(parsed(raw, model), model)


@pytest.mark.parametrize("text", ["true", "[83.4]", "{}"])
def test_a_price_of_the_wrong_type_is_told_what_a_price_looks_like(text: str) -> None:
    (row,) = refused(order(price=text), OrderBody).extra["errors"]
    assert row == {"field": "price", "problem": "give a number, such as 83.40"}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("field", ["quantity", "price", "reason"])
def test_a_number_that_is_none_is_named_by_its_field(field: str, text: str) -> None:
    (row,) = refused(order(**{field: text}), OrderBody).extra["errors"]
    assert row == {"field": field, "problem": f"{text} is not a number"}
    nested = f'{{"limits":{{"daily_loss":{text}}},"reason":"x"}}'.encode()
    assert fields_of(refused(nested, LimitsBody)) == ["limits.daily_loss"]


@pytest.mark.parametrize("text", ["9" * 5_000, "0." + "1" * 5_000])
@pytest.mark.parametrize("field", ["quantity", "price"])
def test_a_number_that_is_too_long_is_said_to_be_that(field: str, text: str) -> None:
    (row,) = refused(order(**{field: text}), OrderBody).extra["errors"]
    assert row["field"] == field
    assert "too long" in row["problem"]


def test_a_number_beyond_what_a_decimal_holds_is_refused_and_no_fault() -> None:
    assert fields_of(refused(order(price="1e" + "9" * 30), OrderBody)) == ["price"]


def test_a_list_with_an_element_that_cannot_be_used_is_not_called_too_short() -> None:
    one = b'{"orders": [' + order(quantity="0") + b"]}"
    assert [row["field"] for row in refused(one, WhatIfBody).extra["errors"]] == ["orders.0.quantity"]
    assert [row["field"] for row in refused(b'{"orders": []}', WhatIfBody).extra["errors"]] == ["orders"]
