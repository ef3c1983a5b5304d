"""What an operator's tools ask of the desk, through the client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from sidecar.client.following import Json

#: Seconds that a copy of the database may take: some hundred megabytes each.
SNAPSHOT_S = 600.0


class Upkeep(ABC):
    """What :class:`sidecar.client.Desk` is asked with an admin's key, and that takes longer than a command."""

    @abstractmethod
    def _ask(self, method: str, path: str, wait_s: float, **more: Any) -> Json: ...

    def snapshot(self) -> Json:
        """A copy of the database: its ``folder`` in the data directory, ``bytes``, ``journal_seq``."""
        return self._ask("POST", "/api/v1/snapshots", SNAPSHOT_S)
