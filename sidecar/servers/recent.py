"""What the newest report knows and the record does not hold yet: the record is written a moment after the desk acts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sidecar.domain.breaker import BreakerEvent
from sidecar.domain.clock import iso
from sidecar.domain.orders import Fill, Order
from sidecar.domain.report import DeskReport
from sidecar.servers.ports import PageQuery


def place_of_order(order: Order) -> tuple[int, str]:
    """Where an order stands in the list."""
    return order.created_at, order.id


def orders(
    recorded: Sequence[Order], query: PageQuery, report: DeskReport | None
) -> tuple[Sequence[Order], str | None]:
    """The page with the report's orders merged in, each in its newer state, and the time that it is true of."""
    if report is None:
        return recorded, None
    found = {order.id: order for order in recorded}
    for order in report.orders:
        known = found.get(order.id)
        if _asked(order, query) and (known is None or order.updated_at >= known.updated_at):
            found[order.id] = order
    rows = [order for order in found.values() if query.before is None or place_of_order(order) < query.before]
    return sorted(rows, key=place_of_order, reverse=True)[: query.limit], _time(report)


def fills_as_of(rows: Sequence[Fill], query: PageQuery, report: DeskReport | None) -> str | None:
    """The time up to which a page of fills holds all: the report's, unless an order of it has filled more than is here.

    Then it is the newest fill shown, None if there is none. A page behind a cursor holds what is old and all there.
    """
    if report is None:
        return None
    units: Counter[str] = Counter()
    for row in rows:
        units[row.order_id] += abs(row.quantity)
    # A full page may have cut off the first fills of an order that is older than the page.
    since = rows[-1].at if len(rows) >= query.limit else 0
    behind = query.before is None and any(
        order.filled > units[order.id] for order in report.orders if _asked(order, query) and order.created_at > since
    )
    if not behind:
        return _time(report)
    return iso(rows[0].at) if rows else None


def events(
    recorded: Sequence[BreakerEvent], limit: int, report: DeskReport | None
) -> tuple[Sequence[BreakerEvent], str | None]:
    """The breaker's newest events, those of the report that are not on record yet before the others."""
    if report is None:
        return recorded, None
    known, since = {_line(row) for row in recorded}, recorded[0].at if recorded else 0
    newer = [row for row in reversed(report.breaker_events) if row.at >= since and _line(row) not in known]
    return [*newer, *recorded][:limit], _time(report)


def _line(row: BreakerEvent) -> tuple[Any, ...]:
    return row.at, row.event, row.halt_seq, row.reason, row.limit_name, row.actor


def _asked(order: Order, query: PageQuery) -> bool:
    asked = order.request
    return query.fund_id in ("", asked.fund_id) and query.strategy in ("", asked.strategy)


def _time(report: DeskReport) -> str:
    return report.timestamp.isoformat()
