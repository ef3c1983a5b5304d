"""What the desk itself finds, one row a kind: how grave it is and what ends it. To add one, add a row.

Levels: critical stops the desk or hides what it holds; error needs a person today; warning may become one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from sidecar.domain.alerts import AlertLevel, Finding


class Ends(StrEnum):
    """What ends an alert, but for a person: its cause is ``gone``, nothing more was found (``quiet``), or whoever told
    it says so (``cleared``).
    """

    GONE = "gone"
    QUIET = "quiet"
    CLEARED = "cleared"


class Kind(msgspec.Struct, frozen=True):
    """One row. ``title`` is the alert's headline; ``{}`` in it is the subject."""

    source: str
    name: str
    level: AlertLevel
    severity: int
    ends: Ends
    title: str

    def found(self, subject: str, message: str, details: Mapping[str, str] | None = None) -> Finding:
        """A finding of this kind. Equal ``details`` mean that nothing new is said, whatever the message's numbers."""
        title = self.title.format(subject)
        return Finding(self.source, self.name, subject, self.level, self.severity, title, message, details or {})


_INFO, _WARNING, _ERROR, _CRITICAL = AlertLevel
_GONE, _QUIET = Ends.GONE, Ends.QUIET

KINDS: tuple[Kind, ...] = (
    Kind("breaker", "tripped", _CRITICAL, 5, _GONE, "Trading is off: the breaker has tripped"),
    Kind("breaker", "emergency_stop", _CRITICAL, 5, _GONE, "Trading is off: emergency stop"),
    Kind("breaker", "market_halt", _CRITICAL, 5, _GONE, "Trading is off: market halt"),
    Kind("breaker", "manual_disable", _ERROR, 4, _GONE, "Trading is off: disabled by hand"),
    Kind("breaker", "shut", _ERROR, 4, _GONE, "Trading is off in part: {}"),
    Kind("limits", "breach", _CRITICAL, 5, _GONE, "Limit broken: {}"),
    Kind("limits", "scope_breach", _ERROR, 4, _GONE, "Limit of a part broken: {}"),
    Kind("limits", "warn", _WARNING, 3, _GONE, "Near a limit: {}"),
    Kind("data", "feed_down", _CRITICAL, 5, _GONE, "The feed is down: {}"),
    Kind("data", "blind", _ERROR, 4, _GONE, "No trusted market data"),
    Kind("data", "stale", _WARNING, 3, _GONE, "Stale data: {}"),
    Kind("data", "missing", _WARNING, 3, _GONE, "No data: {}"),
    Kind("data", "gap", _WARNING, 2, _QUIET, "The feed missed messages"),
    Kind("data", "refused", _WARNING, 3, _QUIET, "Many quotes are refused: {}"),
    Kind("orders", "refused", _WARNING, 2, _QUIET, "Order refused by the gate: {}"),
    Kind("orders", "rejected", _WARNING, 3, _QUIET, "Order rejected by the venue: {}"),
    Kind("orders", "unknown", _ERROR, 4, _QUIET, "Order unanswered by the venue: {}"),
    Kind("orders", "close_fails", _ERROR, 4, _GONE, "A position does not close: {}"),
    Kind("venue", "halted", _CRITICAL, 5, _GONE, "The exchange has halted trading"),
    Kind("venue", "differs", _CRITICAL, 5, _GONE, "The venue differs from the book"),
    Kind("venue", "silent", _ERROR, 4, _GONE, "The venue does not say what it holds"),
    Kind("venue", "unconfirmed", _ERROR, 4, _GONE, "Stopped here, the venue has not confirmed"),
    Kind("pnl", "residual", _WARNING, 3, _GONE, "The P&L explain does not add up"),
    Kind("strategy", "disabled", _ERROR, 4, _GONE, "A strategy is disabled: {}"),
    Kind("heartbeat", "lost", _ERROR, 4, _GONE, "A client's dead man's switch has fallen"),
    Kind("heartbeat", "late", _WARNING, 3, _GONE, "A client is late: {}"),
    Kind("storage", "journal", _CRITICAL, 5, _GONE, "The journal keeps nothing any more"),
    Kind("calendar", "ended", _CRITICAL, 5, _GONE, "The sessions table has ended"),
    Kind("calendar", "soon", _ERROR, 4, _GONE, "The sessions table ends within a week"),
    Kind("calendar", "near", _WARNING, 2, _GONE, "The sessions table ends within a month"),
)

BY_NAME: Mapping[tuple[str, str], Kind] = {(row.source, row.name): row for row in KINDS}

#: What the alerts make themselves: the summary of a flood, and what stands for more alerts of a source than fit.
FLOOD = "system:flood:*"
OVERFLOW = "overflow"


def ends(source: str, kind: str, level: AlertLevel) -> Ends:
    """What ends an alert. One that stands for critical ones that found no room waits for a person."""
    if kind == OVERFLOW:
        return Ends.CLEARED if level is AlertLevel.CRITICAL else Ends.QUIET
    row = BY_NAME.get((source, kind))
    return row.ends if row else Ends.CLEARED


def owned(source: str, kind: str) -> bool:
    """Whether only the desk itself may find this."""
    return (source, kind) in BY_NAME or kind == OVERFLOW or f"{source}:{kind}:*" == FLOOD
