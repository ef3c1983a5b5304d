"""Every topic's channel, in one epoch: opened, taken up from the journal, fed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sidecar.domain.clock import iso
from sidecar.domain.records import Entry
from sidecar.domain.report import DeskReport
from sidecar.servers.channel import Channel, Ready
from sidecar.servers.stream_settings import StreamSettings
from sidecar.servers.topics import Kind, Row, Topic

#: Where the ``seq`` of ``latest`` topics begins in run number n: at n times this, whatever the runs before told.
RUN = 2**32

Numbered = Sequence[tuple[int, Entry]]


class Channels:
    """The channels by name. All belong to :attr:`epoch`."""

    def __init__(self, topics: Sequence[Topic], settings: StreamSettings, epoch: str) -> None:
        self._topics = topics
        self._settings = settings
        self._run = 0
        self.by_name: dict[str, Channel] = {}
        self.open(epoch)

    def __getitem__(self, name: str) -> Channel:
        return self.by_name[name]

    def open(self, epoch: str, run: int | None = None) -> None:
        """Begin an epoch with nothing told; ``run`` is the number of this run of the desk on its journal."""
        self.epoch, self._run = epoch, self._run if run is None else run
        self.by_name = {topic.name: self._channel(topic) for topic in self._topics}

    def recall(self, entries: Numbered) -> None:
        """Fold the journal into the ``every`` topics, and make the frames of its last records again."""
        for channel in self._every():
            _recall(channel, entries, self._settings.recalled)

    def keep(self, entries: Numbered) -> Iterator[tuple[Channel, Sequence[Ready]]]:
        """The frames of journal records, by channel."""
        for channel in self._every():
            if made := tuple(ready for seq, entry in entries for ready in _told(channel, seq, entry)):
                yield channel, made

    def assume(self, report: DeskReport) -> None:
        """Where no record has spoken of a topic yet, the report says how it stands."""
        for channel in self._every():
            rows = channel.topic.rows
            if not channel.begun and rows is not None:
                channel.assume(rows(report), report.timestamp.isoformat())

    def _every(self) -> list[Channel]:
        return [channel for channel in self.by_name.values() if channel.topic.kind is Kind.EVERY]

    def _channel(self, topic: Topic) -> Channel:
        if topic.kind is Kind.EVERY:
            return Channel(topic, self.epoch, self._settings.history)
        return Channel(topic, self.epoch, self._settings.latest_history, self._run * RUN)


def _told(channel: Channel, seq: int, entry: Entry) -> Sequence[Ready]:
    """The frame of a journal record, if the topic tells of its kind."""
    told = channel.topic.told.get(type(entry.record))
    return channel.changes([told(seq, entry)], iso(entry.record.at)) if told is not None else ()


def _recall(channel: Channel, entries: Numbered, most: int) -> None:
    topic = channel.topic
    mine = [(seq, entry) for seq, entry in entries if type(entry.record) in topic.told]
    older, newer = mine[: max(0, len(mine) - most)], mine[max(0, len(mine) - most) :]
    if older:
        state: dict[tuple[str, ...], Row] = {}
        for seq, entry in older if topic.key else older[-1:]:
            row = topic.told[type(entry.record)](seq, entry)
            state[topic.key_of(row)] = row
        kept = [row for row in state.values() if not row.get("removed")]
        channel.assume(kept, iso(older[-1][1].record.at), len(older))
    for seq, entry in newer:
        _told(channel, seq, entry)
