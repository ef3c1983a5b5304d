"""What the client reads of the process, its machine, what they have told, and whom they take it for."""

from __future__ import annotations

from datetime import datetime

from sidecar.client.following import Json
from sidecar.client.watching import Watching


class Condition(Watching):
    """How the sidecar of :class:`sidecar.client.Desk` is."""

    def me(self) -> Json:
        """Whose key this is: ``id``, ``label``, ``role``, and the ``actor`` under which its acts are recorded."""
        return self._read("/api/v1/me")

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

    def streams(self) -> Json:
        """The open sockets: ``connections``, each with its topics, what waits for it and what was conflated."""
        found: Json = self._read("/ws/stats")["stats"]
        return found
