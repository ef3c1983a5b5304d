"""``backup``: journal, database, models and keys into one file, while the desk runs or not."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rich.console import Console

from sidecar import backup
from sidecar.backup_file import Manifest
from sidecar.domain.errors import ConfigurationError, DeskRefused, InputError, StoreError
from sidecar.live import wall_now
from sidecar.settings import load_settings
from sidecar.store import snapshot
from sidecar.store.lock import DataDirectoryLock, owner
from sidecar.terminal.asking import desk_of
from sidecar.terminal.drilling import admin_key


def run(options: argparse.Namespace) -> int:
    """Make one; what is printed says what it holds, and that it was read back."""
    if options.keep is not None and options.keep < 1:
        raise InputError("--keep", "keeps none", "give 1 or more")
    folder = load_settings(data_dir=options.data_dir).data_dir
    if not (folder / backup.JOURNAL).exists():
        raise StoreError(f"{folder}: there is no journal, so there is nothing to back up")
    console = Console(highlight=False, soft_wrap=True, markup=False)
    now, began = wall_now(), time.perf_counter()
    target = backup.place_of(options.to, now)
    running, held = _copying(options, folder)
    with backup.alone(folder), held:
        left_out = backup.LARGE if options.without_archive else ()
        manifest = backup.made(folder, target, running, now, left_out)
    _tell(console, target, manifest, time.perf_counter() - began)
    for old in backup.thinned(target.parent, options.keep) if options.keep else ():
        console.print(f"removed   {old.name}")
    return 0


def _copying(
    options: argparse.Namespace, folder: Path
) -> tuple[Callable[[], Path | None], AbstractContextManager[object]]:
    """How the database is copied: by the running desk, or here while no desk can start."""
    if options.without_database:
        return lambda: None, nullcontext()
    if owner(folder) is None:
        return lambda: _here(folder), DataDirectoryLock(folder)
    return lambda: _by_the_desk(options, folder), nullcontext()


def _here(folder: Path) -> Path | None:
    if not (folder / snapshot.FILE).exists():
        return None
    snapshot.tidy(folder)
    place = folder / f"{snapshot.FOLDERS}{os.getpid()}"
    snapshot.copied(folder / snapshot.FILE, place)
    return place


def _by_the_desk(options: argparse.Namespace, folder: Path) -> Path:
    """Asks the running desk for a copy. :raises DeskError: it refuses, or it is not the desk of this directory."""
    key = admin_key(options.admin_key_file)
    if key is None:
        how = "name one with --admin-key-file FILE or DESK_ADMIN_KEY; or stop the desk first, or use --without-database"
        raise ConfigurationError("backup", "a running desk copies its database for an admin's key alone", how)
    with desk_of(options, key) as desk:
        try:
            told = desk.snapshot()
        except DeskRefused as refusal:
            if refusal.status not in (401, 403):
                raise
            raise ConfigurationError(
                "backup", f"the desk refuses the key ({refusal.detail})", "give an admin's"
            ) from None
    place = folder / str(told["folder"])
    if not place.is_dir():
        problem = f"the desk at {desk.url} is not that of {folder}"
        raise ConfigurationError("--url", problem, "name the address of the desk that runs there")
    return place


def _tell(console: Console, target: Path, manifest: Manifest, took: float) -> None:
    size = target.stat().st_size
    console.print(f"backup    {target}: {size:,} bytes of {manifest.bytes:,}, {took:.1f} s, read back and compared")
    console.print(f"journal   {manifest.journal_seq:,} records, every link holds, head {manifest.journal_digest}")
    without = "left out: bars, samples and quotes of the past are not in it, all else follows from the journal"
    reached = f"opens, up to record {manifest.database_seq}" if manifest.database_seq is not None else without
    console.print(f"database  {reached}")
    tops: dict[str, int] = {}
    for member in manifest.members:
        if (top := member.name.split("/")[0]) not in (backup.JOURNAL, backup.HEAD, snapshot.FILE):
            tops[top] = tops.get(top, 0) + 1
    told = ", ".join(f"{top} ({count} files)" if count > 1 else top for top, count in tops.items())
    console.print(f"besides   {told or 'nothing'}")
