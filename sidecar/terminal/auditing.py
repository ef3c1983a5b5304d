"""``audit verify`` and ``audit rebuild``: the journal's chain, checked; the database, made anew from it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from sidecar.domain.errors import InputError, StoreError
from sidecar.live import wall_now
from sidecar.opening import FILE
from sidecar.settings import load_settings
from sidecar.store.agreement import agreement
from sidecar.store.database import rebuild
from sidecar.store.lock import DataDirectoryLock, owner
from sidecar.store.reader import open_read_only
from sidecar.store.recovery import Recovery, head_path, recover, verified

_DATABASE = "desk.duckdb"
_LOST = (
    "The database is made anew from the journal. What the journal does not keep is not in it: bars, sampled reports, "
    "quotes, P&L, Greeks and positions of the past. The old file stays beside it as *.replaced-<time>."
)


def run(options: argparse.Namespace) -> int:
    """One of verify, rebuild."""
    settings = load_settings(data_dir=options.data_dir)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    if options.what == "verify":
        return _verify(settings.data_dir, console)
    return _rebuild(settings.data_dir, console, sure=options.yes)


def _verify(folder: Path, console: Console) -> int:
    """1 at the first broken link, or where the database says something else."""
    path, began = folder / FILE, time.perf_counter()
    found = verified(path)
    took = time.perf_counter() - began
    records, head = found.scan.records, found.scan.head
    console.print(f"journal   {path}: {head.seq:,} records, every link holds ({took:.2f} s)")
    if found.note:
        console.print(f"          {found.note}")
    console.print(f"head      {head.digest.hex()}, record {head.seq}")
    if not head_path(path).exists():
        console.print("          no head file beside it: a copy, which ends on a whole record")
    return _compare(folder, found, console) if records else 0


def _compare(folder: Path, found: Recovery, console: Console) -> int:
    path = folder / _DATABASE
    if (pid := owner(folder)) is not None:
        console.print(
            f"database  not compared: a sidecar (process {pid}) has it open, which compared the heads as it began"
        )
        return 0
    if not path.exists():
        console.print("database  there is none; the next start makes it from the journal")
        return 0
    said = agreement(path, found.scan.records)
    if said.problem:
        console.print(f"database  {path}: {said.problem}; make it anew with: python -m sidecar audit rebuild")
        return 1
    behind = found.scan.head.seq - said.reached
    console.print(
        f"database  {path}: agrees with the journal up to record {said.reached}"
        + (f"; the {behind} after it come in at the next start" if behind else "")
        + (f"; {said.without} rows of an older program have no digest (audit rebuild)" if said.without else "")
    )
    return 0


def _rebuild(folder: Path, console: Console, *, sure: bool) -> int:
    """Make the database anew; 1 if that was not wanted after all."""
    path = folder / FILE
    if not path.exists():
        raise StoreError(f"{path}: there is no journal to make a database from")
    with DataDirectoryLock(folder):
        found = recover(path)
        console.print(_LOST)
        _count_lost(folder / _DATABASE, console)
        if not sure and not _agreed(console):
            console.print("nothing was changed")
            return 1
        head = found.scan.head
        columns = (*Progress.get_default_columns(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("records", total=head.seq)
            rows = rebuild(folder / _DATABASE, found.scan.records, head, wall_now(), lambda n: progress.advance(bar, n))
        told = ", ".join(f"{count:,} {table}" for table, count in sorted(rows.items()))
        console.print(f"{folder / _DATABASE}: made anew from {head.seq:,} records: {told or 'no rows'}")
    return 0


def _count_lost(path: Path, console: Console) -> None:
    """Say how much that is, where the file can still be read."""
    try:
        with open_read_only(path) as reader:
            counts = reader.sampled()
    except StoreError as problem:
        console.print(f"({problem})")
        return
    console.print("Sampled rows in it now: " + ", ".join(f"{count:,} {table}" for table, count in counts.items()))


def _agreed(console: Console) -> bool:
    if not sys.stdin.isatty():
        raise InputError("yes", "nobody is here to agree", "run it with --yes")
    return console.input("Go on? [y/N] ").strip().lower() in ("y", "yes")
