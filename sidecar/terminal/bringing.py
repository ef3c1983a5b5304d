"""``import``: exchange files into the archive, with what was refused and why."""

from __future__ import annotations

import argparse
from datetime import date

from rich.console import Console

from sidecar.domain.errors import InputError
from sidecar.reference import load_reference
from sidecar.settings import load_settings
from sidecar.store.importing import describe, run_import


def run(options: argparse.Namespace) -> int:
    """Import; 1 if a file was refused or nothing was taken."""
    settings = load_settings(data_dir=options.data_dir)
    console = Console()
    with console.status("reading", spinner="dots") as status:
        result = run_import(
            options.files,
            data_dir=settings.data_dir,
            reference=load_reference(),
            format=options.format,
            zone=options.zone,
            expiry=_day("--expiry", options.expiry),
            day=_day("--date", options.date),
            progress=status.update,
        )
    console.print(describe(result), highlight=False, soft_wrap=True, markup=False)
    return 1 if result.failed or not result.taken else 0


def _day(flag: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(flag, f"{text!r} is not a date", "write YYYY-MM-DD") from None
