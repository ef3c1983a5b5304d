"""Reads the reference tables that ship with the program; ``sidecar.domain.reference`` gives them their meaning."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from sidecar.domain.errors import FileRefused
from sidecar.domain.reference import Reference, parse_reference
from sidecar.domain.tables import TABLES
from sidecar.risk.stresses import Stress, parse_stresses

FOLDER = Path(__file__).resolve().parent.parent / "data" / "reference"


def load_reference(folder: Path | None = None) -> Reference:
    """The reference of the CSV tables in ``folder`` (UTF-8, one header line); by default those of the repository.

    :raises FileRefused: a table cannot be read. :raises InputError: a row cannot be used; it says which and why.
    """
    return _shipped() if folder is None else _parsed(folder)


@cache
def _shipped() -> Reference:
    """Those of the repository, which do not change while the program runs."""
    return _parsed(FOLDER)


def _parsed(folder: Path) -> Reference:
    return parse_reference({name: _rows(folder / f"{name}.csv") for name in TABLES})


def load_stresses(folder: Path | None = None) -> tuple[Stress, ...]:
    """The named stresses of ``stresses.csv``. :raises FileRefused, InputError: as :func:`load_reference`."""
    return parse_stresses(_rows((folder or FOLDER) / "stresses.csv"))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise FileRefused(str(path), f"cannot be read ({problem})", "restore the table from the repository") from None
