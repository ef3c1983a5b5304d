"""``restore``: a backup brought back into an empty directory, whole and proved, or not at all."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.console import Console

from sidecar.backup_file import Manifest
from sidecar.domain.errors import ConfigurationError
from sidecar.restoring import rehearsed, restored
from sidecar.store.schema import migrations


def run(options: argparse.Namespace) -> int:
    """Bring one back; with ``--check`` only say whether it could be."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    began = time.perf_counter()
    if options.check:
        manifest = rehearsed(options.file, options.file.with_name(f".{options.file.name}"))
        console.print(f"{options.file}: sound, and can be restored ({time.perf_counter() - began:.1f} s)")
        _tell(console, manifest)
        return 0
    folder: Path | None = options.data_dir
    if folder is None:
        raise ConfigurationError("data_dir", "is not given", "name the new directory: --data-dir restored")
    manifest = restored(options.file, folder)
    console.print(f"{folder}: restored from {options.file} ({time.perf_counter() - began:.1f} s)")
    _tell(console, manifest)
    console.print(f"start it with: python -m sidecar up --data-dir {folder}")
    console.print("Never let it and the desk that it is a copy of trade in one account: stop that one first.")
    return 0


def _tell(console: Console, manifest: Manifest) -> None:
    console.print(f"made      {manifest.made_at} by Deskwatch {manifest.program}, {len(manifest.members)} files match")
    console.print(f"journal   {manifest.journal_seq:,} records, every link holds, head {manifest.journal_digest}")
    if manifest.database_seq is None:
        console.print("database  none in it; the first start makes it from the journal")
    else:
        behind = manifest.journal_seq - manifest.database_seq
        older = f"; schema {manifest.schema}, brought up at the start" if manifest.schema < len(migrations()) else ""
        late = f"; the {behind} records after it come in at the start" if behind else ""
        console.print(f"database  opens, up to record {manifest.database_seq}{late}{older}")
