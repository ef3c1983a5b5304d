"""What the client reads of where the funds stand: their performance on record, and their money."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from sidecar.client.following import Json


class Standing(ABC):
    """The funds, to :class:`sidecar.client.Desk`; ``*`` is all of them together."""

    @abstractmethod
    def _read(self, path: str, **query: str | int) -> Json: ...

    def performance(
        self,
        fund_id: str = "",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        cursor: str = "",
    ) -> Json:
        """Returns, ratios and drawdowns, newest first: ``performance``, and ``next_cursor`` for the page after.

        A line a fund every five seconds and at each fill. Times are aware; fractions; None where it is not known.
        """
        times = {"from": since.isoformat() if since else "", "to": until.isoformat() if until else ""}
        return self._read("/api/v1/monitoring/performance", fund_id=fund_id, limit=limit, cursor=cursor, **times)

    def capital(self) -> Json:
        """What each of the ``funds`` was given, is worth, has bound and has free, and the ``total``."""
        return self._read("/api/v1/capital")

    def funds(self) -> list[Json]:
        """Every fund's money, P&L and drawdown; the desk's (``*``) is last."""
        found: list[Json] = self._read("/api/v1/funds")["funds"]
        return found
