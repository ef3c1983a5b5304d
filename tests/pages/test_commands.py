"""Commands from the screens: what came of one, in the words of the desk, and never more than is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Shown, words

Show = Callable[..., Shown]


def form(call: str) -> AppTest:
    """One form of the commands on a page of its own, as its dialog shows it."""
    return AppTest.from_string(f"from pages.parts import commands, reads\ncommands.{call}", default_timeout=30).run()


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"positions_closed": {"done": 1, "asked": 3}}, "positions: 1 of 3 flat"),
        ({"orders_cancelled": {"done": 0, "asked": 1, "outstanding": ["<b>"], "ended_otherwise": []}}, "\\<b\\>"),
    ],
)
def test_outcomes_name_what_is_left(answer: dict[str, Any], word: str) -> None:
    at = form(f"outcome({ {'ok': True, 'answer': answer}!r})")
    assert word in words(at)
    assert not at.success


def test_a_command_that_was_never_sent_is_refused_and_not_unsure() -> None:
    at = form("outcome(commands.unsent('Nothing was sent.'))")
    assert "REFUSED" in words(at)
    assert "NOT CONFIRMED" not in words(at)


def test_who_may_not_is_told_whose_key_it_needs(shown: Show) -> None:
    shown(role=None)
    code = (
        "import streamlit as st\nfrom pages.parts import commands\n"
        "st.text([commands.denied('trader'), commands.denied('admin')])"
    )
    told = AppTest.from_string(code, default_timeout=30).run().text[0].value
    assert "Needs the key of a trader; you are signed in as nobody" in told
    assert "Needs the key of an admin" in told
