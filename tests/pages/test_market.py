"""The market on a desk that has lived, and on desks that cannot tell much."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from streamlit.testing.v1 import AppTest

from pages.parts import reads
from sidecar.domain.report import Published
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived
from tests.servers.desk import EMPTY, Desk

Show = Callable[..., Shown]


def linked(app: Shown, **chosen: str) -> AppTest:
    """The page as its address opens it."""
    at = AppTest.from_file(str(app.root / "pages" / "market.py"), default_timeout=60)
    for name, value in chosen.items():
        at.query_params[name] = value
    return at.run()


def test_the_ladder_is_of_the_expiry_that_is_chosen_and_marks_the_money_and_the_book(shown: Show, past: Lived) -> None:
    desk = past.desk()
    app = shown(desk)
    at = app.open("market")
    assert not at.exception
    expiries = at.selectbox(key="expiry").options
    assert len(expiries) == 2
    table = at.dataframe[0].value
    assert table["strike"].is_monotonic_increasing
    assert table["mark"].str.contains("ATM").sum() == 1
    near = [line for line in desk.report.positions if str(line.expiry) == expiries[0]]
    held = [*table["call_held"], *table["put_held"]]
    assert sum(bool(cell) for cell in held) == len({line.symbol for line in near})
    assert {"Spot", "Forward", "ATM volatility", "VIX", "Max pain"} <= {cell.label for cell in at.metric}
    at = linked(app, expiry=expiries[1], columns="All", width="5")
    assert not at.exception
    table = at.dataframe[0].value
    assert len(table) == 11
    assert "call_gamma" in table
    cells = {cell.label: cell.value for cell in at.metric}
    assert cells["Max pain"] == "–"
    assert cells["Forward"] != "–"


def test_an_unknown_underlying_in_the_address_is_not_asked_for(shown: Show, past: Lived) -> None:
    app = shown(past.desk())
    at = linked(app, underlying="<script>x")
    assert not at.exception
    assert at.selectbox(key="underlying").value == "NIFTY"


def test_a_desk_without_a_market_says_so(shown: Show) -> None:
    desk = Desk()
    desk.published = Published(msgspec.structs.replace(desk.report, markets=()), EMPTY)
    told = words(shown(desk).open("market"))
    assert "No option market is reported yet" in told


def test_the_first_interest_of_the_day_is_read_from_the_record_and_hostile_names_find_nothing(
    shown: Show, past: Lived
) -> None:
    shown(past.desk())
    desk = reads.shared().desk
    found = desk.opening_interest("NIFTY")
    assert found
    assert all(row["symbol"].startswith("NIFTY-") and row["open_interest"] >= 0 for row in found)
    assert len({row["symbol"] for row in found}) == len(found)
    assert desk.opening_interest("x' OR 1=1 --") == []
    assert desk.volatility_history("x'; DROP TABLE bars --") == []
    assert isinstance(desk.volatility_history("NIFTY", 5), list)
