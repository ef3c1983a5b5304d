"""The app on a real desk's doors: a small server on a socket, Streamlit's own test runner, and a key."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import streamlit as st
import uvicorn
from fastapi import FastAPI
from streamlit.testing.v1 import AppTest

from sidecar.analysis.asking import Analysis
from sidecar.domain.clock import SECOND
from sidecar.pricing.curve import Curve
from sidecar.servers import analytics, funds
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.servers.desk import QUICK, T0, Desk, Stand

PAGES = ("overview", "positions", "emergency")


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The application on a socket that the server itself opens: such sockets send at once (TCP_NODELAY)."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@dataclass
class Shown:
    """The app in front of a desk: ``open`` a page, read its words."""

    desk: Desk
    stand: Stand
    root: Path
    equity: list[Any]

    def open(self, page: str = "overview") -> AppTest:
        """Run a page, until nothing is left to do."""
        return AppTest.from_file(str(self.root / "pages" / f"{page}.py"), default_timeout=30).run()


def words(at: AppTest) -> str:
    """Everything that a person could read on the page, but for tables and figures."""
    kinds = ("markdown", "caption", "info", "error", "warning", "success", "title", "subheader")
    told = [str(element.value) for kind in kinds for element in getattr(at, kind)]
    told += [f"{cell.label} {cell.value} {cell.delta}" for cell in at.metric]
    return "\n".join(told)


def click(at: AppTest, key: str) -> AppTest:
    """Press a button by its key and run."""
    at.button(key=key).click()
    return at.run()


def point(second: int, pnl: float) -> Any:
    """One point of the equity line."""
    return SimpleNamespace(
        at=T0 + second * SECOND, portfolio_value=1e6 + pnl, low=1e6, high=1e6, daily_pnl=pnl, drawdown=0.0
    )


@pytest.fixture
def shown(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Shown]]:
    """Starts the app's desk; further arguments change the desk."""
    open_servers: list[Any] = []
    st.cache_resource.clear()
    monkeypatch.chdir(repository)

    def start(desk: Desk | None = None, equity: list[Any] | None = None, role: Role | None = Role.TRADER) -> Shown:
        desk = desk or Desk()
        stand = Stand(tmp_path, desk)
        points = [point(n, 10.0 * n - 25) for n in range(6)] if equity is None else equity
        router = funds.router(desk.ports(), stand.keys, lambda fund, since, most: points)
        analysis = Analysis(lambda: desk.published, Curve.flat(0.065), (), ZoneInfo("Asia/Kolkata"))
        routers = [router, analytics.router(desk.ports(), stand.keys, analysis)]
        app = create_app(desk.ports(), stand.keys, QUICK, routers=routers)
        server = serving(app)
        monkeypatch.setenv("DESK_URL", server.__enter__())
        open_servers.append(server)
        monkeypatch.setenv("DESK_UI_KEY_FILE", str(tmp_path / "none"))
        if role is None:
            monkeypatch.delenv("DESK_KEY", raising=False)
        else:
            monkeypatch.setenv("DESK_KEY", stand.secrets[role])
        return Shown(desk, stand, repository, points)

    yield start
    for server in open_servers:
        server.__exit__(None, None, None)
    st.cache_resource.clear()
