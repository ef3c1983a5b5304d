"""What a desk's record weighs: bytes a million quotes, how fast old days leave, and a start with a month of data.

    python -m bench.store_growth [DAYS] [QUOTES]

DAYS market days (22) of QUOTES quotes each (500,000) and a second's samples of a small book are put into the database
through its own writer, and round trips into the journal: hours of a market in a minute. Prices lie on the tick grid and
wander; sizes are lots; Greeks and volatilities have all their digits, as a desk's have. Then the days that are older
than a week leave, and a real ``python -m sidecar serve`` starts: on nothing, and on that month, before and after.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import msgspec
import numpy as np
import psutil
import pyarrow as pa

from bench.loop import table
from sidecar.domain import clock
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Fill, Order, OrderRequest, OrderState, Side
from sidecar.domain.records import AnyRecord, Entry, FillRecorded, OrderRecorded, encode
from sidecar.opening import FILE
from sidecar.store import snapshot
from sidecar.store.archive import SIMULATED_DESK
from sidecar.store.columns import MARKET, SCHEMAS, tabulate
from sidecar.store.journal import Journal
from sidecar.store.projection import instrument
from sidecar.store.retention import Move, checkpoint, moved
from sidecar.store.writer import Writer
from tests.wiring import environment, free_port

ZONE = ZoneInfo("Asia/Kolkata")
FIRST = date(2026, 9, 7)
SESSION_S = 22_500
TRIPS = 300
STRIKES = 82
KEPT_DAYS = 7
PATIENCE_S = 300.0
#: A desk that lets nothing leave by itself.
SETTINGS = {
    "DESK_CAPITAL__MAIN": "50000000",
    **{f"DESK_RETENTION__{name}_DAYS": "0" for name in ("QUOTES", "REPORTS", "GREEKS", "PNL")},
}
FEES = Decimal("12.3456")
MIB = 1024 * 1024
LISTED = tuple(
    Contract("NIFTY", Kind.OPTION, date(2026, 12, 29), 24_000.0 + 50 * n, Right.CALL, lot_size=65)
    for n in range(2 * STRIKES)
)
#: Rows a sample of a small book: a report, two lines of P&L, four positions, two of Greeks.
LINES = {"reports": 1, "pnl": 2, "positions": 4, "greeks": 2}


def opens(day: date) -> int:
    return clock.parse(f"{day}T09:15:00+05:30")


def sessions(days: int) -> list[date]:
    """The weekdays from the first on."""
    found = (FIRST + timedelta(days=number) for number in range(2 * days + 7))
    return [day for day in found if day.weekday() < 5][:days]


def quotes(day: date, rows: int) -> pa.Table:
    """A day of quotes of the chain in turn."""
    random = np.random.default_rng(day.toordinal())
    at = opens(day) + np.linspace(0, SESSION_S * clock.SECOND, rows, endpoint=False).astype(np.int64)
    which = np.arange(rows) % len(LISTED)
    base = 20.0 + which * 2.0 + np.cumsum(random.normal(0.0, 0.01, rows))
    bid = np.maximum(0.05, np.round(base / 0.05) * 0.05)
    bid_size, ask_size, traded, interest = 65.0 * random.integers(1, 60, (4, rows))
    values = dict.fromkeys(MARKET, bid) | {"ask": bid + 0.05 * random.integers(1, 9, rows), "last": bid}
    values |= {"bid_size": bid_size, "ask_size": ask_size, "volume": np.cumsum(traded), "open_interest": interest * 1e3}
    values |= {name: base * random.uniform(0.9, 1.1, rows) for name in MARKET[MARKET.index("iv") :]}
    names = pa.array([one.id for one in LISTED]).take(pa.array(which))
    columns = [pa.array(at).cast(SCHEMAS["quotes"].field("timestamp").type), names]
    return pa.Table.from_arrays([*columns, *(pa.array(values[name]) for name in MARKET)], schema=SCHEMAS["quotes"])


def samples(name: str, day: date, rows: int) -> pa.Table:
    """A day of samples: numbers that wander, texts of a few kinds."""
    random = np.random.default_rng(rows + day.toordinal())
    at = opens(day) + np.repeat(np.arange(SESSION_S), rows)[: SESSION_S * rows] * clock.SECOND
    count = len(at)
    arrays = []
    for field in SCHEMAS[name]:
        if field.name in ("timestamp", "entry_time", "updated_at"):
            arrays.append(pa.array(at).cast(field.type))
        elif pa.types.is_floating(field.type):
            arrays.append(pa.array(np.cumsum(random.normal(0.0, 1.0, count))))
        elif pa.types.is_decimal(field.type):
            arrays.append(pa.array(random.integers(0, 9_999, count), pa.int32()).cast(field.type))
        elif pa.types.is_date(field.type):
            arrays.append(pa.array([day] * count, field.type))
        elif pa.types.is_string(field.type):
            arrays.append(pa.array([f"{field.name} {n}" for n in range(4)]).take(pa.array(np.arange(count) % 4)))
        else:
            arrays.append(pa.array(np.arange(count) // rows).cast(pa.int64()).cast(field.type, safe=False))
    return pa.Table.from_arrays(arrays, schema=SCHEMAS[name])


def round_trips(day: date) -> Iterator[AnyRecord]:
    """A day of positions opened and closed: each order pending and filled, and its fill."""
    for number in range(TRIPS):
        contract = LISTED[number % len(LISTED)]
        for half, side in enumerate((Side.SELL, Side.BUY)):
            at = opens(day) + (number * 60 + half * 30) * clock.SECOND
            name = f"O{day:%m%d}{number:04}{half}"
            price = Decimal("80.35") - half
            order = Order(name, OrderRequest(contract.id, side, 65, price), OrderState.PENDING, "demo", at, at)
            yield OrderRecorded(at, order, contract)
            fill = Fill(
                f"F{name}", name, contract.id, "main", "demo", -65 if side is Side.SELL else 65, price, FEES, at
            )  # fmt: skip
            yield FillRecorded(at, fill)
            filled = msgspec.structs.replace(order, state=OrderState.FILLED, filled=65, average_price=price)
            yield OrderRecorded(at, filled, contract)


def made(folder: Path, days: list[date], rows: int) -> tuple[int, int]:
    """Make the month; gives the journal's records and its bytes."""
    folder.mkdir()
    payloads = [encode(Entry(record.at, record)) for day in days for record in round_trips(day)]
    with Journal.open(folder / FILE, epoch=bytes(16)) as journal:
        for first in range(0, len(payloads), 10_000):
            journal.append_many(payloads[first : first + 10_000]).result(60)
    writer = Writer.open(folder / snapshot.FILE, now=opens(days[0]))
    with writer.between() as database:
        database.write([("instruments", tabulate("instruments", map(instrument, LISTED)))], None)
        for day in days:
            parts = [("quotes", quotes(day, rows)), *((name, samples(name, day, each)) for name, each in LINES.items())]
            database.write(parts, None)
    writer.close()
    return len(payloads), (folder / FILE).stat().st_size


def weight(folder: Path, days: list[date], rows: int) -> dict[str, float]:
    """Bytes a million rows of each table, in a database that holds nothing else."""
    found = {}
    for name in ("quotes", *LINES):
        path = folder / f"{name}.duckdb"
        writer = Writer.open(path, now=opens(days[0]))
        empty = writer.size_bytes
        count = 0
        with writer.between() as database:
            for day in days[:3]:
                part = quotes(day, rows) if name == "quotes" else samples(name, day, LINES[name])
                count += len(part)
                database.write([(name, part)], None)
        writer.close()
        found[name] = (path.stat().st_size - empty) / count * 1e6
    return found


def leave(folder: Path, days: list[date]) -> list[tuple[str, ...]]:
    """Let the old days go, and say how that was."""
    writer = Writer.open(folder / snapshot.FILE, now=opens(days[0]))
    before, slices = writer.size_bytes, 0
    between = writer.between

    def counted() -> Any:
        nonlocal slices
        slices += 1
        return between()

    writer.between = counted  # type: ignore[method-assign]  # it is the real one, counted
    move = Move(writer, folder, SIMULATED_DESK, ZONE)
    rows = {}
    began = time.perf_counter()
    for name in ("quotes", *LINES):
        rows[name] = moved(move, name, days[-1] - timedelta(days=KEPT_DAYS - 1))
    took = time.perf_counter() - began
    began = time.perf_counter()
    checkpoint(writer)
    pause = time.perf_counter() - began
    after = writer.size_bytes
    writer.close()
    parquet = [*folder.glob("archive/**/quotes.parquet")]
    size = sum(path.stat().st_size for path in parquet)
    return [
        ("rows that left", f"{sum(rows.values()):,} in {took:.1f} s, {sum(rows.values()) / took:,.0f} a second"),
        ("slices deleted between commits", f"{slices:,}"),
        ("checkpoint at the end", f"{pause:.2f} s"),
        ("database before and after", f"{before / MIB:,.0f} and {after / MIB:,.0f} MiB"),
        ("Parquet of a million quotes", f"{size / max(rows['quotes'], 1) * 1e6 / MIB:,.1f} MiB"),
    ]


def started(folder: Path) -> tuple[float, float, float]:
    """Seconds of the clock and of CPU to readiness, and MiB of memory then."""
    port = free_port()
    command = [sys.executable, "-m", "sidecar", "serve", "--data-dir", str(folder), "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--strategy", "none"], env=environment(**SETTINGS), stderr=subprocess.DEVNULL)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            while not _ready(client):
                if process.poll() is not None or time.perf_counter() > began + PATIENCE_S:
                    raise RuntimeError("the desk was not ready in time, or has ended")
                time.sleep(0.02)
        took, seen = time.perf_counter() - began, psutil.Process(process.pid)
        spent = seen.cpu_times()
        return took, spent.user + spent.system, seen.memory_info().rss / MIB
    finally:
        process.terminate()
        process.wait(60)


def _ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx2.TransportError:
        return False


def main(days: int = 22, rows: int = 500_000) -> None:
    """The tables."""
    os.nice(5)
    month = sessions(days)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heavy = weight(folder, month, rows)
        table(("table", "MiB a million rows"), [(each, f"{size / MIB:,.1f}") for each, size in heavy.items()])
        began = time.perf_counter()
        records, size = made(folder / "month", month, rows)
        print(f"\n{days} days made in {time.perf_counter() - began:.0f} s; the journal: {records:,} records of")
        print(f"{TRIPS} round trips a day, {size / MIB:,.1f} MiB, {size / records:,.0f} bytes a record\n")
        starts = [
            ("an empty directory", *started(folder / "new")),
            (f"a month ({days} days)", *started(folder / "month")),
        ]
        gone = leave(folder / "month", month)
        starts.append(("it, when old days have left", *started(folder / "month")))
    table(("old days leaving", ""), gone)
    print()
    told = [(what, f"{clocked:.1f}", f"{spent:.1f}", f"{mib:,.0f}") for what, clocked, spent, mib in starts]
    table(("a start on", "seconds to readiness", "of CPU", "MiB"), told)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
