"""A desk behind its doors and its sockets, on a real port: what the streams' tests drive, from outside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus
from sidecar.domain.records import BreakerRecorded, Entry
from sidecar.domain.report import DeskReport, Published
from sidecar.servers import metrics, stream
from sidecar.servers.http import create_app
from sidecar.servers.hub import Hub
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.stream_settings import StreamSettings
from sidecar.telemetry.exposition import scraper
from sidecar.telemetry.measured import Telemetry
from sidecar.telemetry.scene import Facts
from tests.servers.desk import EMPTY, QUICK, T0, Desk, position, report, serving

ORIGIN = "http://127.0.0.1:8501"
SETTINGS = StreamSettings(allowed_origins=(ORIGIN,), auth_wait_s=0.3, recheck_s=0.05, close_wait_s=1.0)


def triggered(number: int, status: BreakerStatus = BreakerStatus.TRIPPED) -> BreakerEvent:
    """A line of the breaker's history."""
    return BreakerEvent("triggered", status, "daily_loss_limit", "desk", T0 + number, number, "daily_loss", 0.03, 0.031)


def with_event(number: int, **changes: Any) -> DeskReport:
    """A report that tells of one new breaker event."""
    event = triggered(number)
    state = BreakerState(event.state, (), event.at, number)
    made = report(
        seq=number, breaker=state, breaker_events=(event,), records=(BreakerRecorded(event.at, event, state),)
    )
    return msgspec.structs.replace(made, **changes)


def entries(made: DeskReport) -> list[Entry]:
    """A report's records as the journal keeps them."""
    return [Entry(record.at, record) for record in made.records]


def with_price(number: int, price: float) -> DeskReport:
    """A report in which the position's price is new."""
    return report(seq=number, positions=(position(current_price=price),))


@dataclass
class Wire:
    """The running desk: ``offer`` a report, or open a socket."""

    desk: Desk
    hub: Hub
    keys: KeyStore
    secrets: dict[Role, str]
    told: Telemetry
    url: str = ""
    kept: int = 0

    def offer(self, made: DeskReport) -> None:
        """A report, and its records once they are on disk."""
        self.desk.published = Published(made, EMPTY)
        self.hub.offer(self.desk.published)
        if made.records:
            self.hub.keep(self.kept + 1, entries(made))
            self.kept += len(made.records)

    def socket(self, role: Role | None = Role.VIEWER, path: str = "/ws", headers: Any = None, **more: Any) -> connect:
        headers = headers or ({"X-API-Key": self.secrets[role]} if role else {})
        options: dict[str, Any] = {"proxy": None, "compression": None, "open_timeout": 5, "close_timeout": 1, **more}
        return connect("ws" + self.url.removeprefix("http") + path, additional_headers=headers, **options)


@contextmanager
def wired(folder: Path, settings: StreamSettings = SETTINGS, **options: Any) -> Iterator[Wire]:
    """A desk that serves sockets and metrics."""
    desk, keys, told = Desk(), KeyStore(folder), Telemetry()
    secrets = {role: keys.add(role, f"test-{role}") for role in Role}
    ports = desk.ports()
    hub = Hub(ports.version, ports.wall_now, keys.valid, settings, told.on_send)
    facts = Facts(ports.version, "test", ports.latest, ports.report_age_s, lambda: 1.0, hub.counts)
    routers = [stream.router(hub, ports, keys), metrics.router(scraper(facts, told), ports, keys)]
    app = create_app(ports, keys, QUICK, routers)
    wire = Wire(desk, hub, keys, secrets, told)
    with serving(app, **options) as url:
        wire.url = url
        yield wire


async def say(socket: ClientConnection, **frame: Any) -> None:
    """Send one frame."""
    await socket.send(json.dumps(frame))


async def hear(socket: ClientConnection, kind: str | None = None, topic: str | None = None) -> dict[str, Any]:
    """The next frame, or the next of a type or topic."""
    async with asyncio.timeout(5):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if kind in (None, frame["type"]) and topic in (None, frame["topic"]):
                return frame


async def subscribed(socket: ClientConnection, *topics: str, **more: Any) -> list[dict[str, Any]]:
    """Subscribe; returns the ack and the snapshots."""
    await say(socket, type="subscribe", subscriptions=list(topics), **more)
    return [await hear(socket, "ack"), *[await hear(socket, "snapshot") for _ in topics]]
