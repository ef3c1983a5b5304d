"""What the checks look at, found once: settings, data directory, who runs there, the journal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sidecar.domain.calendar import Calendar
from sidecar.domain.errors import DeskError
from sidecar.domain.reference import Reference
from sidecar.markets import calendar_of
from sidecar.opening import FILE
from sidecar.reference import load_reference
from sidecar.settings import Settings, load_settings
from sidecar.store.lock import owner
from sidecar.store.recovery import Recovery, verified
from sidecar.terminal.entering import url


@dataclass
class Scene:
    """The desk of ``data_dir`` (None: as the settings say), looked at ``now`` (microseconds UTC, the wall's).

    ``port`` and ``ui_port`` are those of the settings where they are None. What cannot be had raises a ``DeskError``
    each time it is asked for.
    """

    data_dir: Path | None
    now: int
    port: int | None = None
    ui_port: int | None = None

    @cached_property
    def settings(self) -> Settings:
        """:raises ConfigurationError: the first wrong one."""
        return load_settings(data_dir=self.data_dir, port=self.port, ui_port=self.ui_port)

    @property
    def folder(self) -> Path:
        """The data directory; without settings the one that was named."""
        try:
            return self.settings.data_dir
        except DeskError:
            if self.data_dir is None:
                raise
            return self.data_dir

    @cached_property
    def pid(self) -> int | None:
        """The process of the sidecar that runs there; None where none does."""
        return owner(self.folder)

    @property
    def url(self) -> str:
        """Where the desk answers, if it runs."""
        return url(self.settings.host, self.settings.port)

    @cached_property
    def reference(self) -> Reference:
        """:raises DeskError: a table cannot be used."""
        return load_reference()

    @cached_property
    def calendar(self) -> Calendar:
        """Of the desk's exchange."""
        return calendar_of(self.settings, self.reference)

    @cached_property
    def journal(self) -> Recovery | None:
        """The whole journal, every link recomputed; None where there is none. :raises JournalDamaged: one is broken."""
        path = self.folder / FILE
        return verified(path) if path.exists() else None
