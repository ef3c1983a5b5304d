"""The wall board: it turns, it is large and mute, it says how old it is, and it outlives a sidecar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.parts import reads, wall, wall_screens
from pages.parts.wall import asked
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived
from tests.pages.states import HOSTILE, STATES

Show = Callable[..., Shown]


def board(**query: str) -> AppTest:
    """The wall alone, as the app draws it for ``?wall=1``."""

    def script() -> None:
        from pages.parts import wall

        wall.draw()

    at = AppTest.from_function(script, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at


def test_it_turns_through_all_screens_and_begins_again(
    shown: Show, past: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(past.desk(), role=Role.VIEWER)
    turn = {"at": 0}
    # The part that counts is a browser's; what it counts to is all that the page knows of it.
    monkeypatch.setattr(wall, "st_autorefresh", lambda *_, **__: turn["at"])
    titles = [screen.title for screen in wall_screens.SCREENS.values()]
    at = board()
    for turn["at"] in range(len(titles) + 3):
        at.run()
        assert not at.exception, turn
        told = words(at)
        assert f"# {titles[turn['at'] % len(titles)]}" in told
        assert "SIMULATED MARKET" in told
        assert "IST" in told
        assert "live" in told
        assert not at.button
        assert not at.text_input


def test_a_dead_sidecar_leaves_its_last_picture_with_its_age_and_the_board_recovers(
    shown: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PICTURE_EVERY_S", 0.0)
    app = shown()
    at = board(screens="state").run()
    assert "P&L today" in words(at)
    app.desk.age_s = 60.0
    told = words(at.run())
    assert ":material/help: **STATE UNKNOWN (was: TRADING ALLOWED)" in told
    assert "OLD" in told
    assert "P&L today" in told
    app.desk.age_s = 0.05
    assert "live" in words(at.run())


def test_every_state_is_told_on_every_screen_and_hostile_names_do_nothing(shown: Show) -> None:
    shown(STATES["hostile"]())
    for name in wall_screens.SCREENS:
        at = board(screens=name).run()
        assert not at.exception, name
        assert "TRIPPED by a limit" in words(at)
        assert HOSTILE not in words(at)
    shown(STATES["nothing known"]())
    at = board(screens="state").run()
    assert [cell.value for cell in at.metric][:3] == ["–"] * 3


def test_what_was_never_seen_is_said(shown: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    shown()
    monkeypatch.setenv("DESK_URL", "http://127.0.0.1:9")
    st.cache_resource.clear()
    at = board().run()
    assert not at.exception
    assert "never seen" in words(at)
    assert "Nothing was ever seen" in words(at)


@pytest.mark.parametrize(
    ("screens", "every", "made"),
    [
        ("", "", (tuple(wall_screens.SCREENS), 15)),
        ("alerts, State", "30", (("alerts", "state"), 30)),
        ("<b>,nothing", "soon", (tuple(wall_screens.SCREENS), 15)),
        ("limits", "0.1", (("limits",), 3)),
        ("limits", "1e12", (("limits",), 3_600)),
        ("limits", "nan", (("limits",), 15)),
    ],
)
def test_an_address_that_cannot_be_used_is_as_if_it_said_nothing(screens: str, every: str, made: Any) -> None:
    assert asked(screens, every)[:2] == made
