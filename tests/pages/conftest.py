"""The app on a real desk's doors: a small server on a socket, Streamlit's own test runner, and a key."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from pages.parts.relay import Relay
from pages.parts.screens import ALL_SCREENS
from pages.parts.tickets import Tickets
from sidecar.client import Desk as Client
from sidecar.domain.clock import SECOND
from sidecar.doors import routers_of
from sidecar.servers import funds
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.cable import Cable
from tests.pages.doors import Doors
from tests.pages.learnt import Learnt
from tests.pages.lived import Keyed, Lived, lived
from tests.servers.desk import QUICK, T0, Desk, Stand
from tests.servers.streaming import Wire

PAGES = tuple(screen.name for screen in ALL_SCREENS)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
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
    learnt: Learnt
    url: str = ""

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


@pytest.fixture(scope="session", autouse=True)
def _as_served() -> Iterator[None]:
    """Streamlit's test runner opens pages as the app's server does (``pages/parts/server.py``)."""
    with pytest.MonkeyPatch.context() as patch:
        # What is installed is read once, not for every page: it takes longer than the page.
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        # The folder beside app.py holds no pages of Streamlit's own making; the runner forgets that at every run.
        patch.setattr(app_test, "PagesManager", type("Served", (PagesManager,), {}))
        patch.setattr(PagesManager, "uses_pages_directory", False)
        yield


@pytest.fixture(autouse=True)
def _main_stays() -> Iterator[None]:
    """The runner puts the page in the place of the program; a process that a later test spawns would begin with it."""
    program = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = program


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A desk that has lived: what the database and the analysis are asked, whatever report a test shows."""
    with lived(tmp_path_factory.mktemp("lived") / "data") as made:
        yield made


@pytest.fixture
def doors(cable: Cable, wire: Wire) -> Iterator[Doors]:
    """The relay of a desk at the end of a cable, and a trader's ticket."""
    key = wire.secrets[Role.TRADER]
    desks = {one: Client(cable.url, one) for one in [*wire.secrets.values(), "no key of this desk"]}
    made = Relay(Tickets(lambda _: True), desks.__getitem__, desks.__getitem__)
    with serving(Starlette(routes=made.routes())) as url, Doors(url, made, key) as found:
        yield found
    for one in desks.values():
        one.shut()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stand]]:
    """Starts a desk's doors, with this app's own key: for parts that need neither a whole page nor a past."""
    open_servers: list[Any] = []
    st.cache_resource.clear()

    def start(desk: Desk | None = None, role: Role = Role.TRADER) -> Stand:
        stand = Stand(tmp_path, desk)
        server = serving(stand.app)
        monkeypatch.setenv("DESK_URL", server.__enter__())
        monkeypatch.setenv("DESK_KEY", stand.secrets[role])
        open_servers.append(server)
        return stand

    yield start
    for server in open_servers:
        server.__exit__(None, None, None)
    st.cache_resource.clear()


@pytest.fixture
def shown(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, past: Lived
) -> Iterator[Callable[..., Shown]]:
    """Starts the app's desk with every door; ``desk`` is what it reports (``past.desk()`` is a whole one)."""
    open_servers: list[Any] = []
    st.cache_resource.clear()
    monkeypatch.chdir(repository)

    def start(desk: Desk | None = None, equity: list[Any] | None = None, role: Role | None = Role.TRADER) -> Shown:
        desk = desk or Desk()
        stand = Stand(tmp_path, desk)
        points = [point(n, 10.0 * n - 25) for n in range(6)] if equity is None else equity
        ports, keys = desk.ports(), stand.keys
        learnt = Learnt()
        # Of two routes of one path the first answers.
        mine = [funds.router(ports, keys, lambda fund, since, most: points), *learnt.routers(desk, stand)]
        app = create_app(ports, keys, QUICK, [*mine, *routers_of(Keyed(past.sidecar, keys), ports, QUICK)])
        server = serving(app)
        url = server.__enter__()
        monkeypatch.setenv("DESK_URL", url)
        open_servers.append(server)
        monkeypatch.setenv("DESK_UI_KEY_FILE", str(tmp_path / "none"))
        if role is None:
            monkeypatch.delenv("DESK_KEY", raising=False)
        else:
            monkeypatch.setenv("DESK_KEY", stand.secrets[role])
        return Shown(desk, stand, repository, learnt, url)

    yield start
    for server in open_servers:
        server.__exit__(None, None, None)
    st.cache_resource.clear()
