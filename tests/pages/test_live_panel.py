"""The bar, the blotter and STOP in the app as it is served, on a simulated desk that is ended and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.client import Desk
from sidecar.domain.errors import ClientError
from tests.chromium import MARKS, chromium
from tests.wiring import free_port

pytestmark = MARKS


PATIENCE_S = 90.0


def wait_for(what: str, ready: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(ClientError, httpx2.RequestError):
            if ready():
                return
        time.sleep(0.1)
    pytest.fail(f"{what} did not come up within {PATIENCE_S:g} s")


class Stack:
    """Sidecar and app, each in a process of its own; the sidecar can be ended and started on the same data."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.port, app_port = free_port(), free_port()
        self.folder, self.repository, self.key_file = folder, repository, folder / "ui.key"
        self.url, self.page = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{app_port}"
        self.plain = {name: value for name, value in os.environ.items() if not name.startswith("DESK_")}
        self.plain["DESK_LEARNING__ENABLED"] = "false"
        self.sidecar: subprocess.Popen[bytes] | None = None
        self.start()
        key = self.key_file.read_text().strip()
        told = {"PYTHONPATH": str(repository), "DESK_URL": self.url, "DESK_KEY": key}
        self.app = self._run(["-m", "pages.parts.server", "--port", str(app_port)], self.plain | told)
        wait_for("the app", lambda: bool(httpx2.get(f"{self.page}/_stcore/health").status_code == 200))

    def start(self) -> None:
        port = ("--port", str(self.port), "--speed", "10")
        self.sidecar = self._run(["-m", "sidecar", "serve", "--data-dir", str(self.folder), *port], self.plain)
        with Desk(self.url) as public:
            wait_for("the desk", lambda: bool(public.status()["data"]["circuit_breaker"]["market_open"]))
        with Desk(self.url, self.key_file.read_text().strip()) as client:
            wait_for("a position", lambda: bool(client.positions()["total_positions"] > 0))

    def end(self) -> None:
        assert self.sidecar is not None
        self.sidecar.terminate()
        self.sidecar.wait(20)

    def close(self) -> None:
        self.end()
        self.app.terminate()
        self.app.wait(20)

    def _run(self, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        null = subprocess.DEVNULL
        command = [sys.executable, *arguments]
        return subprocess.Popen(command, env=environment, cwd=self.repository, stdout=null, stderr=null)


@pytest.fixture
def stack(tmp_path: Path, repository: Path) -> Iterator[Stack]:
    with ExitStack() as ending:
        made = Stack(tmp_path, repository)
        ending.callback(made.close)
        yield made


class Muted:
    """Streamlit's own socket, which can be muted: what changes on the page then does not come from Streamlit."""

    def __init__(self, page: Any) -> None:
        self.muted = False
        page.route_web_socket("**/_stcore/stream", self._carry)

    def _carry(self, near: Any) -> None:
        far = near.connect_to_server()
        near.on_message(lambda message: None if self.muted else far.send(message))
        far.on_message(lambda message: None if self.muted else near.send(message))


def cell(page: Any, name: str) -> Any:
    return page.locator(f'[data-at="{name}"]').first


def test_it_is_live_without_streamlit_on_one_socket_and_a_desk_that_ends_is_old_until_it_is_back(stack: Stack) -> None:
    from playwright.sync_api import expect

    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        errors: list[str] = []
        told: list[str] = []
        sockets: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: told.append(request.url + str(request.headers)))
        page.on("websocket", lambda socket: sockets.append(socket.url))
        muted = Muted(page)
        page.goto(stack.page)
        expect(cell(page, "freshness")).to_contain_text("● live", timeout=60_000)
        expect(cell(page, "facts")).to_contain_text("SIMULATED MARKET", timeout=20_000)
        expect(cell(page, "facts")).to_contain_text("TRADING ALLOWED")
        for name in ("Alerts", "System", "Overview"):  # other pages, the same socket
            page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
            expect(page).to_have_url(f"{stack.page}/{'' if name == 'Overview' else name.lower()}", timeout=30_000)
            expect(cell(page, "freshness")).to_contain_text("● live", timeout=30_000)
        assert len([one for one in sockets if one.endswith("/live/ws")]) == 1
        expect(cell(page, "positions")).to_contain_text("NIFTY", timeout=30_000)
        muted.muted = True
        seen = set()
        for _ in range(3):
            seen.add(str(cell(page, "ticker").text_content()) + str(cell(page, "positions").text_content()))
            page.wait_for_timeout(1_500)
        assert len(seen) == 3
        page.keyboard.press("F9")  # Streamlit is cut off: STOP is not
        expect(cell(page, "consequences")).to_contain_text("will be cancelled")
        page.get_by_label("Reason").first.fill("a drill without Streamlit")
        page.keyboard.press("Control+Enter")
        expect(cell(page, "lines")).to_contain_text("on disk before this answer came", timeout=20_000)
        page.get_by_role("button", name="Done").click()
        expect(cell(page, "facts")).to_contain_text("EMERGENCY STOP")
        muted.muted = False
        told.append(page.content())
        stack.end()
        expect(cell(page, "freshness")).to_contain_text("○ OLD", timeout=30_000)
        expect(cell(page, "trouble")).to_contain_text("THE SIDECAR DOES NOT ANSWER", timeout=30_000)
        expect(cell(page, "facts")).to_contain_text("was: EMERGENCY STOP")
        stack.start()
        expect(cell(page, "freshness")).to_contain_text("● live", timeout=30_000)
        expect(cell(page, "facts")).to_contain_text("EMERGENCY STOP")  # no restart lifts it
        expect(page.get_by_role("button", name="STOP")).to_be_visible()
        assert errors == []
        assert stack.key_file.read_text().strip() not in "".join(told)
