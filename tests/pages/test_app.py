"""The app as a whole: every page in every state renders, carries the state and STOP, and says the truth."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from sidecar.domain.report import Condition
from tests.pages.conftest import Shown, words
from tests.pages.matrix import carries_the_bar
from tests.pages.states import HOSTILE, STATES, changed
from tests.servers.desk import CALL, Desk, fund

Show = Callable[..., Shown]


def test_the_app_opens_on_the_overview(shown: Show, repository: Path) -> None:
    shown()
    at = AppTest.from_file(str(repository / "app.py"), default_timeout=30).run()
    assert not at.exception
    assert at.metric[0].label == "P&L today"
    assert carries_the_bar(at)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("emergency stop", "EMERGENCY STOP"),
        ("tripped", "TRIPPED by a limit"),
        ("market halt", "MARKET HALT"),
        ("disabled", "DISABLED by hand"),
    ],
)
def test_the_breaker_is_said_in_words(shown: Show, state: str, word: str) -> None:
    at = shown(STATES[state]()).open()
    assert word in words(at)


def test_a_halt_says_why(shown: Show) -> None:
    assert "daily loss limit" in words(shown(STATES["tripped"]()).open())
    assert "only reduce it still pass" in words(shown(STATES["tripped"]()).open())


def test_hostile_names_still_stand_in_the_table_as_they_were_written(shown: Show) -> None:
    at = shown(STATES["hostile"]()).open("positions")
    assert at.dataframe[0].value["strategy"].iloc[0] == HOSTILE


def test_unknown_numbers_are_dashes_and_never_zero(shown: Show) -> None:
    at = shown(STATES["nothing known"]()).open()
    cells = {cell.label: cell.value for cell in at.metric}
    assert cells["P&L today"] == cells["Open P&L"] == cells["Portfolio value"] == cells["Capital used"] == "–"
    at = shown(STATES["nothing known"]()).open("positions")
    assert at.dataframe[0].value[["current_price", "unrealized_pnl", "delta"]].isna().all(axis=None)


def test_a_flat_book_is_said_to_be_flat(shown: Show) -> None:
    for page in ("overview", "positions"):
        assert "The book is flat" in words(shown(STATES["empty"]()).open(page))


def test_a_desk_without_limits_says_that_nothing_may_trade(shown: Show) -> None:
    assert "nothing may trade" in words(shown(STATES["no limits"]()).open())


def test_the_pnl_carries_its_sign_an_arrow_and_its_currency(shown: Show) -> None:
    desk = changed(funds=(fund(daily_pnl=-610.4, daily_pnl_percent=-0.0061, realized_pnl=Decimal(-3)),))
    cells = {cell.label: cell for cell in shown(desk).open().metric}
    assert cells["P&L today"].value == "▼ −₹610"
    assert cells["P&L today"].delta == "-0.61 %"


def test_the_markets_volatility_is_shown(shown: Show) -> None:
    line = msgspec.structs.replace(Desk().report.markets[0], vix=27.5, condition=Condition.ELEVATED)
    told = words(shown(changed(markets=(line,))).open())
    assert "27.5" in told
    assert "elevated" in told


def test_the_contracts_of_the_book_stand_on_the_page_of_positions(shown: Show) -> None:
    table = shown().open("positions").dataframe[0].value
    assert table["symbol"].to_list() == [CALL.id]
