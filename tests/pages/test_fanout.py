"""One connection for all panels of a key: each gets the whole state and every frame, and none delays another."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest
from websockets.client import ClientProtocol
from websockets.typing import Origin
from websockets.uri import parse_uri

from pages.parts import fanout, feeds, panels
from pages.parts.feeds import Outbox
from pages.parts.mirrored import Topic
from sidecar.servers.keys import Role
from tests.cable import Cable
from tests.pages.doors import Doors, closed, hear, say
from tests.servers.streaming import Wire, with_event, with_price


def until(true: Callable[[], Any], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def begun(doors: Doors, socket: Any, *topics: str, **more: Any) -> dict[str, Any]:
    doors.opened(socket)
    say(socket, type="subscribe", subscriptions=list(topics), **more)
    acked: dict[str, Any] = hear(socket, "ack")["data"]["topics"]
    return acked


def test_all_panels_of_a_key_share_one_connection_and_each_gets_all(doors: Doors, wire: Wire, cable: Cable) -> None:
    with ExitStack() as open_:
        sockets = [open_.enter_context(doors.socket()) for _ in range(12)]
        for socket in sockets:
            acked = begun(doors, socket, "positions", "breaker")
            assert {name: told["start"] for name, told in acked.items()} == dict.fromkeys(acked, "snapshot")
            assert acked["breaker"]["kind"] == "every"
            stands = {(one := hear(socket, "snapshot"))["topic"]: one for _ in range(2)}
            assert len(stands["positions"]["data"]["rows"]) == 1
        assert cable.sockets == 1
        wire.offer(with_event(2))
        wire.offer(with_price(3, 91.0))
        told = [(hear(one, "circuit_breaker_event"), hear(one, "position_update")) for one in sockets]
        assert all(both == told[0] for both in told)
        assert told[0][0]["seq"] == stands["breaker"]["seq"] + 1
        assert told[0][1]["data"]["current_price"] == 91.0
        with doors.socket() as late:  # its snapshot is the relay's own, made of what came since
            begun(doors, late, "positions")
            assert hear(late, "snapshot")["data"]["rows"][0]["current_price"] == 91.0
        assert cable.sockets == 1


def test_each_key_has_its_own_and_what_it_may_not_read_is_refused_to_it_alone(doors: Doors, wire: Wire) -> None:
    viewer = doors.relay.tickets.renew(None, wire.secrets[Role.VIEWER])
    with doors.socket() as one, doors.socket() as two:
        begun(doors, one, "breaker")
        doors.opened(two, viewer)
        assert hear(two, "connection")["data"]["role"] == "viewer"
        assert len(doors.relay.panels.fanout.upstreams) == 2
        say(one, type="subscribe", subscriptions=["breaker", "nonsense"])
        assert hear(one, "error")["data"]["code"] == "unknown_topic"
        say(two, type="subscribe", subscriptions=["breaker"])
        assert hear(two, "ack")["data"]["topics"].keys() == {"breaker"}
        say(two, type="subscribe", subscriptions=["pnl"], filter={"fund_id": "main"})
        assert hear(two, "error")["data"]["code"] == "invalid"
        say(two, type="unsubscribe", subscriptions=["breaker"])
        assert hear(two, "ack")["data"] == {"to": "unsubscribe", "topics": []}


def test_a_panel_that_comes_again_resumes_where_it_stood(doors: Doors, wire: Wire) -> None:
    with doors.socket() as one, doors.socket() as two:
        begun(doors, one, "breaker")
        stand = hear(one, "snapshot")
        for number in (2, 3):
            wire.offer(with_event(number))
            newest = hear(one, "circuit_breaker_event")
        resume = {"epoch": stand["epoch"], "seq": {"breaker": stand["seq"]}}
        assert begun(doors, two, "breaker", resume=resume)["breaker"]["start"] == "resumed"
        again = [hear(two, "circuit_breaker_event") for _ in range(2)]
        assert [one["seq"] for one in again] == [stand["seq"] + 1, stand["seq"] + 2]
        assert again[-1] == newest
        say(two, type="subscribe", subscriptions=["breaker"], resume={"epoch": "another", "seq": 3})
        assert hear(two, "ack")["data"]["topics"]["breaker"]["start"] == "resync"
        assert hear(two, "snapshot")["seq"] == newest["seq"]


def test_a_desk_that_ends_sends_all_panels_away_to_come_again(doors: Doors, cable: Cable) -> None:
    with doors.socket() as one, doors.socket() as two:
        for panel in (one, two):
            begun(doors, panel, "positions")
        cable.cut()
        assert {closed(one)[0], closed(two)[0]} == {1013}
    with doors.socket() as again:
        assert begun(doors, again, "positions")["positions"]["start"] == "snapshot"


def test_a_desk_that_hangs_is_left(doors: Doors, cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "SILENT_S", 0.2)
    with doors.socket() as one:
        begun(doors, one, "positions")
        cable.silent = True
        assert closed(one) == (1013, "the desk is silent")
        cable.silent = False


def test_the_sign_of_life_is_the_desks_own(doors: Doors, cable: Cable) -> None:
    with doors.socket() as one:
        begun(doors, one, "positions")
        say(one, type="ping")
        hear(one, "pong")
        cable.silent = True
        say(one, type="ping")
        with pytest.raises(TimeoutError):
            hear(one, "pong", wait_s=0.5)
        cable.silent = False
        hear(one, "pong")


def test_hundreds_of_panels_come_and_go_and_nothing_stays(
    doors: Doors, wire: Wire, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "LINGER_S", 2.0)
    hub = doors.relay.panels.fanout
    for turn in range(200):
        with doors.socket() as socket:
            begun(doors, socket, "positions", "breaker")
            if turn % 2:
                socket.close_socket()  # without a word
    until(lambda: doors.relay.panels.open == 0)
    [upstream] = hub.upstreams.values()
    assert not upstream.panels
    assert [len(topic.feeds) for topic in upstream._topics.values()] == [0, 0]
    assert not upstream._asked
    until(lambda: not hub.upstreams)
    until(lambda: not wire.hub.subscribers)
    assert cable.sockets == 1


def test_a_session_that_has_ended_hears_no_more(doors: Doors, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "CHECK_S", 0.0)
    with doors.socket() as one:
        begun(doors, one, "positions")
        hear(one, "snapshot")
        monkeypatch.setattr(doors.relay.tickets, "stands", lambda _: False)
        wire.offer(with_price(2, 91.0))
        assert closed(one) == (1008, "this session has ended; sign in again")


def outbox(kind: str) -> tuple[Topic, Outbox]:
    topic = Topic("t")
    topic.kind, topic.whole, topic.epoch = kind, True, "e"
    made = Outbox(lambda: "")
    made.follow(topic, [])
    return topic, made


def sent(box: Outbox) -> list[str]:
    return list(iter(box.next, None))


def test_a_slow_panel_gets_the_newest_state_of_a_latest_topic_and_is_cut_for_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "LIMIT", 3)

    async def run() -> None:
        topic, box = outbox("latest")
        topic.feeds[0].offer(1, "one")
        assert sent(box) == ["one"]
        for number in (2, 3, 4):
            topic.seq = number
            topic.feeds[0].offer(number, str(number))
        [state] = sent(box)
        assert '"snapshot"' in state
        assert '"seq":4' in state
        # One that says what it has seen gets nothing newer before.
        box.saw("t", 3)
        topic.feeds[0].offer(5, "five")
        assert sent(box) == []
        box.saw("t", 4)
        assert sent(box) == ["five"]
        topic, box = outbox("every")
        feed = topic.feeds[0]
        for number in range(4):
            feed.offer(number, str(number))
        assert box.ended == (4008, "too slow: reconnect and resume")
        assert topic.feeds == []

    asyncio.run(run())


def test_a_panel_that_takes_nothing_delays_nobody_and_is_cut(
    doors: Doors, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "STALLED_S", 0.3)
    monkeypatch.setattr(feeds, "LIMIT", 40)
    large, number = "x" * 200_000, 1
    with doors.socket() as well, socket.create_connection(("127.0.0.1", int(doors.url.rpartition(":")[2]))) as stuck:
        begun(doors, well, "breaker")
        shake(stuck, doors)
        until(lambda: doors.relay.panels.open == 2)
        while doors.relay.panels.open == 2:
            number += 1
            made = with_event(number)
            event = msgspec.structs.replace(made.breaker_events[0], reason=large)
            record = msgspec.structs.replace(made.records[0], event=event)
            wire.offer(msgspec.structs.replace(made, breaker_events=(event,), records=(record,)))
            assert hear(well, "circuit_breaker_event")["data"]["reason"] == large
            assert number < 400


def shake(stuck: socket.socket, doors: Doors) -> None:
    """A panel that asks for events and then reads nothing at all."""
    protocol = ClientProtocol(parse_uri(f"ws{doors.url[4:]}/live/ws"), origin=Origin(doors.url))
    protocol.send_request(protocol.connect())
    stuck.sendall(b"".join(protocol.data_to_send()))
    protocol.receive_data(stuck.recv(4_096))
    for text in (f'{{"type":"auth","key":"{doors.ticket}"}}', '{"type":"subscribe","subscriptions":["breaker"]}'):
        protocol.send_text(text.encode())
    stuck.sendall(b"".join(protocol.data_to_send()))
