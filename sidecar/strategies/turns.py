"""When a strategy of options may want something: not all the time, and never over its own orders."""

from __future__ import annotations

from sidecar.domain import clock
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.orders import WORKING, OrderState
from sidecar.domain.report import DeskReport, Intent

_DECIDE_EVERY = 5 * SECOND
_WAIT_AFTER_REFUSAL = 60 * SECOND
_ORDER_LIFE = 5 * MINUTE


class Turns:
    """Every five seconds of market time, in an open session, with an active breaker and a market that is seen.

    While own orders work nothing new is wanted, and what works for longer than five minutes is to be cancelled. After a
    refusal it pauses for a minute.
    """

    def __init__(self, strategy: str, fund_id: str) -> None:
        self._strategy = strategy
        self._fund_id = fund_id
        self._next = 0

    def take(self, report: DeskReport) -> tuple[Intent, ...] | None:
        """None where it is the strategy's turn; else what is to be done first, which may be nothing."""
        now = clock.from_datetime(report.timestamp)
        if now < self._next or not report.session_open or not report.breaker.active or report.blind:
            return ()
        self._next = now + _DECIDE_EVERY
        own = [one for one in report.orders if one.request.strategy == self._strategy]
        own = [one for one in own if one.request.fund_id == self._fund_id]
        working = [one for one in own if one.state in WORKING]
        if working:
            return tuple(Intent(cancel=one.id) for one in working if now - one.created_at > _ORDER_LIFE)
        if any(one.state is OrderState.REFUSED and now - one.created_at < _WAIT_AFTER_REFUSAL for one in own):
            return ()
        return None
