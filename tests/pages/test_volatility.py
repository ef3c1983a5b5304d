"""Volatility on a desk that has lived: each view opens from its address and says what it rests on."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from pages.parts import quoted
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]


def linked(app: Shown, **chosen: str) -> AppTest:
    """The page as its address opens it."""
    at = AppTest.from_file(str(app.root / "pages" / "volatility.py"), default_timeout=60)
    for name, value in chosen.items():
        at.query_params[name] = value
    return at.run()


def test_every_view_opens_from_its_address(shown: Show, past: Lived) -> None:
    app = shown(past.desk())
    at = app.open("volatility")
    assert not at.exception
    fits = at.dataframe[-1].value
    assert len(fits) == 2
    assert fits["days"].is_monotonic_increasing
    assert "Arbitrage on a dense grid" in words(at)
    for chosen in ({"view": "Surface"}, {"view": "Surface", "shape": "Body"}, {"view": "Term structure"}):
        at = linked(app, **chosen)
        assert not at.exception, chosen
        assert at.segmented_control(key="view").value == chosen["view"]
    at = linked(app, view="Session")
    assert not at.exception
    assert "As seen by this app since" in words(at)


def test_a_session_is_that_of_the_newest_bar() -> None:
    rows = [{"session": 1.0}, {"session": 2.0}, {"session": 2.0}]
    assert quoted.newest_session(rows) == rows[1:]
    assert quoted.newest_session([]) == []
