"""The Python client against a real server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from websockets.asyncio.server import ServerConnection, serve

from sidecar.client import Desk, Frame, Mirror
from sidecar.domain.errors import DeskRefused, DeskUnreachable
from sidecar.servers.auth import Public
from sidecar.servers.keys import Role
from tests.servers.desk import CALL, report, serving
from tests.servers.streaming import Wire, wired, with_event, with_price


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    with wired(tmp_path) as made:
        made.offer(report())
        yield made


@pytest.fixture
def desk(wire: Wire) -> Iterator[Desk]:
    with Desk(wire.url, wire.secrets[Role.ADMIN]) as made:
        yield made


def test_reads_are_the_desks_own_answers(desk: Desk) -> None:
    assert desk.status()["data"]["circuit_breaker"]["status"] == "active"
    assert desk.health()["version"] == "0.1.0"
    assert desk.ready() == {"status": "ready"}
    assert desk.positions()["positions"][0]["symbol"] == CALL.id
    assert desk.risk()["data"]["daily_pnl"] == -1_000.0
    assert desk.data_quality()["report"]["total_symbols"] == 1
    assert set(desk.overview()) == {"status", "positions", "risk"}
    fills = desk.fills()
    assert (fills["fills"], fills["count"], fills["next_cursor"]) == ([], 0, None)
    assert "as_of" in fills
    assert desk.limits()["limits"]["daily_loss"] == 0.03
    assert desk.breaker_history() == []


def test_an_order_lives_and_is_cancelled(desk: Desk) -> None:
    made = desk.order("NIFTY26150CE", 75, "buy", Decimal("83.40"), reason="a test", client_order_id="mine-1")
    assert (made["state"], made["client_order_id"], made["price"]) == ("open", "mine-1", 83.4)
    assert desk.find(made["id"])["id"] == made["id"]
    assert desk.orders(limit=1)["orders"][0]["id"] == made["id"]
    assert desk.cancel(made["id"])["state"] == "cancelled"
    assert desk.cancel_all()["orders_cancelled"]["asked"] == 0


def test_the_same_client_order_id_is_one_order(desk: Desk) -> None:
    first, second = (desk.order("NIFTY26150CE", 75, "buy", 83.4, client_order_id="same") for _ in range(2))
    assert first["id"] == second["id"]
    assert desk.order("NIFTY26150CE", 75, "buy", 83.4)["id"] != first["id"]


def test_stop_refuse_reset(desk: Desk) -> None:
    assert desk.stop("enough")["state"] == "emergency_stop"
    with pytest.raises(DeskRefused) as refused:
        desk.order("NIFTY26150CE", 75, "buy", 83.4)
    assert refused.value.status == 409
    assert refused.value.document["limit"] == "breaker"
    assert desk.reset("calm again")["state"] == "active"
    assert desk.close(close_all=True, reason="flat")["positions_closed"] == {"asked": 1, "done": 1}


def test_limits_are_changed_with_a_reason(desk: Desk) -> None:
    assert desk.set_limits({"daily_loss": 0.02}, "a careful day")["limits"]["daily_loss"] == 0.02
    with pytest.raises(DeskRefused, match="422"):
        desk.set_limits({"luck": 1.0}, "hope")


def test_a_limit_order_without_a_price_is_refused_and_not_sent_at_the_market(desk: Desk) -> None:
    with pytest.raises(DeskRefused, match="price"):
        desk.order("NIFTY26150CE", 75, "buy")


@pytest.mark.parametrize("hostile", ["../../emergency/status", "a/b", "..", "x?y=1", "%2e%2e", "a b"])
def test_an_id_cannot_become_another_path(desk: Desk, hostile: str) -> None:
    with pytest.raises(DeskRefused) as refused:
        desk.find(hostile)
    assert refused.value.status in (404, 422)


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("wrong", 401), ("viewer", 403)])
def test_a_key_that_may_not_is_told_so(wire: Wire, key: str | None, status: int) -> None:
    with Desk(wire.url, wire.secrets[Role.VIEWER] if key == "viewer" else key) as desk:
        assert desk.status()
        with pytest.raises(DeskRefused) as refused:
            desk.stop("may I?")
    assert refused.value.status == status


def test_equity_reads_a_funds_performance(wire: Wire) -> None:
    made, asked = APIRouter(dependencies=[Depends(Public("a test"))]), []

    async def performance(fund_id: str, limit: int) -> dict[str, Any]:
        asked.append((fund_id, limit))
        return {"items": [{"timestamp": "2025-11-24T06:30:00+00:00", "portfolio_value": 1.0, "daily_pnl": None}]}

    made.add_api_route("/api/v1/funds/{fund_id}/performance", performance)
    app = FastAPI()
    app.include_router(made)
    with serving(app) as url, Desk(url) as desk:
        assert desk.equity("main", 5)[0]["portfolio_value"] == 1.0
        desk.equity()
    assert asked == [("main", 5), ("*", 500)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_nobody_there_is_said_with_the_address_and_the_remedy() -> None:
    url = f"http://127.0.0.1:{_free_port()}"
    with Desk(url) as desk, pytest.raises(DeskUnreachable, match=f"{url}: .* start it with: python -m sidecar up"):
        desk.stop("anyone?")

    async def first() -> Frame:
        return await anext(desk.stream(["pnl"]))

    with pytest.raises(DeskUnreachable):
        asyncio.run(first())


class Rude:
    """A server that takes requests and hangs up, a number of times; then it answers with ``answer``."""

    def __init__(self, rude: int, answer: bytes) -> None:
        self.asked: list[bytes] = []
        self._rude, self._answer = rude, answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                self.asked.append(self._whole(client))
                if len(self.asked) > self._rude:
                    client.sendall(self._answer)

    @staticmethod
    def _whole(client: socket.socket) -> bytes:
        got = b""
        while b"\r\n\r\n" not in got:
            got += client.recv(65_536)
        head, _, body = got.partition(b"\r\n\r\n")
        length = next(
            (int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            body += client.recv(65_536)
        return body

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2)


ANSWER = b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"id":"O1"}'


def test_an_order_whose_answer_is_lost_is_asked_again_under_the_same_id() -> None:
    rude = Rude(2, ANSWER)
    with Desk(rude.url) as desk:
        assert desk.order("X", 75, "buy", 1.0) == {"id": "O1"}
    rude.close()
    assert len(rude.asked) == 3
    assert len(set(rude.asked)) == 1
    assert b'"client_order_id":"py-' in rude.asked[0]


@pytest.mark.parametrize("command", ["stop", "reset", "cancel_all"])
def test_no_other_command_is_sent_twice(command: str) -> None:
    rude = Rude(9, ANSWER)
    with Desk(rude.url) as desk, pytest.raises(DeskUnreachable, match="may still be carried out"):
        getattr(desk, command)("why")
    rude.close()
    assert len(rude.asked) == 1


def test_an_answer_that_is_not_the_desks_is_refused() -> None:
    rude = Rude(0, b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>")
    with Desk(rude.url) as desk, pytest.raises(DeskRefused, match="is this address a sidecar's"):
        desk.status()
    rude.close()


def test_a_stream_is_a_snapshot_and_then_changes(wire: Wire, desk: Desk) -> None:
    async def run() -> None:
        mirror = Mirror()
        stream = desk.stream(["positions"])
        mirror.apply(await anext(stream))
        assert next(iter(mirror.rows["positions"].values()))["current_price"] == 83.4
        wire.offer(with_price(2, 85.0))
        async with asyncio.timeout(5):
            mirror.apply(await anext(stream))
        assert next(iter(mirror.rows["positions"].values()))["current_price"] == 85.0
        await stream.aclose()

    asyncio.run(run())


def test_a_stream_that_is_cut_goes_on_where_it_was(wire: Wire, desk: Desk) -> None:
    async def run() -> None:
        stream = desk.stream(["breaker"], first_wait_s=0.01)
        assert (await anext(stream)).type == "snapshot"
        heard: list[int] = []
        for number in range(1, 7):
            wire.offer(with_event(number))
            if number in (2, 4):
                loop = wire.hub._loop
                assert loop is not None
                for subscriber in list(wire.hub.subscribers.values()):
                    loop.call_soon_threadsafe(subscriber.close, 1011, "cut")
        async with asyncio.timeout(5):
            while len(heard) < 6:
                frame = await anext(stream)
                assert frame.type == "circuit_breaker_event"
                heard.append(frame.data["halt_seq"])
        assert heard == [1, 2, 3, 4, 5, 6]
        await stream.aclose()

    asyncio.run(run())


def test_a_mirror_can_be_taken_up_again_by_another_stream(wire: Wire, desk: Desk) -> None:
    async def run() -> None:
        mirror = Mirror()
        first = desk.stream(["breaker"])
        mirror.apply(await anext(first))
        await first.aclose()
        wire.offer(with_event(1))
        second = desk.stream(["breaker"], mirror.resume)
        async with asyncio.timeout(5):
            frame = await anext(second)
        assert (frame.type, frame.seq) == ("circuit_breaker_event", mirror.seq["breaker"] + 1)
        await second.aclose()

    asyncio.run(run())


@pytest.mark.parametrize(("topics", "key", "status"), [(["nothing"], "good", 422), (["pnl"], "bad", 401)])
def test_a_stream_that_is_refused_says_why(wire: Wire, topics: list[str], key: str, status: int) -> None:
    async def run() -> None:
        secret = wire.secrets[Role.VIEWER] if key == "good" else "wrong"
        with Desk(wire.url, secret) as desk, pytest.raises(DeskRefused) as refused:
            await anext(desk.stream(topics))
        assert refused.value.status == status
        assert refused.value.detail

    asyncio.run(run())


def test_a_revoked_keys_stream_ends_with_the_reason(wire: Wire) -> None:
    async def run() -> None:
        with Desk(wire.url, wire.secrets[Role.TRADER]) as desk:
            stream = desk.stream(["breaker"])
            await anext(stream)
            wire.keys.revoke(next(key.id for key in wire.keys.list() if key.role is Role.TRADER))
            with pytest.raises(DeskRefused, match="revoked"):
                async with asyncio.timeout(5):
                    await anext(stream)

    asyncio.run(run())


def test_a_restarted_desk_is_found_again_and_begins_with_a_snapshot() -> None:
    frame = (
        '{"type":"snapshot","topic":"pnl","epoch":"%s","seq":3,"timestamp":"t","data":{"key":["fund_id"],"rows":[]}}'
    )
    heard: list[str] = []

    def life(epoch: str) -> Any:
        async def answer(socket: ServerConnection) -> None:
            heard.append(str(await socket.recv()))
            await socket.send(frame % epoch)
            await socket.wait_closed()

        return answer

    async def run() -> None:
        port = _free_port()
        with Desk(f"http://127.0.0.1:{port}") as desk:
            stream = desk.stream(["pnl"], first_wait_s=0.01, longest_wait_s=0.1)
            async with serve(life("one"), "127.0.0.1", port):
                assert (await anext(stream)).epoch == "one"
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.3)
            async with serve(life("two"), "127.0.0.1", port), asyncio.timeout(5):
                assert (await waiting).epoch == "two"
                await stream.aclose()

    asyncio.run(run())
    assert "resume" not in heard[0]
    assert '"resume":{"epoch":"one","seq":{"pnl":3}}' in heard[-1]
