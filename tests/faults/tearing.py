"""The files of a desk that was killed, damaged one at a time, and what the next start makes of them.

    python -m tests.faults.tearing FILE HOW COUNT SEED FOLDER

FILE: journal, head, database, log. HOW: torn, flipped, zeroed. In a process of its own: DuckDB may take the whole
process with it. Prints what came of it as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus
from sidecar.domain.records import AnyRecord, Audited, BreakerRecorded, Entry, FillRecorded, OrderRecorded, encode
from sidecar.opening import FILE, open_journal
from sidecar.store.frames import Head
from sidecar.store.journal import Journal
from sidecar.store.writer import Writer
from tests.faults.child import disagreement
from tests.store.build import EPOCH, NOW, OPTION, fill, order, published, stopped

FILES = {"journal": FILE, "head": "journal.head", "database": "desk.duckdb", "log": "desk.duckdb.wal"}
WAYS = ("torn", "flipped", "zeroed")
RECORDS = 400
_FOLDED = 300  # of them in the database's main file, the rest in its log


class Found(NamedTuple):
    """What a start made of a damaged file: whether it said so, how many records it kept, and what it is in."""

    said: str
    kept: int
    caught_up: int
    state: str
    differs: str


def history() -> list[AnyRecord]:
    """Orders, fills, notes, a stop and its reset: the last breaker event leaves the desk active."""
    records: list[AnyRecord] = []
    for n in range(RECORDS - 2):
        made: tuple[AnyRecord, ...] = (
            OrderRecorded(NOW + n, order(f"o{n % 50}", at=NOW + n), OPTION),
            FillRecorded(NOW + n, fill(f"f{n}", NOW + n)),
            Audited(NOW + n, "ann", "note", "done", f"{n} of them"),
        )
        records.append(made[n % 3])
    active = BreakerEvent("reset", BreakerStatus.ACTIVE, "emergency_stop", "ann", NOW + RECORDS, 1)
    return [*records, stopped(), BreakerRecorded(NOW + RECORDS, active, BreakerState(halt_seq=1))]


def crashed(folder: Path) -> Path:
    """The files of a desk as a kill -9 leaves them: a journal, its head, a database and its log."""
    alive = folder / "alive"
    alive.mkdir(parents=True)
    entries = [Entry(NOW + n, record) for n, record in enumerate(history())]
    with Journal.open(alive / FILE, epoch=EPOCH) as journal:
        journal.append_many([encode(entry) for entry in entries]).result(30)
    opened = open_journal(alive, (), NOW)
    opened.journal.close()
    writer = Writer.open(alive / "desk.duckdb", now=NOW, commit_s=0.01, report_every_s=0.0)
    folded = opened.records[:_FOLDED]
    writer.catch_up(folded, Head(_FOLDED, folded[-1].digest))
    writer.offer(published())
    with writer.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    for first in range(_FOLDED, RECORDS, 20):
        group = opened.records[first : first + 20]
        writer.offer_entries(first + 1, entries[first : first + 20], group[-1].digest)
        _until(writer, group[-1].seq)
    left = folder / "crashed"
    shutil.copytree(alive, left, ignore=lambda _, names: [name for name in names if name.endswith(".reserve")])
    writer.close()
    return left


def _until(writer: Writer, seq: int) -> None:
    while (head := writer.head()) is None or head.seq < seq:
        time.sleep(0.001)


def damage(path: Path, how: str, random: Random) -> None:
    """Cut the file somewhere, flip one bit of it, or zero a block of it; never so that nothing changes."""
    data = bytearray(path.read_bytes())
    before = bytes(data)
    while bytes(data) == before:
        at = random.randrange(len(data))
        if how == "torn":
            del data[at:]
        elif how == "flipped":
            data[at] ^= 1 << random.randrange(8)
        else:
            size = random.choice((16, 512, 4096))
            data[at : at + size] = bytes(len(data[at : at + size]))
    path.write_bytes(data)


def start(folder: Path) -> Found:
    """What ``run.py`` does with a directory, as far as its files go."""
    writer = Writer.open(folder / "desk.duckdb", now=NOW)
    head = writer.head()
    opened = open_journal(folder, (head,) if head else (), NOW)
    caught_up = writer.catch_up(opened.records, opened.journal.head)
    said = "; ".join(filter(None, (writer.note, opened.damage, opened.journal.note)))
    breaker = [entry.record.state for _, entry in opened.entries if isinstance(entry.record, BreakerRecorded)]
    state = "emergency_stop" if opened.damage else breaker[-1].status.value
    found = Found(said, len(opened.entries), caught_up, state, disagreement(writer.cursor(), folder))
    opened.journal.close()
    writer.close()
    return found


def torn(file: str, how: str, count: int, seed: int, folder: Path) -> dict[str, Any]:
    """``count`` damages of one file: how many were said, how many only cost samples or nothing, and the states after.

    The start after it, looked at in each fifth case, must find nothing more to repair.
    """
    whole, random = crashed(folder), Random(seed)
    tally: Counter[str] = Counter()
    states: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(count):
        here = folder / f"{number}"
        shutil.copytree(whole, here)
        damage(here / FILES[file], how, random)
        found = start(here)
        again = start(here) if number % 5 == 0 else found._replace(said="")
        silent = not found.said
        tally["said"] += bool(found.said)
        tally["caught up"] += silent and found.caught_up > 0
        tally["harmless"] += silent and not found.caught_up
        states[found.state] += 1
        if found.differs or again.differs:
            wrong.append(f"{number}: {found.differs or again.differs} is not the journal's: {found}")
        if found.kept < RECORDS and found.state != "emergency_stop":
            wrong.append(f"{number}: {RECORDS - found.kept} records lost and not stopped: {found}")
        if again.kept != found.kept or (again.said and file in ("database", "log")):
            wrong.append(f"{number}: the second start: {again}")
        shutil.rmtree(here)
    return {"damaged": count, **tally, "states": dict(states), "wrong": wrong}


def main(arguments: list[str]) -> None:
    """Print the tally as JSON."""
    file, how, count, seed, folder = arguments
    print(json.dumps(torn(file, how, int(count), int(seed), Path(folder))))


if __name__ == "__main__":
    main(sys.argv[1:])
