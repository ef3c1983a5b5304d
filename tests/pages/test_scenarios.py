"""Scenarios on a real desk: the map, the payoff and the stresses at their addresses, and what cannot be answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]


def at_address(app: Shown, **address: str) -> AppTest:
    """The page at an address."""
    at = AppTest.from_file(str(app.root / "pages" / "scenarios.py"), default_timeout=30)
    for name, value in address.items():
        at.query_params[name] = value
    return at.run()


def test_the_address_says_what_is_asked_and_each_view_answers_it(shown: Show, past: Lived) -> None:
    app = shown(past.desk())
    at = at_address(app, view="Map", days="1", spot="± 5 %", legs="true")
    assert not at.exception
    cells: dict[str, Any] = {cell.label: cell.value for cell in at.metric}
    assert cells["Worst on the map"].startswith("−₹")
    assert "of 50 %" in cells["Stress loss, of its limit"]
    told = words(at)
    assert "The worst of these costs" in told
    assert "after 1 days" in told
    table = at.dataframe[0].value
    assert table["symbol"].to_list() == sorted(line.symbol for line in past.published.report.positions)
    worst = float(cells["Worst on the map"].replace("−₹", "-").replace(",", ""))
    assert table["worst"].sum() == pytest.approx(worst, abs=1.0)

    at.button_group(key="view").set_value("Payoff").run()
    assert not at.exception
    assert "At expiry it" in words(at)
    assert "loss has no bound" in words(at)
    at.button_group(key="view").set_value("Stresses").run()
    assert not at.exception
    stresses = at.dataframe[0].value
    assert len(stresses) >= 5
    assert stresses["pnl"].is_monotonic_increasing


def test_what_cannot_be_answered_is_said_and_a_flat_book_does_not_move(shown: Show, past: Lived) -> None:
    at = at_address(shown(past.desk(positions=())), view="Map")
    assert not at.exception
    assert "the book is flat" in words(at)
    at = at_address(shown(past.desk(), role=None), view="Map")
    assert not at.exception
    assert "The answer is unknown" in words(at)
    assert "401" in words(at)
    assert all("₹" not in str(cell.value) for cell in at.metric)
