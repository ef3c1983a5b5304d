"""The life of alerts: findings and the time in, alerts in their new states out.

Findings of one fingerprint are one alert with a count. What *stands* is found as long as it is there and ends when it
has been gone for a while; what *passes* ends when it is found no more; what was *told* ends when it is said to. Behind
the alert that explains it (:mod:`sidecar.alerts.inhibition`), and in a flood, an alert is kept but not shown. What
nobody acts on grows graver.

What is on record is what is shown: folding the records gives the alerts that stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sidecar.alerts.course import DESK, NEVER, Course
from sidecar.alerts.entry import Entry, gravity
from sidecar.alerts.kinds import FLOOD, OVERFLOW, Ends, ends, owned
from sidecar.alerts.policy import Policy
from sidecar.alerts.shelf import Shelf
from sidecar.domain.alerts import Alert, AlertLevel, Finding
from sidecar.domain.clock import SECOND

#: So much longer than usual (microseconds) a cause may be out of sight after a restart: it must first be seen again.
_GRACE = 60 * SECOND


class Alerts:
    """All alerts of a desk. The methods that take a time return the alerts whose new state must go on record."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.shelf = Shelf(policy)
        self._course = Course(policy, self.shelf)
        self._entries = self.shelf.entries
        self._seen: list[tuple[object, ...]] | None = None
        self._there: frozenset[str] = frozenset()
        self._told: dict[str, Finding] = {}

    @property
    def standing(self) -> tuple[Alert, ...]:
        """The alerts that stand, as they are on record, newest first; the same object while none changes."""
        return self.shelf.standing

    def about(self, fingerprint: str) -> Alert | None:
        """The alert that stands for a fingerprint, as it is now."""
        entry = self._entries.get(fingerprint)
        return entry.alert if entry else None

    def settle(
        self, now: int, standing: Sequence[Finding] | None = None, passing: Sequence[Finding] = ()
    ) -> tuple[Alert, ...]:
        """Take what stands now (None: nobody looked) and what passed, and do what the time asks for."""
        seen = self._seen
        if standing is not None:
            seen = [(one.fingerprint, one.severity, one.details) for one in standing]
        if not passing and now < self._course.due and seen == self._seen:
            return ()
        self._seen = seen
        found = [(finding, False) for finding in passing]
        if standing is not None:
            found += [(finding, True) for finding in self._appeared(now, standing)]
        for finding, holds in sorted(found, key=lambda one: _urgency(one[0])):
            self._occur(now, finding, holds=holds)
        return self._course.finish(now)

    def tell(
        self, now: int, findings: Iterable[Finding], cleared: Iterable[str] = (), *, lasting: bool
    ) -> tuple[Alert, ...]:
        """Take what somebody found beside the desk, and the fingerprints of what is over there.

        ``lasting`` findings stand until cleared: resolved by hand they come back, and one that is cleared and found
        again in a short while is the same alert. The others are over as soon as anybody says so.
        """
        for entry in self._over(cleared):
            if not lasting:
                self._course.end(now, entry, DESK)
            elif not entry.gone_at:
                entry.holds, entry.gone_at = False, now
                self._course.due = now
        for finding in sorted(findings, key=_urgency):
            if lasting and (finding.fingerprint in self._told or len(self._told) < self.policy.standing):
                self._told[finding.fingerprint] = finding
            self._occur(now, finding, holds=True)
        return self._course.finish(now)

    def acknowledge(self, now: int, entry: Entry, actor: str, note: str = "") -> tuple[Alert, ...]:
        """Somebody deals with it: it escalates no more."""
        entry.acknowledge(now, actor, note)
        self.shelf.touch(entry)
        return self._course.finish(now)

    def resolve(self, now: int, entry: Entry, actor: str, why: str = "") -> tuple[Alert, ...]:
        """Somebody says that it is over."""
        if entry.ends is not Ends.QUIET:
            self._course.stay_away(now, entry.alert.fingerprint)
        self._course.end(now, entry, actor, why)
        return self._course.finish(now)

    def returns(self, entry: Entry) -> bool:
        """Whether its cause is there, so that it comes back as another alert after it was resolved by hand."""
        fingerprint = entry.alert.fingerprint
        return fingerprint in self._told or fingerprint in self._there

    def fold(self, alert: Alert) -> None:
        """Take an alert from the record, in the order in which it was written."""
        before = self._entries.get(alert.fingerprint)
        since, was = (before.since, before.alert) if before else (0, None)
        entry = self.shelf.fold(alert)
        came_out = alert.shown and not (was and was.shown)
        if came_out and not alert.resolved and alert.fingerprint != FLOOD:
            self._course.budget.spend(alert.updated_at)
        if entry is not None:
            calm = was is not None and not came_out and was.escalations == alert.escalations
            entry.since = since if calm else alert.updated_at
            entry.holds = False if entry.ends is Ends.QUIET else None
        elif alert.resolved_by != DESK and ends(alert.source, alert.kind, alert.level) is not Ends.QUIET:
            self._course.stay_away(alert.resolved_at, alert.fingerprint)
        self._course.due = 0 if self._entries else NEVER

    def _appeared(self, now: int, standing: Sequence[Finding]) -> list[Finding]:
        """What stands and did not a moment ago; what does not stand any more is noted."""
        there = {finding.fingerprint: finding for finding in standing}
        self._there = frozenset(there)
        there.update(self._told)
        course = self._course
        course.put_off = {key: at for key, at in course.put_off.items() if at > now}
        course.grouped = {key: group for key, group in course.grouped.items() if key in there}
        for fingerprint, entry in self._entries.items():
            if fingerprint not in there and not entry.gone_at and entry.ends is Ends.GONE:
                entry.gone_at = now + (_GRACE if entry.holds is None else 0)
                entry.holds = entry.holds and False
                course.due = now
        return [finding for finding in there.values() if self._is_news(finding)]

    def _is_news(self, finding: Finding) -> bool:
        fingerprint = finding.fingerprint
        entry = self._entries.get(fingerprint)
        if entry is None:
            return fingerprint not in self._course.put_off and fingerprint not in self._course.grouped
        if entry.holds is False:
            return True
        entry.holds, entry.gone_at = True, 0
        if finding.details != entry.said or finding.severity > entry.alert.severity:
            entry.say(finding)
            self.shelf.touch(entry)
        return False

    def _occur(self, now: int, finding: Finding, *, holds: bool) -> None:
        entry = self._entries.get(finding.fingerprint)
        if entry is not None:
            entry.count(now, finding)
            if holds:
                entry.holds, entry.gone_at = True, 0
            self.shelf.touch(entry)
        elif self._is_full(finding):
            if holds:
                self._course.grouped[finding.fingerprint] = f"{finding.source}:{OVERFLOW}:*"
            self._occur(now, _more(finding), holds=True)
        else:
            self.shelf.add(now, finding, holds=holds)

    def _is_full(self, finding: Finding) -> bool:
        """Whether there is no room to tell it apart; a critical one finds twice as much."""
        most = self.policy.standing * (2 if finding.level is AlertLevel.CRITICAL else 1)
        return len(self._entries) >= most and finding.kind != OVERFLOW

    def _over(self, cleared: Iterable[str]) -> list[Entry]:
        """The alerts that are said to be over, and that not the desk alone may end; nobody tells of them any more."""
        found = []
        for fingerprint in dict.fromkeys(cleared):
            self._told.pop(fingerprint, None)
            entry = self._entries.get(fingerprint)
            if entry is not None and not owned(entry.alert.source, entry.alert.kind):
                found.append(entry)
        return found


def _urgency(finding: Finding) -> tuple[int, int, str, str]:
    """The gravest first, so that an order within one instant does not matter."""
    return -gravity(finding.level), -finding.severity, finding.fingerprint, finding.message


def _more(finding: Finding) -> Finding:
    title = f"More alerts of {finding.source} than can be told apart"
    words = f"the last: {finding.title}: {finding.message}"
    return Finding(finding.source, OVERFLOW, "*", finding.level, finding.severity, title, words, finding.details)
