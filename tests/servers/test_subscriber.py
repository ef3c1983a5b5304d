"""What waits for one reader, and INV7: snapshot and changes add up to the server's state at that seq."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sidecar.client import Frame, Mirror
from sidecar.domain import wire
from sidecar.servers.channel import Channel, Ready
from sidecar.servers.keys import Key, Role
from sidecar.servers.subscriber import SLOW, Subscriber
from sidecar.servers.topics import Kind, Topic, nothing

LATEST = Topic("positions", "position_update", Kind.LATEST, ("id",), nothing)
EVERY = Topic("orders", "order_update", Kind.EVERY, ("id",), nothing, nothing)
KEY = Key("k1", Role.VIEWER, "", datetime(2025, 11, 24, tzinfo=UTC))
State = dict[str, float]


def reader(queue: int = 1_000) -> Subscriber:
    return Subscriber("c1", KEY, "now", queue, "e1")


def rows(state: State) -> list[dict[str, Any]]:
    return [{"id": name, "price": price, "fund_id": name[:1]} for name, price in state.items()]


class Truth:
    """The server's state after every seq, worked out apart from the channel."""

    def __init__(self) -> None:
        self.now: dict[tuple[str, ...], Any] = {}
        self.at: dict[int, dict[tuple[str, ...], Any]] = {0: {}}

    def take(self, batch: tuple[Ready, ...]) -> None:
        for ready in batch:
            row = json.loads(ready.text)["data"]
            if row.get("removed"):
                self.now.pop((row["id"],))
            else:
                self.now[(row["id"],)] = row
            self.at[ready.seq] = dict(self.now)


prices = st.one_of(st.integers(1, 3).map(float), st.just(float("nan")))
states = st.dictionaries(st.sampled_from(["aa", "ab", "ba", "bb"]), prices, max_size=4)
steps = st.lists(st.one_of(states, st.sampled_from(["read", "read", "reconnect"])), max_size=40)


@given(steps)
def test_a_mirror_equals_the_servers_state_at_every_seq_however_slowly_it_reads(script: list[State | str]) -> None:
    channel, truth, mirror, subscriber = Channel(LATEST, "e1", 6), Truth(), Mirror(), reader()
    subscriber.follow(channel, {}, None)
    for step in [*script, *["read"] * 3]:
        if step == "read":
            for ready in subscriber.take("now"):
                mirror.apply(msgspec.json.decode(ready.text, type=Frame))
                assert mirror.rows["positions"] == truth.at[ready.seq]
        elif step == "reconnect":
            subscriber = reader()
            seq = mirror.seq.get("positions")
            subscriber.follow(channel, {}, None if seq is None else channel.since(seq))
        else:
            assert isinstance(step, dict)
            batch = channel.state(rows(step), "then")
            truth.take(batch)
            assert truth.now == {(row["id"],): row for row in wire.builtins(rows(step))}
            subscriber.offer(channel, batch)
    assert mirror.rows["positions"] == truth.now


@given(st.lists(st.one_of(states, st.just("read")), max_size=30))
def test_a_filtered_mirror_ends_with_the_rows_that_were_asked_for(script: list[State | str]) -> None:
    channel, mirror, subscriber, last = Channel(LATEST, "e1", 6), Mirror(), reader(), {}
    subscriber.follow(channel, {"fund_id": "a"}, None)
    for step in [*script, *["read"] * 3]:
        if isinstance(step, dict):
            last = step
            subscriber.offer(channel, channel.state(rows(step), "then"))
        else:
            for ready in subscriber.take("now"):
                mirror.apply(msgspec.json.decode(ready.text, type=Frame))
    wanted = {(row["id"],): row for row in wire.builtins(rows(last)) if row["fund_id"] == "a"}
    assert mirror.rows["positions"] == wanted


@given(st.lists(st.sampled_from(["event", "event", "read", "reconnect"]), max_size=60))
def test_no_event_is_skipped_or_told_twice_across_reconnects(script: list[str]) -> None:
    channel, subscriber, heard, stand, number = Channel(EVERY, "e1", 100), reader(5), [], 0, 0
    subscriber.follow(channel, {}, channel.since(0))
    for step in [*script, "reconnect", "read"]:
        if step == "event":
            number += 1
            subscriber.offer(channel, channel.changes([{"id": str(number), "removed": True}], "then"))
        elif step == "reconnect" or subscriber.closing:
            subscriber = reader(5)
            subscriber.follow(channel, {}, channel.since(stand))
        else:
            for ready in subscriber.take("now"):
                heard.append(int(json.loads(ready.text)["data"]["id"]))
                stand = ready.seq
    assert heard == list(range(1, number + 1))


def test_a_full_queue_of_events_ends_the_reader_with_4008() -> None:
    channel, subscriber = Channel(EVERY, "e1", 100), reader(3)
    subscriber.follow(channel, {}, ())
    for number in range(4):
        subscriber.offer(channel, channel.changes([{"id": str(number)}], "then"))
    assert subscriber.closing is not None
    assert subscriber.closing[0] == SLOW
    assert subscriber.closed.is_set()


def test_a_reader_that_lags_gets_the_whole_newest_state_and_the_dropped_frames_are_counted() -> None:
    channel, subscriber = Channel(LATEST, "e1", 100), reader()
    subscriber.follow(channel, {}, None)
    subscriber.take("now")
    for price in (1.0, 2.0, 3.0):
        subscriber.offer(channel, channel.state(rows({"aa": price, "ab": price}), "then"))
    (ready,) = subscriber.take("now")
    frame = json.loads(ready.text)
    assert (frame["type"], frame["seq"]) == ("snapshot", 6)
    assert {row["price"] for row in frame["data"]["rows"]} == {3.0}
    assert subscriber.conflated.total() == 6
    assert subscriber.take("now") == []


def test_a_reader_that_acknowledges_has_one_batch_in_flight() -> None:
    channel, subscriber = Channel(LATEST, "e1", 100), reader()
    subscriber.follow(channel, {}, None)
    subscriber.saw("positions", subscriber.take("now")[-1].seq)
    subscriber.offer(channel, channel.state(rows({"aa": 1.0}), "then"))
    (first,) = subscriber.take("now")
    for price in (2.0, 3.0):
        subscriber.offer(channel, channel.state(rows({"aa": price}), "then"))
        assert subscriber.take("now") == []
    subscriber.saw("positions", first.seq)
    (newest,) = subscriber.take("now")
    assert json.loads(newest.text)["data"]["rows"][0]["price"] == 3.0


def test_events_go_before_states_and_states_take_turns() -> None:
    other = Channel(Topic("pnl", "pnl_update", Kind.LATEST, ("id",), nothing), "e1", 10)
    every, latest, subscriber = Channel(EVERY, "e1", 10), Channel(LATEST, "e1", 10), reader()
    for channel in (latest, other, every):
        subscriber.follow(channel, {}, ())
    latest_batch, other_batch = latest.state(rows({"aa": 1.0}), "t"), other.state(rows({"aa": 1.0}), "t")
    subscriber.offer(latest, latest_batch)
    subscriber.offer(other, other_batch)
    subscriber.offer(every, every.changes([{"id": "1"}], "t"))
    assert [subscriber.take("now")[0].type for _ in range(3)] == ["order_update", "position_update", "pnl_update"]


def test_a_frame_is_encoded_once_for_all() -> None:
    channel, one, two = Channel(LATEST, "e1", 10), reader(), reader()
    for subscriber in (one, two):
        subscriber.follow(channel, {}, ())
    batch = channel.state(rows({"aa": 1.0}), "t")
    for subscriber in (one, two):
        subscriber.offer(channel, batch)
    assert one.take("now")[0].text is two.take("now")[0].text
    for subscriber in (one, two):
        subscriber.follow(channel, {}, None)
    assert one.take("now")[0].text is two.take("now")[0].text


def test_a_client_that_asks_without_reading_is_ended() -> None:
    subscriber = reader()
    for _ in range(100):
        subscriber.tell("pong", {}, "now")
    assert subscriber.closing is not None


def test_pump_sends_in_order_and_stops_when_it_is_cancelled() -> None:
    async def run() -> None:
        subscriber = reader()
        sent: list[int] = []
        times: list[float] = []

        async def send(text: str) -> None:
            sent.append(json.loads(text)["seq"])

        pump = asyncio.ensure_future(subscriber.pump(send, lambda: "now", times.append))
        for _ in range(3):
            subscriber.tell("pong", {}, "now")
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        pump.cancel()
        assert sent == [1, 2, 3]
        assert len(times) == 3
        assert min(times) >= 0.0
        assert subscriber.sent == {"pong": 3}

    asyncio.run(run())


def test_events_that_a_first_snapshot_holds_are_not_told_again() -> None:
    channel, subscriber = Channel(EVERY, "e1", 10), reader()
    subscriber.follow(channel, {}, None)
    subscriber.offer(channel, channel.changes([{"id": "1"}], "t"))
    (snapshot,) = subscriber.take("now")
    assert json.loads(snapshot.text)["data"]["rows"] == [{"id": "1"}]
    assert subscriber.take("now") == []


def test_a_filter_holds_for_what_was_missed_too() -> None:
    channel, subscriber = Channel(LATEST, "e1", 10), reader()
    channel.state(rows({"aa": 1.0, "ba": 1.0}), "t")
    subscriber.follow(channel, {"fund_id": "b"}, channel.since(0))
    assert [json.loads(ready.text)["data"]["id"] for ready in subscriber.take("now")] == ["ba"]
