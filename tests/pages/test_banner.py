"""What is said above a page of its own picture."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.banner import MEANING, STATES
from pages.parts.picture import Picture
from sidecar.domain.breaker import BreakerStatus
from tests.pages.conftest import words


def said(**fields: Any) -> str:
    made = asdict(Picture(**({"seen_at": 1.0, "looked_at": 1.5} | fields)))
    script = (
        f"from pages.parts import banner\nfrom pages.parts.picture import Picture\nbanner.draw(Picture(**{made!r}))"
    )
    return words(AppTest.from_string(script, default_timeout=30).run())


def status(state: str, **breaker: Any) -> dict[str, Any]:
    return {"circuit_breaker": {"status": state, **breaker}}


def test_an_active_desk_that_is_seen_needs_no_word() -> None:
    assert said(status=status("active")) == ""


@pytest.mark.parametrize("state", [state for state in BreakerStatus if state is not BreakerStatus.ACTIVE])
def test_a_halt_is_said_with_its_meaning_and_why(state: str) -> None:
    told = said(status=status(str(state), triggers=[{"trigger": "daily_loss_limit", "detail": "3.1 <b> lost"}]))
    assert STATES[state][0] in told
    assert MEANING[state] in told
    assert "daily loss limit" in told
    assert "\\<b\\>" in told


def test_an_old_picture_is_said_to_be_old_and_not_what_stands_now() -> None:
    told = said(status=status("active"), problem="the desk is silent", looked_at=90.0)
    assert "OLD, of 1 min 29 s ago (was: TRADING ALLOWED)" in told
    assert "The desk cannot say how it stands" in told
    assert "The sidecar does not answer" in said(status=status("active"), problem="refused", down=True)
    assert "STATE UNKNOWN" in said(seen_at=None, problem="refused", down=True)


def test_what_is_missing_and_what_the_desk_notes_is_said() -> None:
    told = said(status={**status("active"), "notes": ["*feed* late"]}, missing={"positions": "401 no key"})
    assert "Positions unknown: 401 no key" in told
    assert "Note: \\*feed\\* late" in told
