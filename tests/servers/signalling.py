"""The real desk behind the doors of signals and round trips: what it records is what the record's reader gives."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CommandEvent
from sidecar.domain.records import SignalRecorded
from sidecar.domain.report import Outcome
from sidecar.domain.signals import Signal
from sidecar.servers import signals, trades
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.recent_signals import Wanted, place_of
from tests.desk.world import World
from tests.servers.desk import QUICK, Desk


class SignalDesk:
    """A desk, its record of signals, and its doors with a key of each role. With ``late`` the record gets nothing."""

    def __init__(self, folder: Path) -> None:
        self.world = World().begin()
        self.late = False
        self.reads = 0
        self._known: dict[str, Signal] = {}
        self._taken = 0
        self.keys = KeyStore(folder)
        self.secrets = {role: self.keys.add(role, f"test-{role}") for role in Role}
        state = self.world.state
        ports = replace(
            Desk().ports(),
            latest=lambda: self.world.published,
            submit=self.submit,
            market_now=lambda: self.world.at,
            resolve=lambda symbol: state.board.universe.resolve(symbol, state.now),
        )
        routers = [
            signals.router(ports, self.keys, self.read, QUICK),
            trades.router(ports, self.keys, lambda: tuple(state.book.round_trips)),
        ]
        self.app = create_app(ports, self.keys, QUICK, routers)
        self.client = TestClient(self.app, base_url="http://127.0.0.1:8000")

    def submit(self, command: CommandEvent) -> Future[Outcome]:
        """The desk's own answer."""
        report = self.world.take(command)
        future: Future[Outcome] = Future()
        future.set_result(next(one for one in report.outcomes if one.request_id == command.request_id))
        return future

    def read(self, **asked: Any) -> list[Signal]:
        """The record's reader: the newest state of each signal, newest first."""
        self.reads += 1
        if not self.late:
            for record in self.world.records[self._taken :]:
                if isinstance(record, SignalRecorded):
                    self._known[record.signal.id] = record.signal
            self._taken = len(self.world.records)
        wanted = Wanted(**asked)
        rows = sorted(filter(wanted.holds, self._known.values()), key=place_of, reverse=True)
        return rows[: wanted.limit]

    def pass_time(self, seconds: float, spot: float) -> None:
        """Time passes, and then the market is at ``spot``."""
        self.world.at += int(seconds * SECOND) - SECOND
        self.world.trade(spot)

    def ask(self, method: str, path: str, body: Any = None, role: Role | None = Role.TRADER, **headers: str) -> Any:
        """One request; ``idempotency_key="x"`` is the header ``idempotency-key: x``."""
        key = {"X-API-Key": self.secrets[role]} if role else {}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, json=body, headers=key | more)

    def told(self, path: str) -> Any:
        """What a viewer is told."""
        answer = self.ask("GET", path, role=Role.VIEWER)
        assert answer.status_code == 200, answer.text
        return answer.json()
