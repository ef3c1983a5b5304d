"""Who looks at the page: from the app's own key or from a session, with the role that the desk says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import identities, visitor
from pages.parts.identities import Identities, Identity
from pages.parts.sessions import SESSIONS
from pages.parts.sign_in import entrance
from sidecar.domain.errors import DeskRefused, DeskUnreachable
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, words
from tests.servers.desk import Stand


class Asked:
    """A desk that says what it is told to say."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.times = 0

    def __call__(self, url: str, key: str) -> dict[str, Any]:
        self.times += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        found: dict[str, Any] = self.answer
        return found


def later(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_key_is_asked_about_again_and_nobody_waits_for_that() -> None:
    now, asked = [0.0], Asked({"role": "trader", "label": "anna"})
    held = Identities(asked, lambda: now[0])
    assert held.of("url", "key") == Identity("trader", "anna")
    asked.answer = DeskUnreachable("url", "gone")
    now[0] += identities.ASK_EVERY_S
    assert held.of("url", "key").role == "trader"
    later(lambda: asked.times == 2)
    asked.answer = DeskRefused(401, "no", "this key is not known, or was revoked")
    now[0] += identities.ASK_EVERY_S
    later(lambda: "revoked" in held.of("url", "key").refused)


def test_a_desk_that_never_answered_leaves_the_role_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Identities(Asked(DeskUnreachable("url", "gone")))
    assert held.of("url", "key") == Identity()
    monkeypatch.setattr(visitor, "IDENTITIES", held)
    monkeypatch.setenv("DESK_KEY", "key")
    who = visitor.visitor()
    assert (who.key, who.role) == ("key", "")
    assert not who.may("viewer")


def test_the_local_key_file_alone_lets_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ui.key"
    file.write_text("a key")
    monkeypatch.setenv("DESK_UI_KEY_FILE", str(file))
    monkeypatch.delenv("DESK_KEY", raising=False)
    assert visitor.visitor() == visitor.NOBODY


def test_a_session_is_its_keys_person_until_the_desk_takes_the_key_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    now, asked = [0.0], Asked({"role": "admin", "label": ""})
    monkeypatch.setattr(visitor, "IDENTITIES", Identities(asked, lambda: now[0]))
    secret = SESSIONS.begin("her key")
    monkeypatch.setattr(visitor, "_cookie", lambda: secret)
    who = visitor.visitor()
    assert (who.key, who.role, who.name) == ("her key", "admin", "admin")
    assert who.may("trader")
    assert SESSIONS.alive(who.session)
    asked.answer = DeskRefused(401, "no", "this key is not known, or was revoked")
    now[0] += identities.ASK_EVERY_S
    later(lambda: visitor.visitor().key == "")
    assert "revoked" in visitor.visitor().why
    assert not SESSIONS.alive(who.session)


def test_the_desk_says_whose_key_it_is(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    for role in Role:
        told = stand.ask("GET", "/api/v1/me", role=role).json()
        assert (told["role"], told["label"]) == (role, f"test-{role}")
        assert told["actor"] == f"test-{role}/{told['id']}"
    assert stand.ask("GET", "/api/v1/me", role=None).status_code == 401


def opened(repository: Path) -> AppTest:
    return AppTest.from_file(str(repository / "app.py"), default_timeout=30).run()


def test_who_is_not_signed_in_sees_how_to_get_in_how_to_stop_and_what_is_public(
    shown: Callable[..., Shown], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(role=None)
    at = opened(repository)
    assert not at.exception
    told = words(at)
    for word in ("not signed in", "python -m sidecar login", "python -m sidecar stop", "**ACTIVE**, trading allowed"):
        assert word in told
    assert not at.metric
    assert not at.dataframe
    secret = SESSIONS.begin(app.stand.secrets[Role.TRADER])
    monkeypatch.setattr(visitor, "_cookie", lambda: secret)
    at = opened(repository)
    assert not at.exception
    assert at.metric[0].label == "P&L today"
    assert any("test\\-trader · trader" in str(one.value) for one in at.sidebar.caption)
    at.button(key="sign-out").click().run()
    assert "Signed out: you signed out" in words(at)
    assert not at.metric
    assert app.stand.secrets[Role.TRADER] not in str(at)


def test_the_page_that_was_asked_for_is_kept_and_is_nothing_but_a_path() -> None:
    assert entrance("", {}) == "/live/enter?next=%2F"
    assert entrance('"><script>', {'"': ["<b>", "&"]}) == (
        "/live/enter?next=%2F%22%3E%3Cscript%3E%3F%2522%3D%253Cb%253E%26%2522%3D%2526"
    )
