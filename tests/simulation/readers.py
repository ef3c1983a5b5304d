"""Those who read the desk: the topics of the stream with a mirror at their far end, and every answer as JSON."""

from __future__ import annotations

import json
from math import isinf
from typing import Any, NoReturn

import msgspec

from sidecar.client.following import Frame, Mirror
from sidecar.domain import wire
from sidecar.domain.records import Entry
from sidecar.domain.report import DeskReport, Published
from sidecar.servers import answers, quality
from sidecar.servers.channel import Channel, Ready
from sidecar.servers.channels import Channels
from sidecar.servers.prepared import payload_of
from sidecar.servers.stream_settings import StreamSettings
from sidecar.servers.topics import TOPICS, Kind, Rows

_ANSWERS = (answers.status, answers.positions, answers.risk_metrics, quality.data_quality, answers.breaches)
_HISTORY = 16
#: Where a report does not hold all of a topic's rows as they were told: the breaker's newest event, an alert's count
#: between two records, signals beyond the newest; and what no report holds.
_APART = frozenset({"breaker", "alerts", "trading", "audit", "status", "training", "backtests", "heartbeat"})

Problem = tuple[str, str] | None


class Readers:
    """One subscriber of every topic, from the first report of a run; and whoever asks for the whole picture."""

    def __init__(self) -> None:
        self._channels = Channels(TOPICS, StreamSettings(history=_HISTORY, latest_history=_HISTORY), "epoch")
        self._mirror = Mirror()
        self._begun = False
        self._kept = 0

    def take(self, published: Published, *, full: bool) -> Problem:
        """A report; the invariant that does not hold and why, if one does not. ``full``: compare everything."""
        report = published.report
        stamp = report.timestamp.isoformat()
        if not self._begun:
            self._begin(report, stamp)
        else:
            entries = [Entry(record.at, record) for record in report.records]
            made = [
                ready for _, batch in self._channels.keep(list(enumerate(entries, self._kept + 1))) for ready in batch
            ]
            self._kept += len(entries)
            if full:
                made += [ready for channel, rows in self._latest() for ready in channel.state(rows(report), stamp)]
            if problem := next(filter(None, map(self._hear, made)), None):
                return problem
        if not full:
            return None
        wrong = (self._differs(channel, rows, report) for channel, rows in self._with_rows())
        return next(filter(None, wrong), None) or _answered(report)

    def _begin(self, report: DeskReport, stamp: str) -> None:
        self._begun = True
        self._channels.assume(report)
        for channel, rows in self._latest():
            channel.state(rows(report), stamp)
        for channel in self._channels.by_name.values():
            self._hear(channel.snapshot({}, stamp))

    def _with_rows(self) -> list[tuple[Channel, Rows]]:
        """The channels whose whole state a report holds."""
        found = [(channel, channel.topic.rows) for channel in self._channels.by_name.values()]
        return [(channel, rows) for channel, rows in found if rows is not None and channel.topic.name not in _APART]

    def _latest(self) -> list[tuple[Channel, Rows]]:
        return [(channel, rows) for channel, rows in self._with_rows() if channel.topic.kind is Kind.LATEST]

    def _hear(self, ready: Ready) -> Problem:
        frame = msgspec.json.decode(payload_of(ready.frame), type=Frame)
        before = self._mirror.seq.get(frame.topic)
        if before is not None and frame.seq != before + 1:
            return "INV7", f"{frame.topic}: frame {frame.seq} follows {before}"
        self._mirror.apply(frame)
        return None

    def _differs(self, channel: Channel, rows: Rows, report: DeskReport) -> Problem:
        name = channel.topic.name
        there = {channel.topic.key_of(row): wire.builtins(row) for row in rows(report)}
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
