"""The panel in the app as it is served, on a simulated desk that is ended and started again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.client import Desk
from tests.chromium import MARKS, chromium
from tests.pages.test_browser import free_port, wait_for

pytestmark = MARKS


class Stack:
    """Sidecar and app, each in a process of its own; the sidecar can be ended and started on the same data."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.port, app_port = free_port(), free_port()
        self.folder, self.repository, self.key_file = folder, repository, folder / "ui.key"
        self.url, self.page = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{app_port}"
        self.plain = {name: value for name, value in os.environ.items() if not name.startswith("DESK_")}
        told = {"PYTHONPATH": str(repository), "DESK_URL": self.url, "DESK_UI_KEY_FILE": str(self.key_file)}
        self.sidecar: subprocess.Popen[bytes] | None = None
        self.start()
        self.app = self._run(["-m", "pages.parts.server", "--port", str(app_port)], self.plain | told)
        wait_for("the app", lambda: httpx2.get(f"{self.page}/_stcore/health").status_code == 200)

    def start(self) -> None:
        port = ("--port", str(self.port), "--speed", "10")
        self.sidecar = self._run(["-m", "sidecar", "serve", "--data-dir", str(self.folder), *port], self.plain)
        with Desk(self.url) as public:
            wait_for("the desk", lambda: public.status()["data"]["circuit_breaker"]["market_open"])
        with Desk(self.url, self.key_file.read_text().strip()) as client:
            wait_for("a position", lambda: client.positions()["total_positions"] > 0)

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
    return page.locator(f'[data-at="{name}"]')


def test_prices_change_without_streamlit_and_a_desk_that_ends_is_old_until_it_is_back(stack: Stack) -> None:
    from playwright.sync_api import expect

    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        errors: list[str] = []
        told: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: told.append(request.url + str(request.headers)))
        muted = Muted(page)
        page.goto(stack.page)
        expect(cell(page, "state")).to_have_text("● live", timeout=30_000)
        expect(cell(page, "simulated")).to_have_text("⚗ simulated data", timeout=20_000)
        expect(cell(page, "breaker")).to_have_text("✓ active")
        expect(cell(page, "age")).to_contain_text("s old")
        muted.muted = True
        seen = set()
        for _ in range(3):
            seen.add(cell(page, "markets").text_content() + cell(page, "positions").text_content())
            page.wait_for_timeout(1_200)
        assert len(seen) == 3
        muted.muted = False
        told.append(page.content())
        stack.end()
        expect(cell(page, "state")).to_have_text("○ stale", timeout=30_000)
        before = cell(page, "age").text_content()
        page.wait_for_timeout(600)
        assert cell(page, "age").text_content() != before
        stack.start()
        expect(cell(page, "state")).to_have_text("● live", timeout=30_000)
        expect(page.get_by_role("button", name="STOP")).to_be_visible()
        assert errors == []
        assert stack.key_file.read_text().strip() not in "".join(told)
