"""What the client reads of the process, its machine, and what they have told."""

from __future__ import annotations

from datetime import datetime

from sidecar.client.following import Json
from sidecar.client.watching import Watching


class Condition(Watching):
    """How the sidecar of :class:`sidecar.client.Desk` is."""

    def system(
        self,
        limit: int = 100,
        cursor: str = "",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Json:
        """Measurements of process and machine, newest first: ``system``, and ``next_cursor`` for the page after.

        Shares are fractions, None where they cannot be measured. Times are aware, and the wall's.
        """
        times = {"from": since.isoformat() if since else "", "to": until.isoformat() if until else ""}
        return self._read("/api/v1/monitoring/system", limit=limit, cursor=cursor, **times)

    def monitoring(self) -> Json:
        """Open sockets and standing alerts now, and how much of what was told since the start."""
        return self._read("/api/v1/monitoring/status")
