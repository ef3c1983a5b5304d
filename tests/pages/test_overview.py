"""The overview: what needs a person, with the way there; the day's money, line, limits and makers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from sidecar.domain.alerts import AlertLevel
from sidecar.domain.report import LimitLine, LimitStatus
from tests.pages.conftest import Shown, words
from tests.pages.drawn import charts
from tests.pages.states import HOSTILE, STATES, changed
from tests.pages.test_choice import two_funds
from tests.servers.alerting import AlertDesk, alert

Show = Callable[..., Shown]


def test_a_real_desk_shows_its_line_its_makers_and_its_limits(shown: Show, past: Any) -> None:
    at = shown(past.desk()).open()
    assert not at.exception
    assert len(charts(at)) == 3  # line, strategies, limits; one fund needs no bars
    assert "expire tomorrow" in words(at) or "Nothing needs you" in words(at)
    assert at.metric[0].label == "P&L today"


def test_each_fund_has_its_bar_and_a_chosen_one_is_part_of_the_address(shown: Show) -> None:
    app = shown(two_funds())
    at = AppTest.from_file(str(app.root / "pages" / "overview.py"), default_timeout=30)
    at.query_params["fund"] = "second"
    at.run()
    assert not at.exception
    assert at.metric[0].value == "▼ −₹2,222"
    assert at.button_group(key="fund").value == "second"


def test_what_needs_a_person_comes_first_and_leads_to_its_page(shown: Show) -> None:
    desk = AlertDesk()
    desk.put(alert(1, level=AlertLevel.CRITICAL, severity=5, title=HOSTILE))
    desk._publish(
        breaker=STATES["tripped"]().report.breaker,
        limits=(LimitLine("drawdown", "main", 0.07, 0.08, 0.875, LimitStatus.WARN),),
    )
    at = shown(desk).open()
    told = words(at)
    assert not at.exception
    assert ":material/priority_high: act · **TRIPPED by a limit**" in told
    assert "daily loss limit" in told
    assert "drawdown of main 88 %" in told
    assert told.index("TRIPPED") < told.index("drawdown of main")
    links = [(one.proto.page, one.proto.query_string) for one in at.get("page_link")]
    assert ("emergency", "") in links
    assert ("limits", "") in links
    assert any(page == "alerts" and "A00001" in query for page, query in links)


def test_nothing_needs_you_is_never_said_of_what_could_not_be_read(shown: Show) -> None:
    at = shown(role=None).open()
    assert not at.exception
    told = words(at)
    assert "Nothing needs you" not in told
    assert "Unknown whether" in told


@pytest.mark.parametrize("state", ["no limits", "empty"])
def test_a_desk_without_limits_or_positions_says_what_that_means(shown: Show, state: str) -> None:
    at = shown(STATES[state]()).open()
    word = {"no limits": "nothing may trade", "empty": "The book is flat"}[state]
    assert word in words(at)


def test_a_quiet_desk_needs_nobody(shown: Show) -> None:
    desk = changed(positions=())
    assert "Nothing needs you" in words(shown(desk).open())
