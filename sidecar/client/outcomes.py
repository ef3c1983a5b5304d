"""What the client asks about what came of things: signals and their scores, round trips."""

from __future__ import annotations

from datetime import datetime

from sidecar.client.following import Json
from sidecar.client.questions import Questions

_SIGNALS = "/api/v1/monitoring/signals"


class Outcomes(Questions):
    """Signals and round trips of :class:`sidecar.client.Desk`. Times are aware; what is left out is not asked for."""

    def signal(
        self,
        symbol: str,
        signal_type: str,
        confidence: float,
        horizon_s: float,
        *,
        quantity: int = 0,
        strategy: str = "manual",
        model_id: str = "",
        fund_id: str = "main",
        reason: str = "",
    ) -> Json:
        """Put on record what you expect of ``symbol`` over ``horizon_s`` market seconds: ``buy``, ``sell`` or ``hold``.

        It comes back with its ``id`` and the mark of that instant; it is scored when its horizon has passed. It trades
        nothing. ``DeskRefused`` 429 when a strategy signals more than 60 times a minute.
        """
        body: Json = {
            "symbol": symbol,
            "signal_type": signal_type,
            "confidence": confidence,
            "horizon_s": horizon_s,
            "quantity": quantity,
            "strategy": strategy,
            "model_id": model_id,
            "fund_id": fund_id,
            "reason": reason,
        }
        return self._command("POST", "/api/v1/signals", body)

    def signals(
        self,
        *,
        fund_id: str = "",
        strategy: str = "",
        symbol: str = "",
        status: str = "all",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        cursor: str = "",
    ) -> Json:
        """Signals, newest first: ``signals``, and ``next_cursor`` for the page after; ``status`` as in each row."""
        asked = {"fund_id": fund_id, "strategy": strategy, "symbol": symbol, "status": status, **_span(since, until)}
        return self._read(_SIGNALS, limit=limit, cursor=cursor, **asked)

    def signal_scores(
        self, *, fund_id: str = "", strategy: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> list[Json]:
        """How often signals were right, by strategy and in all (``*``): ``hit_rate`` with its 95 % interval."""
        asked = {"fund_id": fund_id, "strategy": strategy, **_span(since, until)}
        found: list[Json] = self._read(f"{_SIGNALS}/scores", **asked)["scores"]
        return found

    def trades(
        self,
        *,
        fund_id: str = "",
        strategy: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        cursor: str = "",
    ) -> Json:
        """Round trips, newest first by when they closed: ``trades``, and ``next_cursor`` for the page after."""
        asked = {"fund_id": fund_id, "strategy": strategy, **_span(since, until)}
        return self._read("/api/v1/trades", limit=limit, cursor=cursor, **asked)


def _span(since: datetime | None, until: datetime | None) -> dict[str, str]:
    return {"from": since.isoformat() if since else "", "to": until.isoformat() if until else ""}
