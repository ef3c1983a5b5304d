"""What can be subscribed to: one function and one row a topic.

A topic is a table of rows. Its state is told by a ``snapshot`` and kept true by changes: each change is one row, which
replaces the row of the same key, or takes it away when it says ``removed``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from sidecar.domain.breaker import BreakerEvent
from sidecar.domain.orders import WORKING, Order
from sidecar.domain.records import BreakerRecorded
from sidecar.domain.report import DeskReport
from sidecar.servers import answers
from sidecar.servers.keys import Role

Row = dict[str, Any]
Rows = Callable[[DeskReport], Iterable[Row]]


class Kind(StrEnum):
    """``latest`` may be conflated for a slow reader; ``every`` never skips; ``clock`` is the hub's own."""

    LATEST = "latest"
    EVERY = "every"
    CLOCK = "clock"


@dataclass(frozen=True)
class Topic:
    """One topic. ``key`` are the fields that name a row, none for a topic of one row.

    ``rows`` is the whole state in a report. ``changes``, for an ``every`` topic, is what this report adds to it.
    """

    name: str
    type: str
    kind: Kind
    key: tuple[str, ...]
    rows: Rows
    changes: Rows | None = None
    per_second: float = 4.0
    role: Role = Role.VIEWER

    def key_of(self, row: Row) -> tuple[str, ...]:
        """The name of a row within its topic."""
        return tuple(str(row[field]) for field in self.key)


def _fields(struct: msgspec.Struct) -> Row:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def positions(report: DeskReport) -> Iterable[Row]:
    """Every open position."""
    return [answers.position(line) for line in report.positions]


def pnl(report: DeskReport) -> Iterable[Row]:
    """The money of each fund; ``*`` is all of them."""
    return [_fields(line) for line in report.funds]


def greeks(report: DeskReport) -> Iterable[Row]:
    """Position Greeks by fund and underlying."""
    return [_fields(line) for line in report.greeks]


def market(report: DeskReport) -> Iterable[Row]:
    """The state of each underlying."""
    return [_fields(line) for line in report.markets]


def data_quality(report: DeskReport) -> Iterable[Row]:
    """How complete and fresh each underlying's data is."""
    return [_fields(line) for line in report.data_quality]


def breaker(report: DeskReport) -> Iterable[Row]:
    """The breaker's newest event; before the first one, its state in an event's shape."""
    if report.breaker_events and report.breaker_events[-1].state is report.breaker.status:
        return [answers.breaker_event(report.breaker_events[-1])]
    state = report.breaker
    cause = state.causes[-1] if state.causes else None
    told = BreakerEvent(
        event="state",
        state=state.status,
        reason=cause.trigger if cause else "",
        actor=cause.actor if cause else "",
        at=state.since,
        halt_seq=state.halt_seq,
        limit_name=cause.limit_name if cause else "",
        limit=cause.limit if cause else None,
        value=cause.value if cause else None,
        trigger=cause.trigger if cause else "",
    )
    return [answers.breaker_event(told)]


def breaker_changes(report: DeskReport) -> Iterable[Row]:
    """The breaker events of this report alone (``breaker_events`` also holds those before it)."""
    return [answers.breaker_event(row.event) for row in report.records if isinstance(row, BreakerRecorded)]


def _order(order: Order) -> Row:
    return {**answers.order(order), "removed": order.state not in WORKING}


def orders(report: DeskReport) -> Iterable[Row]:
    """Every working order."""
    return [_order(order) for order in report.orders if order.state in WORKING]


def order_changes(report: DeskReport) -> Iterable[Row]:
    """Every order that changed; one that has ended says ``removed``."""
    return [_order(order) for order in report.order_updates]


def nothing(_: DeskReport) -> Iterable[Row]:
    """The rows of a topic that no report feeds."""
    return ()


TOPICS: tuple[Topic, ...] = (
    Topic("breaker", "circuit_breaker_event", Kind.EVERY, (), breaker, breaker_changes),
    Topic("orders", "order_update", Kind.EVERY, ("id",), orders, order_changes),
    Topic("positions", "position_update", Kind.LATEST, ("id",), positions),
    Topic("pnl", "pnl_update", Kind.LATEST, ("fund_id",), pnl),
    Topic("greeks", "greeks_update", Kind.LATEST, ("fund_id", "underlying"), greeks),
    Topic("market", "market_condition", Kind.LATEST, ("symbol",), market),
    Topic("data_quality", "data_quality", Kind.LATEST, ("symbol",), data_quality, per_second=1.0),
    Topic("heartbeat", "heartbeat", Kind.CLOCK, (), nothing),
)

#: What ``/emergency/ws`` starts subscribed to: the eight types of the emergency stream.
EMERGENCY: tuple[str, ...] = (
    "positions",
    "pnl",
    "greeks",
    "market",
    "data_quality",
    "breaker",
    "orders",
    "heartbeat",
)
