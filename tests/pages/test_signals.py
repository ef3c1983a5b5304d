"""Signals: what was said, what came of it, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import signal_figures, signalled
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]
AT = "2026-09-07T04:00:00+00:00"


def opened(app: Shown, **query: str) -> AppTest:
    at = AppTest.from_file(str(app.root / "pages" / "signals.py"), default_timeout=30)
    at.query_params.update(query)
    return at.run()


def signal(**changes: Any) -> dict[str, Any]:
    return {"timestamp": AT, "signal_type": "buy", "confidence": 0.62, "status": "scored", "correct": True,
            "symbol": "NIFTY", "strategy": "demo", "quantity": 0, "outcome_return": 0.001, **changes}  # fmt: skip


def test_a_desk_that_has_lived_tells_its_signals_by_filter(shown: Show, past: Lived) -> None:
    app = shown(past.desk())
    at = opened(app)
    assert not at.exception
    given = at.dataframe[-1].value
    assert set(given["strategy"]) == {"demo"}
    assert given["says"].iloc[0] in signalled.ARROWS.values()
    assert {cell.label: cell.value for cell in at.metric}["Given"] == str(len(given))
    assert "SIMULATED" in words(at) or "Simulated market" in words(at)
    held = opened(app, sg_type="hold").dataframe
    assert not held or set(held[-1].value["says"]) == {"■ hold"}
    assert "No signal passes these filters" in words(opened(app, sg_strategy="nobody"))


def test_a_signal_by_hand_is_for_a_trader(shown: Show, past: Lived) -> None:
    at = opened(shown(past.desk(), role=Role.VIEWER))
    assert not at.exception
    assert not [one for one in at.button if one.label == "Put on record"]


def test_what_cannot_be_read_is_unknown_and_not_empty(shown: Show) -> None:
    told = words(opened(shown(role=None)))
    assert "How often signals were right is unknown" in told
    assert "The signals are unknown" in told
    assert "No signal was given" not in told


@pytest.mark.parametrize(
    ("changes", "came"),
    [
        ({}, "right"),
        ({"correct": False}, "wrong"),
        ({"correct": None, "signal_type": "hold"}, "named no direction"),
        ({"status": "open", "correct": None}, "waits"),
        ({"status": "unscored", "correct": None, "note": "no mark"}, "no score: no mark"),
    ],
)
def test_what_came_of_a_signal_is_told_in_words(changes: dict[str, Any], came: str) -> None:
    assert signalled.shown(signal(**changes))["came"] == came


def test_only_scored_directions_count_by_how_sure_they_were() -> None:
    rows = [signal(), signal(correct=False), signal(confidence=1.0), signal(status="open", correct=None),
            signal(confidence=None)]  # fmt: skip
    sixty, ninety = signalled.by_confidence(rows)
    assert (sixty.name, sixty.value, sixty.note) == ("60 to 70 % sure", 0.5, "1 of 2")
    assert (ninety.name, ninety.value) == ("90 to 100 % sure", 1.0)
    assert sixty.low is not None
    assert sixty.low < 0.5 < (sixty.high or 0.0)


def test_a_mark_tells_its_direction_and_what_came_of_it_without_colour() -> None:
    rows = [signal(symbol="<b>"), signal(signal_type="sell", correct=False), signal(status="open", confidence=None)]
    right, wrong, waits = signal_figures.confidences(rows).data
    assert (right.name, right.marker.symbol[0], right.y[0]) == ("right", "triangle-up", 62.0)
    assert (wrong.name, wrong.marker.symbol[0]) == ("wrong", "triangle-down-open")
    assert waits.y[0] is None
    assert right.customdata[0][0] == "&lt;b&gt;"
    assert right.x[0].strftime("%H:%M") == "09:30"
