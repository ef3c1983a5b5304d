"""The real stack in a real browser: a simulated desk, the app as it is served, a person who presses STOP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from sidecar.client import Desk
from sidecar.domain.errors import ClientError

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_S = 60.0
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"there is no browser at {CHROMIUM}"),
]


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
def stack(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[tuple[str, Desk]]:
    """Sidecar and app in processes of their own; yields the app's address and a client with the app's key."""
    folder = tmp_path_factory.mktemp("desk")
    desk_port, app_port = free_port(), free_port()
    url, key_file = f"http://127.0.0.1:{desk_port}", folder / "ui.key"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DESK_")}
    environment |= {"PYTHONPATH": str(repository), "DESK_URL": url, "DESK_UI_KEY_FILE": str(key_file)}
    desk = ["-m", "sidecar", "serve", "--data-dir", str(folder), "--port", str(desk_port), "--speed", "10"]
    app = ["-m", "pages.parts.server", "--port", str(app_port)]
    plain = {"cwd": repository, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    without = {name: value for name, value in environment.items() if not name.startswith("DESK_")}
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


def test_a_person_sees_the_desk_stops_it_by_keyboard_and_sees_it_stopped(stack: tuple[str, Desk]) -> None:
    from playwright.sync_api import expect, sync_playwright

    address, client = stack
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        # A deep link, and the first visit of all: STOP is there too.
        page.goto(f"{address}/positions")
        expect(page.get_by_role("button", name="STOP")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("SIMULATED MARKET")).to_be_visible(timeout=15_000)
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_text("P&L today", exact=True)).to_be_visible(timeout=15_000)
        expect(page.get_by_text("TRADING ALLOWED")).to_be_visible()
        page.keyboard.press("F9")
        expect(page.get_by_text("will be cancelled")).to_be_visible(timeout=15_000)
        assert client.status()["data"]["circuit_breaker"]["status"] == "active"
        page.get_by_label("Reason").fill("a drill in a browser")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("on disk before this answer came")).to_be_visible(timeout=15_000)
        assert client.status()["data"]["circuit_breaker"]["status"] == "emergency_stop"
        page.get_by_role("button", name="Done").click()
        page.get_by_role("link", name="Emergency").click()
        expect(page.get_by_text("EMERGENCY STOP").first).to_be_visible(timeout=15_000)
        expect(page.get_by_text("a drill in a browser").first).to_be_visible(timeout=15_000)
        assert errors == []
        browser.close()
