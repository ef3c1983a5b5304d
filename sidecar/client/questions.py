"""What the client asks the desk to work out: chain, surface, exposure, P&L explain, scenarios."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any
from urllib.parse import quote

from sidecar.client.following import Json
from sidecar.client.standing import Standing


class Questions(Standing):
    """The questions of :class:`sidecar.client.Desk`; each answer names the report it was worked out from."""

    @abstractmethod
    def _command(self, method: str, path: str, body: Json | None = None) -> Json: ...

    def chain(self, underlying: str, expiry: str = "") -> Json:
        """Every contract of an underlying, or of one ``expiry`` (2026-09-08): market, volatility, Greeks per unit."""
        return self._read(f"/api/v1/chain/{segment(underlying)}", expiry=expiry)

    def surface(self, underlying: str) -> Json:
        """The fitted smile of each expiry, its quotes, and the surface on a grid."""
        return self._read(f"/api/v1/surface/{segment(underlying)}")

    def greeks(self, by: str = "", fund_id: str = "") -> Json:
        """Exposure tables: by ``leg``, ``strategy``, ``fund``, ``underlying`` or ``expiry``, or all of them."""
        return self._read("/api/v1/greeks", by=by, fund_id=fund_id)

    def explain(self, fund_id: str = "", strategy: str = "") -> Json:
        """Why the day's P&L is what it is; the parts of each line sum to its total."""
        return self._read("/api/v1/pnl/explain", fund_id=fund_id, strategy=strategy)

    def scenarios(self, **asked: Any) -> Json:
        """The book revalued over ``spots`` × ``vols`` × ``days`` (fractions, fractions, calendar days), and stresses.

        Also ``sticky``, ``fund_id``, ``strategy``, ``underlying``, ``per_leg``, and ``extra`` legs to lay on top:
        ``[{"symbol": "NIFTY24600CE", "quantity": -75}]``.
        """
        return self._command("POST", "/api/v1/scenarios", asked)

    def indicators(self, symbol: str = "", *, series: Json | None = None, since: str = "", until: str = "") -> Json:
        """Eight indicators by bar: of the bars on record of an underlying, or of a ``series`` that is sent along.

        ``{"close": […], "volume": […], "timestamps": […]}``, the last two where they are known; ``since`` (included)
        and ``until`` are ISO 8601 texts.
        """
        asked = {"symbol": symbol, "series": series, "from": since, "to": until}
        return self._command("POST", "/api/v1/data/indicators", {name: value for name, value in asked.items() if value})


def segment(text: str) -> str:
    """A part of a path, so that no id can become another path."""
    return quote(text, safe="")
