"""Alerts and journal entries for the notifier's tests."""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.records import AlertRecorded, AnyRecord, Entry

T0 = 1_763_965_800_000_000


def alert(name: str = "A1", revision: int = 1, **changes: Any) -> Alert:
    """An alert that is shown and stands."""
    made = Alert(
        id=name, fingerprint=f"limits:breach:{name}", source="limits", kind="breach", type=AlertType.WARNING,
        level=AlertLevel.WARNING, severity=3, title=f"Limit broken: {name}", message="0.04 of 0.03", at=T0,
        updated_at=T0, revision=revision,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def entry(record: Alert | AnyRecord, wall_at: int = T0) -> Entry:
    """The journal's entry of a record, or of an alert's state."""
    return Entry(wall_at, AlertRecorded(T0, record) if isinstance(record, Alert) else record)
