"""Risk limits on a desk that has lived: every view tells what the desk says, and no more."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from sidecar.domain.report import LimitStatus
from tests.pages.conftest import Shown, click, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]


def linked(app: Shown, **chosen: str) -> AppTest:
    """The page as its address opens it."""
    at = AppTest.from_file(str(app.root / "pages" / "limits.py"), default_timeout=60)
    for name, value in chosen.items():
        at.query_params[name] = value
    return at.run()


def test_every_limit_of_every_scope_stands_there_with_its_words(shown: Show, past: Lived) -> None:
    desk = past.desk()
    app = shown(desk)
    at = linked(app, level="All scopes")
    assert not at.exception
    table = at.dataframe[0].value
    assert len(table) == len(desk.report.limits)
    assert set(table["where"]) == {"main", "whole desk"}
    assert table["what"].notna().all()
    assert "Nearest" in words(at)
    used = table["utilization"].dropna().to_list()
    assert used == sorted(used, reverse=True)
    once = linked(app)
    assert "say what the desk's do" in words(once)
    assert len(once.dataframe[0].value) < len(table)


def test_the_filters_are_kept_in_the_address(shown: Show, past: Lived) -> None:
    desk = past.desk()
    app = shown(desk)
    at = linked(app, level="Fund", near="Unknown")
    assert not at.exception
    unknown = [line for line in desk.report.limits if line.scope == "main" and line.status is LimitStatus.UNKNOWN]
    if unknown:
        assert len(at.dataframe[0].value) == len(unknown)
    else:
        assert "No limit answers to these choices" in words(at)


def test_margin_and_tail_name_their_horizon_and_breaches_are_told(shown: Show, past: Lived) -> None:
    app = shown(past.desk())
    at = linked(app, view="Margin and tail", by="Strategy")
    assert not at.exception
    assert "One day ahead" in words(at) or "has not been worked out" in words(at)
    assert "as if it stood alone" in words(at)
    at = linked(app, view="Breaches")
    assert not at.exception
    assert "never triggered" in words(at) or len(at.dataframe)


def test_the_button_opens_the_form_and_sends_nothing(shown: Show) -> None:
    app = shown()
    at = click(app.open("limits"), "limit-open")
    assert not at.exception
    assert "nothing would be in breach at once" in words(at)
    assert app.desk.commands == []
