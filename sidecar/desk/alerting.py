"""The desk's alerts: what its state gives cause for, what it was told of, and what people do about them."""

from __future__ import annotations

from sidecar.desk.state import DeskState
from sidecar.domain.alerts import Alert
from sidecar.domain.commands import AcknowledgeAlert, RaiseAlert, ResolveAlert
from sidecar.domain.events import Noticed
from sidecar.domain.records import AlertRecorded


def watch(state: DeskState, *, on_beat: bool) -> tuple[Alert, ...]:
    """Raise, count, resolve and escalate by what the state is now; returns the alerts that stand."""
    return ()


def notice(state: DeskState, event: Noticed) -> None:
    """Take what was found beside the core."""


def take(state: DeskState, command: RaiseAlert) -> None:
    """Take what somebody outside found."""


def acknowledge(state: DeskState, command: AcknowledgeAlert) -> None:
    """Note who deals with an alert."""


def resolve(state: DeskState, command: ResolveAlert) -> None:
    """End an alert by hand."""


def fold(state: DeskState, record: AlertRecorded) -> None:
    """Take up an alert from the record, after a restart."""
