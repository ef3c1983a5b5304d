"""Desks that are killed at random moments, one after the other on the same files, and what the next one finds.

    python -m tests.faults.killing '{"load": 100, "start": 20}' SEED FOLDER

A cold start costs seconds, so that this process imports everything and loads the kernels, and each desk is a fork of
it. It has one thread and no open database, and a fork of it is as good as a new process.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from sidecar.book.position import position_id
from sidecar.domain.breaker import BreakerState
from sidecar.domain.records import AnyRecord, Audited, BreakerRecorded, FillRecorded, decode
from sidecar.pricing.warming import warm
from sidecar.reference import load_reference
from sidecar.store import schema
from sidecar.store.frames import Record, scan
from tests.faults import child

#: How many desks are killed on one directory before the next begins with an empty one.
CHAIN = 8
#: How many of them are killed on their way up, one after the other, before one may come up.
BLOWS = 4
PATIENCE_S = 60.0
Line = list[Any]


@dataclass
class Tally:
    """What was done and seen, over all kills."""

    kills: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    extra: int = 0
    most_extra: int = 0
    ready_s: list[float] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)


class Desk:
    """A forked desk, and the pipe on which it says what it was told."""

    def __init__(self, folder: Path, seed: int, **how: Any) -> None:
        reading, writing = os.pipe()
        began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            self._be_the_desk(folder, seed, reading, writing, began, **how)
        os.close(writing)
        self._fd, self._rest = reading, b""
        self.lines: list[Line] = []

    def _be_the_desk(
        self,
        folder: Path,
        seed: int,
        reading: int,
        writing: int,
        began: float,
        *,
        slow_migration: bool = False,
        **how: Any,
    ) -> None:
        status = 1
        try:
            os.close(reading)
            tell = child.Telling(writing)
            if slow_migration:
                _announce_migration(tell)
            child.run(folder, seed, tell, began=began, **how)
            while True:
                time.sleep(60)
        except BaseException as problem:  # the pipe is the only way to say it
            os.write(2, f"{type(problem).__name__}: {problem}\n".encode())
            raise
        finally:
            os._exit(status)

    def read(self, seconds: float) -> bool:
        """Take what comes within a time; False at the end."""
        ready, _, _ = select.select([self._fd], [], [], max(seconds, 0.0))
        if not ready:
            return True
        data = os.read(self._fd, 1 << 16)
        *whole, self._rest = (self._rest + data).split(b"\n")
        self.lines += map(json.loads, whole)
        return bool(data)

    def until(self, word: str) -> Line:
        """Wait for a line that begins with ``word``."""
        end = time.monotonic() + PATIENCE_S
        while not (found := [line for line in self.lines if line[0] == word]):
            if not self.read(end - time.monotonic()) or time.monotonic() > end:
                raise AssertionError(f"the desk ended without {word!r}: {self.lines[-3:]}")
        return found[0]

    def pass_lines(self, count: int, seconds: float) -> None:
        """Wait until so much more was said, but no longer than ``seconds``."""
        end, wanted = time.monotonic() + seconds, len(self.lines) + count
        while len(self.lines) < wanted and (left := end - time.monotonic()) > 0 and self.read(left):
            pass

    def pass_time(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.read(left):
            pass

    def kill(self) -> None:
        """SIGKILL, and everything that was said before it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        while self.read(1.0):
            pass
        os.close(self._fd)


def _announce_migration(tell: child.Telling) -> None:
    """The desk says when it begins to migrate its database, so that it can be killed while it does."""
    migrate = schema.migrate

    def announced(connection: schema.Connection) -> int:
        tell("migrating")
        return migrate(connection)

    schema.migrate = announced


class Killing:
    """One directory after the other, ``CHAIN`` kills each; ``tally`` holds what came of it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._root = folder
        self._random = Random(seed)
        self._asked = 0
        self.tally = Tally()
        self._open_s = 1.0

    def run(self, kind: str, kills: int) -> None:
        """So many kills of one kind: under load, or at the start, recovery, damage, checkpoint or migration."""
        left = kills
        while left > 0:
            folder = self._root / f"{kind}-{left}"
            desk = Desk(folder, 0, trading=True)
            self._open_s = desk.until("ready")[1]
            desk.pass_lines(60, 1.0)
            desk.kill()
            told = desk.lines
            begun = left
            while left > max(begun - CHAIN, 0):
                if kind in ("load", "checkpoint"):
                    left, told = left - 1, self._kill_running(kind, folder, told)
                else:
                    blows = min(BLOWS, left)
                    left, told = left - blows, self._kill_opening(kind, folder, told, blows)
            self._recover(folder, told, None)
            shutil.rmtree(folder)
            print(json.dumps(self.tally.__dict__), flush=True)

    def _kill_running(self, kind: str, folder: Path, told: list[Line]) -> list[Line]:
        desk = self._recover(folder, told, {"checkpoints": kind == "checkpoint"})
        desk.pass_lines(self._random.randrange(80), 1.5)
        desk.pass_time(self._random.uniform(0.0, 0.01))
        desk.kill()
        self.tally.kills[kind] += 1
        return desk.lines

    def _kill_opening(self, kind: str, folder: Path, told: list[Line], blows: int) -> list[Line]:
        """Kill desks on their way up: whatever they were at, the next one finds all that was told before."""
        for _ in range(blows):
            if (prepare := _PREPARED.get(kind)) is not None:
                prepare(folder)
            if kind == "damage":
                sound = len(_records(folder))
                told = [line for line in told if line[0] == "record" and line[1] <= sound]
            desk = Desk(folder, self._random.randrange(1 << 30), trading=False, slow_migration=kind == "migration")
            if kind == "migration":
                desk.until("migrating")
                desk.pass_time(self._random.uniform(0.0, 0.05))
            else:
                desk.pass_time(self._random.uniform(0.0, self._open_s * 1.2))
            desk.kill()
            told += desk.lines
            self.tally.kills[kind] += 1
        after = self._recover(folder, told, {}, stopped=kind == "damage")
        after.pass_lines(20, 1.0)
        after.kill()
        return after.lines

    def _recover(self, folder: Path, told: list[Line], how: dict[str, Any] | None, *, stopped: bool = False) -> Desk:
        """The next desk on these files: what it says must be what was told before, and no less; or it is stopped."""
        records = _records(folder)
        desk = Desk(folder, self._random.randrange(1 << 30), trading=how is not None, **(how or {}))
        state = desk.until("recovered")[1]
        self.tally.ready_s.append(desk.until("ready")[1])
        if stopped:
            self.tally.lost += [f"the stop: {state['breaker']}"] * (state["breaker"] != "emergency_stop")
            state |= {"breaker": "", "halt_seq": 0}
        self._check(records, told, state)
        if how is None:
            desk.kill()
        return desk

    def _check(self, records: tuple[Record, ...], told: list[Line], state: dict[str, Any]) -> None:
        tally = self.tally
        entries = [decode(record.payload).record for record in records]
        acknowledged = {line[1]: line[2] for line in told if line[0] == "record"}
        for seq, digest in acknowledged.items():
            if seq > len(records) or child.digest_of(records[seq - 1].payload) != digest:
                tally.lost.append(f"record {seq}")
        audited = Counter(record.request_id for record in entries if isinstance(record, Audited))
        answers = [line for line in told if line[0] == "answer"]
        tally.lost += [f"answer {line[1]} ({audited[line[1]]} times)" for line in answers if audited[line[1]] != 1]
        extra = len(records) - max(acknowledged, default=len(records))
        tally.extra += extra
        tally.most_extra = max(tally.most_extra, extra)
        tally.told["records"] += len(acknowledged)
        tally.told["answers"] += len(answers)
        tally.told["fills"] += sum(isinstance(entries[seq - 1], FillRecorded) for seq in acknowledged)
        tally.lost += [f"{what} are not as in the journal" for what in _differences(entries, state)]
        tally.kept[state["breaker"] or "stopped, since the journal was damaged"] += 1


def _records(folder: Path) -> tuple[Record, ...]:
    """The sound ones, of a damaged journal too."""
    return scan((folder / "journal.log").read_bytes()).records


def _differences(entries: list[AnyRecord], state: dict[str, Any]) -> Iterator[str]:
    """What of a recovered desk is not the fold of the journal that it was recovered from."""
    fills = {record.fill.id: record.fill for record in reversed(entries) if isinstance(record, FillRecorded)}
    if sum(isinstance(record, FillRecorded) for record in entries) != len(fills):
        yield "fills (one stands twice)"
    held: Counter[str] = Counter()
    for fill in fills.values():
        held[position_id(fill.fund_id, fill.strategy, fill.symbol)] += fill.quantity
    if dict(held) != state["positions"]:
        yield "positions"
    breaker = next((one.state for one in reversed(entries) if isinstance(one, BreakerRecorded)), BreakerState())
    if state["breaker"] and (breaker.status.value, breaker.halt_seq) != (state["breaker"], state["halt_seq"]):
        yield "breaker"
    if state["database"]:
        yield f"rows of {state['database']}"


def _lose_the_database(folder: Path) -> None:
    """The recovery has everything to project again, and a torn tail to cut away."""
    for name in ("desk.duckdb", "desk.duckdb.wal"):
        (folder / name).unlink(missing_ok=True)
    with (folder / "journal.log").open("ab") as file:
        file.write(b"\x07" * 41)


def _flip_a_bit(folder: Path) -> None:
    """In a record that was acknowledged, among the last ten."""
    path = folder / "journal.log"
    data = bytearray(path.read_bytes())
    found = scan(bytes(data))
    if found.head.seq:  # a kill may have come before the first record of all
        data[found.end_of(max(found.head.seq - 10, 0)) + 60] ^= 0x10
    path.write_bytes(data)


#: The tables that the program before did not have.
LATER_TABLES = (
    "alerts", "signals", "performance", "system_status", "bars", "predictions", "prediction_outcomes", "models",
    "training_runs", "backtests",
)  # fmt: skip


def _set_the_schema_back(folder: Path) -> None:
    """As the program before this one left the database. In a fork: DuckDB starts threads, which no fork may see."""
    pid = os.fork()
    if pid == 0:
        try:
            connection = schema.connect(folder / "desk.duckdb")
            connection.execute("ALTER TABLE audit DROP COLUMN IF EXISTS digest")
            for table in LATER_TABLES:
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
            connection.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


_PREPARED: dict[str, Callable[[Path], None]] = {
    "recovery": _lose_the_database,
    "migration": _set_the_schema_back,
    "damage": _flip_a_bit,
}


def main(arguments: list[str]) -> None:
    """So many kills of each kind; prints the tally so far as a line of JSON, again and again: the last is of all."""
    plan, seed, folder = json.loads(arguments[0]), int(arguments[1]), Path(arguments[2])
    pa.array([], pa.string())  # imports pandas, which takes longer than all else
    warm()
    load_reference()  # what each of the forks would read anew
    killing = Killing(folder, seed)
    for kind, kills in plan.items():
        killing.run(kind, kills)


if __name__ == "__main__":
    main(sys.argv[1:])
