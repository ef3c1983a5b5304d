"""A desk in a process of its own that tells what it was told: every record and answer, the moment it is durable.

It runs until it is killed. What it says goes into a pipe, a JSON list a line, each line in one write: what was said
before a SIGKILL is read after it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from sidecar.domain.commands import ChangeLimits, CommandEvent, PlaceOrder, Reset, Stop
from sidecar.domain.contracts import Kind
from sidecar.domain.errors import DeskError
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.records import Entry, encode
from sidecar.domain.report import Published
from sidecar.run import Sidecar
from sidecar.settings import Settings
from sidecar.store.columns import SCHEMAS
from sidecar.store.frames import scan
from sidecar.store.projection import entry_tables, read
from tests.wiring import small

#: The tables that follow from the journal.
PROJECTED = ("audit", "orders", "fills", "breaker_events")
#: Room for any number of orders: what is watched here is the record, not the limits.
ROOM: dict[str, Any] = {
    "capital": {"main": "50000000"},
    "limits": {
        "order_rate": 1e6,
        "duplicate_order": 0.0,
        **{f"net_{greek}": 1e9 for greek in ("delta", "gamma", "vega", "theta")},
    },
}


def settings_of(folder: Path) -> Settings:
    """A small market at twenty times its pace, with the demonstration trading in it and room for more."""
    return small(folder, strategy="demo", store={"commit_ms": 20, "report_every_s": 1.0, "quotes": True}, **ROOM)


class Telling:
    """The writing end of the pipe; whoever has something to say may say it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __call__(self, *words: Any) -> None:
        os.write(self._fd, json.dumps(words).encode() + b"\n")  # below PIPE_BUF: in one piece, or not at all


def run(folder: Path, seed: int, tell: Telling, *, began: float, trading: bool, checkpoints: bool = False) -> None:
    """Open the desk of ``folder``, say what it recovered, and trade, stop and reset it until this process ends."""
    sidecar = Sidecar(settings_of(folder))
    tell("recovered", recovered(sidecar, folder))
    _tell_records(sidecar, tell)
    sidecar.start()
    while sidecar.live.latest is None:
        time.sleep(0.001)
    tell("ready", time.monotonic() - began)
    if checkpoints:
        threading.Thread(target=_checkpoint, args=(sidecar,), daemon=True).start()
    if trading:
        _trade(sidecar, Random(seed), tell)
    tell("idle")


def recovered(sidecar: Sidecar, folder: Path) -> dict[str, Any]:
    """What the desk knows before it begins, and whether its database says what the journal says."""
    state = sidecar.state
    return {
        "breaker": state.breaker.status.value,
        "halt_seq": state.breaker.halt_seq,
        "positions": {key: position.quantity for key, position in sorted(state.book.positions.items())},
        "orders": len(state.orders),
        "fills": len(state.book.seen),
        "notes": [note[:300] for note in state.notes],
        "database": disagreement(sidecar.writer.cursor(), folder),
    }


def disagreement(cursor: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """The first projected table that is not, row for row, what the journal on disk makes it; "" where all are."""
    records = scan((folder / "journal.log").read_bytes()).records
    cursor.execute("BEGIN")  # the writer may be at work beside
    known = cursor.execute("SELECT value::BIGINT FROM meta WHERE key = 'journal_seq'").fetchall()[0][0]
    tables = entry_tables(read(record) for record in records[:known])
    for table in PROJECTED:
        # The rows of the program before have no digest, which the proof at the start and audit verify look at.
        columns = ", ".join(f"{name}::VARCHAR" for name in SCHEMAS[table].names if name != "digest")
        cursor.register("wanted", tables.get(table, SCHEMAS[table].empty_table()))
        rows = f"SELECT {columns} FROM {{}} ORDER BY ALL"
        if cursor.execute(rows.format(table)).fetchall() != cursor.execute(rows.format("wanted")).fetchall():
            return table
    cursor.execute("ROLLBACK")
    cursor.close()
    return ""


def digest_of(payload: bytes) -> str:
    """What stands for a record on the pipe."""
    return sha256(payload).hexdigest()[:16]


def _tell_records(sidecar: Sidecar, tell: Telling) -> None:
    """Say each record of the running desk as soon as the journal says that it is on disk."""
    live: Any = sidecar.live
    projecting: Callable[[int, Sequence[Entry]], None] = live._kept

    def kept(last: int, entries: Sequence[Entry]) -> None:
        for seq, entry in enumerate(entries, last - len(entries) + 1):
            tell("record", seq, digest_of(encode(entry)))
        projecting(last, entries)

    live._kept = kept


def _checkpoint(sidecar: Sidecar) -> None:
    while True:
        with suppress(duckdb.Error), sidecar.writer.cursor() as cursor:  # it may have to wait for a commit
            cursor.execute("FORCE CHECKPOINT")


def _trade(sidecar: Sidecar, random: Random, tell: Telling) -> None:
    """Orders from two threads, stops, resets and limits from a third, each answer told."""
    threads = [
        threading.Thread(target=_ask, args=(sidecar, Random(random.random()), tell, name), daemon=True)
        for name in ("ann", "bob", "controls")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ask(sidecar: Sidecar, random: Random, tell: Telling, name: str) -> None:
    number = 0
    while True:
        number += 1
        request_id = f"{name}-{os.getpid()}-{number}"
        command = _control(sidecar, random, request_id) if name == "controls" else _order(sidecar, random, request_id)
        if command is None:
            time.sleep(0.005)
            continue
        tell("asked", request_id, type(command).__name__)
        try:
            outcome = sidecar.live.submit(command).result(20)
        except DeskError as problem:
            tell("failed", request_id, str(problem)[:200])
            return
        breaker = outcome.breaker
        tell("answer", request_id, outcome.status.value, breaker.status.value, breaker.halt_seq)
        time.sleep(random.uniform(0.0, 0.06 if name == "controls" else 0.004))


def _control(sidecar: Sidecar, random: Random, request_id: str) -> CommandEvent:
    asked: dict[str, Any] = {"at": sidecar.live.now(), "request_id": request_id, "actor": "ann", "reason": request_id}
    drawn = random.random()
    if drawn < 0.2:
        return Stop(**asked)
    if drawn < 0.75:
        return Reset(**asked)
    return ChangeLimits(limits={"vix": random.uniform(40.0, 60.0)}, **asked)


def _order(sidecar: Sidecar, random: Random, request_id: str) -> CommandEvent | None:
    published = sidecar.live.latest
    assert published is not None
    request = _request(published, random)
    if request is None:
        return None
    return PlaceOrder(at=sidecar.live.now(), request_id=request_id, actor="ann", request=request)


def _request(published: Published, random: Random) -> OrderRequest | None:
    """A lot of some option, half the time through the market and half the time resting."""
    chain = published.chain
    rows = [row for row, one in enumerate(chain.contracts) if one.kind is Kind.OPTION and chain.bid[row] > 5.0]
    if not rows:
        return None
    row = random.choice(rows)
    buys, through = random.random() < 0.5, random.random() < 0.5
    price = float(chain.ask[row] if buys == through else chain.bid[row]) * (1.0 + 0.01 * (1 if buys == through else -1))
    ticks = Decimal(round(price / 0.05)) * Decimal("0.05")
    contract = chain.contracts[row]
    return OrderRequest(contract.id, Side.BUY if buys else Side.SELL, contract.lot_size, ticks)
