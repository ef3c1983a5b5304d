"""The bar as Streamlit mounts it: what it is given, and that a page rests while nobody looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.parts import bar, panel, scripts
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown

Show = Callable[..., Shown]


def given(at: AppTest) -> dict[str, Any]:
    (mounted,) = [one.proto for one in at.get("bidi_component") if one.proto.component_name == "bar"]
    told: dict[str, Any] = json.loads(mounted.json)
    return told


def drawn() -> AppTest:
    script = "import streamlit as st\nfrom pages.parts import bar\nst.write('looked at' if bar.draw() else 'at rest')"
    return AppTest.from_string(script, default_timeout=30).run()


def test_it_is_given_a_ticket_the_role_and_the_zone_and_never_the_key(shown: Show) -> None:
    app = shown()
    at = drawn()
    told = given(at)
    assert (told["role"], told["zone_name"], told["hidden"]) == ("trader", "IST", False)
    assert app.stand.secrets[Role.TRADER] not in str(told)
    ticket = told["ticket"]
    assert given(at.run())["ticket"] == ticket
    assert at.markdown[0].value == "looked at"


def test_what_the_browser_said_last_goes_back_to_it_and_the_page_rests(shown: Show) -> None:
    shown()
    at = AppTest.from_string(
        "import streamlit as st\nfrom pages.parts import bar\n"
        "st.session_state['bar'] = {'hidden': True}\nst.write('looked at' if bar.draw() else 'at rest')",
        default_timeout=30,
    ).run()
    assert at.markdown[0].value == "at rest"
    assert given(at)["hidden"] is True


def test_a_module_holds_each_part_once_and_exports_once() -> None:
    for part in (bar, panel):
        made = scripts.module(*part.SCRIPT)
        assert made.count("export default") == 1
        assert made.count("class Wire ") == 1
        assert "innerHTML" not in made
        assert "\nimport " not in made
