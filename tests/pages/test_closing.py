"""Closing: the plan first, then a reason, then what truly came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import closing
from sidecar.domain.commands import ClosePositions, PlanClose
from sidecar.domain.plans import CloseLine
from sidecar.domain.report import OutcomeStatus
from tests.pages.conftest import Shown, click, words
from tests.pages.drawn import charts
from tests.servers.desk import CALL, PUT, T0, Answer, Desk, position

Show = Callable[..., Shown]


def form(what: str) -> AppTest:
    """The form on a page of its own, as its dialog shows it."""
    code = f"from pages.parts import closing\nclosing.close_form({what!r})"
    return AppTest.from_string(code, default_timeout=30).run()


def closes(desk: Desk) -> list[ClosePositions]:
    return [one for one in desk.commands if isinstance(one, ClosePositions)]


def three() -> Desk:
    """Two legs of one strategy and one of another."""
    desk = Desk()
    desk._publish(
        positions=(
            position(),
            position(PUT, -75, id="main/demo/put"),
            position(PUT, -75, id="main/other/put", strategy="other"),
        )
    )
    return desk


def test_all_are_closed_with_the_plan_a_reason_and_the_outcome(shown: Show) -> None:
    app = shown(three())
    at = form(closing.ALL)
    assert not at.exception
    told = words(at)
    assert "**3 orders** · cost **₹24**" in told
    assert "Closing orders go out for **3 positions**" in told
    assert at.dataframe[0].value["side"].to_list() == ["sell", "buy", "buy"]
    assert len(charts(at)) == 1
    assert at.button(key="close-confirm").disabled
    at.text_input(key="close-reason").input("target reached").run()
    assert sum(isinstance(one, PlanClose) for one in app.desk.commands) == 1  # a plan does not change under the hand
    told = words(click(at, "close-confirm"))
    [command] = closes(app.desk)
    assert (command.close_all, command.reason) == (True, "target reached")
    assert "positions: 3 of 3 flat" in told


def test_one_is_closed_by_its_id_and_not_by_its_place(shown: Show) -> None:
    app = shown(three())
    at = form(closing.ONE)
    assert "Choose what to close" in words(at)
    at.selectbox(key="close-which").set_value("main/demo/put").run()
    at.text_input(key="close-reason").input("target reached").run()
    click(at, "close-confirm")
    [command] = closes(app.desk)
    assert (command.position_id, command.close_all) == ("main/demo/put", False)


def test_a_strategy_is_closed_leg_by_leg_and_each_plan_is_its_own(shown: Show) -> None:
    app = shown(three())
    at = form(closing.STRATEGY)
    at.selectbox(key="close-which").set_value("main/demo").run()
    assert "Each position is planned by itself" in words(at)
    assert len(at.dataframe[0].value) == 2
    at.text_input(key="close-reason").input("target reached").run()
    told = words(click(at, "close-confirm"))
    assert {one.position_id for one in closes(app.desk)} == {position().id, "main/demo/put"}
    assert "positions: 2 of 2 flat" in told
    assert [line.id for line in app.desk.report.positions] == ["main/other/put"]


class Stubborn(Desk):
    """Its plan is impossible, and one of its positions may not be closed."""

    def _plan(self, command: PlanClose) -> Answer:
        return OutcomeStatus.CONFLICT, "no bid for NIFTY-20251125-26300-PE", {}

    def _begin_close(self, command: ClosePositions) -> Answer:
        if command.position_id == "main/demo/put":
            return OutcomeStatus.CONFLICT, "the market is halted", {}
        return super()._begin_close(command)


def test_what_is_impossible_is_said_before_and_what_was_refused_is_named_after(shown: Show) -> None:
    desk = Stubborn()
    desk._publish(positions=three().report.positions)
    shown(desk)
    at = form(closing.STRATEGY)
    at.selectbox(key="close-which").set_value("main/demo").run()
    assert "No plan" in words(at)
    assert "no bid for" in words(at).replace("\\", "")
    at.text_input(key="close-reason").input("target reached").run()
    at = click(at, "close-confirm")
    told = words(at).replace("\\", "")
    assert "positions: 1 of 2 flat" in told
    assert "REFUSED: " in told
    assert "the market is halted" in told
    assert not at.success


def test_a_position_that_is_left_out_of_the_plan_is_named() -> None:
    step = {"side": "sell", "quantity": 75, "symbol": CALL.id, "margin": 1.0, "worst_loss": 2.0}
    plan = {"steps": [step], "left_out": [{"position_id": "<b>", "reason": "no bid"}], "cost": None, "fees": 1.0,
            "peak_cash": 0.0, "seconds": 0.2, "rises": "margin rises at step 1"}  # fmt: skip
    code = f"from pages.parts import closing\nclosing.show({ {'plans': [plan], 'problems': []}!r}, whole=True)"
    told = words(AppTest.from_string(code, default_timeout=30).run())
    assert "Cannot be closed now" in told
    assert "\\<b\\>" in told
    assert "margin rises" in told
    assert "cost **–**" in told


def test_what_is_still_being_closed_is_counted_on_the_page(shown: Show) -> None:
    desk = three()
    desk._publish(closing=(CloseLine(position().id, 75, "trader/1", "target", T0, 2, "no bid"),))
    at = shown(desk).open("positions")
    assert "Still closing: 1" in words(at)
    rows: Any = at.dataframe[0].value
    assert (rows["tries"].iloc[0], rows["detail"].iloc[0]) == (2, "no bid")


@pytest.mark.parametrize("what", closing.WHAT)
def test_who_may_not_trade_sees_the_plan_and_no_live_button(shown: Show, what: str) -> None:
    shown(Desk(), role=None)
    at = form(what)
    assert not at.exception
    assert "Closing orders go out" not in words(at)
    assert "close-confirm" not in [one.key for one in at.button]
