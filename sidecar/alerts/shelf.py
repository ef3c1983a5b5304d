"""Where the alerts stand: by what they are about, by their id, the ones that have ended, and what is on record."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from sidecar.alerts.entry import Entry, made
from sidecar.alerts.inhibition import Candidate
from sidecar.alerts.policy import Policy
from sidecar.domain.alerts import Alert, Finding
from sidecar.domain.clock import SECOND, to_datetime

#: Alerts that have ended and are still known by their id; the rest is in the database.
ENDED = 500


class Shelf:
    """``begun`` is when this run began (microseconds), for the ids; ``standing`` are the alerts on record that stand,
    newest first: the same tuple until one changes. ``touched`` are those that changed since anything was published.
    """

    def __init__(self, policy: Policy) -> None:
        self.begun = 0
        self.entries: dict[str, Entry] = {}
        self.ended: dict[str, Alert] = {}
        self.standing: tuple[Alert, ...] = ()
        self.touched: dict[str, Entry] = {}
        self._patience = round(policy.count_every_s * SECOND)
        self._ids: dict[str, Entry] = {}
        self._kinds: dict[tuple[str, str], dict[str, Entry]] = {}
        self._waiting: dict[str, Entry] = {}
        self._number = 0

    def add(self, now: int, finding: Finding, *, holds: bool) -> Entry:
        """A new alert, under an id that no alert had before: when this run began, and a number."""
        self._number += 1
        identity = f"A{to_datetime(self.begun):%y%m%d%H%M%S}-{self._number:05d}"
        entry = Entry(made(identity, now, finding), None, holds=holds)
        entry.gone_at = 0 if holds else now
        self._put(entry)
        self.touch(entry)
        return entry

    def touch(self, entry: Entry) -> None:
        """It has changed: on record now, or in a while if that can wait."""
        self.touched[entry.alert.id] = self._waiting[entry.alert.id] = entry

    def remove(self, entry: Entry) -> None:
        """It has ended; only its id is known still."""
        alert = entry.alert
        del self.entries[alert.fingerprint], self._ids[alert.id]
        like = self._kinds[alert.source, alert.kind]
        del like[alert.fingerprint]
        if not like:
            del self._kinds[alert.source, alert.kind]
        self.touch(entry)

    def find(self, identity: str) -> Entry | None:
        """The alert of an id, if it stands."""
        return self._ids.get(identity)

    def like(self, asked: Candidate) -> Iterator[Entry]:
        """The alerts that stand and are what is asked, in a settled order."""
        like = self._kinds.get((asked.source, asked.kind), {})
        if asked.fingerprint:
            return iter((like[asked.fingerprint],) if asked.fingerprint in like else ())
        return iter([like[fingerprint] for fingerprint in sorted(like)])

    def publish(self, now: int, *, everything: bool) -> tuple[Alert, ...]:
        """What goes on record now, by id: every change of state, and counts and words that have waited long enough.

        But for ``everything`` only what was touched is looked at.
        """
        looked = self._waiting if everything else self.touched
        due = {key: entry for key, entry in looked.items() if now >= self.late(entry) or entry.moved}
        self.touched = {}
        for key, entry in due.items():
            del self._waiting[key]
            revision = entry.kept.revision + 1 if entry.kept else 1
            entry.kept = entry.alert = replace(entry.alert, updated_at=now, revision=revision)
            if entry.alert.resolved:
                self._remember(entry.alert)
        if due:
            self._line_up()
        return tuple(entry.alert for _, entry in sorted(due.items()))

    def fold(self, alert: Alert) -> Entry | None:
        """Take an alert from the record; its entry if it stands."""
        before = self.entries.get(alert.fingerprint)
        self._number += alert.revision == 1
        if before is not None and before.alert.id == alert.id:
            self.remove(before)
        self._waiting.clear()
        self.touched.clear()
        if alert.resolved:
            self._remember(alert)
            self._line_up()
            return None
        entry = Entry(alert, alert, holds=None)
        self._put(entry)
        self._line_up()
        return entry

    def _put(self, entry: Entry) -> None:
        alert = entry.alert
        self.entries[alert.fingerprint] = self._ids[alert.id] = entry
        self._kinds.setdefault((alert.source, alert.kind), {})[alert.fingerprint] = entry

    def late(self, entry: Entry) -> int:
        """When what has changed of it is on record at the latest."""
        return (entry.kept.updated_at if entry.kept else 0) + self._patience

    def _remember(self, alert: Alert) -> None:
        self.ended[alert.id] = alert
        while len(self.ended) > ENDED:
            del self.ended[next(iter(self.ended))]

    def _line_up(self) -> None:
        kept = (entry.kept for entry in self.entries.values() if entry.kept is not None)
        self.standing = tuple(sorted(kept, key=_age, reverse=True))


def _age(alert: Alert) -> tuple[int, str]:
    return alert.at, alert.id
