"""What one channel is owed: folded from the journal's records, at the start and while the desk runs.

The journal is the outbox. An alert owes the channel a notice when it is raised, escalated and resolved, until a record
says that the notice left or was given up. No thread, clock or network in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sidecar.domain.alerts import Alert, AlertLevel
from sidecar.domain.records import AlertRecorded, Entry, NoticeRecorded

_GRAVITY = {level: place for place, level in enumerate(AlertLevel)}


class Event(StrEnum):
    """What a channel has to be told of an alert: ``over`` is raised and resolved before it could be told."""

    RAISED = "raised"
    GRAVER = "graver"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    OVER = "over"


class Notice(NamedTuple):
    """One alert to tell of: its newest state, and since when (microseconds UTC, wall clock) that is owed."""

    alert: Alert
    event: Event
    since: int

    @property
    def id(self) -> str:
        """The same whenever this is sent, so that a reader knows a repeated one."""
        return f"{self.alert.id}.{self.alert.revision}"


class _State(NamedTuple):
    gravity: int
    escalations: int
    resolved: bool


class _Kept(NamedTuple):
    state: _State
    wall_at: int


class Owed:
    """The notices that a channel is owed.

    :param channel: the digest that stands in its records.
    :param least: alerts below it owe nothing.
    :param own: the fingerprint of the alert that this channel fails: nobody is told of that by the channel itself.
    """

    def __init__(self, channel: str, least: AlertLevel, own: str) -> None:
        self._channel = channel
        self._least = _GRAVITY[least]
        self._own = own
        self.begun = False
        self._newest: dict[str, Alert] = {}
        self._states: dict[str, dict[int, _Kept]] = {}
        self._told: dict[str, _State] = {}
        self._owed: dict[str, Notice] = {}

    def __len__(self) -> int:
        return len(self._owed) if self.begun else 0

    def take(self, entry: Entry) -> None:
        """Fold one entry of the journal; most concern nobody here."""
        match entry.record:
            case AlertRecorded(alert=alert):
                self._alert(alert, entry.wall_at)
            case NoticeRecorded(channel=channel) as record if channel == self._channel:
                self._noticed(record, entry.wall_at)

    def begin(self, at: int, wall_at: int) -> NoticeRecorded | None:
        """Begin with what stands now, unless the journal says that the channel had begun; its record if it is new.

        What was over before a channel was there is not its business.
        """
        if self.begun:
            return None
        self._begin(wall_at)
        return NoticeRecorded(at, "", 0, self._channel, delivered=True, detail="begun")

    def batch(self, most: int) -> Sequence[Notice]:
        """What is owed, the gravest first and then the oldest, at most so many."""
        return sorted(self._owed.values(), key=_order)[:most] if self.begun else ()

    def older(self, wall_at: int) -> Sequence[Notice]:
        """What is owed since before then."""
        return [notice for notice in self._owed.values() if notice.since < wall_at] if self.begun else ()

    def settle(self, notices: Iterable[Notice], at: int, *, delivered: bool, detail: str = "") -> list[NoticeRecorded]:
        """They left, or were given up: they are owed no more. The records that say so (``at`` is the desk's time)."""
        records = []
        for notice in notices:
            alert = notice.alert
            record = NoticeRecorded(at, alert.id, alert.revision, self._channel, delivered, detail)
            self._noticed(record, notice.since)
            records.append(record)
        return records

    def _alert(self, alert: Alert, wall_at: int) -> None:
        known = self._newest.get(alert.id)
        if alert.fingerprint == self._own or (known is not None and alert.revision <= known.revision):
            return
        self._newest[alert.id] = alert
        self._states.setdefault(alert.id, {})[alert.revision] = _Kept(_state(alert), wall_at)
        self._weigh(alert.id, self._owed[alert.id].since if alert.id in self._owed else wall_at)

    def _noticed(self, record: NoticeRecorded, wall_at: int) -> None:
        if not record.alert_id:
            self._begin(wall_at)
            return
        states = self._states.get(record.alert_id, {})
        before = [revision for revision in states if revision <= record.revision]
        if not before:
            return
        self._told[record.alert_id] = states[max(before)].state
        for revision in before:
            del states[revision]
        self._weigh(record.alert_id, min((kept.wall_at for kept in states.values()), default=wall_at))

    def _begin(self, wall_at: int) -> None:
        if self.begun:
            return
        self.begun = True
        self._owed = {name: notice._replace(since=wall_at) for name, notice in self._owed.items()}

    def _weigh(self, name: str, since: int) -> None:
        """Note what is owed of an alert, and forget one that is over and owes nothing."""
        alert = self._newest[name]
        event = self._event(alert, self._told.get(name))
        if event is not None and (self.begun or not alert.resolved):
            self._owed[name] = Notice(alert, event, since)
            return
        self._owed.pop(name, None)
        if alert.resolved:
            self._forget(name)

    def _event(self, alert: Alert, told: _State | None) -> Event | None:
        now, shown = _state(alert), alert.shown and _GRAVITY[alert.level] >= self._least
        if told is None:
            return (Event.OVER if now.resolved else Event.RAISED) if shown else None
        if now.resolved or told.resolved:
            return None if now.resolved == told.resolved else Event.RESOLVED if now.resolved else Event.RAISED
        if not shown or (now.gravity <= told.gravity and now.escalations <= told.escalations):
            return None
        return Event.ESCALATED if now.escalations > told.escalations else Event.GRAVER

    def _forget(self, name: str) -> None:
        del self._newest[name], self._states[name]
        self._told.pop(name, None)


def _state(alert: Alert) -> _State:
    return _State(_GRAVITY[alert.level], alert.escalations, alert.resolved)


def _order(notice: Notice) -> tuple[int, int, str]:
    return -_GRAVITY[notice.alert.level], notice.since, notice.alert.id
