"""What of a running sidecar keeps its database small: old days leave it by the settings, after the close."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from sidecar.desk.state import DeskState
from sidecar.live import Live
from sidecar.settings import Settings
from sidecar.store.archive import DESK, SIMULATED_DESK
from sidecar.store.retention import Move
from sidecar.store.retention_job import Market, Retention
from sidecar.store.writer import Writer
from sidecar.telemetry.measured import Telemetry


class Parts(Protocol):
    """What of a sidecar it stands beside."""

    settings: Settings
    state: DeskState
    live: Live
    writer: Writer
    telemetry: Telemetry


def retention_of(parts: Parts, *, simulated: bool) -> Retention:
    """Not started yet. The days of a ``simulated`` market go where they cannot be taken for a real one's."""
    live = parts.live

    def market() -> Market | None:
        report = live.latest.report if live.latest is not None else None
        return None if report is None or report.day is None else Market(report.day, report.session_open)

    source = SIMULATED_DESK if simulated else DESK
    return Retention(
        Move(parts.writer, parts.settings.data_dir, source, parts.state.calendar.zone),
        parts.settings.retention.model_dump(),
        market,
        lambda: datetime.now(UTC),
        parts.telemetry.on_job,
    )
