"""A recording of a live desk: every event in the order in which it was taken, and the hash of its reports."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sidecar.desk.config import DeskConfig
from sidecar.domain.errors import ConfigurationError
from sidecar.domain.events import AnyEvent
from sidecar.replay import ReportHash
from sidecar.store.tape import TapeHeader, TapeWriter
from sidecar.venues.port import Feed


class Recorder:
    """Writes a tape that ``replay --verify`` can hold the desk to; it carries the settings that the desk ran with."""

    def __init__(
        self, path: Path, config: DeskConfig, feed: Feed, *, zone: str = "Asia/Kolkata", notes: tuple[str, ...] = ()
    ) -> None:
        if path.exists():
            raise ConfigurationError("record", f"{path} exists", "name a new file")
        if not path.parent.is_dir():
            raise ConfigurationError("record", f"{path.parent} is not a directory", "name a file in one that exists")
        header = TapeHeader(
            source=feed.name,
            simulated=feed.simulated,
            recorded="desk",
            exchange=config.exchange,
            zone=zone,
            notes=notes,
            config=msgspec.json.encode(config).decode(),
        )
        self.reports = ReportHash()
        self._writer = TapeWriter(path, header)

    def take(self, event: AnyEvent) -> None:
        """Take the next event."""
        self._writer.write((event,))

    def close(self) -> None:
        """Finish the tape with the hash of the reports."""
        self._writer.close(self.reports.hex, self.reports.count)
