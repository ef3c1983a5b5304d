"""What a person or program asks the desk to do, through the client: stop, close, reset, override, sign of life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidecar.client.backtests import Backtests
from sidecar.client.condition import Condition
from sidecar.client.following import Json, given
from sidecar.client.models import Models
from sidecar.client.outcomes import Outcomes
from sidecar.client.questions import segment
from sidecar.client.training import Training


class Acts(Outcomes, Models, Training, Backtests, Condition):
    """The acts of :class:`sidecar.client.Desk`; what the desk refuses is a ``DeskRefused``."""

    def stop(self, reason: str, flatten: bool = False, drill: bool = False) -> Json:
        """Emergency stop. The halt is on disk when this returns; ``flatten`` also begins to close what is open.

        A ``drill`` stops like any other and goes on record as a rehearsal.
        """
        asked = given(reason=reason, flatten=flatten, drill=drill or None)
        return self._command("POST", "/emergency/stop", asked)

    def disable(self, reason: str) -> Json:
        """Turn trading off until a reset, without the alarm of an emergency stop."""
        return self._command("POST", "/api/v1/risk/breaker/disable", {"reason": reason})

    def reset(self, reason: str, scope: str = "*") -> Json:
        """Return to active; ``DeskRefused`` 409 while a cause stands. ``scope`` (``main/demo``) opens that alone."""
        body = given(reason=reason, scope=None if scope == "*" else scope)
        return self._command("POST", "/emergency/circuit-breaker/reset", body)

    def override_on(self, limits: Sequence[str], seconds: float, reason: str) -> Json:
        """Let the named limits pass for ``seconds``, at most 900; it never covers an emergency stop."""
        body = {"limits": list(limits), "expires_in_s": seconds, "reason": reason}
        return self._command("POST", "/emergency/override/enable", body)

    def override_off(self, reason: str = "no reason given") -> Json:
        """End the override now."""
        return self._command("POST", "/emergency/override/disable", {"reason": reason})

    def heartbeat(self, client: str, expires_in_s: float = 60.0, *, goodbye: bool = False) -> Json:
        """A sign of life, which arms ``client``'s dead man's switch: silence for ``expires_in_s`` halts the desk.

        ``goodbye`` disarms it; leave without one, and the desk stops.
        """
        body = given(client=client, expires_in_s=expires_in_s, goodbye=goodbye or None)
        return self._command("POST", "/emergency/heartbeat", body)

    def close(
        self, *, position_id: str | None = None, symbol: str | None = None, close_all: bool = False, reason: str
    ) -> Json:
        """Close one position, all of one symbol, or all: exactly one of the three."""
        body = given(position_id=position_id, symbol=symbol, close_all=close_all or None, reason=reason)
        return self._command("POST", "/emergency/positions/close", body)

    def plan(self, *, position_id: str = "", symbol: str = "", close_all: bool = False) -> Json:
        """How :meth:`close` would close them now: each order, its price, its cost, the margin after it."""
        asked = {"position_id": position_id, "symbol": symbol, "close_all": "true" if close_all else ""}
        return self._read("/emergency/positions/plan", **asked)

    def cancel(self, order_id: str) -> Json:
        """Cancel one order."""
        return self._command("DELETE", f"/api/v1/orders/{segment(order_id)}")

    def cancel_all(self, reason: str = "asked from Python", fund_id: str | None = None) -> Json:
        """Cancel every working order, or those of one fund."""
        return self._command("POST", "/api/v1/orders/cancel-all", given(reason=reason, fund_id=fund_id))

    def set_limits(
        self,
        limits: Mapping[str, float | None],
        reason: str,
        fund_id: str | None = None,
        strategy: str | None = None,
        underlying: str | None = None,
    ) -> Json:
        """Change some limits: desk-wide, of a fund, of a strategy of it, of an underlying of either.

        None takes a limit away again that was set below the desk.
        """
        where = given(fund_id=fund_id, strategy=strategy, underlying=underlying)
        return self._command("PUT", "/api/v1/risk/limits", {"limits": dict(limits), "reason": reason, **where})
