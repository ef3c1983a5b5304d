"""Greeks and exposure on a real desk's report: in words, in money, cut as asked; unknown stays unknown."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import pytest
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from pages.parts.exposure_tables import costs
from sidecar.domain.report import Quality
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]


def cut(app: Shown, by: str) -> AppTest:
    """The page at the address of one cut."""
    at = AppTest.from_file(str(app.root / "pages" / "exposure.py"), default_timeout=30)
    at.query_params["by"] = by
    return at.run()


def test_what_a_move_costs_is_said_and_the_legs_carry_every_greek(shown: Show, past: Lived) -> None:
    at = cut(shown(past.desk()), "leg")
    assert not at.exception
    told = words(at)
    assert "**NIFTY**: a 1 % rise" in told
    assert "a night" in told
    assert "Concentration" in told
    table = at.dataframe[0].value
    book = {line.id: line for line in past.published.report.positions}
    assert table["key"].to_list() == sorted(book)
    row = table.iloc[0]
    line, chain = book[row["key"]], past.published.chain
    assert row["vega"] == pytest.approx(line.vega)
    assert row["vanna"] == pytest.approx(line.quantity * chain.vanna[chain.rows[line.symbol]])
    assert row["charm"] == pytest.approx(line.quantity * chain.charm[chain.rows[line.symbol]])


def test_what_is_unknown_or_old_is_said_and_a_flat_book_has_no_exposure(shown: Show, past: Lived) -> None:
    book = past.published.report.positions
    blind = tuple(replace(line, vega=nan, quality=Quality.STALE) for line in book)
    at = cut(shown(past.desk(positions=blind)), "underlying")
    assert not at.exception
    told = words(at)
    assert {cell.label: cell.value for cell in at.metric}["Vega"] == "–"
    assert "a volatility point up is unknown" in told
    assert "stale" in told
    assert "1 not drawn: the vega is unknown" in told
    at = cut(shown(past.desk(positions=())), "expiry")
    assert not at.exception
    assert "The book is flat" in words(at)


def test_an_amount_is_told_by_its_verb_and_arrow() -> None:
    assert (costs(5, "INR"), costs(-5, "INR"), costs(nan, "INR")) == (
        "makes about ▲ ₹5",
        "costs about ▼ ₹5",
        "is unknown",
    )
