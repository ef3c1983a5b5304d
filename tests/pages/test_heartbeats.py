"""Dead man's switches on the screen: who is armed, and that not knowing is not nobody."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from sidecar.domain.commands import Heartbeat
from tests.pages.conftest import click, words
from tests.servers.desk import Stand

Serve = Callable[..., Stand]


def page(code: str) -> AppTest:
    at = AppTest.from_string(f"from pages.parts import heartbeats\nfrom pages.parts.picture import Picture\n{code}")
    return at.run()


def test_who_is_armed_is_told_and_unknown_is_not_nobody() -> None:
    at = page(
        "heartbeats.table(Picture(risk={'heartbeats': [{'client': '<b>', 'age_s': 2.5, 'expires_in_s': 60}]}))\n"
        "heartbeats.table(Picture(risk={'heartbeats': []}))\n"
        "heartbeats.table(Picture(status={'armed_clients': 2}))\n"
        "heartbeats.table(Picture())"
    )
    assert not at.exception
    (table,) = at.dataframe
    assert table.value.iloc[0].to_list() == ["<b>", 2.5, 60.0]
    assert [one.value for one in at.caption] == [
        "No client is armed: nobody's silence halts the desk.",
        "2 clients are armed; who they are is unknown.",
        "unknown",
    ]


def test_a_client_is_armed_only_by_a_name_that_it_can_send(serve: Serve) -> None:
    desk = serve().desk
    at = page("heartbeats.form(Picture())")
    assert at.button(key="beat-arm").disabled
    assert at.selectbox(key="beat-gone").disabled
    at.text_input(key="beat-client").input("two words").run()
    assert at.button(key="beat-arm").disabled
    at.text_input(key="beat-client").input(" hedger-1 ").run()
    at.slider(key="beat-seconds").set_value(30).run()
    assert "hedger-1 is armed" in words(click(at, "beat-arm")).replace("\\", "")
    (beat,) = desk.commands
    assert isinstance(beat, Heartbeat)
    assert (beat.client, beat.expires_in_s, beat.goodbye) == ("hedger-1", 30.0, False)
