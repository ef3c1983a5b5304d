"""A data directory as a desk leaves it, small, and a backup of it that can be told lies with."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from sidecar import backup
from sidecar.backup_file import Manifest
from sidecar.domain.records import Audited, Entry, FillRecorded, OrderRecorded, encode
from sidecar.servers.keys import KeyStore, Role, write_private
from sidecar.store import snapshot
from sidecar.store.journal import Journal
from sidecar.store.writer import Writer
from tests.store.build import EPOCH, NOW, OPTION, entries, fill, head_of, order, published, records_of, stopped

RECORDS = entries(
    OrderRecorded(NOW, order(), OPTION), FillRecorded(NOW + 2, fill()), stopped(), Audited(NOW, "ann", "stop", "done")
)
#: What lies in the directory beside journal and database.
BESIDES = {
    "ui.key": b"a secret",
    "notify.urls": b"json://127.0.0.1",
    "STOP.witness": b"not confirmed\n",
    "models/m1/model.json": b"{}" * 4_000,
    "backtests/B1/result.json": b"[]",
    "archive/tape/NIFTY/date=2026-08-18/quotes.parquet": b"PAR1",
    "history/reports/date=2026-08-18/rows.parquet": b"PAR1",
    "tapes/a.tape": b"tape",
}
#: What lies there too, and is nobody's to keep.
PASSING = (
    "jobs/T1/work.json", "login/abc", "keys.lock", "models/m2.unfinished/model.json", "desk.duckdb.corrupt-1",
    "archive/tape/NIFTY/date=2026-08-19/quotes.parquet.unfinished",
)  # fmt: skip


def directory(folder: Path, journal: list[Entry] | None = None, known: int | None = None) -> Path:
    """A data directory whose journal has these entries, and whose database knows the first ``known`` of them."""
    journal = RECORDS if journal is None else journal
    folder.mkdir()
    with Journal.open(folder / backup.JOURNAL, epoch=EPOCH) as made:
        for entry in journal:
            made.append(encode(entry)).result(5)
    writer = Writer.open(folder / snapshot.FILE, now=NOW, commit_s=0.01)
    writer.catch_up(records_of(journal, known), head_of(journal, known))
    writer.offer(published())
    writer.close()
    KeyStore(folder).add(Role.ADMIN, "ann")
    for name, data in BESIDES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_private(folder / name, data)
    for name in PASSING:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def copy_of(folder: Path) -> Callable[[], Path]:
    """How the database of a directory is copied while nobody has it open."""

    def copy() -> Path:
        snapshot.copied(folder / snapshot.FILE, folder / "snapshot-test")
        return folder / "snapshot-test"

    return copy


def backed(folder: Path, target: Path) -> Manifest:
    """A backup of a directory that no desk runs in."""
    return backup.made(folder, target, copy_of(folder), NOW)


def told(path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> Path:
    """The backup at ``path`` with its members as ``change`` leaves them, in a file of its own."""
    with pa.input_stream(str(path), compression="zstd") as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        members = []
        for info in tar:
            file = tar.extractfile(info)
            members.append((info, file.read() if file else b""))
    change(members)
    made = path.with_name(f"changed-{path.name}")
    with pa.output_stream(str(made), compression="zstd") as sink, tarfile.open(fileobj=sink, mode="w|") as tar:
        for info, data in members:
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))
    return made
