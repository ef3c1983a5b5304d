"""The Python client over a cable that is cut, silenced and shortened: nothing is lost, and nothing is made up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from sidecar.client import Desk, Frame, Mirror
from sidecar.domain.errors import DeskRefused
from sidecar.servers.keys import Role
from tests.cable import Cable
from tests.servers.desk import position, report
from tests.servers.streaming import Wire, with_event, with_price

QUICKLY: dict[str, Any] = {"first_wait_s": 0.01, "longest_wait_s": 0.1}


def within(run: Callable[[], Awaitable[None]], seconds: float = 20.0) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await run()

    asyncio.run(bounded())


@asynccontextmanager
async def following(
    cable: Cable, wire: Wire, *topics: str, role: Role = Role.VIEWER, **more: Any
) -> AsyncIterator[Any]:
    with Desk(cable.url, wire.secrets[role]) as desk:
        async with aclosing(desk.stream(topics, **{**QUICKLY, **more})) as stream:
            yield stream


def test_a_connection_that_is_cut_ten_times_loses_no_event_and_tells_none_twice(cable: Cable, wire: Wire) -> None:
    async def run() -> None:
        heard: list[int] = []
        async with following(cable, wire, "breaker") as stream:
            assert (await anext(stream)).type == "snapshot"
            for number in range(1, 101):
                wire.offer(with_event(number))
                if number % 10 == 5:
                    cable.cut()
                if number % 7 == 0:
                    await asyncio.sleep(0.01)
            while len(heard) < 100:
                frame = await anext(stream)
                assert frame.type == "circuit_breaker_event"
                heard.append(frame.data["halt_seq"])
        assert heard == list(range(1, 101))

    within(run)


def test_a_slow_reader_of_a_latest_topic_gets_the_newest_and_not_what_waited(cable: Cable, wire: Wire) -> None:
    async def run() -> None:
        mirror = Mirror()
        async with following(cable, wire, "positions") as stream:
            mirror.apply(await anext(stream))
            wire.offer(with_price(2, 84.0))
            mirror.apply(await anext(stream))
            for number in range(3, 12):  # it reads nothing meanwhile, so it has not said that it has seen 84
                wire.offer(with_price(number, 80.0 + number))
                await asyncio.sleep(0.26)
            heard = [await anext(stream)]
            mirror.apply(heard[0])
            while next(iter(mirror.rows["positions"].values()))["current_price"] != 91.0:
                heard.append(await anext(stream))
                mirror.apply(heard[-1])
        assert len(heard) <= 2
        assert heard[-1].type == "snapshot"

    within(run)


def test_a_silent_connection_is_left_and_taken_up_again(cable: Cable, wire: Wire) -> None:
    async def run() -> None:
        async with following(cable, wire, "breaker", heartbeat_s=0.3) as stream:
            await anext(stream)
            await asyncio.sleep(0.01)
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(1.0)
            assert cable.sockets == 1  # a desk that says nothing but answers is not left
            cable.silent = True
            await asyncio.sleep(0.1)
            wire.offer(with_event(1))
            await asyncio.sleep(0.6)
            cable.cut()
            cable.silent = False
            assert (await waiting).data["halt_seq"] == 1
        assert cable.sockets > 1

    within(run)


def test_while_there_is_no_stream_rest_is_read_and_then_the_stream_goes_on(cable: Cable, wire: Wire) -> None:
    topics = ("breaker", "positions", "market", "pnl", "greeks", "data_quality", "orders")

    async def run() -> None:
        mirror = Mirror()
        async with following(cable, wire, *topics, poll_s=0.05) as stream:
            while set(mirror.rows) != set(topics):
                mirror.apply(await anext(stream))
            streamed = {topic: dict(rows) for topic, rows in mirror.rows.items()}
            before = mirror.resume
            cable.no_sockets = True
            cable.cut()
            polled: dict[str, Frame] = {}
            while set(polled) != set(topics):
                frame = await anext(stream)
                assert frame.polled
                mirror.apply(frame)
                polled[frame.topic] = frame
            for told in (mirror.rows, streamed):  # a breaker that never changed has no time to tell
                assert told["breaker"][()].pop("at") in (None, "1970-01-01T00:00:00+00:00")
            assert mirror.rows == streamed
            assert mirror.resume == before
            wire.offer(report(seq=2, positions=(position(current_price=90.0),)))
            while next(iter(mirror.rows["positions"].values()))["current_price"] != 90.0:
                mirror.apply(await anext(stream))
            cable.no_sockets = False
            wire.offer(with_event(1, positions=(position(current_price=95.0),)))
            kinds, price = set(), 0.0
            while price != 95.0 or "circuit_breaker_event" not in kinds:
                frame = await anext(stream)
                mirror.apply(frame)
                kinds |= set() if frame.polled else {frame.type}
                price = next(iter(mirror.rows["positions"].values()))["current_price"]
            assert "position_update" in kinds

    within(run)


def test_nothing_is_told_while_nothing_is_known(cable: Cable, wire: Wire) -> None:
    async def run() -> None:
        async with following(cable, wire, "positions", poll_s=0.02) as stream:
            await anext(stream)
            cable.down = True
            cable.cut()
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.4)
            assert not waiting.done()
            cable.no_sockets, cable.down = True, False  # a stream would go on where it was, without a word
            assert (await waiting).polled

    within(run)


def test_a_key_that_is_revoked_while_there_is_no_stream_ends_it(cable: Cable, wire: Wire) -> None:
    async def run() -> None:
        async with following(cable, wire, "positions", poll_s=0.02) as stream:
            await anext(stream)
            cable.no_sockets = True
            cable.cut()
            wire.keys.revoke(next(key.id for key in wire.keys.list() if key.role is Role.VIEWER))
            with pytest.raises(DeskRefused) as refused:
                [frame async for frame in stream]
            assert refused.value.status == 401

    within(run)


# ---- desks that err, as scripts ------------------------------------------------------------------------------------


class Scripted:
    """A desk that says what it is told to, and keeps what it hears; ``play`` gets the number of the connection."""

    def __init__(self, play: Callable[[Scripted, ServerConnection, int], Awaitable[None]]) -> None:
        self.play = play
        self.heard: list[dict[str, Any]] = []
        self.connections = 0

    async def answer(self, socket: ServerConnection) -> None:
        self.connections += 1
        await self.play(self, socket, self.connections)
        await socket.wait_closed()

    async def hear(self, socket: ServerConnection, kind: str) -> dict[str, Any]:
        while True:
            self.heard.append(json.loads(await socket.recv()))
            if self.heard[-1]["type"] == kind:
                return self.heard[-1]


async def send(
    socket: ServerConnection, kind: str, seq: int, data: Any, topic: str = "pnl", epoch: str = "one"
) -> None:
    frame = {"type": kind, "topic": topic, "epoch": epoch, "seq": seq, "timestamp": "t", "data": data}
    await socket.send(json.dumps(frame))


async def ack(socket: ServerConnection, start: str = "snapshot", kind: str = "latest", topic: str = "pnl") -> None:
    told = {topic: {"type": "pnl_update", "kind": kind, "seq": 0, "start": start}}
    await send(socket, "ack", 1, {"to": "subscribe", "topics": told}, "connection")


def rows(*values: int) -> dict[str, Any]:
    return {"key": ["fund_id"], "rows": [{"fund_id": str(value), "daily_pnl": value} for value in values]}


async def heard_from(desk: Scripted, count: int, **more: Any) -> list[Frame]:
    """The first frames that the client makes of a script."""
    async with serve(desk.answer, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with Desk(f"http://127.0.0.1:{port}") as client:
            async with aclosing(client.stream(["pnl"], **{**QUICKLY, **more})) as stream:
                found = [await anext(stream) for _ in range(count)]
    return found


def test_a_gap_is_refused_and_mended_by_a_snapshot() -> None:
    async def play(desk: Scripted, socket: ServerConnection, _: int) -> None:
        await desk.hear(socket, "subscribe")
        await ack(socket)
        await send(socket, "snapshot", 3, rows(3))
        await send(socket, "pnl_update", 5, {"fund_id": "5"})  # 4 is missing
        await send(socket, "pnl_update", 6, {"fund_id": "6"})
        again = await desk.hear(socket, "subscribe")
        assert again == {"type": "subscribe", "subscriptions": ["pnl"]}
        await ack(socket)
        await send(socket, "snapshot", 6, rows(3, 4, 5, 6))
        await send(socket, "pnl_update", 6, {"fund_id": "again"})
        await send(socket, "pnl_update", 7, {"fund_id": "7"})

    async def run() -> None:
        found = await heard_from(Scripted(play), 3)
        assert [(frame.type, frame.seq) for frame in found] == [("snapshot", 3), ("snapshot", 6), ("pnl_update", 7)]

    within(run)


def test_a_filter_leaves_holes_that_are_no_gaps() -> None:
    async def play(desk: Scripted, socket: ServerConnection, _: int) -> None:
        asked = await desk.hear(socket, "subscribe")
        assert asked["filter"] == {"fund_id": "main"}
        await ack(socket)
        await send(socket, "snapshot", 3, rows(3))
        await send(socket, "pnl_update", 9, {"fund_id": "main"})

    async def run() -> None:
        found = await heard_from(Scripted(play), 2, filter={"fund_id": "main"})
        assert [frame.seq for frame in found] == [3, 9]

    within(run)


def test_a_desk_that_begins_anew_is_heard_from_the_start() -> None:
    async def play(desk: Scripted, socket: ServerConnection, number: int) -> None:
        asked = await desk.hear(socket, "subscribe")
        if number == 1:
            await ack(socket)
            await send(socket, "snapshot", 30, rows(3))
            await socket.close(1012, "restart")
            return
        assert asked["resume"] == {"epoch": "one", "seq": {"pnl": 30}}
        await ack(socket, "resync")
        await send(socket, "snapshot", 1, rows(1), epoch="two")
        await send(socket, "pnl_update", 2, {"fund_id": "2"}, epoch="two")

    async def run() -> None:
        found = await heard_from(Scripted(play), 3)
        assert [(frame.epoch, frame.seq) for frame in found] == [("one", 30), ("two", 1), ("two", 2)]

    within(run)


def test_what_was_said_too_fast_is_said_again_more_slowly() -> None:
    async def play(desk: Scripted, socket: ServerConnection, _: int) -> None:
        await desk.hear(socket, "subscribe")
        await ack(socket)
        await send(socket, "snapshot", 3, rows(3))
        assert (await desk.hear(socket, "seen"))["seq"] == 3
        await send(socket, "error", 2, {"code": "too_fast", "message": "at most 20"}, "connection")
        assert (await desk.hear(socket, "seen"))["seq"] == 3
        await send(socket, "pnl_update", 4, {"fund_id": "4"})

    async def run() -> None:
        assert [frame.seq for frame in await heard_from(Scripted(play), 2)] == [3, 4]

    within(run)


@pytest.mark.parametrize("said", ["no JSON", '{"type":"snapshot"}', b"\xff\xfe"])
def test_a_desk_that_babbles_is_left_and_tried_again(said: str | bytes) -> None:
    async def play(desk: Scripted, socket: ServerConnection, number: int) -> None:
        await desk.hear(socket, "subscribe")
        if number < 3:
            await socket.send(said)
            return
        await ack(socket)
        await send(socket, "snapshot", 3, rows(3))

    async def run() -> None:
        desk = Scripted(play)
        assert [frame.seq for frame in await heard_from(desk, 1)] == [3]
        assert desk.connections == 3

    within(run)


@pytest.mark.parametrize(("code", "status"), [(1008, 403), (1009, 413)])
def test_a_close_that_would_be_repeated_ends_the_stream_with_its_reason(code: int, status: int) -> None:
    async def play(desk: Scripted, socket: ServerConnection, _: int) -> None:
        await desk.hear(socket, "subscribe")
        await socket.close(code, "not you")

    async def run() -> None:
        desk = Scripted(play)
        with pytest.raises(DeskRefused, match="not you") as refused:
            await heard_from(desk, 1)
        assert refused.value.status == status
        assert desk.connections == 1

    within(run)
