"""Those who read the desk: the topics of the stream with a mirror at their far end, and every answer as JSON."""

from __future__ import annotations

import json
from math import isinf
from typing import Any, NoReturn

import msgspec

from sidecar.domain import wire
from sidecar.domain.report import DeskReport, Published
from sidecar.following import Frame, Mirror
from sidecar.servers import answers
from sidecar.servers.channel import Channel
from sidecar.servers.topics import TOPICS, Kind

_ANSWERS = (answers.status, answers.positions, answers.risk_metrics, answers.data_quality, answers.breaches)
_HISTORY = 16

Problem = tuple[str, str] | None


class Readers:
    """One subscriber of every topic, from the first report of a run; and whoever asks for the whole picture."""

    def __init__(self) -> None:
        self._channels = {
            topic.name: Channel(topic, "epoch", _HISTORY) for topic in TOPICS if topic.kind is not Kind.CLOCK
        }
        self._mirror = Mirror()
        self._begun = False

    def take(self, published: Published, *, full: bool) -> Problem:
        """A report; the invariant that does not hold and why, if one does not. ``full``: compare everything."""
        report = published.report
        stamp = report.timestamp.isoformat()
        for name, channel in self._channels.items():
            changes = channel.topic.changes
            if not self._begun:
                channel.state(channel.topic.rows(report), stamp)
                self._hear(channel.snapshot({}, stamp).text)
            elif changes is not None:
                for frame in channel.changes(changes(report), stamp):
                    if problem := self._hear(frame.text):
                        return problem
            elif full:
                for frame in channel.state(channel.topic.rows(report), stamp):
                    if problem := self._hear(frame.text):
                        return problem
            if full and name != "breaker" and (problem := self._differs(channel, report)):
                return problem
        self._begun = True
        return _answered(report) if full else None

    def _hear(self, text: str) -> Problem:
        frame = msgspec.json.decode(text, type=Frame)
        before = self._mirror.seq.get(frame.topic)
        if before is not None and frame.seq != before + 1:
            return "INV7", f"{frame.topic}: frame {frame.seq} follows {before}"
        self._mirror.apply(frame)
        return None

    def _differs(self, channel: Channel, report: DeskReport) -> Problem:
        name = channel.topic.name
        there = {channel.topic.key_of(row): wire.builtins(row) for row in channel.topic.rows(report)}
        here = self._mirror.rows.get(name, {})
        if here == there:
            return None
        wrong = sorted({key for key in here.keys() | there.keys() if here.get(key) != there.get(key)})
        return "INV7", f"{name}: the mirror differs in {wrong[:3]}"


def _answered(report: DeskReport) -> Problem:
    """Every number of every answer is finite, or null."""
    try:
        for answer in _ANSWERS:
            json.loads(wire.encode(answer(report)), parse_constant=_refuse)
    except ValueError as problem:
        return "INV6", str(problem)
    infinite = next(_infinite(report, "report"), None)
    return ("INV6", f"{infinite} is infinite") if infinite else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is on the wire")


def _infinite(value: Any, where: str) -> Any:
    """The paths of infinite numbers: unknown is NaN inside, infinite is nothing at all."""
    if isinstance(value, float):
        if isinf(value):
            yield where
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _infinite(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, tuple | list):
        for number, one in enumerate(value):
            yield from _infinite(one, f"{where}[{number}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _infinite(one, f"{where}.{key}")
