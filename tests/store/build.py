"""Records, reports and chains as the desk makes them, small and seeded."""

import time
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import nan
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np

from sidecar.domain import clock
from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Fill, Order, OrderRequest, OrderState, Side
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import (
    AnyRecord,
    BreakerRecorded,
    Entry,
    encode,
)
from sidecar.domain.report import (
    Chain,
    Counters,
    DeskReport,
    FundLine,
    GreeksLine,
    PositionLine,
    Published,
    Quality,
)
from sidecar.domain.signals import Signal, SignalRequest, SignalType
from sidecar.domain.system import SystemLine
from sidecar.store.frames import Head, Record, chained, genesis
from sidecar.store.projection import Line, read

NOW = clock.parse("2026-08-18T09:15:00+05:30")
EPOCH = b"0123456789abcdef"
OPTION = Contract(
    "NIFTY", Kind.OPTION, date(2026, 8, 18), 24600.0, Right.CALL, NOW + 6 * 3600 * clock.SECOND, 65, Decimal("0.05")
)


def order(name: str = "o1", state: OrderState = OrderState.OPEN, at: int = NOW, **changes: Any) -> Order:
    request = OrderRequest(OPTION.id, Side.SELL, 65, Decimal("80.35"), fund_id=changes.pop("fund_id", "main"))
    created = changes.pop("created_at", NOW)
    return Order(name, changes.pop("request", request), state, "trader", created, at, **changes)


def fill(name: str = "f1", at: int = NOW, **changes: Any) -> Fill:
    fields: dict[str, Any] = {"order_id": "o1", "symbol": OPTION.id, "fund_id": "main", "strategy": "demo"}
    fields |= {"quantity": -65, "price": Decimal("80.35"), "fees": Decimal("12.3456")} | changes
    return Fill(id=name, at=at, **fields)


def alert(name: str = "a1", at: int = NOW, level: AlertLevel = AlertLevel.CRITICAL, **changes: Any) -> Alert:
    fields: dict[str, Any] = {"updated_at": at, "details": {"limit": "0.03", "wörd": "☂"}} | changes
    return Alert(
        name, "limits:breach:main daily_loss", "limits", "breach", AlertType.ERROR, level, 5, "Daily loss",
        "3.1 % of capital; the limit is 3 %", at, **fields,
    )  # fmt: skip


def signal(name: str = "s1", at: int = NOW, fund_id: str = "main", strategy: str = "demo", **changes: Any) -> Signal:
    request = SignalRequest(OPTION.id, SignalType.BUY, 0.625, 900.0, 65, strategy, "m1", fund_id, "cheap")
    fields: dict[str, Any] = {"price": 80.35, "due_at": at + 900 * clock.SECOND} | changes
    return Signal(name, request, "demo", at, **fields)


def performance(at: int = NOW, fund_id: str = "*", value: float = 1_000_000.0) -> PerformanceLine:
    return PerformanceLine(
        fund_id, clock.to_datetime(at), value, 0.01, nan, 2, 1.5, nan, 0.2, 0.0, 0.04, 0.5, nan, 7, "1 minute",
        94_500.0, 120,
    )  # fmt: skip


def measured(at: int = NOW, status: str = "ok", **changes: Any) -> SystemLine:
    line = SystemLine(
        clock.to_datetime(at), status, ("the feed is down",), 1, 2, 3, 4, 5, 0.5, 0.25, nan, 2**31, 0.1, 12, 0.003,
        0.05, 60.0, 3, {"store": 1, "inbox": 0}, {"sim": "up"},
    )  # fmt: skip
    return msgspec.structs.replace(line, **changes)


def stopped(halt_seq: int = 1, at: int = NOW) -> BreakerRecorded:
    cause = Cause(Trigger.EMERGENCY_STOP, at, "trader", "drill")
    event = BreakerEvent("triggered", BreakerStatus.EMERGENCY_STOP, "emergency_stop", "trader", at, halt_seq)
    return BreakerRecorded(at, event, BreakerState(BreakerStatus.EMERGENCY_STOP, (cause,), at, halt_seq))


def entries(*records: AnyRecord) -> list[Entry]:
    return [Entry(record.at + 7, record) for record in records]


def records_of(journal: Sequence[Entry], upto: int | None = None) -> tuple[Record, ...]:
    """These entries as the journal of ``EPOCH`` keeps them, up to record ``upto``."""
    return chained(EPOCH, (encode(entry) for entry in journal[:upto]))


def lines_of(*records: AnyRecord) -> list[Line]:
    return [read(record) for record in records_of(entries(*records))]


def head_of(journal: Sequence[Entry], upto: int | None = None) -> Head:
    """The head that the journal of these entries has after record ``upto``."""
    records = records_of(journal, upto)
    return Head(len(records), records[-1].digest if records else genesis(EPOCH))


def fund(fund_id: str = "*", value: float = 1_000_000.0, pnl: float = 0.0) -> FundLine:
    return FundLine(
        fund_id, Decimal(1_000_000), value, pnl, pnl / 1e6, Decimal("10.5"), nan, Decimal("1.25"), value, 0.0, 0.0,
        1.0, 2.0, 0.1, 1, 3, 2, Quality.LIVE,
    )  # fmt: skip


def position() -> PositionLine:
    at = clock.to_datetime(NOW)
    return PositionLine(
        "p1", OPTION.id, "NIFTY", OPTION.expiry, OPTION.strike, OPTION.right, -65, -1.0, 80.35, nan, nan, nan,
        Decimal(0), Decimal("12.3456"), "demo", "main", at, None, Quality.MISSING, nan, nan, nan, nan, nan, nan, nan,
    )  # fmt: skip


def report(seq: int = 1, at: int = NOW, funds: tuple[FundLine, ...] = (), **changes: Any) -> DeskReport:
    none: Any = ()
    fields: dict[str, Any] = {
        "day": date(2026, 8, 18), "session_open": True, "session_open_at": None, "session_close_at": None,
        "simulated": True, "source": "sim", "feed_up": True, "currency": "INR", "calendar_days_left": 100,
        "breaker": BreakerState(), "blind": False, "funds": funds or (fund(),), "positions": (position(),),
        "awaiting_settlement": none, "greeks": (GreeksLine("*", "NIFTY", 1.0, nan, 2.0, 3.0, 4.0, 5.0, Quality.LIVE),),
        "markets": none, "data_quality": none, "limits": none, "orders": none, "breaker_events": none, "notes": none,
        "counters": Counters(10, {"crossed": 2, "stale": 1}, 0, 0, 0, 0, {}, 0, {}),
    }  # fmt: skip
    return DeskReport(seq, clock.to_datetime(at), **(fields | changes))


def contracts(count: int) -> tuple[Contract, ...]:
    expiry = date(2026, 8, 18)
    return tuple(Contract("NIFTY", Kind.OPTION, expiry, 20000.0 + 50 * n, Right.CALL, NOW) for n in range(count))


def chain(listed: tuple[Contract, ...], at: int | Sequence[int] = NOW, bid: float = 80.0) -> Chain:
    unknown = np.full(len(listed), nan)
    fields = {name: unknown for name in Chain.__dataclass_fields__ if name not in ("contracts", "rows", "at")}
    fields["bid"] = np.full(len(listed), bid)
    return Chain(
        listed, {one.id: row for row, one in enumerate(listed)}, at=np.full(len(listed), at, np.int64), **fields
    )


def published(seq: int = 1, at: int = NOW, listed: tuple[Contract, ...] = (OPTION,), **changes: Any) -> Published:
    return Published(report(seq, at, **changes), chain(listed, at))


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the file, sorted, times as text."""
    with duckdb.connect(path, read_only=True) as connection:
        names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        query = "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {} ORDER BY ALL"
        return {name: connection.execute(query.format(name)).fetchall() for name in sorted(names)}


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.005)
