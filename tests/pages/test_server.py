"""The app's own door: nobody frames it, and nobody else's name leads to it."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from pages.parts.server import SCRIPT, Guard


async def home(request: object) -> PlainTextResponse:
    return PlainTextResponse("home", headers={"x-frame-options": "ALLOWALL"})


APP = Starlette(routes=[Route("/", home)], middleware=[Middleware(Guard)])


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost", "LOCALHOST:1", "[::1]:8501"])
def test_every_answer_forbids_framing(host: str) -> None:
    answer = TestClient(APP).get("/", headers={"host": host})
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8501", "", "[::2]:8501"])
def test_a_foreign_name_is_refused(host: str) -> None:
    answer = TestClient(APP).get("/", headers={"host": host})
    assert answer.status_code == 400
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("hosts", [[], [b"localhost", b"localhost"]])
def test_a_request_with_no_name_or_two_is_refused(hosts: list[bytes]) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", host) for host in hosts]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""}
    asyncio.run(Guard(APP)(scope, receive, send))
    assert sent[0]["status"] == 400


def test_a_socket_from_a_foreign_name_is_refused() -> None:
    with pytest.raises(WebSocketDisconnect), TestClient(APP).websocket_connect("/", headers={"host": "evil.example"}):
        pass


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:9", "http://localhost"])
def test_a_socket_that_no_page_of_this_app_opens_is_refused(origin: str | None) -> None:
    headers = {"host": "localhost:8501"} | ({"origin": origin} if origin else {})
    with pytest.raises(WebSocketDenialResponse) as refused, TestClient(APP).websocket_connect("/", headers=headers):
        pass
    assert refused.value.status_code == 403


def test_the_settings_are_the_safe_ones(repository: Path) -> None:
    settings = tomllib.loads((repository / ".streamlit" / "config.toml").read_text())
    server, client = settings["server"], settings["client"]
    assert server["address"] == "127.0.0.1"
    assert server["allowedHosts"] == ["127.0.0.1", "localhost"]
    assert server["enableCORS"] is True
    assert server["enableXsrfProtection"] is True
    assert server["enableAgentApi"] is False
    assert server["maxUploadSize"] <= 1
    assert client["showErrorDetails"] == "none"
    assert client["toolbarMode"] == "minimal"
    assert settings["browser"]["gatherUsageStats"] is False


def test_no_page_writes_html_of_its_own(repository: Path) -> None:
    files = [SCRIPT, *sorted((repository / "pages").rglob("*.py"))]
    assert len(files) > 10
    for file in files:
        text = file.read_text()
        assert "unsafe_allow_html" not in text, file
        assert "unsafe_allow_javascript" not in text, file


def test_a_components_own_page_may_be_framed_by_this_app_alone() -> None:
    app = Starlette(routes=[Route("/component/{rest:path}", home)], middleware=[Middleware(Guard)])
    answer = TestClient(app).get("/component/clock/index.html", headers={"host": "localhost"})
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert answer.headers.get_list("x-frame-options") == ["SAMEORIGIN"]


@pytest.mark.parametrize(
    "path", ["/positions", "/live/enter", "/live/emergency/status", "/_stcore/health", "/components"]
)
def test_nothing_else_may_be_framed_by_anybody(path: str) -> None:
    app = Starlette(routes=[Route("/{rest:path}", home)], middleware=[Middleware(Guard)])
    answer = TestClient(app).get(path, headers={"host": "localhost"})
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
