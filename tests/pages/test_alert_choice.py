"""Ticked alerts: news and endings do not move a tick to another alert."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from pages.parts import alert_choice

st.session_state["standing"] = {"selection": {"rows": TICKED}}
st.session_state["alerts-drawn"] = [{"id": "A1"}, {"id": "A2"}]
rows = alert_choice.steady([{"id": "A3"}, {"id": "A2", "title": "news"}])
st.json({"rows": rows, "ticked": alert_choice.ticked()})
"""


def drawn(ticked: str) -> AppTest:
    at = AppTest.from_string(SCRIPT.replace("TICKED", ticked), default_timeout=30).run()
    assert not at.exception
    return at


def test_while_a_row_is_ticked_the_order_stays_ends_are_marked_and_news_stand_at_the_end() -> None:
    told = drawn("[1]").json[0].value
    assert '"ticked": ["A2"]' in told
    assert [part.split('"')[3] for part in told.split("{")[2:5]] == ["A1", "A2", "A3"]
    assert '"id": "A1", "resolved": true' in told
    assert '"title": "news"' in told


def test_without_a_tick_the_order_is_the_newest() -> None:
    told = drawn("[]").json[0].value
    assert [part.split('"')[3] for part in told.split("{")[2:4]] == ["A3", "A2"]
    assert '"ticked": []' in told
