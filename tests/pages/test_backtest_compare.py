"""Runs beside one another: chosen by the address or by hand, and nothing compared that could not be read."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import words
from tests.servers.desk import Stand

Serve = Callable[..., Stand]
ROWS = [
    {"id": "b1", "state": "done", "request": {"strategy": "trend"}},
    {"id": "b2", "state": "running", "request": {"strategy": "trend"}},
]


def choosing(address: str = "") -> AppTest:
    at = AppTest.from_string(f"from pages.parts import backtest_compare\nbacktest_compare.choose({ROWS!r})")
    if address:
        at.query_params["runs"] = address
    return at.run()


def test_only_runs_that_are_done_are_offered_and_the_choice_is_part_of_the_address() -> None:
    at = choosing()
    (offered,) = at.multiselect[0].options
    assert offered.startswith("trend")
    at.multiselect[0].set_value(["b1"]).run()
    assert at.query_params["runs"] in ("b1", ["b1"])
    at.multiselect[0].set_value([]).run()
    assert "runs" not in at.query_params


def test_an_address_chooses_at_most_five_and_keeps_a_run_that_the_list_does_not_show() -> None:
    at = choosing("b1,old,,c,d,e,f")
    assert not at.exception
    assert at.multiselect[0].value == ["b1", "old", "c", "d", "e"]


def test_a_run_that_cannot_be_read_is_named_and_one_alone_is_not_compared(serve: Serve) -> None:
    serve()
    code = "from pages.parts import backtest_compare\nbacktest_compare.draw({!r})"
    assert "Choose two to five" in words(AppTest.from_string(code.format(["b1"])).run())
    at = AppTest.from_string(code.format(["<b>1", "b2"])).run()
    assert not at.exception
    said = [one.value.replace("\\", "") for one in at.warning]
    assert [one.split(":")[0] for one in said] == ["<b>1 cannot be compared", "b2 cannot be compared"]
    assert not at.dataframe
