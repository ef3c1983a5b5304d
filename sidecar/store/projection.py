"""From what the desk says to rows: journal records and reports in, Arrow tables by table name out. Pure.

Every journal record has one row in ``audit``, its exact JSON in ``payload``; orders, fills, instruments, breaker
events, alerts, signals, predictions, what became of them, models, training runs and backtests have their columns
besides, where what does not fit is NULL; the payload stays exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sidecar.domain import audit, wire
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import StoreError
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import (
    AlertRecorded,
    BacktestRecorded,
    BreakerRecorded,
    Entry,
    FillRecorded,
    ModelRecorded,
    OrderRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    SignalRecorded,
    TrainingRecorded,
    decode,
)
from sidecar.domain.report import Chain, DeskReport
from sidecar.domain.system import SystemLine
from sidecar.store.columns import AT, MARKET, SCHEMAS, Row, tabulate
from sidecar.store.frames import Record

#: How many of the first columns name a row, where it is not one; and of what the first row stands, not the last.
_KEYS = {"prediction_outcomes": 2}
_FIRST = frozenset({"fills", "predictions", "prediction_outcomes"})


class Line(NamedTuple):
    """A journal record on its way to its rows: what it says, its exact bytes, and the chain's value after it."""

    seq: int
    entry: Entry
    payload: bytes
    digest: bytes


def read(record: Record) -> Line:
    """The line of a record as the journal keeps it; its bytes stay those of the program that wrote it.

    :raises StoreError: a newer program wrote it.
    """
    try:
        return Line(record.seq, decode(record.payload), record.payload, record.digest)
    except msgspec.DecodeError as problem:
        raise StoreError(
            f"journal record {record.seq} is none that this program knows ({problem}); upgrade, or use --data-dir"
        ) from None


def entry_tables(lines: Iterable[Line]) -> dict[str, pa.Table]:
    """The rows of journal records in order: of what has states the last one, of what has none the first."""
    keyed: dict[str, dict[Row, Row]] = {}
    for line in lines:
        for table, row in _entry_rows(*line):
            rows, key = keyed.setdefault(table, {}), row[: _KEYS.get(table, 1)]
            if table not in _FIRST or key not in rows:
                rows[key] = row
    return {table: tabulate(table, rows.values()) for table, rows in keyed.items()}


def report_rows(report: DeskReport) -> Iterator[tuple[str, Row]]:
    """The sampled rows of one report: ``reports``, ``pnl``, ``greeks``, ``positions``."""
    yield "reports", (
        report.timestamp, report.seq, report.day, report.session_open, report.simulated, report.source, report.feed_up,
        report.breaker.status, report.breaker.halt_seq, report.blind, len(report.positions), len(report.orders),
        report.counters.quotes, sum(report.counters.quotes_refused.values()),
    )  # fmt: skip
    for table, lines in (("pnl", report.funds), ("greeks", report.greeks), ("positions", report.positions)):
        for line in lines:
            yield table, (report.timestamp, report.seq, *(getattr(line, name) for name in line.__struct_fields__))


def performance_row(line: PerformanceLine) -> Row:
    """The row of a fund's performance."""
    return tuple(getattr(line, name) for name in SCHEMAS["performance"].names)


def system_row(line: SystemLine) -> Row:
    """The row of a measurement; its list and mappings are JSON."""
    packed = {name: wire.encode(getattr(line, name)).decode() for name in ("problems", "queues", "feeds")}
    return tuple(packed.get(name, getattr(line, name)) for name in SCHEMAS["system_status"].names)


def quote_table(chain: Chain, symbols: pa.Array, since: NDArray[np.int64]) -> pa.Table:
    """The rows of the contracts whose quote is another one than at ``since`` (the chain's ``at`` then, 0 for none).

    ``symbols`` are the ids of ``chain.contracts``; ``since`` may be shorter, where contracts were listed later.
    """
    before = np.zeros(len(chain.at), np.int64)
    before[: len(since)] = since
    changed = np.flatnonzero(chain.at != before)
    columns = [
        pa.array(chain.at[changed], pa.int64()).cast(AT),
        symbols.take(pa.array(changed)),
        *(pa.array(getattr(chain, name)[changed], pa.float64(), from_pandas=True) for name in MARKET),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMAS["quotes"])


def instrument(contract: Contract) -> Row:
    """The row of a contract in ``instruments``."""
    return (
        contract.id, contract.underlying, contract.kind, contract.expiry, contract.strike, contract.right,
        contract.expires_at, contract.lot_size, contract.tick_size, contract.freeze_quantity,
    )  # fmt: skip


def _entry_rows(seq: int, entry: Entry, payload: bytes, digest: bytes) -> Iterator[tuple[str, Row]]:
    record = entry.record
    yield "audit", (seq, record.at, entry.wall_at, *audit.line(record), payload.decode(), digest.hex())
    if isinstance(record, OrderRecorded):
        yield "instruments", instrument(record.contract)
    if rows := _ROWS.get(type(record)):
        table, row = rows
        yield table, row(seq, record)


def _order(seq: int, record: OrderRecorded) -> Row:
    order, asked = record.order, record.order.request
    return (
        order.id, seq, order.created_at, order.updated_at, order.state, order.actor, asked.fund_id, asked.strategy,
        asked.symbol, asked.side, asked.quantity, asked.order_type, asked.time_in_force, asked.price, order.filled,
        order.average_price, order.reduces_only, asked.client_order_id, order.venue_order_id, asked.reason, order.note,
    )  # fmt: skip


def _fill(seq: int, record: FillRecorded) -> Row:
    fill = record.fill
    return (
        fill.id, seq, fill.at, fill.order_id, fill.symbol, fill.fund_id, fill.strategy, fill.quantity, fill.price,
        fill.fees, fill.note,
    )  # fmt: skip


def _breaker(seq: int, record: BreakerRecorded) -> Row:
    event = record.event
    return (
        seq, event.at, event.event, event.state, event.reason, event.actor, event.halt_seq, event.limit_name,
        event.limit, event.value,
    )  # fmt: skip


def _alert(seq: int, record: AlertRecorded) -> Row:
    alert = record.alert
    return (
        alert.id, seq, alert.at, alert.updated_at, alert.fingerprint, alert.source, alert.kind, alert.type, alert.level,
        alert.severity, alert.title, alert.message, alert.count, wire.encode(alert.details).decode(), alert.resolved,
        alert.resolved_at or None, alert.resolved_by, alert.acknowledged_by, alert.acknowledged_at or None,
        alert.escalations, alert.inhibited_by, alert.shown, alert.revision,
    )  # fmt: skip


def _signal(seq: int, record: SignalRecorded) -> Row:
    signal, asked = record.signal, record.signal.request
    return (
        signal.id, seq, signal.at, asked.fund_id, asked.strategy, asked.model_id, signal.actor, asked.symbol,
        asked.signal_type, asked.confidence, asked.horizon_s, asked.quantity, asked.reason, signal.price,
        signal.due_at or None, signal.status, signal.scored_at or None, signal.outcome_price, signal.outcome_return,
        signal.correct, signal.note,
    )  # fmt: skip


def _prediction(seq: int, record: PredictionRecorded) -> Row:
    told = record.prediction
    features, explained = (wire.encode(each).decode() for each in (told.features, told.explained))
    return (
        told.id, seq, told.decided_at, told.model_id, told.family, told.role, told.symbol, told.bar_at, told.known_at,
        told.due_at, told.horizon, told.feature_hash, told.vector_hash, features, *told.probabilities, told.signal,
        told.confidence, told.price, told.abstained, told.expected_value, explained, told.simulated, told.replayed,
    )  # fmt: skip


def _outcome(seq: int, record: OutcomeRecorded) -> Row:
    told = record.outcome
    return (
        told.prediction_id, told.version, seq, told.matured_at, told.label, told.move, told.entry_price,
        told.exit_price, told.correct, told.note,
    )  # fmt: skip


def _model(seq: int, record: ModelRecorded) -> Row:
    return _named("models", record.model, seq, record.model.trained_at)


def _run(seq: int, record: TrainingRecorded) -> Row:
    return _named("training_runs", record.run, seq, record.run.ended_at)


def _backtest(seq: int, record: BacktestRecorded) -> Row:
    job, asked = record.job, record.job.request
    return (
        job.id, seq, job.ended_at, job.actor, asked.strategy, wire.encode(asked.symbols).decode(), job.state,
        job.started_at or None, job.seconds, asked.engine, job.simulated, job.total_return, job.sharpe_ratio,
        job.max_drawdown, job.total_trades, job.hash, job.reason,
    )  # fmt: skip


def _named(table: str, line: Any, seq: int, at: int) -> Row:
    """The row of a line whose fields are called as the columns are, but for the first three."""
    return (line.id, seq, at, *(getattr(line, name) for name in SCHEMAS[table].names[3:]))


#: What has a table of its own beside ``audit``: by record, the table and its row.
_ROWS: Mapping[type, tuple[str, Callable[[int, Any], Row]]] = {
    OrderRecorded: ("orders", _order),
    FillRecorded: ("fills", _fill),
    BreakerRecorded: ("breaker_events", _breaker),
    AlertRecorded: ("alerts", _alert),
    SignalRecorded: ("signals", _signal),
    PredictionRecorded: ("predictions", _prediction),
    OutcomeRecorded: ("prediction_outcomes", _outcome),
    ModelRecorded: ("models", _model),
    TrainingRecorded: ("training_runs", _run),
    BacktestRecorded: ("backtests", _backtest),
}
