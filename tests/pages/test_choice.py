"""The choice of a fund: everything on the page is of that fund, and a desk of one fund asks nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from streamlit.testing.v1 import AppTest

from pages.parts.picture import Picture
from sidecar.domain.report import LimitLine, LimitStatus
from tests.pages.conftest import Shown, words
from tests.servers.desk import CALL, PUT, Desk, fund, position

Show = Callable[..., Shown]


def two_funds() -> Desk:
    """A call in one fund and a put in the other."""
    desk = Desk()
    greeks = desk.report.greeks[0]
    desk._publish(
        funds=(
            fund(fund_id="main", daily_pnl=1_111.0),
            fund(fund_id="second", daily_pnl=-2_222.0, portfolio_value=5_000_000.0),
            fund(daily_pnl=-1_111.0),
        ),
        positions=(position(), position(PUT, -75, id="second/demo/put", fund_id="second")),
        greeks=tuple(
            msgspec.structs.replace(greeks, fund_id=name, delta=delta)
            for name, delta in (("main", 11.0), ("second", 22.0), ("*", 33.0))
        ),
        limits=tuple(
            LimitLine("daily_loss", scope, value, 0.03, value / 0.03, LimitStatus.OK)
            for scope, value in (("main", 0.01), ("second", 0.02), ("*", 0.015))
        ),
    )
    return desk


def kept(app: Shown, page: str, fund_id: str) -> AppTest:
    """A page of a session that had chosen a fund before."""
    at = AppTest.from_file(str(app.root / "pages" / f"{page}.py"), default_timeout=30)
    at.session_state["fund-kept"] = fund_id
    return at.run()


def test_a_desk_of_one_fund_asks_nothing(shown: Show) -> None:
    at = shown().open()
    assert not at.exception
    assert not at.button_group


def test_the_whole_desk_is_shown_until_a_fund_is_chosen_and_then_that_fund_alone(shown: Show) -> None:
    at = shown(two_funds()).open()
    assert not at.exception
    assert "₹1,111" in at.metric[0].value
    assert at.dataframe[0].value["delta"].to_list() == [33.0]
    at.button_group(key="fund").set_value("second")
    at.run()
    assert not at.exception
    assert at.metric[0].value == "▼ −₹2,222"
    assert "₹5,000,000" in words(at) or "₹50,00,000" in words(at)
    assert at.dataframe[0].value["delta"].to_list() == [22.0]


def test_positions_and_what_one_may_close_are_of_the_fund(shown: Show) -> None:
    at = shown(two_funds()).open("positions")
    at.button_group(key="fund").set_value("main")
    at.run()
    assert not at.exception
    assert at.dataframe[0].value["symbol"].to_list() == [CALL.id]


def test_a_fund_that_is_gone_is_the_whole_desk_again(shown: Show) -> None:
    at = kept(shown(two_funds()), "overview", "retired")
    assert not at.exception
    assert at.dataframe[0].value["delta"].to_list() == [33.0]


def test_what_was_chosen_holds_on_the_next_page(shown: Show) -> None:
    app = shown(two_funds())
    at = app.open()
    at.button_group(key="fund").set_value("second").run()
    assert at.dataframe[0].value["delta"].to_list() == [22.0]
    other = kept(app, "positions", at.session_state["fund-kept"])
    assert other.dataframe[0].value["symbol"].to_list() == [PUT.id]
    assert other.button_group(key="fund").value == "second"


def test_a_picture_narrowed_to_a_fund_leaves_what_is_the_desks() -> None:
    rows = [{"fund_id": "a", "id": 1}, {"fund_id": "b", "id": 2}]
    picture = Picture(status={"x": 1}, positions=rows, totals={"fund_id": "*"}, funds=tuple(rows), orders=None)
    own = picture.of("b")
    assert (own.positions, own.totals, own.orders, own.fund) == ([rows[1]], rows[1], None, "b")
    assert own.status == picture.status
    assert picture.of("*") is picture
    assert picture.of("nobody") is picture
