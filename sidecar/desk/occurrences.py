"""What has happened and is over: orders that came to nothing, messages of the feed that were lost or refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.alerts.kinds import BY_NAME
from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.clock import SECOND
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.quotes import Defect

if TYPE_CHECKING:
    from sidecar.desk.state import DeskState

#: Over so many seconds refused quotes are counted; fewer of an underlying, or a smaller share, are the odd bad tick.
_OVER_S = 10
_MANY = 50
_SHARE = 0.05
#: A warning that does not last so long (microseconds of the desk's own time) is none: a market that runs faster than
#: the clock is late for an instant now and then.
_MOMENT = SECOND
_WARNING = AlertLevel.WARNING
#: What a venue says is cut to this, its numbers left out: two rejections for one reason are one alert.
_REASON = 60
_NUMBERS = re.compile(r"[0-9][0-9.,\-]*")
_STATES = {OrderState.REJECTED: "rejected", OrderState.UNKNOWN: "unknown"}


class Occurrences:
    """Counts as they last were. ``disabled_for`` says why each strategy was disabled in this run."""

    def __init__(self) -> None:
        self.disabled_for: dict[str, str] = {}
        self._gaps = 0
        self._looked_at = 0
        self._refused: dict[str, int] = {}
        self._taken: dict[str, int] = {}
        self._since: dict[str, int] = {}

    def take(self, state: DeskState, *, on_beat: bool) -> list[Finding]:
        """What happened since the last time; to be asked once for each report."""
        pending = state.pending
        found = _orders(pending.orders, pending.refusals) if pending.orders else []
        if on_beat:
            found += self._missed(state)
            if state.now - self._looked_at >= _OVER_S * SECOND:
                found += self._surges(state)
        return found

    def lasting(self, found: list[Finding], ran: int) -> list[Finding]:
        """What is there, without warnings of a moment; ``ran`` is the desk's own time (microseconds)."""
        self._since = {f.fingerprint: self._since.get(f.fingerprint, ran) for f in found if f.level is _WARNING}
        return [f for f in found if ran - self._since.get(f.fingerprint, 0) >= _MOMENT]

    def _missed(self, state: DeskState) -> list[Finding]:
        missed, self._gaps = state.feed_gaps - self._gaps, state.feed_gaps
        if not missed:
            return []
        return [BY_NAME["data", "gap"].found(state.source, f"{missed} messages of {state.source} were missed")]

    def _surges(self, state: DeskState) -> list[Finding]:
        """Underlyings of which many quotes were refused lately; what is no contract of the desk is one of them."""
        first = not self._looked_at
        self._looked_at = state.now
        counts = state.board.refused_by_symbol
        # What is told twice does no harm: after a break of the line everything is.
        refused = {name: found.total() - found[Defect.DUPLICATE] for name, found in counts.items()}
        taken = dict(state.board.updates)
        found = []
        for name in sorted(refused):
            bad = refused[name] - self._refused.get(name, 0)
            good = taken.get(name, 0) - self._taken.get(name, 0)
            if not first and bad >= _MANY and bad >= _SHARE * (bad + good):
                words = f"{bad} of {bad + good} quotes were refused in {_OVER_S} s"
                found.append(BY_NAME["data", "refused"].found(name or "unlisted contracts", words))
        self._refused, self._taken = refused, taken
        return found


def _orders(orders: list[Order], refusals: list[str]) -> list[Finding]:
    found = []
    limits = iter(refusals)
    for order in orders:
        strategy = order.request.strategy
        if order.state is OrderState.REFUSED:
            subject, kind = f"{strategy} {next(limits, 'unknown')}", "refused"
        elif order.state in _STATES:
            subject, kind = f"{strategy} {_NUMBERS.sub('#', order.note)[:_REASON]}".rstrip(), _STATES[order.state]
        else:
            continue
        asked = order.request
        words = f"{order.id}, {asked.side} {asked.quantity} {asked.symbol}: {order.note}"
        found.append(BY_NAME["orders", kind].found(subject, words))
    return found
