"""What waits for one reader, and INV7: snapshot and changes add up to the server's state at that seq."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sidecar.client import Frame, Mirror
from sidecar.domain import wire
from sidecar.servers.channel import Channel, Ready
from sidecar.servers.keys import Key, Role
from sidecar.servers.prepared import payload_of
from sidecar.servers.stream_settings import Counts, StreamSettings
from sidecar.servers.subscriber import POLICY, SLOW, Subscriber
from sidecar.servers.topics import Kind, Topic

LATEST = Topic("positions", "position_update", Kind.LATEST, ("id",))
EVERY = Topic("orders", "order_update", Kind.EVERY, ("id",))
KEY = Key("k1", Role.VIEWER, "", datetime(2025, 11, 24, tzinfo=UTC))
State = dict[str, float]
Json = dict[str, Any]


class Pipe:
    """A socket that takes as many turns as there is room for."""

    def __init__(self) -> None:
        self.room = 0
        self.frames: list[Json] = []
        self.raw: list[bytes] = []
        self.parted: tuple[int, str] | None = None

    @property
    def open(self) -> bool:
        return self.room > len(self.frames)

    def put(self, frame: bytes) -> None:
        self.raw.append(frame)
        self.frames.append(json.loads(payload_of(frame)))

    @property
    def write(self) -> Callable[[bytes], None]:
        return self.put

    def part(self, code: int, reason: str, wait_s: float) -> None:
        assert wait_s > 0
        self.parted = (code, reason)


class Reader(Subscriber):
    """A subscriber whose socket takes a turn when the test says so; ``clock`` is its time."""

    def __init__(self, queue: int = 1_000) -> None:
        self.clock = 0.0
        self.pipe = Pipe()
        settings = StreamSettings(queue=queue)
        super().__init__("c1", KEY, self.pipe, settings, Counts(), lambda: self.clock, lambda: "now")

    def read(self) -> list[Json]:
        """What one turn brings."""
        self.pipe.frames, self.pipe.room = [], 1
        self.flush()
        found, self.pipe.frames, self.pipe.room = self.pipe.frames, [], 0
        return found


def reader(queue: int = 1_000) -> Reader:
    return Reader(queue)


def offer(subscriber: Subscriber, channel: Channel, batch: Sequence[Ready]) -> None:
    """What the hub does with new frames."""
    if (feed := subscriber.feeds.get(channel.topic.name)) is not None:
        feed.offer(batch)


def rows(state: State) -> list[dict[str, Any]]:
    return [{"id": name, "price": price, "fund_id": name[:1]} for name, price in state.items()]


class Truth:
    """The server's state after every seq, worked out apart from the channel."""

    def __init__(self) -> None:
        self.now: dict[tuple[str, ...], Any] = {}
        self.at: dict[int, dict[tuple[str, ...], Any]] = {0: {}}

    def take(self, batch: tuple[Ready, ...]) -> None:
        for ready in batch:
            row = json.loads(payload_of(ready.frame))["data"]
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
            for frame in subscriber.read():
                mirror.apply(msgspec.convert(frame, Frame))
                assert mirror.rows["positions"] == truth.at[frame["seq"]]
        elif step == "reconnect":
            subscriber = reader()
            seq = mirror.seq.get("positions")
            subscriber.follow(channel, {}, None if seq is None else channel.since(seq))
        else:
            assert isinstance(step, dict)
            batch = channel.state(rows(step), "then")
            truth.take(batch)
            assert truth.now == {(row["id"],): row for row in wire.builtins(rows(step))}
            offer(subscriber, channel, batch)
    assert mirror.rows["positions"] == truth.now


@given(st.lists(st.one_of(states, st.just("read")), max_size=30))
def test_a_filtered_mirror_ends_with_the_rows_that_were_asked_for(script: list[State | str]) -> None:
    channel, mirror, subscriber, last = Channel(LATEST, "e1", 6), Mirror(), reader(), {}
    subscriber.follow(channel, {"fund_id": "a"}, None)
    for step in [*script, *["read"] * 3]:
        if isinstance(step, dict):
            last = step
            offer(subscriber, channel, channel.state(rows(step), "then"))
        else:
            for frame in subscriber.read():
                mirror.apply(msgspec.convert(frame, Frame))
    wanted = {(row["id"],): row for row in wire.builtins(rows(last)) if row["fund_id"] == "a"}
    assert mirror.rows["positions"] == wanted


@given(st.lists(st.sampled_from(["event", "event", "read", "reconnect"]), max_size=60))
def test_no_event_is_skipped_or_told_twice_across_reconnects(script: list[str]) -> None:
    channel, subscriber, heard, stand, number = Channel(EVERY, "e1", 100), reader(5), [], 0, 0
    subscriber.follow(channel, {}, channel.since(0))
    for step in [*script, "reconnect", "read"]:
        if step == "event":
            number += 1
            offer(subscriber, channel, channel.changes([{"id": str(number), "removed": True}], "then"))
        elif step == "reconnect" or subscriber.closing:
            subscriber = reader(5)
            subscriber.follow(channel, {}, channel.since(stand))
        else:
            for frame in subscriber.read():
                heard.append(int(frame["data"]["id"]))
                stand = frame["seq"]
    assert heard == list(range(1, number + 1))


def test_a_full_queue_of_events_ends_the_reader_with_4008() -> None:
    channel, subscriber = Channel(EVERY, "e1", 100), reader(3)
    subscriber.follow(channel, {}, ())
    for number in range(4):
        offer(subscriber, channel, channel.changes([{"id": str(number)}], "then"))
    assert subscriber.pipe.parted is not None
    assert subscriber.pipe.parted[0] == SLOW
    assert subscriber.counts.slow == 1


def test_a_reader_that_lags_gets_the_whole_newest_state_and_the_dropped_frames_are_counted() -> None:
    channel, subscriber = Channel(LATEST, "e1", 100), reader()
    subscriber.follow(channel, {}, None)
    subscriber.read()
    for price in (1.0, 2.0, 3.0):
        offer(subscriber, channel, channel.state(rows({"aa": price, "ab": price}), "then"))
    (frame,) = subscriber.read()
    assert (frame["type"], frame["seq"]) == ("snapshot", 6)
    assert {row["price"] for row in frame["data"]["rows"]} == {3.0}
    assert subscriber.conflated == subscriber.counts.conflated["positions"] == 6
    assert subscriber.read() == []


def test_a_reader_that_acknowledges_has_one_batch_in_flight() -> None:
    channel, subscriber = Channel(LATEST, "e1", 100), reader()
    subscriber.follow(channel, {}, None)
    subscriber.saw("positions", subscriber.read()[-1]["seq"])
    offer(subscriber, channel, channel.state(rows({"aa": 1.0}), "then"))
    (first,) = subscriber.read()
    for price in (2.0, 3.0):
        offer(subscriber, channel, channel.state(rows({"aa": price}), "then"))
        assert subscriber.read() == []
    subscriber.saw("positions", first["seq"])
    (newest,) = subscriber.read()
    assert newest["data"]["rows"][0]["price"] == 3.0


def test_events_go_before_states_and_states_take_turns() -> None:
    other = Channel(Topic("pnl", "pnl_update", Kind.LATEST, ("id",)), "e1", 10)
    every, latest, subscriber = Channel(EVERY, "e1", 10), Channel(LATEST, "e1", 10), reader()
    for channel in (latest, other, every):
        subscriber.follow(channel, {}, ())
    latest_batch, other_batch = latest.state(rows({"aa": 1.0}), "t"), other.state(rows({"aa": 1.0}), "t")
    offer(subscriber, latest, latest_batch)
    offer(subscriber, other, other_batch)
    offer(subscriber, every, every.changes([{"id": "1"}], "t"))
    assert [subscriber.read()[0]["type"] for _ in range(3)] == ["order_update", "position_update", "pnl_update"]


def test_a_frame_is_encoded_once_for_all() -> None:
    channel, one, two = Channel(LATEST, "e1", 10), reader(), reader()
    for subscriber in (one, two):
        subscriber.follow(channel, {}, ())
    batch = channel.state(rows({"aa": 1.0}), "t")
    for subscriber in (one, two):
        offer(subscriber, channel, batch)
    assert one.read() == two.read() != []
    assert one.pipe.raw[-1] is two.pipe.raw[-1]
    for subscriber in (one, two):
        subscriber.follow(channel, {}, None)
    assert one.read() == two.read() != []
    assert one.pipe.raw[-1] is two.pipe.raw[-1]


def test_a_client_that_asks_without_reading_is_ended() -> None:
    subscriber = reader()
    for _ in range(100):
        subscriber.tell("pong", {})
    assert subscriber.pipe.parted is not None
    assert subscriber.pipe.parted[0] == POLICY


def test_a_socket_that_keeps_up_gets_each_frame_at_once() -> None:
    channel, subscriber = Channel(LATEST, "e1", 10), reader()
    subscriber.pipe.room = 100
    subscriber.follow(channel, {}, ())
    for price in (1.0, 2.0, 3.0):
        offer(subscriber, channel, channel.state(rows({"aa": price}), "t"))
        assert subscriber.pipe.frames[-1]["data"]["price"] == price
    assert (subscriber.waiting, subscriber.sent, subscriber.counts.sent) == (0, 3, {"position_update": 3})


def test_a_reader_that_takes_nothing_for_too_long_is_cut_off() -> None:
    subscriber = reader()
    subscriber.on_shut()
    subscriber.clock = subscriber.settings.stalled_s - 0.5
    subscriber.check()
    assert subscriber.pipe.parted is None
    subscriber.on_open()
    subscriber.clock += subscriber.settings.stalled_s
    subscriber.check()
    assert subscriber.pipe.parted is None
    subscriber.on_shut()
    subscriber.clock += subscriber.settings.stalled_s
    subscriber.check()
    assert subscriber.pipe.parted is not None
    assert subscriber.pipe.parted[0] == SLOW


def test_the_last_answers_leave_before_the_close() -> None:
    subscriber = reader()
    subscriber.tell("error", {"code": "bad_json"})
    subscriber.finish(POLICY, "five in a row")
    assert subscriber.pipe.parted is None
    assert [frame["type"] for frame in subscriber.read()] == ["error"]
    subscriber.flush()
    assert subscriber.pipe.parted == (POLICY, "five in a row")


def test_events_that_a_first_snapshot_holds_are_not_told_again() -> None:
    channel, subscriber = Channel(EVERY, "e1", 10), reader()
    subscriber.follow(channel, {}, None)
    offer(subscriber, channel, channel.changes([{"id": "1"}], "t"))
    (snapshot,) = subscriber.read()
    assert snapshot["data"]["rows"] == [{"id": "1"}]
    assert subscriber.read() == []


def test_a_filter_holds_for_what_was_missed_too() -> None:
    channel, subscriber = Channel(LATEST, "e1", 10), reader()
    channel.state(rows({"aa": 1.0, "ba": 1.0}), "t")
    subscriber.follow(channel, {"fund_id": "b"}, channel.since(0))
    assert [frame["data"]["id"] for frame in subscriber.read()] == ["ba"]
