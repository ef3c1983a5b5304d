"""The real stack in a real browser: a simulated desk, the app as it is served, a person who presses STOP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from sidecar.client import Desk, login
from sidecar.domain.errors import ClientError
from tests.chromium import MARKS, chromium

PATIENCE_S = 60.0
pytestmark = MARKS


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, ready: object) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if callable(ready) and ready():
                return
        except (ClientError, httpx2.RequestError):
            pass
        time.sleep(0.1)
    pytest.fail(f"{what} did not come up within {PATIENCE_S:g} s")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's data."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def stack(folder: Path, repository: Path) -> Iterator[tuple[str, Desk]]:
    """Sidecar and app in processes of their own; yields the app's address and a client with the app's key."""
    desk_port, app_port = free_port(), free_port()
    url, key_file = f"http://127.0.0.1:{desk_port}", folder / "ui.key"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DESK_")}
    environment |= {"PYTHONPATH": str(repository), "DESK_URL": url, "DESK_UI_KEY_FILE": str(key_file)}
    desk = ["-m", "sidecar", "serve", "--data-dir", str(folder), "--port", str(desk_port), "--speed", "10"]
    app = ["-m", "pages.parts.server", "--port", str(app_port)]
    plain = {"cwd": repository, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    without = {name: value for name, value in environment.items() if not name.startswith("DESK_")}
    without["DESK_LEARNING__ENABLED"] = "false"
    running = [
        subprocess.Popen([sys.executable, *desk], env=without, **plain),  # type: ignore[call-overload]
        subprocess.Popen([sys.executable, *app], env=environment, **plain),  # type: ignore[call-overload]
    ]
    page = f"http://127.0.0.1:{app_port}"
    try:
        wait_for("the app", lambda: httpx2.get(f"{page}/_stcore/health").status_code == 200)
        with Desk(url) as public:
            wait_for("the desk", lambda: public.status()["data"]["circuit_breaker"]["market_open"])
        with Desk(url, key_file.read_text().strip()) as client:
            wait_for("a position", lambda: client.positions()["total_positions"] > 0)
            yield page, client
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)


def sign_in(page: Any, address: str, folder: Path, to: str = "/") -> str:
    """Follow a one-time link; returns its token."""
    token = login.make(folder)
    page.goto(f"{address}{login.PATH}?next={quote(to, safe='')}#{token}")
    page.wait_for_url(address + to, timeout=30_000)
    return token


def test_a_person_signs_in_by_a_link_whose_secret_never_leaves_the_browser_in_an_address(
    stack: tuple[str, Desk], folder: Path
) -> None:
    from playwright.sync_api import expect

    address, _ = stack
    with chromium() as browser:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url + str(request.headers)))
        page.goto(f"{address}/positions?fund=main")
        expect(page.get_by_text("You are not signed in.")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("trading allowed")).to_be_visible(timeout=15_000)
        page.get_by_role("link", name="Sign in with a key").click()
        expect(page.get_by_label("Your key")).to_be_focused(timeout=15_000)
        assert page.url == f"{address}/live/enter?next=%2Fpositions%3Ffund%3Dmain"
        token = sign_in(page, address, folder, "/positions?fund=main")
        expect(page.get_by_text("local-ui · trader")).to_be_visible(timeout=30_000)
        key = (folder / "ui.key").read_text().strip()
        seen = "".join(asked) + page.content() + str(page.context.cookies())
        assert token not in seen
        assert key not in seen
        page.goto(f"{address}{login.PATH}#{token}")
        expect(page.get_by_text("This link was used already")).to_be_visible(timeout=15_000)
        assert token not in page.url
        page.goto(address)
        page.get_by_role("button", name="Sign out").click(timeout=30_000)
        expect(page.get_by_text("Signed out: you signed out")).to_be_visible(timeout=15_000)


def test_a_person_sees_the_desk_stops_it_by_keyboard_and_sees_it_stopped(stack: tuple[str, Desk], folder: Path) -> None:
    from playwright.sync_api import expect

    address, client = stack
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        # A deep link, and the first visit of all: STOP is there too.
        sign_in(page, address, folder, "/positions")
        expect(page.get_by_role("button", name="STOP")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("SIMULATED MARKET").first).to_be_visible(timeout=15_000)
        navigation = page.get_by_test_id("stSidebarNav")
        navigation.get_by_role("link", name="Overview").click()
        expect(page.get_by_test_id("stMetricLabel").filter(has_text="P&L today")).to_be_visible(timeout=15_000)
        expect(page.get_by_text("TRADING ALLOWED").first).to_be_visible()
        page.keyboard.press("F9")
        expect(page.get_by_text("will be cancelled")).to_be_visible(timeout=15_000)
        assert client.status()["data"]["circuit_breaker"]["status"] == "active"
        page.get_by_label("Reason").fill("a drill in a browser")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("on disk before this answer came")).to_be_visible(timeout=15_000)
        assert client.status()["data"]["circuit_breaker"]["status"] == "emergency_stop"
        page.get_by_role("button", name="Done").click()
        navigation.get_by_role("link", name="Emergency").click()
        expect(page.get_by_text("EMERGENCY STOP").first).to_be_visible(timeout=15_000)
        expect(page.get_by_text("a drill in a browser").first).to_be_visible(timeout=15_000)
        assert errors == []
