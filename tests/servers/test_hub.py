"""The hub between the desk's thread and many readers, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from sidecar.client import Frame, Mirror
from sidecar.domain import wire as json_of
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus
from sidecar.domain.records import BreakerRecorded
from sidecar.domain.report import DeskReport, Published
from sidecar.servers.feed import CHUNK
from sidecar.servers.hub import Hub
from sidecar.servers.topics import positions
from tests.servers.desk import EMPTY, T0, position, report
from tests.servers.streaming import SETTINGS, Wire, entries, hear, say, subscribed, wired, with_event, with_price

PATIENT = replace(SETTINGS, close_wait_s=0.5, queue=40)


def heavy(number: int) -> DeskReport:
    """A report with one breaker event of 50 kB."""
    event = BreakerEvent("triggered", BreakerStatus.TRIPPED, "x" * 50_000, "desk", T0 + number, number)
    state = BreakerState(event.state, (), event.at, number)
    return report(seq=number, breaker=state, records=(BreakerRecorded(event.at, event, state),))


def stalled(wire: Wire, *topics: str) -> sockets.socket:
    """A raw client that asks for topics and then never reads again."""
    host, port = wire.url.removeprefix("http://").split(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
    raw.connect((host, int(port)))
    key = next(iter(wire.secrets.values()))
    raw.sendall(
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-API-Key: {key}\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    while b"connection" not in raw.recv(4_096):
        pass
    text = json.dumps({"type": "subscribe", "subscriptions": list(topics)}).encode()
    raw.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
    return raw


def test_a_stalled_reader_delays_nobody_and_is_ended(tmp_path: Path) -> None:
    async def run(wire: Wire) -> None:
        async with wire.socket() as healthy:
            await subscribed(healthy, "breaker")
            gaps = []
            for number in range(1, 251):
                offered = time.perf_counter()
                wire.offer(heavy(number))
                assert (await hear(healthy))["data"]["halt_seq"] == number
                gaps.append(time.perf_counter() - offered)
            assert sorted(gaps)[-5] < 0.25
            async with asyncio.timeout(5):
                while wire.hub.counts().connections > 1:
                    await asyncio.sleep(0.02)
            assert wire.hub.counts().slow == 1

    with wired(tmp_path, PATIENT) as wire:
        wire.offer(report())
        raw = stalled(wire, "breaker")
        asyncio.run(run(wire))
        raw.close()


def test_a_slow_reader_is_ended_with_4008_and_resumes_with_nothing_lost(tmp_path: Path) -> None:
    async def run(wire: Wire) -> None:
        heard: list[int] = []
        async with wire.socket(max_queue=1) as slow:
            _, snapshot = await subscribed(slow, "breaker")
            for number in range(1, 301):
                wire.offer(heavy(number))
                await asyncio.sleep(0.001)
            stand = snapshot["seq"]

            async def drain() -> None:
                nonlocal stand
                while True:
                    frame = await hear(slow)
                    heard.append(frame["data"]["halt_seq"])
                    stand = frame["seq"]

            with pytest.raises(ConnectionClosed) as closed:
                await drain()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4008
        assert 0 < len(heard) < 300
        async with wire.socket() as again:
            resume = {"epoch": wire.hub.epoch, "seq": stand}
            await say(again, type="subscribe", subscriptions=["breaker"], resume=resume)
            while not heard or heard[-1] < 300:
                heard.append((await hear(again, "circuit_breaker_event"))["data"]["halt_seq"])
        assert heard == list(range(1, 301))

    with wired(tmp_path, replace(PATIENT, close_wait_s=5.0)) as wire:
        wire.offer(report())
        asyncio.run(run(wire))


def test_mirrors_over_sockets_end_with_the_desks_own_positions(tmp_path: Path) -> None:
    def book(number: int) -> DeskReport:
        lines = [position(id=f"p{n}", current_price=float(number % (n + 2))) for n in range(6) if (number + n) % 3]
        return report(seq=number, positions=tuple(lines))

    async def follow(wire: Wire, delay_s: float, end: dict[Any, Any]) -> None:
        mirror = Mirror()
        async with wire.socket() as socket:
            await subscribed_without_reading(socket)
            async with asyncio.timeout(10):
                while mirror.rows.get("positions") != end:
                    mirror.apply(msgspec.json.decode(await socket.recv(), type=Frame))
                    await asyncio.sleep(delay_s)

    async def subscribed_without_reading(socket: Any) -> None:
        await say(socket, type="subscribe", subscriptions=["positions"])

    async def run(wire: Wire) -> None:
        end = {(row["id"],): row for row in json_of.builtins(list(positions(book(120))))}
        readers = [asyncio.ensure_future(follow(wire, delay_s, end)) for delay_s in (0.0, 0.02, 0.05)]
        for number in range(2, 121):
            wire.offer(book(number))
            await asyncio.sleep(0.01)
        await asyncio.gather(*readers)

    with wired(tmp_path) as wire:
        asyncio.run(run(wire))


def test_offer_never_waits_even_when_the_servers_loop_is_stuck(tmp_path: Path) -> None:
    async def run(wire: Wire) -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "breaker")
            loop = wire.hub._loop
            assert loop is not None
            stuck = threading.Event()
            loop.call_soon_threadsafe(stuck.wait, 10)
            began = time.perf_counter()
            for number in range(1, 501):
                wire.offer(with_event(number))
            assert time.perf_counter() - began < 5
            stuck.set()
            frames = [await hear(socket, "circuit_breaker_event") for _ in range(500)]
            assert [frame["data"]["halt_seq"] for frame in frames] == list(range(1, 501))

    with wired(tmp_path) as wire:
        wire.offer(report())
        asyncio.run(run(wire))


def test_reports_of_before_the_first_reader_are_known_to_it(tmp_path: Path) -> None:
    async def run(wire: Wire) -> None:
        async with wire.socket() as socket:
            _, breaker = await subscribed(socket, "breaker")
            assert breaker["data"]["rows"][0]["halt_seq"] == 3
            _, pos = await subscribed(socket, "positions")
            assert pos["data"]["rows"][0]["current_price"] == 83.4

    with wired(tmp_path) as wire:
        for number in (1, 2, 3):
            wire.offer(with_event(number))
        asyncio.run(run(wire))


def test_a_reader_of_before_the_first_report_hears_it(tmp_path: Path) -> None:
    async def run(wire: Wire) -> None:
        async with wire.socket() as socket:
            for topic in ("positions", "breaker"):
                _, snapshot = await subscribed(socket, topic)
                assert snapshot["data"]["rows"] == []
            wire.offer(with_event(1))
            found: dict[str, Any] = {}
            while not {"circuit_breaker_event", "position_update"} <= set(found):
                frame = await hear(socket)
                found[frame["type"]] = frame["data"]
            assert found["circuit_breaker_event"]["halt_seq"] == 1
            assert found["position_update"]["current_price"] == 83.4

    with wired(tmp_path) as wire:
        asyncio.run(run(wire))


def test_events_that_had_to_be_dropped_begin_a_new_epoch() -> None:
    async def run() -> None:
        hub = Hub("0", lambda: T0, lambda _: True, replace(SETTINGS, history=5))
        hub.attach(asyncio.get_running_loop())
        epoch = hub.epoch
        for number in range(1, 5):
            hub.keep(number, entries(with_event(number)))
        await asyncio.sleep(0)
        assert hub.epoch == epoch
        for number in range(5, 30):
            hub.keep(number, entries(with_event(number)))
        await asyncio.sleep(0)
        assert hub.epoch != epoch
        assert hub.channels["breaker"].epoch == hub.epoch

    asyncio.run(run())


def test_an_offer_after_the_server_has_ended_is_harmless() -> None:
    hub = Hub("0", lambda: T0, lambda _: True, SETTINGS)

    async def attach() -> None:
        hub.attach(asyncio.get_running_loop())

    asyncio.run(attach())
    hub.offer(Published(with_price(1, 2.0), EMPTY))
    hub.offer(Published(with_price(2, 2.0), EMPTY))


def test_offers_from_a_desk_thread_while_readers_come_and_go(tmp_path: Path) -> None:
    done = threading.Event()

    def desk(wire: Wire) -> None:
        number = 1
        while not done.wait(0.002):
            number += 1
            wire.offer(with_price(number, 80.0 + number))

    async def run(wire: Wire) -> None:
        for _ in range(30):
            async with wire.socket() as socket:
                _, snapshot = await subscribed(socket, "positions")
                assert len(snapshot["data"]["rows"]) == 1

    with wired(tmp_path) as wire:
        wire.offer(report())
        thread = threading.Thread(target=desk, args=(wire,))
        thread.start()
        try:
            asyncio.run(run(wire))
        finally:
            done.set()
            thread.join()
        assert wire.hub.counts().sent["snapshot"] == 30


def test_a_burst_leaves_in_pieces_and_what_a_socket_cannot_take_waits_in_its_queue(tmp_path: Path) -> None:
    burst = 3 * CHUNK

    async def run(wire: Wire) -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "breaker")
            wire.hub.keep(1, [entry for number in range(1, burst + 1) for entry in entries(heavy(number))])
            found = [await hear(socket, "circuit_breaker_event") for _ in range(burst)]
            assert [frame["seq"] for frame in found] == list(range(1, burst + 1))

    with wired(tmp_path) as wire:
        wire.offer(report())
        raw = stalled(wire, "breaker")
        try:
            asyncio.run(run(wire))
            (deaf,) = wire.hub.subscribers.values()
            assert not deaf.outlet.open
            assert deaf.waiting == burst - CHUNK
        finally:
            raw.close()
