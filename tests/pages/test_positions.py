"""Positions: the tree with its filters, working orders, fills, and five thousand legs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from streamlit.testing.v1 import AppTest

from sidecar.domain.commands import CancelAll, CancelOrder
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from tests.pages.conftest import Shown, click, words
from tests.pages.states import STATES, changed
from tests.pages.test_choice import two_funds
from tests.servers.desk import CALL, PUT, T0, Desk, position

Show = Callable[..., Shown]


def opened(app: Shown, **query: str) -> AppTest:
    at = AppTest.from_file(str(app.root / "pages" / "positions.py"), default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def working(desk: Desk, count: int = 2) -> Desk:
    for n in range(count):
        asked = OrderRequest(CALL.id, Side.BUY, 75, Decimal("80.35"), strategy="demo")
        desk.known[f"O{n}"] = Order(f"O{n}", asked, OrderState.OPEN, "demo", T0, T0)
    return desk


def cancels(*, every: bool) -> AppTest:
    code = f"from pages.parts import cancelling\ncancelling.cancel_form(every={every})"
    return AppTest.from_string(code, default_timeout=30).run()


def test_a_real_book_is_a_tree_with_subtotals_and_its_filters_are_part_of_the_address(shown: Show, past: Any) -> None:
    app = shown(past.desk())
    at = opened(app)
    assert not at.exception
    [section] = at.expander
    count = len(at.dataframe[0].value)
    assert section.label == "Legs of demo"  # nothing that changes with the money: a closed section stays closed
    assert f"{count} legs · open P&L" in words(at)
    flat = opened(app, by="leg")
    assert not flat.expander
    assert len(flat.dataframe[0].value) == count
    found = opened(app, q=str(flat.dataframe[0].value["symbol"].iloc[0]))
    assert len(found.dataframe[0].value) == 1
    assert "What passes the filters" in words(found)
    assert "No position passes these filters" in words(opened(app, q="nowhere"))


def test_two_funds_stand_above_their_strategies(shown: Show) -> None:
    at = opened(shown(two_funds()))
    assert "Fund **main** · 1 leg" in words(at)
    assert "Fund **second** · 1 leg" in words(at)
    assert len(at.expander) == 2


def test_five_thousand_legs_are_groups_first_and_legs_on_demand(shown: Show) -> None:
    legs = tuple(position(id=f"p{n}", strategy=f"s{n % 50:02d}") for n in range(5_000))
    app = shown(changed(positions=legs))
    at = opened(app)
    assert not at.exception
    assert [len(one.value) for one in at.dataframe] == [50]
    assert at.dataframe[0].value["legs"].sum() == 5_000
    at.selectbox(key="legs-of").set_value("main/s07").run()
    assert len(at.dataframe[1].value) == 100


def test_working_orders_and_fills_have_tabs_of_their_own(shown: Show, past: Any) -> None:
    app = shown(working(past.desk()))
    assert len(opened(app, tab="Fills").dataframe[0].value) >= 2
    assert opened(app, tab="Orders").dataframe[0].value["id"].to_list() == ["O1", "O0"]
    assert "No order works" in words(opened(shown(past.desk()), tab="Orders"))


def test_one_order_and_all_orders_are_cancelled_and_what_the_venue_owes_is_named(shown: Show) -> None:
    desk = working(Desk())
    shown(desk)
    at = cancels(every=False)
    assert at.button(key="cancel-confirm").disabled
    at.selectbox(key="cancel-which").select_index(0).run()
    assert "cancels: 1 of 1 confirmed" in words(click(at, "cancel-confirm"))
    assert isinstance(desk.commands[-1], CancelOrder)
    desk.deaf = True
    at = cancels(every=True)
    at.text_input(key="cancel-reason").input("end of the session").run()
    at = click(at, "cancel-confirm")
    assert isinstance(desk.commands[-1], CancelAll)
    assert "venue unconfirmed: 1" in words(at)
    assert not at.success


def test_without_a_role_nothing_can_be_closed_or_cancelled_and_the_reason_is_said(shown: Show) -> None:
    at = opened(shown(role=None))
    assert not at.exception
    for key in ("close-one", "close-all", "cancel-all"):
        assert "signed in as nobody" in at.button(key=key).help


def test_a_flat_book_says_so_and_leaves_nothing_to_close(shown: Show) -> None:
    at = opened(shown(STATES["empty"]()))
    assert "The book is flat" in words(at)
    assert at.button(key="close-all").disabled


def test_the_dialogs_of_closing_open_from_the_page(shown: Show) -> None:
    desk = Desk()
    desk._publish(positions=(position(), position(PUT, -75, id="put")))
    at = click(shown(desk).open("positions"), "close-all")
    assert at.button(key="close-confirm").disabled
    assert "2 positions" in words(at)
