"""The order ticket: what it would do, then sent once; what the desk refuses is told in its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from pages.parts import sending
from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.contracts import Contract, Kind
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, click, words
from tests.pages.judging import Judging, judging
from tests.pages.lived import Lived
from tests.servers.desk import T0

Show = Callable[..., Shown]


@pytest.fixture
def desk(past: Lived) -> Iterator[Judging]:
    with judging(past) as made:
        yield made


def listed(desk: Judging) -> Contract:
    """The call of the first expiry whose strike is nearest the spot."""
    calls = [one for one in desk.universe if one.kind is Kind.OPTION and one.right == "CE"]
    first, spot = min(one.expiry for one in calls if one.expiry), desk.report.markets[0].spot_price
    return min((one for one in calls if one.expiry == first), key=lambda one: abs((one.strike or 0.0) - spot))


def ticket(app: Shown, contract: str = "", side: str = "sell") -> AppTest:
    """The page with its ticket open, and a contract in it."""
    at = AppTest.from_file(str(app.root / "pages" / "scenarios.py"), default_timeout=30)
    at.query_params["view"] = "Ticket"
    at.run()
    if contract:
        at.text_input(key="ticket-contract-1").set_value(contract).run()
    if side != "buy":
        at.button_group(key="ticket-side-1").set_value(side).run()
    assert not at.exception
    return at


def test_the_price_comes_from_the_quote_and_what_a_person_typed_stays(shown: Show, desk: Judging) -> None:
    contract = listed(desk)
    chain = desk.published.chain if desk.published else None
    assert chain is not None
    row = chain.rows[contract.id]
    at = ticket(shown(desk), f"NIFTY{contract.strike:.0f}CE")
    assert at.session_state["ticket-price-1"] == pytest.approx(float(chain.bid[row]))
    at.button_group(key="ticket-side-1").set_value("buy").run()
    assert at.session_state["ticket-price-1"] == pytest.approx(float(chain.ask[row]))
    at.number_input(key="ticket-price-1").set_value(77.05).run()
    at.button_group(key="ticket-side-1").set_value("sell").run()
    at.run()
    assert at.session_state["ticket-price-1"] == 77.05
    assert at.text_input(key="ticket-contract-1").value == f"NIFTY{contract.strike:.0f}CE"


def test_what_if_then_sent_once_however_often_it_is_pressed(shown: Show, desk: Judging) -> None:
    at = ticket(shown(desk), listed(desk).id)
    click(at, "ticket-what-if")
    assert not at.exception
    told = words(at)
    assert "Would pass." in told, told
    assert "The largest size that passes" in told
    assert "No limit that grows with the order would be passed." in told
    assert "P&L of the book if the market moved" in told
    assert not desk.known
    table = at.dataframe[0].value
    assert "Margin used" in table["what"].to_list()
    assert table["before"].to_list() != table["after"].to_list()

    click(at, "ticket-send")
    assert "Send this order?" in words(at)
    assert not desk.known
    click(at, "ticket-send-now")
    assert "ACCEPTED." in words(at)
    assert [order.request.symbol for order in desk.known.values()] == [listed(desk).id]
    at.session_state[sending.WAITING]["told"] = []  # as if the second click had come before the first's answer
    at.run()
    click(at, "ticket-send-now")
    assert "ACCEPTED." in words(at)
    assert len(desk.known) == 1
    click(at, "ticket-done")
    assert sending.WAITING not in at.session_state
    assert at.text_input(key="ticket-contract-1").value == listed(desk).id


def test_the_largest_size_goes_into_the_ticket_and_more_is_refused_with_the_limit(shown: Show, desk: Judging) -> None:
    at = ticket(shown(desk), listed(desk).id)
    at.number_input(key="ticket-lots-1").set_value(40).run()
    click(at, "ticket-what-if")
    told = words(at)
    assert "Would be refused." in told
    assert "order lots" in told
    assert "order lots** would go from 0 to 40; the limit is 5" in told
    click(at, "ticket-largest")
    assert 1 <= at.session_state["ticket-lots-1"] <= 5
    assert "The ticket was changed since" in words(at)
    at.number_input(key="ticket-lots-1").set_value(6).run()
    click(at, "ticket-send")
    assert "would refuse this" in words(at)
    click(at, "ticket-send-now")
    told = words(at)
    assert "REFUSED." in told
    assert "order lots: 0 before, 6 with it, the limit 5" in told


def test_after_a_stop_the_order_is_refused_and_after_a_reset_it_passes(shown: Show, desk: Judging) -> None:
    at = ticket(shown(desk), listed(desk).id)
    cause = Cause(Trigger.EMERGENCY_STOP, T0, "trader/1", "drill")
    desk._publish(breaker=BreakerState(BreakerStatus.EMERGENCY_STOP, (cause,), T0, 1))
    click(at, "ticket-send")
    click(at, "ticket-send-now")
    assert "REFUSED." in words(at)
    assert "emergency\\_stop" in words(at)
    click(at, "ticket-done")
    desk._publish(breaker=BreakerState(halt_seq=1))
    click(at, "ticket-send")
    click(at, "ticket-send-now")
    assert "ACCEPTED." in words(at)


def test_an_answer_that_does_not_come_is_not_confirmed_and_can_be_asked_again(shown: Show, desk: Judging) -> None:
    at = ticket(shown(desk), listed(desk).id)
    click(at, "ticket-send")
    desk.stuck = True
    click(at, "ticket-send-now")
    assert "NOT CONFIRMED." in words(at)
    desk.stuck = False
    click(at, "ticket-again")
    assert "ACCEPTED." in words(at)
    assert len(desk.known) == 1


def test_a_contract_that_is_none_is_said_with_those_it_might_be(shown: Show, desk: Judging) -> None:
    far = max((one for one in desk.universe if one.kind is Kind.OPTION), key=lambda one: one.expires_at or 0)
    desk.universe = desk.universe.extended([replace(far, strike=99_000.0, right="CE")])
    app = shown(desk)
    at = ticket(app, "NIFTY99000CE")
    told = words(at)
    assert "No such contract" in told
    assert f"NIFTY\\-{far.expiry:%Y%m%d}\\-99000\\-CE" in told
    click(at, "ticket-what-if")
    assert "Nothing was asked: leg 1 lacks a contract that is listed" in words(at)
    at.text_input(key="ticket-contract-1").set_value("<script>**x**](y)").run()
    assert not at.exception
    assert "<script>" not in words(at)
    assert "No such contract" in words(at)


def test_two_legs_are_judged_and_sent_one_after_the_other_and_stop_at_a_refusal(shown: Show, desk: Judging) -> None:
    at = ticket(shown(desk), listed(desk).id)
    at.number_input(key="ticket-lots-1").set_value(6).run()
    click(at, "ticket-add")
    at.text_input(key="ticket-contract-2").set_value(listed(desk).id.replace("-CE", "-PE")).run()
    click(at, "ticket-send")
    assert "Send these 2 orders" in words(at)
    click(at, "ticket-send-now")
    assert "REFUSED." in words(at)
    assert "Not sent: 1" in words(at)
    click(at, "ticket-done")
    click(at, "ticket-remove-1")
    click(at, "ticket-send")
    click(at, "ticket-send-now")
    assert "ACCEPTED." in words(at)


def test_a_viewer_may_ask_and_not_send(shown: Show, desk: Judging) -> None:
    at = ticket(shown(desk, role=Role.VIEWER), listed(desk).id)
    assert at.button(key="ticket-send").disabled
    assert "Only a trader's" in at.button(key="ticket-send").help
    click(at, "ticket-what-if")
    assert "Would pass." in words(at)
