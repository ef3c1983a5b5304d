"""Questions about backtests that are over, decoded from the journal's own bytes in ``audit``, so they are exact."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from typing import Any

from sidecar.domain.backtests import BacktestJob
from sidecar.domain.records import BacktestRecorded
from sidecar.store.payloads import expect

_BACKTESTS = """
SELECT payload FROM audit JOIN (
    SELECT seq, timestamp, id FROM backtests
    WHERE $id IS NULL OR (timestamp, id) < (make_timestamptz($at::BIGINT), $id)
    ORDER BY timestamp DESC, id DESC LIMIT $limit
) AS page USING (seq) ORDER BY page.timestamp DESC, page.id DESC
"""
_SPANS = "SELECT symbol, min(session), max(session) FROM bars WHERE session > 0 GROUP BY symbol ORDER BY symbol"
_BACKTEST = "SELECT payload FROM audit WHERE seq = (SELECT seq FROM backtests WHERE id = $id)"


class Tested(ABC):
    """The questions of :class:`~sidecar.store.reader.Reader` about backtests."""

    @abstractmethod
    def _ask(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]: ...

    def backtests(self, limit: int, before: tuple[int, str] | None = None) -> list[BacktestJob]:
        """Backtests that are over, newest first by (``ended_at``, ``id``); ``before`` is the last row already seen."""
        at, last = before or (0, None)
        rows = self._ask(_BACKTESTS, {"limit": limit, "at": at, "id": last})
        return [expect(row, BacktestRecorded).job for row in rows]

    def backtest(self, backtest_id: str) -> BacktestJob | None:
        """The backtest of that id; None where none that is over has it."""
        rows = self._ask(_BACKTEST, {"id": backtest_id})
        return expect(rows[0], BacktestRecorded).job if rows else None

    def bar_spans(self) -> dict[str, tuple[date, date]]:
        """The first and the last trading day of the bars of each symbol that there are bars of."""
        rows = self._ask(_SPANS, {})
        return {symbol: (date.fromordinal(int(low)), date.fromordinal(int(high))) for symbol, low, high in rows}
