"""Cancelling in words: done is what the venue confirmed, and what it has not is named."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from pages.parts.cancelling import cancelled
from tests.pages.conftest import words
from tests.servers.desk import Stand

Serve = Callable[..., Stand]


def test_an_order_is_cancelled_when_the_venue_says_so_and_outstanding_until_then() -> None:
    done = cancelled({"id": "O1", "state": "cancelled"})
    assert done["status"] == "success"
    assert done["orders_cancelled"] == {"done": 1, "asked": 1, "outstanding": [], "ended_otherwise": []}
    waits = cancelled({"id": "O1", "state": "partially_filled"})
    assert (waits["status"], waits["message"]) == ("pending", "order O1 is partially filled")
    assert (waits["orders_cancelled"]["done"], waits["orders_cancelled"]["outstanding"]) == (0, ["O1"])


def test_all_are_cancelled_only_with_a_reason_and_it_is_said_whose_and_how_many(serve: Serve) -> None:
    serve()
    code = "from pages.parts import cancelling\ncancelling.cancel_form(every=True)"
    at = AppTest.from_string(code).run()
    assert "**0 working orders** of the whole desk" in words(at)
    assert "gate stay as they are" in words(at)
    assert at.button(key="cancel-confirm").disabled
    at.text_input(key="cancel-reason").input("  x  ").run()
    assert at.button(key="cancel-confirm").disabled
    at.text_input(key="cancel-reason").input("end of day").run()
    assert not at.button(key="cancel-confirm").disabled
