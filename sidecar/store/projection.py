"""From what the desk says to rows: journal records and reports in, Arrow tables by table name out. Pure.

Every journal record has one row in ``audit``, its exact JSON in ``payload``; orders, fills, instruments and breaker
events have their columns besides. A column holds money to four places (half even) and NULL where a number is unknown
or does not fit; the payload stays exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sidecar.domain.contracts import Contract
from sidecar.domain.errors import StoreError
from sidecar.domain.records import (
    Audited,
    BreakerRecorded,
    CloseRecorded,
    Entry,
    EquityMarked,
    FillRecorded,
    Halted,
    HeartbeatRecorded,
    LimitsRecorded,
    OrderRecorded,
    Started,
    decode,
)
from sidecar.domain.report import Chain, DeskReport, FundLine, GreeksLine, PositionLine
from sidecar.store.frames import Record

MONEY = pa.decimal128(18, 4)
AT = pa.timestamp("us", "UTC")
_TEXT, _WHOLE, _REAL, _FLAG, _DAY = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()
_PLACES = Decimal("0.0001")
_MOST_MONEY = Decimal(10) ** 14
_MOST_WHOLE = 2**63
_MARKET = (
    "bid", "ask", "bid_size", "ask_size", "last", "mark", "volume", "open_interest", "iv", "delta", "gamma", "vega",
    "theta", "rho",
)  # fmt: skip

Row = tuple[Any, ...]


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


def _schema(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


def _of_lines(struct: type, **types: pa.DataType) -> pa.Schema:
    """``timestamp``, ``report_seq`` and the fields of a report's line: doubles, unless ``types`` says else."""
    fields = [(name, types.get(name, _REAL)) for name in struct.__struct_fields__]  # type: ignore[attr-defined]
    return pa.schema([("timestamp", AT), ("report_seq", _WHOLE), *fields])


_COUNTS = {"total_positions": _WHOLE, "trades": _WHOLE, "winning_trades": _WHOLE}
_NAMES = dict.fromkeys(
    ("id", "symbol", "underlying", "option_type", "strategy", "fund_id", "quality", "vol_quality"), _TEXT
)
_CASH = dict.fromkeys(("capital", "realized_pnl", "fees"), MONEY)

#: The columns of every table that is filled from here, in the order of a row.
SCHEMAS: dict[str, pa.Schema] = {
    "audit": _schema(
        seq=_WHOLE, timestamp=AT, wall_at=AT, kind=_TEXT, actor=_TEXT, action=_TEXT, outcome=_TEXT, detail=_TEXT,
        request_id=_TEXT, payload=_TEXT, digest=_TEXT,
    ),
    "instruments": _schema(
        id=_TEXT, underlying=_TEXT, kind=_TEXT, expiry=_DAY, strike=_REAL, option_type=_TEXT, expires_at=AT,
        lot_size=_WHOLE, tick_size=MONEY, freeze_quantity=_WHOLE,
    ),
    "orders": _schema(
        id=_TEXT, seq=_WHOLE, created_at=AT, updated_at=AT, state=_TEXT, actor=_TEXT, fund_id=_TEXT, strategy=_TEXT,
        symbol=_TEXT, side=_TEXT, quantity=_WHOLE, order_type=_TEXT, time_in_force=_TEXT, price=MONEY, filled=_WHOLE,
        average_price=MONEY, reduces_only=_FLAG, client_order_id=_TEXT, venue_order_id=_TEXT, reason=_TEXT, note=_TEXT,
    ),
    "fills": _schema(
        id=_TEXT, seq=_WHOLE, timestamp=AT, order_id=_TEXT, symbol=_TEXT, fund_id=_TEXT, strategy=_TEXT,
        quantity=_WHOLE, price=MONEY, fees=MONEY, note=_TEXT,
    ),
    "breaker_events": _schema(
        seq=_WHOLE, timestamp=AT, event=_TEXT, state=_TEXT, reason=_TEXT, actor=_TEXT, halt_seq=_WHOLE,
        limit_name=_TEXT, limit_value=_REAL, value=_REAL,
    ),
    "reports": _schema(
        timestamp=AT, seq=_WHOLE, day=_DAY, session_open=_FLAG, simulated=_FLAG, source=_TEXT, feed_up=_FLAG,
        breaker=_TEXT, halt_seq=_WHOLE, blind=_FLAG, positions=_WHOLE, working_orders=_WHOLE, quotes=_WHOLE,
        quotes_refused=_WHOLE,
    ),
    "pnl": _of_lines(FundLine, **_NAMES, **_CASH, **_COUNTS),
    "greeks": _of_lines(GreeksLine, **_NAMES),
    "positions": _of_lines(
        PositionLine, **_NAMES, **_CASH, expiry=_DAY, quantity=_WHOLE, entry_time=AT, updated_at=AT
    ),
    "quotes": pa.schema([("timestamp", AT), ("symbol", _TEXT), *((name, _REAL) for name in _MARKET)]),
}  # fmt: skip


def entry_tables(lines: Iterable[Line]) -> dict[str, pa.Table]:
    """The rows of journal records in order: of an order or instrument its last state, of a fill id the first."""
    keyed: dict[str, dict[Any, Row]] = {}
    for line in lines:
        for table, row in _entry_rows(*line):
            rows = keyed.setdefault(table, {})
            if table != "fills" or row[0] not in rows:
                rows[row[0]] = row
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


def quote_table(chain: Chain, symbols: pa.Array, since: NDArray[np.int64]) -> pa.Table:
    """The rows of the contracts whose quote is another one than at ``since`` (the chain's ``at`` then, 0 for none).

    ``symbols`` are the ids of ``chain.contracts``; ``since`` may be shorter, where contracts were listed later.
    """
    before = np.zeros(len(chain.at), np.int64)
    before[: len(since)] = since
    changed = np.flatnonzero(chain.at != before)
    columns = [
        pa.array(chain.at[changed], _WHOLE).cast(AT),
        symbols.take(pa.array(changed)),
        *(pa.array(getattr(chain, name)[changed], _REAL, from_pandas=True) for name in _MARKET),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMAS["quotes"])


def instrument(contract: Contract) -> Row:
    """The row of a contract in ``instruments``."""
    return (
        contract.id, contract.underlying, contract.kind, contract.expiry, contract.strike, contract.right,
        contract.expires_at, contract.lot_size, contract.tick_size, contract.freeze_quantity,
    )  # fmt: skip


def tabulate(table: str, rows: Iterable[Row]) -> pa.Table:
    """Rows as an Arrow table with the columns of ``table``."""
    schema = SCHEMAS[table]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [_column(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    fit = _FIT.get(kind)
    return pa.array([fit(value) for value in values] if fit else values, kind, from_pandas=True)


def _money(value: Decimal | None) -> Decimal | None:
    if value is None or not value.is_finite() or abs(value) >= _MOST_MONEY - 1:
        return None
    return value.quantize(_PLACES)


def _whole(value: int | None) -> int | None:
    return value if value is not None and -_MOST_WHOLE <= value < _MOST_WHOLE else None


_FIT: dict[pa.DataType, Callable[[Any], Any]] = {MONEY: _money, _WHOLE: _whole}


def _entry_rows(seq: int, entry: Entry, payload: bytes, digest: bytes) -> Iterator[tuple[str, Row]]:
    record = entry.record
    kind, says = _AUDIT[type(record)]
    yield "audit", (seq, record.at, entry.wall_at, kind, *says(record), payload.decode(), digest.hex())
    if isinstance(record, OrderRecorded):
        yield "instruments", instrument(record.contract)
        yield "orders", _order(seq, record)
    elif isinstance(record, FillRecorded):
        yield "fills", _fill(seq, record)
    elif isinstance(record, BreakerRecorded):
        yield "breaker_events", _breaker(seq, record)


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


#: By record: its ``kind``, and the actor, action, outcome, detail and request id of its line in ``audit``.
_AUDIT: Mapping[type, tuple[str, Callable[[Any], Row]]] = {
    Started: ("started", lambda r: ("sidecar", "start", "done", f"{r.version} on {r.market}", "")),
    OrderRecorded: ("order", lambda r: (r.order.actor, "order", r.order.state, r.order.id, "")),
    FillRecorded: ("fill", lambda r: ("venue", "fill", "done", r.fill.id, "")),
    BreakerRecorded: ("breaker", lambda r: (r.event.actor, r.event.event, r.state.status, r.event.reason, "")),
    LimitsRecorded: ("limits", lambda r: (r.actor, "change_limits", "done", r.reason, "")),
    EquityMarked: ("equity", lambda r: ("desk", "mark_equity", "done", r.day.isoformat(), "")),
    CloseRecorded: ("close", lambda r: (r.actor, "close", "wanted" if r.wanted else "ended", r.position_id, "")),
    HeartbeatRecorded: ("heartbeat", lambda r: (r.client, "heartbeat", "armed" if r.expires_in_s else "ended", "", "")),
    Halted: ("halted", lambda r: (r.actor, "stop", "done", f"{r.reason} (by the {r.source})", "")),
    Audited: ("audited", lambda r: (r.actor, r.action, r.outcome, r.detail, r.request_id)),
}
