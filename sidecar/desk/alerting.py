"""The desk's alerts: what its state gives cause for, what it was told of, and what people do about them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from sidecar.alerts.kinds import owned
from sidecar.alerts.life import Alerts
from sidecar.desk import findings
from sidecar.desk.halting import DISABLED
from sidecar.desk.state import DeskState
from sidecar.domain.alerts import SOURCES, Alert, Finding
from sidecar.domain.commands import AcknowledgeAlert, RaiseAlert, ResolveAlert
from sidecar.domain.errors import InputError
from sidecar.domain.events import Noticed
from sidecar.domain.records import AlertRecorded, Audited
from sidecar.domain.report import OutcomeStatus

#: Findings and words that one command may carry.
MOST_FINDINGS = 150
MOST_DETAILS = 32
_LONGEST = {"subject": 200, "title": 200, "message": 2_000}
_KIND = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


def watch(state: DeskState, *, on_beat: bool) -> tuple[Alert, ...]:
    """Raise, count, resolve and escalate by what the state is now; returns the alerts that stand.

    What an order came to is found at once, the rest on a beat.
    """
    for record in state.pending.records:
        if isinstance(record, Audited) and record.action == DISABLED:
            state.occurrences.disabled_for[record.subject] = record.detail
    passing = state.occurrences.take(state, on_beat=on_beat)
    standing = findings.standing(state) if on_beat else None
    alerts = _alerts(state)
    _record(state, alerts.settle(state.now, standing, passing))
    return alerts.standing


def notice(state: DeskState, event: Noticed) -> None:
    """Take what was found beside the core: it stands until it is cleared."""
    _record(state, _alerts(state).tell(state.now, event.findings, event.cleared, lasting=True))


def take(state: DeskState, command: RaiseAlert) -> None:
    """Take what somebody outside found, and what is over there.

    :raises InputError: a finding that cannot be taken, by its field; then none is.
    """
    if not command.findings and not command.cleared:
        raise InputError("findings", "there is none, and nothing is cleared", "give at least one of the two")
    if max(len(command.findings), len(command.cleared)) > MOST_FINDINGS:
        raise InputError("findings", f"more than {MOST_FINDINGS} at once", "send them in parts")
    for finding in command.findings:
        _check(finding)
    by = {"raised_by": command.actor}
    found = [replace(finding, details={**finding.details, **by}) for finding in command.findings]
    alerts = _alerts(state)
    changed = alerts.tell(state.now, found, command.cleared, lasting=False)
    _record(state, changed)
    over = [alert for alert in changed if alert.resolved and alert.fingerprint in command.cleared]
    raised = [alert for one in found if (alert := alerts.about(one.fingerprint)) is not None]
    told = tuple({alert.id: alert for alert in (*over, *raised)}.values())
    state.answer(command, OutcomeStatus.DONE, f"{len(found)} found, {len(over)} over", alerts=told)


def acknowledge(state: DeskState, command: AcknowledgeAlert) -> None:
    """Note who deals with an alert; the first who said so stays."""
    alerts = _alerts(state)
    entry = alerts.shelf.find(command.alert_id)
    if entry is None:
        _answer_ended(state, command)
        return
    by = entry.alert.acknowledged_by
    if by:
        message = f"alert {entry.alert.id} was acknowledged by {by} already"
        state.answer(command, OutcomeStatus.DONE, message, alerts=(entry.alert,))
        return
    _record(state, alerts.acknowledge(state.now, entry, command.actor, command.note))
    message = f"alert {entry.alert.id} is acknowledged by {command.actor}: it escalates no more"
    state.answer(command, OutcomeStatus.DONE, message, alerts=(entry.alert,))


def resolve(state: DeskState, command: ResolveAlert) -> None:
    """End an alert by hand; where its cause stands the answer says that it comes back."""
    alerts = _alerts(state)
    entry = alerts.shelf.find(command.alert_id)
    if entry is None:
        _answer_ended(state, command)
        return
    again = f"; its cause stands: it comes back in {alerts.policy.hold_s:g} s" if alerts.returns(entry) else ""
    _record(state, alerts.resolve(state.now, entry, command.actor, command.reason))
    message = f"alert {entry.alert.id} is resolved by {command.actor}{again}"
    state.answer(command, OutcomeStatus.DONE, message, alerts=(entry.alert,))


def fold(state: DeskState, record: AlertRecorded) -> None:
    """Take up an alert from the record, after a restart."""
    state.alerts.fold(record.alert)


def _alerts(state: DeskState) -> Alerts:
    state.alerts.shelf.begun = state.live_since
    return state.alerts


def _record(state: DeskState, changed: Iterable[Alert]) -> None:
    state.pending.records += [AlertRecorded(state.now, alert) for alert in changed]


def _answer_ended(state: DeskState, command: AcknowledgeAlert | ResolveAlert) -> None:
    alert = state.alerts.shelf.ended.get(command.alert_id)
    if alert is None:
        state.answer(command, OutcomeStatus.NOT_FOUND, f"no alert {command.alert_id[:40]!r}")
    else:
        message = f"alert {alert.id} was resolved already, by {alert.resolved_by}"
        state.answer(command, OutcomeStatus.CONFLICT, message, alerts=(alert,))


def _check(finding: Finding) -> None:
    """:raises InputError: a finding from outside that is none, or that only the desk itself may find."""
    if finding.source not in SOURCES:
        raise InputError("source", f"{finding.source[:40]!r} is no source", "use one of " + ", ".join(SOURCES))
    if not _KIND.fullmatch(finding.kind):
        raise InputError("kind", f"{finding.kind[:40]!r} is no kind", "give 1 to 64 of A-Z a-z 0-9 _ . -")
    if owned(finding.source, finding.kind):
        problem = f"{finding.kind} of {finding.source} is the desk's own to find"
        raise InputError("kind", problem, "give another kind, or the source outside")
    if not 1 <= finding.severity <= 5:
        raise InputError("severity", f"{finding.severity} is out of range", "give 1 (to know) to 5 (act now)")
    for name, longest in _LONGEST.items():
        if len(getattr(finding, name)) > longest:
            raise InputError(name, f"is longer than {longest} characters", "shorten it")
    if not finding.title.strip():
        raise InputError("title", "is empty", "say in a few words what is wrong")
    details = finding.details
    if len(details) > MOST_DETAILS or any(len(word) > _LONGEST["message"] for row in details.items() for word in row):
        raise InputError("details", f"more than {MOST_DETAILS}, or one is too long", "give less")
