"""The columns of every table that rows are put into, and how rows become an Arrow table of them.

A column holds money to four places (half even) and NULL where a number is unknown or does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sidecar.domain.bars import Bar
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.report import FundLine, GreeksLine, PositionLine
from sidecar.domain.system import SystemLine

MONEY = pa.decimal128(18, 4)
AT = pa.timestamp("us", "UTC")
_TEXT, _WHOLE, _REAL, _FLAG, _DAY = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()
_PLACES = Decimal("0.0001")
_MOST_MONEY = Decimal(10) ** 14
_MOST_WHOLE = 2**63
MARKET = (
    "bid", "ask", "bid_size", "ask_size", "last", "mark", "volume", "open_interest", "iv", "delta", "gamma", "vega",
    "theta", "rho",
)  # fmt: skip

Row = tuple[Any, ...]


def _schema(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


def _fields(struct: type, types: dict[str, pa.DataType]) -> list[tuple[str, pa.DataType]]:
    """The fields of a struct but for its ``timestamp``: doubles, unless ``types`` says else."""
    names: tuple[str, ...] = struct.__struct_fields__  # type: ignore[attr-defined]
    return [(name, types.get(name, _REAL)) for name in names if name != "timestamp"]


def _of_lines(struct: type, **types: pa.DataType) -> pa.Schema:
    """``timestamp``, ``report_seq`` and the fields of a report's line."""
    return pa.schema([("timestamp", AT), ("report_seq", _WHOLE), *_fields(struct, types)])


def _of_samples(struct: type, **types: pa.DataType) -> pa.Schema:
    """``timestamp``, which the line has itself, and its other fields."""
    return pa.schema([("timestamp", AT), *_fields(struct, types)])


def _of_bars() -> pa.Schema:
    """The fields of a bar in their order; ``at`` is a word of SQL, and called ``timestamp`` in a table."""
    types = {"symbol": _TEXT, "source": _TEXT, "simulated": _FLAG, "at": AT, "closes_at": AT, "known_at": AT}
    names = ((name, types.get(name, _REAL)) for name in Bar.__struct_fields__)
    return pa.schema([("timestamp" if name == "at" else name, kind) for name, kind in names])


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
    "quotes": pa.schema([("timestamp", AT), ("symbol", _TEXT), *((name, _REAL) for name in MARKET)]),
    "alerts": _schema(
        id=_TEXT, seq=_WHOLE, timestamp=AT, updated_at=AT, fingerprint=_TEXT, source=_TEXT, kind=_TEXT, type=_TEXT,
        level=_TEXT, severity=_WHOLE, title=_TEXT, message=_TEXT, count=_WHOLE, details=_TEXT, resolved=_FLAG,
        resolved_at=AT, resolved_by=_TEXT, acknowledged_by=_TEXT, acknowledged_at=AT, escalations=_WHOLE,
        inhibited_by=_TEXT, shown=_FLAG, revision=_WHOLE,
    ),
    "signals": _schema(
        id=_TEXT, seq=_WHOLE, timestamp=AT, fund_id=_TEXT, strategy=_TEXT, model_id=_TEXT, actor=_TEXT, symbol=_TEXT,
        signal_type=_TEXT, confidence=_REAL, horizon_s=_REAL, quantity=_WHOLE, reason=_TEXT, price=_REAL, due_at=AT,
        status=_TEXT, scored_at=AT, outcome_price=_REAL, outcome_return=_REAL, correct=_FLAG, note=_TEXT,
    ),
    "performance": _of_samples(
        PerformanceLine, fund_id=_TEXT, active_positions=_WHOLE, trades=_WHOLE, interval=_TEXT, observations=_WHOLE
    ),
    "system_status": _of_samples(
        SystemLine, api_status=_TEXT, problems=_TEXT, queues=_TEXT, feeds=_TEXT,
        **dict.fromkeys(
            ("ml_models", "active_traders", "strategies", "portfolios", "total_trades", "process_memory_bytes",
             "threads", "active_connections"),
            _WHOLE,
        ),
    ),
    "bars": _of_bars(),
    "predictions": _schema(
        id=_TEXT, seq=_WHOLE, timestamp=AT, model_id=_TEXT, family=_TEXT, role=_TEXT, symbol=_TEXT, bar_at=AT,
        known_at=AT, due_at=AT, horizon=_WHOLE, feature_hash=_TEXT, vector_hash=_TEXT, features=_TEXT, p_sell=_REAL,
        p_hold=_REAL, p_buy=_REAL, signal=_TEXT, confidence=_REAL, price=_REAL, abstained=_TEXT, expected_value=_REAL,
        explained=_TEXT, simulated=_FLAG, replayed=_FLAG,
    ),
    "prediction_outcomes": _schema(
        prediction_id=_TEXT, version=_WHOLE, seq=_WHOLE, timestamp=AT, label=_TEXT, move=_REAL, entry_price=_REAL,
        exit_price=_REAL, correct=_FLAG, note=_TEXT,
    ),
    "models": _schema(
        id=_TEXT, seq=_WHOLE, timestamp=AT, family=_TEXT, symbol=_TEXT, label=_TEXT, horizon=_WHOLE, role=_TEXT,
        verdict=_TEXT, trained_from=AT, trained_to=AT, rows=_WHOLE, simulated=_FLAG, feature_hash=_TEXT,
        model_hash=_TEXT, manifest_hash=_TEXT, accuracy=_REAL, accuracy_low=_REAL, accuracy_high=_REAL,
        majority_accuracy=_REAL, auc=_REAL, brier_skill=_REAL, log_loss=_REAL, before=_TEXT, reason=_TEXT, actor=_TEXT,
    ),
    "training_runs": _schema(
        id=_TEXT, seq=_WHOLE, timestamp=AT, kind=_TEXT, session=_TEXT, family=_TEXT, actor=_TEXT, result=_TEXT,
        started_at=AT, seconds=_REAL, reason=_TEXT, model_id=_TEXT, trials=_WHOLE, late=_FLAG,
    ),
    "backtests": _schema(
        id=_TEXT, seq=_WHOLE, timestamp=AT, actor=_TEXT, strategy=_TEXT, symbols=_TEXT, state=_TEXT, started_at=AT,
        seconds=_REAL, engine=_TEXT, simulated=_FLAG, total_return=_REAL, sharpe_ratio=_REAL, max_drawdown=_REAL,
        total_trades=_WHOLE, hash=_TEXT, reason=_TEXT,
    ),
}  # fmt: skip


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
