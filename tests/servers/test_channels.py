"""The channels of an epoch, taken up from a journal: what a restart tells again is what was told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sidecar.client import Frame, Mirror
from sidecar.domain.orders import OrderState
from sidecar.domain.records import Audited, Entry, OrderRecorded
from sidecar.servers.channels import RUN, Channels
from sidecar.servers.prepared import payload_of
from sidecar.servers.stream_settings import StreamSettings
from sidecar.servers.topics import TOPICS, Kind
from tests.servers.desk import T0, report
from tests.servers.test_topics import ORDER, RECORDS, contract

SETTINGS = StreamSettings(history=50, recalled=5)
STATES = (OrderState.PENDING, OrderState.OPEN, OrderState.FILLED, OrderState.CANCELLED)


def an_order(number: int, state: OrderState) -> OrderRecorded:
    return OrderRecorded(T0, msgspec.structs.replace(ORDER, id=f"O{number}", state=state), contract())


orders = st.builds(an_order, st.integers(1, 4), st.sampled_from(STATES))
records = st.lists(st.one_of(orders, st.sampled_from(RECORDS), st.just(Audited(T0, "x", "y", "z"))), max_size=30)
EVERY = [topic.name for topic in TOPICS if topic.kind is Kind.EVERY]


def entries(found: list[Any]) -> list[tuple[int, Entry]]:
    return [(seq, Entry(T0 + seq, record)) for seq, record in enumerate(found, 1)]


def heard(channels: Channels, some: list[tuple[int, Entry]]) -> dict[str, list[Any]]:
    """The frames that keeping entries makes, by topic."""
    return {c.topic.name: [json.loads(payload_of(made.frame)) for made in made_] for c, made_ in channels.keep(some)}


def rows(channels: Channels, name: str) -> list[Any]:
    """A topic's state as a snapshot tells it."""
    data = json.loads(payload_of(channels[name].snapshot({}, "now").frame))["data"]
    return sorted(data["rows"], key=str)


@given(records, st.integers(0, 30))
def test_a_restart_anywhere_goes_on_as_if_there_had_been_none(found: list[Any], cut: int) -> None:
    whole, told = entries(found), Channels(TOPICS, SETTINGS, "e1")
    before = heard(told, whole[:cut])
    again = Channels(TOPICS, SETTINGS, "other")
    again.open("e1", 2)
    again.recall(whole[:cut])
    for name in EVERY:
        assert again[name].seq == told[name].seq == len(before.get(name, []))
        assert rows(again, name) == rows(told, name)
    assert heard(again, whole[cut:]) == heard(told, whole[cut:])
    for name in EVERY:
        assert rows(again, name) == rows(told, name)


@given(records, st.integers(0, 30), st.integers(0, 30))
def test_a_reader_of_before_the_restart_gets_what_it_missed_or_is_told_that_it_cannot(
    found: list[Any], cut: int, stood: int
) -> None:
    whole, told = entries(found), Channels(TOPICS, SETTINGS, "e1")
    all_frames = heard(told, whole)
    again = Channels(TOPICS, SETTINGS, "e1")
    again.recall(whole[:cut])
    heard(again, whole[cut:])
    for name in EVERY:
        frames, missed = all_frames.get(name, []), again[name].since(stood)
        if stood > len(frames):
            assert missed is None
        elif missed is not None:
            assert [json.loads(payload_of(made.frame)) for made in missed] == frames[stood:]
        else:
            assert len(frames) - stood > SETTINGS.recalled


@given(records)
def test_a_mirror_of_every_frame_is_the_working_orders(found: list[Any]) -> None:
    channels, mirror = Channels(TOPICS, SETTINGS, "e1"), Mirror()
    mirror.apply(msgspec.json.decode(payload_of(channels["orders"].snapshot({}, "now").frame), type=Frame))
    for frame in heard(channels, entries(found)).get("orders", []):
        mirror.apply(msgspec.convert(frame, Frame))
    last = {record.order.id: record.order for record in found if isinstance(record, OrderRecorded)}
    working = {(key,) for key, order in last.items() if order.state in (OrderState.PENDING, OrderState.OPEN)}
    assert set(mirror.rows["orders"]) == working


def test_the_latest_topics_of_a_run_begin_beyond_all_of_the_run_before() -> None:
    channels = Channels(TOPICS, replace(SETTINGS, history=5), "e1")
    channels.open("e1", 7)
    assert channels["positions"].seq == 7 * RUN
    assert channels["orders"].seq == 0
    assert 2**21 * RUN <= 2**53  # what JavaScript counts exactly


def test_where_no_record_speaks_the_report_says_how_a_topic_stands() -> None:
    channels = Channels(TOPICS, SETTINGS, "e1")
    channels.recall(entries([an_order(1, OrderState.OPEN)]))
    channels.assume(report())
    assert [row["id"] for row in rows(channels, "orders")] == ["O1"]
    assert rows(channels, "breaker")[0]["event"] == "state"
    assert channels["breaker"].seq == 0
