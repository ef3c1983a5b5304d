"""What the time does to alerts: it ends them, makes them graver, hides them behind their cause, and lets them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.alerts import flood
from sidecar.alerts.entry import Entry, gravity
from sidecar.alerts.flood import Budget
from sidecar.alerts.kinds import FLOOD, OVERFLOW, Ends
from sidecar.alerts.policy import Policy
from sidecar.alerts.shelf import Shelf
from sidecar.domain.alerts import Alert
from sidecar.domain.clock import SECOND

#: Who ends an alert whose cause is gone.
DESK = "desk"
NEVER = 2**63 - 1


class Course:
    """``due`` is when the time asks for something again. ``put_off``: what a person ended while its cause stood, and
    until when it stays away. ``grouped``: what stands and found no room, and the alert that stands for it.
    """

    def __init__(self, policy: Policy, shelf: Shelf) -> None:
        self.shelf = shelf
        self.budget = Budget(policy)
        self.put_off: dict[str, int] = {}
        self.grouped: dict[str, str] = {}
        self.due = NEVER
        self._entries = shelf.entries
        waits = (policy.hold_s, policy.quiet_s, policy.escalate_s, policy.window_s)
        self._hold, self._quiet, self._escalate, self._window = (round(seconds * SECOND) for seconds in waits)

    def finish(self, now: int) -> tuple[Alert, ...]:
        """Do what is due; returns what goes on record.

        What was touched is judged. All are if the time asks for it, or if one was touched that may explain another.
        """
        touched = self.shelf.touched
        everything = now >= self.due or any(entry.explains for entry in touched.values())
        if everything:
            self._pass_time(now)
            self.due = NEVER
        for entry in sorted((self._entries if everything else touched).values(), key=_first):
            self._judge(now, entry)
        self._summarise(now)
        for entry in touched.values():
            entry.fresh = False
        changed = self.shelf.publish(now, everything=everything)
        self.due = min(self.due, *self._waits(now, (self._entries if everything else touched).values()), NEVER)
        return changed

    def _pass_time(self, now: int) -> None:
        for entry in list(self._entries.values()):
            if now >= self._ends_at(entry):
                self.end(now, entry, DESK)
            elif now >= self._escalates_at(entry):
                entry.escalate(now)
                self.shelf.touch(entry)

    def end(self, now: int, entry: Entry, by: str, why: str = "") -> None:
        """It is over."""
        entry.end(now, by, why)
        self.shelf.remove(entry)

    def stay_away(self, now: int, fingerprint: str) -> None:
        """A person has ended it: its cause alone brings no other for a while."""
        self.put_off[fingerprint] = now + (self._window if fingerprint == FLOOD else self._hold)

    def _ends_at(self, entry: Entry) -> int:
        if entry.alert.fingerprint == FLOOD:
            # Not before its place among the shown ones is free again, or there could be one summary too many.
            return NEVER if self._held() else entry.alert.at + self._window
        if entry.ends is Ends.QUIET:
            stands = entry.alert.kind == OVERFLOW and entry.alert.fingerprint in self.grouped.values()
            return NEVER if stands else entry.found_at + self._quiet
        return entry.gone_at + self._hold if entry.gone_at else NEVER

    def _escalates_at(self, entry: Entry) -> int:
        return entry.since + self._escalate if entry.awaits else NEVER

    def _judge(self, now: int, entry: Entry) -> None:
        """Hide it behind what explains it, or show it if there is room; one that is critical needs none."""
        alert = entry.alert
        if alert.fingerprint == FLOOD or alert.resolved:
            return
        by = self._explained(entry)
        if by:
            if alert.shown or alert.inhibited_by != by:
                entry.change(shown=False, inhibited_by=by)
                self.shelf.touch(entry)
        elif not alert.shown and entry.may_show:
            if entry.critical or self.budget.has_room(now):
                self.budget.spend(now)
                entry.show(now)
            else:
                entry.change(inhibited_by="")
            self.shelf.touch(entry)

    def _explained(self, entry: Entry) -> str:
        """The fingerprint of the alert that explains this one: it is shown itself, and no less grave."""
        for asked in entry.candidates:
            for by in self.shelf.like(asked):
                root = self._entries.get(by.alert.inhibited_by, by)
                if root.alert.shown and gravity(root.alert.level) >= gravity(entry.alert.level):
                    return root.alert.fingerprint
        return ""

    def _held(self) -> list[Alert]:
        return [entry.alert for entry in self._entries.values() if entry.held_back]

    def _summarise(self, now: int) -> None:
        held, entry = self._held(), self._entries.get(FLOOD)
        if entry is None and held and now >= self.put_off.get(FLOOD, 0):
            entry = self.shelf.add(now, flood.summary(held), holds=True)
            entry.show(now)
            entry.change(count=len(held))
        if entry is not None and entry.said != (said := flood.summary(held)).details:
            entry.say(said)
            entry.change(count=max(entry.alert.count, len(held)))
            self.shelf.touch(entry)

    def _waits(self, now: int, entries: Iterable[Entry]) -> Iterator[int]:
        for entry in entries:
            yield self._ends_at(entry)
            yield self._escalates_at(entry)
            if entry.alert is not entry.kept:
                yield self.shelf.late(entry)
        yield from self.put_off.values()
        if self._held():
            yield max(self.budget.free_at(), now + SECOND)


def _first(entry: Entry) -> tuple[int, int, int, int, str]:
    """Causes before what they explain, then the gravest, then the oldest."""
    alert = entry.alert
    return entry.rank, -gravity(alert.level), -alert.severity, alert.at, alert.fingerprint
