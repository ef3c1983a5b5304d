"""The way in: a link or a key becomes a cookie; everything else is told why not, and not too often."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from pages.parts import entrance
from pages.parts.entrance import Attempts, Entrance, local
from pages.parts.server import Guard
from pages.parts.sessions import Sessions
from sidecar.client import login
from sidecar.servers.keys import Role
from tests.pages.conftest import serving
from tests.servers.desk import Stand


class Way:
    """The entrance on a port of its own, in front of a desk; the trader's key is the one that links open with."""

    def __init__(self, url: str, stand: Stand, data: Path, sessions: Sessions) -> None:
        self.url, self.stand, self.data, self.sessions = url, stand, data, sessions
        self.cookie = f"deskwatch-{url.rpartition(':')[2]}"
        self.http = httpx2.Client(base_url=url, trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def enter(self, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
        self.http.cookies.clear()
        asked = {"origin": self.url} | (headers or {})
        return self.http.post("/live/session", json=body, headers={name: one for name, one in asked.items() if one})


@pytest.fixture
def way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    stand, sessions = Stand(tmp_path), Sessions()
    (tmp_path / "ui.key").write_text(stand.secrets[Role.TRADER])
    routes = Entrance(sessions, lambda: tmp_path / "ui.key", Attempts(lambda: 0.0)).routes()
    with (
        serving(stand.app) as desk,
        serving(Starlette(routes=routes, middleware=[Middleware(Guard)])) as url,
    ):
        monkeypatch.setenv("DESK_URL", desk)
        made = Way(url, stand, tmp_path, sessions)
        with made.http:
            yield made


def test_a_link_signs_in_once_and_what_the_browser_gets_is_no_key(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = login.make(way.data)
    told = way.enter(token=token, next="/positions?fund=main")
    assert told.json() == {"next": "/positions?fund=main", "role": "trader", "name": "test-trader"}
    given = told.headers["set-cookie"]
    assert given.startswith(f"{way.cookie}=")
    for word in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert word in given
    session = way.sessions.find(told.cookies[way.cookie])
    assert session is not None
    assert session.key == way.stand.secrets[Role.TRADER]
    again = way.enter(token=token)
    assert again.status_code == 401
    assert "used already" in again.json()["detail"]
    assert "python -m sidecar login" in again.json()["detail"]
    seen = told.text + str(told.headers) + str(told.url) + again.text + caplog.text
    for secret in (token, way.stand.secrets[Role.TRADER]):
        assert secret not in seen


def test_an_expired_link_and_a_wrong_one_say_which_they_are(way: Way) -> None:
    assert "has expired" in way.enter(token=login.make(way.data, lambda: 0.0)).json()["detail"]
    assert "is wrong" in way.enter(token="made up").json()["detail"]


def test_of_twenty_who_come_with_one_link_at_once_one_gets_in(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "BURST", 100)
    monkeypatch.setattr(Attempts, "take", lambda _: True)
    token = login.make(way.data)
    with ThreadPoolExecutor(20) as many:
        codes = sorted(answer.status_code for answer in many.map(lambda _: way.enter(token=token), range(20)))
    assert codes == [200] + [401] * 19


def test_a_typed_key_signs_in_with_its_own_role_and_a_revoked_one_does_not(way: Way) -> None:
    admin = way.stand.secrets[Role.ADMIN]
    assert way.enter(key=f" {admin}\n").json()["role"] == "admin"
    way.stand.keys.revoke(next(key.id for key in way.stand.keys.list() if key.role is Role.ADMIN))
    refused = way.enter(key=admin)
    assert refused.status_code == 401
    assert "revoked" in refused.json()["detail"]
    assert "set-cookie" not in refused.headers
    for odd in ("ключ", "a\x00b", "", " "):
        assert way.enter(key=odd).status_code in (401, 422)


def test_guessing_is_slowed_down_for_links_and_keys_together(way: Way) -> None:
    codes = [way.enter(key=f"guess {n}").status_code for n in range(entrance.BURST)]
    assert codes == [401] * entrance.BURST
    assert way.enter(token=login.make(way.data)).status_code == 429
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    assert [attempts.take() for _ in range(entrance.BURST + 1)] == [True] * entrance.BURST + [False]
    now[0] += entrance.AGAIN_S
    assert [attempts.take(), attempts.take()] == [True, False]
    attempts.give_back()
    assert attempts.take()


def test_a_desk_that_is_down_costs_nobody_the_link(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    token = login.make(way.data)
    with monkeypatch.context() as down:
        down.setenv("DESK_URL", "http://127.0.0.1:9")
        told = way.enter(token=token)
        assert told.status_code == 502
        assert "does not answer" in told.json()["detail"]
    assert way.enter(token=token).status_code == 200


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "http://127.0.0.1:1"])
def test_no_page_of_elsewhere_signs_anybody_in_or_out(way: Way, origin: str) -> None:
    assert way.enter({"origin": origin}, key=way.stand.secrets[Role.VIEWER]).status_code == 403
    headers = {"origin": origin} if origin else {}
    assert way.http.delete("/live/session", headers=headers).status_code == 403


def test_signing_out_ends_the_session_and_takes_the_cookie(way: Way) -> None:
    secret = way.enter(key=way.stand.secrets[Role.VIEWER]).cookies[way.cookie]
    headers = {"origin": way.url, "cookie": f"{way.cookie}={secret}"}
    told = way.http.delete("/live/session", headers=headers)
    assert told.status_code == 204
    assert "Max-Age=0" in told.headers["set-cookie"]
    assert way.sessions.find(secret) is None


def test_the_page_runs_no_script_but_its_own_and_holds_nothing_secret(way: Way) -> None:
    page = way.http.get("/live/enter?next=%2Fpositions")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert '<script type="module" src=' in page.text
    assert page.text.count("<script") == 1
    assert "style=" not in page.text
    for path, kind in (("entrance.js", "text/javascript"), ("entrance.css", "text/css")):
        assert way.http.get(f"/live/{path}").headers["content-type"].startswith(kind)
    for method in ("GET", "PUT"):
        assert way.http.request(method, "/live/session").status_code == 405


@pytest.mark.parametrize(
    "path",
    ["", "positions", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "/live/enter",
     "javascript:alert(1)", "/a\nb", "/" + "x" * 3_000, "/ünï"],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(path: str) -> None:
    assert local(path) == "/"


def test_a_deep_link_is_kept() -> None:
    for path in ("/", "/positions", "/positions?fund=main&open=a%20b"):
        assert local(path) == path
