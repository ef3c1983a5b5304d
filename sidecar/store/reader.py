"""Questions to the database, answered in the caller's thread; who asks the same within a moment shares one answer.

Orders, fills, breaker events and audit lines are decoded from the journal's own bytes in ``audit``, so they are exact.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import nan
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb
import pyarrow as pa

from sidecar.domain.breaker import BreakerEvent
from sidecar.domain.errors import SchemaTooNew, StoreError
from sidecar.domain.orders import Fill, Order
from sidecar.domain.records import BreakerRecorded, FillRecorded, OrderRecorded
from sidecar.store.backtests import Tested
from sidecar.store.learning import Learnt
from sidecar.store.payloads import expect
from sidecar.store.schema import Connection, connect, first_line, migrations, version
from sidecar.store.sharing import Shared
from sidecar.store.watching import Page, Watching

_ORDERS = """
SELECT payload FROM audit JOIN (
    SELECT seq, created_at, id FROM orders
    WHERE ($fund_id = '' OR fund_id = $fund_id) AND ($strategy = '' OR strategy = $strategy)
      AND ($id IS NULL OR (created_at, id) < (make_timestamptz($at::BIGINT), $id))
    ORDER BY created_at DESC, id DESC LIMIT $limit
) AS page USING (seq) ORDER BY page.created_at DESC, page.id DESC
"""
_FILLS = """
SELECT payload FROM audit JOIN (
    SELECT seq, timestamp, id FROM fills
    WHERE ($fund_id = '' OR fund_id = $fund_id) AND ($strategy = '' OR strategy = $strategy)
      AND ($id IS NULL OR (timestamp, id) < (make_timestamptz($at::BIGINT), $id))
    ORDER BY timestamp DESC, id DESC LIMIT $limit
) AS page USING (seq) ORDER BY page.timestamp DESC, page.id DESC
"""
_ORDER = "SELECT payload FROM audit WHERE seq = (SELECT seq FROM orders WHERE id = $id)"
_BREAKER = """
SELECT payload FROM audit JOIN (SELECT seq FROM breaker_events ORDER BY seq DESC LIMIT $limit) USING (seq)
ORDER BY seq DESC
"""
_AUDIT = """
SELECT seq, epoch_us(timestamp), epoch_us(wall_at), kind, actor, action, outcome, detail, request_id, payload, digest
FROM audit
WHERE ($before IS NULL OR seq < $before) AND ($actor = '' OR actor = $actor) AND ($action = '' OR action = $action)
  AND ($since IS NULL OR timestamp >= make_timestamptz($since::BIGINT))
  AND ($until IS NULL OR timestamp < make_timestamptz($until::BIGINT))
ORDER BY seq DESC LIMIT $limit
"""
_SAMPLED = " UNION ALL ".join(
    f"SELECT '{table}', count(*) FROM {table}"  # noqa: S608 (the names of this program's own tables)
    for table in ("reports", "pnl", "greeks", "positions", "quotes", "performance", "system_status", "bars")
)
_EQUITY = """
WITH line AS (
    SELECT epoch_us(timestamp) AS us, * FROM pnl
    WHERE fund_id = $fund_id AND timestamp >= make_timestamptz($since::BIGINT)
), width AS (
    SELECT greatest(1, (max(us) - min(us)) // $points + 1) AS step, min(us) AS start FROM line
)
SELECT max(us), last(portfolio_value ORDER BY us, report_seq), min(portfolio_value), max(portfolio_value),
    last(daily_pnl ORDER BY us, report_seq), last(drawdown ORDER BY us, report_seq)
FROM line, width GROUP BY (us - start) // step ORDER BY 1
"""


class EquityPoint(NamedTuple):
    """One stretch of the equity line: its last instant (microseconds UTC) and values there; NaN is unknown.

    ``low`` and ``high`` are of the portfolio value within the stretch, so that a thinned line hides no trough.
    """

    at: int
    portfolio_value: float
    low: float
    high: float
    daily_pnl: float
    drawdown: float


class AuditLine(NamedTuple):
    """One journal record: ``payload`` is its exact JSON, over which the hash chain runs; times in microseconds UTC.

    ``digest`` is the chain's value after it, in hex: SHA-256 of the value before it (32 bytes) and the payload's UTF-8
    (``frames`` says what stands before the first). None in rows of an older program, until ``audit rebuild``.
    """

    seq: int
    at: int
    wall_at: int
    kind: str
    actor: str
    action: str
    outcome: str
    detail: str
    request_id: str
    payload: str
    digest: str | None


class Reader(Watching, Learnt, Tested):
    """Reads through cursors of a connection that another owns; all methods may be called from any thread.

    ``cursor`` gives a fresh cursor (``Writer.cursor``). An answer is shared for ``share_s`` seconds of ``clock``.
    Every method raises :class:`StoreError` where the database cannot answer.
    """

    def __init__(
        self,
        cursor: Callable[[], Connection],
        *,
        share_s: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._cursor = cursor
        self._shared = Shared(share_s, clock)
        self.close = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def orders(self, limit: int, before: Page | None = None, fund_id: str = "", strategy: str = "") -> list[Order]:
        """Orders in their newest state, newest first by (``created_at``, ``id``), those smaller than ``before``."""
        rows = self._ask(_ORDERS, _page(limit, before, fund_id, strategy))
        return [expect(row, OrderRecorded).order for row in rows]

    def order(self, order_id: str) -> Order | None:
        """The order of that id in its newest state; None where there is none."""
        rows = self._ask(_ORDER, {"id": order_id})
        return expect(rows[0], OrderRecorded).order if rows else None

    def fills(self, limit: int, before: Page | None = None, fund_id: str = "", strategy: str = "") -> list[Fill]:
        """Fills, newest first by (``at``, ``id``), those smaller than ``before``."""
        rows = self._ask(_FILLS, _page(limit, before, fund_id, strategy))
        return [expect(row, FillRecorded).fill for row in rows]

    def breaker_history(self, limit: int) -> list[BreakerEvent]:
        """The breaker's events, newest first."""
        return [expect(row, BreakerRecorded).event for row in self._ask(_BREAKER, {"limit": limit})]

    def audit(
        self,
        limit: int,
        before_seq: int | None = None,
        actor: str = "",
        action: str = "",
        since: int | None = None,
        until: int | None = None,
    ) -> list[AuditLine]:
        """Journal records, newest first, numbered below ``before_seq``; an empty ``actor`` or ``action`` is any.

        ``since`` (included) and ``until`` (not) bound the desk's time, ``at``, in microseconds UTC.
        """
        asked = {"before": before_seq, "actor": actor, "action": action, "since": since, "until": until}
        return [AuditLine(*row) for row in self._ask(_AUDIT, {"limit": limit, **asked})]

    def sampled(self) -> dict[str, int]:
        """How many rows there are of what no journal keeps, by table."""
        return dict(self._ask(_SAMPLED, {}))

    def equity(self, fund_id: str, since: int, max_points: int) -> list[EquityPoint]:
        """The equity line of a fund (``*`` for the desk) from ``since`` on, oldest first, thinned to ``max_points``."""
        rows = self._ask(_EQUITY, {"fund_id": fund_id, "since": since, "points": max_points})
        return [EquityPoint(row[0], *(nan if value is None else value for value in row[1:])) for row in rows]

    def _ask(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._shared.get((query, *values.values()), lambda: self._fetch(query, values))

    def _fetch(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._answering() as cursor:
            return cursor.execute(query, values).fetchall()

    def _table(self, query: str, values: dict[str, Any]) -> pa.Table:
        """As a table, which is the asker's alone."""
        with self._answering() as cursor:
            return cursor.sql(query, params=values).to_arrow_table()

    @contextmanager
    def _answering(self) -> Iterator[Connection]:
        try:
            with self._cursor() as cursor:
                yield cursor
        except duckdb.Error as problem:
            raise StoreError(f"the database cannot answer ({first_line(problem)})") from problem


def open_read_only(path: Path) -> Reader:
    """A reader of the file itself, for when no sidecar runs. :raises StoreError: see :func:`connect_read_only`."""
    connection = connect_read_only(path)
    return Reader(connection.cursor, close=connection.close)


def connect_read_only(path: Path) -> Connection:
    """A connection to the file of a desk that does not run; also after a kill -9, whose log is then replayed.

    :raises SchemaTooNew: a newer program wrote it. :raises StoreError: there is none, a sidecar has it, it is of an
        older program, or it is damaged.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no database yet; start the sidecar with: python -m sidecar up")
    try:
        connection = connect(path, read_only=True)
        found = version(connection)
    except duckdb.Error as problem:
        if "Could not set lock" in str(problem):
            raise StoreError(f"{path}: a running sidecar has it; ask the sidecar instead") from problem
        raise StoreError(f"{path}: cannot be read ({first_line(problem)}); start the sidecar to repair it") from problem
    if found == len(migrations()):
        return connection
    connection.close()
    if found > len(migrations()):
        raise SchemaTooNew(str(path), found, len(migrations()))
    raise StoreError(f"{path}: schema {found} is older than this program's; start the sidecar once to bring it up")


def _page(limit: int, before: Page | None, fund_id: str, strategy: str) -> dict[str, Any]:
    at, last = before or (0, None)
    return {"limit": limit, "at": at, "id": last, "fund_id": fund_id, "strategy": strategy}
