"""The socket doors, from outside, over real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sidecar.servers.keys import Role
from sidecar.servers.topics import EMERGENCY
from tests.servers.desk import report
from tests.servers.streaming import (
    ORIGIN,
    SETTINGS,
    Wire,
    hear,
    say,
    subscribed,
    wired,
    with_event,
    with_price,
)


@pytest.fixture
def wire(tmp_path: Path) -> Any:
    with wired(tmp_path) as made:
        made.offer(report())
        yield made


async def _closed(socket: Any) -> tuple[int, str]:
    async def drain() -> None:
        while True:
            await socket.recv()

    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(drain(), 5)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_the_first_frame_says_who_and_where_one_is(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket(Role.TRADER) as socket:
            frame = await hear(socket)
        assert list(frame) == ["type", "topic", "epoch", "seq", "timestamp", "data"]
        assert frame["type"] == "connection"
        assert frame["data"]["role"] == "trader"
        assert frame["data"]["epoch"] == frame["epoch"] == wire.hub.epoch
        assert frame["data"]["server_version"] == "0.1.0"
        assert frame["data"]["client_id"]

    asyncio.run(run())


def test_a_subscribe_is_acknowledged_then_snapshot_then_changes(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            ack, snapshot = await subscribed(socket, "positions")
            assert ack["data"]["topics"]["positions"]["start"] == "snapshot"
            assert [row["current_price"] for row in snapshot["data"]["rows"]] == [83.4]
            wire.offer(with_price(2, 84.0))
            change = await hear(socket)
            assert (change["type"], change["seq"]) == ("position_update", snapshot["seq"] + 1)
            assert change["data"]["current_price"] == 84.0
            wire.offer(report(seq=3, positions=()))
            gone = await hear(socket)
            assert gone["data"] == {"id": change["data"]["id"], "removed": True}

    asyncio.run(run())


def test_an_unchanged_report_says_nothing(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            _, snapshot = await subscribed(socket, "positions")
            for seq in range(2, 5):
                wire.offer(report(seq=seq))
                await asyncio.sleep(0.1)
            wire.offer(with_price(5, 84.5))
            assert (await hear(socket, topic="positions"))["seq"] == snapshot["seq"] + 1

    asyncio.run(run())


def test_a_latest_topic_keeps_its_pace_and_still_tells_the_newest(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "positions")
            began = time.monotonic()
            prices: list[float] = []
            for number in range(40):
                wire.offer(with_price(number + 2, 90.0 + number))
                await asyncio.sleep(0.01)
            while not prices or prices[-1] != 129.0:
                prices.append((await hear(socket, "position_update"))["data"]["current_price"])
            assert len(prices) <= 2 + (time.monotonic() - began) * 4

    asyncio.run(run())


def test_every_breaker_event_of_a_burst_arrives_in_order(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            _, snapshot = await subscribed(socket, "breaker")
            assert snapshot["data"]["rows"][0]["state"] == "active"
            for number in range(1, 201):
                wire.offer(with_event(number))
            frames = [await hear(socket, "circuit_breaker_event") for _ in range(200)]
            assert [frame["data"]["halt_seq"] for frame in frames] == list(range(1, 201))
            assert [frame["seq"] for frame in frames] == list(range(snapshot["seq"] + 1, snapshot["seq"] + 201))

    asyncio.run(run())


def test_the_emergency_stream_starts_with_the_eight_types(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket(path="/emergency/ws") as socket:
            snapshots = [await hear(socket, "snapshot") for _ in range(8)]
            assert {frame["topic"] for frame in snapshots} == set(EMERGENCY)

    asyncio.run(run())


def test_a_resume_gets_what_was_missed_and_only_that(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            _, snapshot = await subscribed(socket, "breaker")
        for number in range(1, 6):
            wire.offer(with_event(number))
        async with wire.socket() as socket:
            resume = {"epoch": snapshot["epoch"], "seq": snapshot["seq"] + 2}
            await say(socket, type="subscribe", subscriptions=["breaker"], resume=resume)
            assert (await hear(socket, "ack"))["data"]["topics"]["breaker"]["start"] == "resumed"
            assert [(await hear(socket))["data"]["halt_seq"] for _ in range(3)] == [3, 4, 5]

    asyncio.run(run())


@pytest.mark.parametrize("resume", [{"epoch": "another", "seq": 1}, {"epoch": "", "seq": 10_000}])
def test_a_resume_from_a_foreign_epoch_or_the_future_is_a_snapshot_that_says_so(
    wire: Wire, resume: dict[str, Any]
) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            place = {**resume, "epoch": resume["epoch"] or wire.hub.epoch}
            ack, snapshot = await subscribed(socket, "breaker", resume=place)
            assert ack["data"]["topics"]["breaker"]["start"] == "resync"
            assert snapshot["seq"] < 10_000

    asyncio.run(run())


def test_a_filter_lets_through_only_what_was_asked_for(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            _, none = await subscribed(socket, "positions", filter={"fund_id": "other"})
            assert none["data"]["rows"] == []
            _, all_of = await subscribed(socket, "positions", filter={"fund_id": "main"})
            assert len(all_of["data"]["rows"]) == 1

    asyncio.run(run())


BAD = [
    ("{", "bad_json"),
    ("[1]", "invalid"),
    ('{"type":"order"}', "invalid"),
    ('{"type":"ping","more":1}', "invalid"),
    ('{"type":"subscribe","subscriptions":[]}', "invalid"),
    ('{"type":"subscribe","subscriptions":["nothing"]}', "unknown_topic"),
    ('{"type":"subscribe","subscriptions":["pnl"],"filter":{"a":"b"}}', "invalid"),
    ('{"type":"subscribe","subscriptions":["pnl"],"resume":{"epoch":"e","seq":-1}}', "invalid"),
    ('{"type":"subscribe","subscriptions":["pnl","breaker"],"resume":{"epoch":"e","seq":1}}', "invalid"),
    ('{"type":"unsubscribe","subscriptions":["nothing"]}', "unknown_topic"),
    ('{"type":"auth","key":"x"}', "authenticated"),
    (json.dumps({"type": "subscribe", "subscriptions": ["pnl"] * 101}), "invalid"),
    ("\ud7ff" * 100, "bad_json"),
    ('{"type":"subscribe","subscriptions":["\\ud800"]}', "bad_json"),
    ("[" * 5_000, "invalid"),
    (b"\x00\x01", "binary"),
]


@pytest.mark.parametrize(("raw", "code"), BAD)
def test_what_cannot_be_used_is_answered_by_an_error_and_changes_nothing(
    wire: Wire, raw: str | bytes, code: str
) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            await hear(socket, "connection")
            await socket.send(raw)
            error = await hear(socket)
            assert (error["type"], error["data"]["code"]) == ("error", code)
            await say(socket, type="ping")
            assert (await hear(socket))["type"] == "pong"

    asyncio.run(run())


def test_five_bad_messages_in_a_row_end_the_socket(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            for _ in range(4):
                await socket.send("{")
            await say(socket, type="ping")
            await hear(socket, "pong")
            for _ in range(5):
                await socket.send("{")
            for _ in range(5):
                await hear(socket, "error")
            assert (await _closed(socket))[0] == 1008

    asyncio.run(run())


def test_a_flood_is_refused_and_then_ended_and_nobody_else_feels_it(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as quiet, wire.socket() as loud:
            await subscribed(quiet, "breaker")
            for _ in range(60):
                await say(loud, type="ping")
            assert (await _closed(loud))[0] == 1008
            wire.offer(with_event(1))
            assert (await hear(quiet))["data"]["halt_seq"] == 1

    asyncio.run(run())


def test_an_oversized_message_ends_the_socket(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            await socket.send(" " * 16_385)
            assert (await _closed(socket))[0] == 1009

    asyncio.run(run())


@pytest.mark.parametrize(("headers", "origin", "status"), [
    ({"X-API-Key": "wrong" * 10}, None, 401),
    ({"X-API-Key": "a", "Authorization": "Bearer b"}, None, 400),
    ({}, "http://evil.example", 403),
    ({}, "null", 403),
])  # fmt: skip
def test_who_may_not_come_in_is_refused_before_the_upgrade(
    wire: Wire, headers: dict[str, str], origin: str | None, status: int
) -> None:
    async def run() -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with wire.socket(None, origin=origin, headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"")["status"] == status
        assert len(wire.desk.failures) == 1

    asyncio.run(run())


def test_a_browser_sends_its_key_in_the_first_frame(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket(None, origin=ORIGIN) as socket:
            await say(socket, type="auth", key=wire.secrets[Role.VIEWER])
            assert (await hear(socket))["data"]["role"] == "viewer"

    asyncio.run(run())


@pytest.mark.parametrize(
    "first", ['{"type":"auth","key":"nonsense"}', '{"type":"ping"}', "{", b"\x00", '{"type":"auth","key":"é"}']
)
def test_a_wrong_first_frame_ends_the_socket(wire: Wire, first: str | bytes) -> None:
    async def run() -> None:
        async with wire.socket(None) as socket:
            await socket.send(first)
            assert (await _closed(socket))[0] == 1008
        assert len(wire.desk.failures) == 1

    asyncio.run(run())


def test_no_first_frame_in_time_ends_the_socket_which_may_come_again(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket(None) as socket:
            code, reason = await _closed(socket)
            assert code == 1013
            assert "0.3 s" in reason

    asyncio.run(run())


def test_a_revoked_key_loses_its_sockets_and_others_keep_theirs(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket(Role.TRADER) as gone, wire.socket(Role.VIEWER) as stays:
            await hear(gone, "connection")
            wire.keys.revoke(next(key.id for key in wire.keys.list() if key.role is Role.TRADER))
            began = time.monotonic()
            assert (await _closed(gone)) == (1008, "this key was revoked")
            assert time.monotonic() - began < 1.0
            await say(stays, type="ping")
            await hear(stays, "pong")

    asyncio.run(run())


def test_the_eleventh_socket_of_an_address_is_refused(wire: Wire) -> None:
    async def run() -> None:
        open_ones = [await wire.socket() for _ in range(10)]
        with pytest.raises(InvalidStatus) as refused:
            await wire.socket()
        assert refused.value.response.status_code == 429
        for socket in open_ones:
            await socket.close()
        await asyncio.sleep(0.1)
        async with wire.socket() as socket:
            await hear(socket, "connection")

    asyncio.run(run())


def test_the_stats_are_for_viewers_and_name_every_socket(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "pnl")
            async with httpx2.AsyncClient(trust_env=False) as http:
                headers = {"X-API-Key": wire.secrets[Role.VIEWER]}
                for path in ("/ws/stats", "/emergency/ws/stats"):
                    stats = (await http.get(wire.url + path, headers=headers)).json()["stats"]
                    assert stats["active_connections"] == 1
                    assert stats["connections"][0]["topics"] == ["pnl"]
                    assert stats["connections"][0]["message_count"] == stats["total_messages_sent"] == 3
                    assert {"client_id", "connected_at", "queue", "conflated"} <= set(stats["connections"][0])
                assert (await http.get(wire.url + "/ws/stats")).status_code == 401

    asyncio.run(run())


def test_heartbeats_come_by_the_clock(tmp_path: Path) -> None:
    settings = replace(SETTINGS, heartbeat_s=0.1)

    async def run(wire: Wire) -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "heartbeat")
            beats = [await hear(socket, "heartbeat") for _ in range(3)]
            assert beats[0]["data"]["active_connections"] == 1
            assert beats[2]["seq"] == beats[0]["seq"] + 2

    with wired(tmp_path, settings) as wire:
        asyncio.run(run(wire))


def test_the_metrics_are_open_to_this_machine_and_say_what_the_streams_did(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "pnl")
            async with httpx2.AsyncClient(trust_env=False) as http:
                answer = await http.get(wire.url + "/metrics")
                wrong = await http.get(wire.url + "/metrics", headers={"X-API-Key": "wrong"})
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert "trading_websocket_connections 1.0" in answer.text
        assert 'trading_websocket_messages_sent_total{type="snapshot"} 1.0' in answer.text
        assert wrong.status_code == 401

    asyncio.run(run())


def test_a_reader_of_many_topics_may_acknowledge_each_of_their_frames(wire: Wire) -> None:
    async def run() -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "positions", "pnl", "greeks", "market", "data_quality", "performance")
            for seq in range(100):
                await say(socket, type="seen", topic="positions", seq=seq)
            await say(socket, type="ping")
            assert (await hear(socket))["type"] == "pong"

    asyncio.run(run())
