"""Ways to other pages: each leads to its page, with the filters that are set."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from pages.parts.screens import ALL_SCREENS


def links(code: str) -> list[Any]:
    at = AppTest.from_string(f"from pages.parts import screens, ways\n{code}").run()
    assert not at.exception
    return [one.proto for one in at.page_link]


def test_every_screen_has_a_way_to_it_with_its_title_and_icon() -> None:
    found = links("for screen in screens.ALL_SCREENS: ways.to(screen.name)")
    assert [one.label.replace("\\", "") for one in found] == [screen.title for screen in ALL_SCREENS]
    assert [one.icon for one in found] == [screen.icon for screen in ALL_SCREENS]
    assert [one.page for one in found] == ["", *(screen.name for screen in ALL_SCREENS[1:])]


def test_a_way_carries_the_filters_that_are_set_and_no_others() -> None:
    first, second = links('ways.to("positions", "There", fund="a b", strategy="")\nways.to("alerts", strategy="")')
    assert (first.label, first.query_string) == ("There", "fund=a+b")
    assert second.query_string == ""
