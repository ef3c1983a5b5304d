"""A backtest as a folder: what was asked, the past that it runs on, and what came of it.

``job.json`` is there from the asking on, and ``bars.parquet`` while it runs. The process that works through it writes
one line of JSON a step to its standard output and, when it ends by itself, ``ended.json`` last of all: before it, where
it went through, ``report.html``, ``trades.csv`` and ``result.json``, each whole or not at all. A folder without
``ended.json`` is that of a backtest that waits, runs, or was broken off.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sidecar.domain.backtests import BacktestJob
from sidecar.learning.whole import get, put
from sidecar.proving.past import Past

JOB_FILE = "job.json"
BARS_FILE = "bars.parquet"
RESULT_FILE = "result.json"
REPORT_FILE = "report.html"
TRADES_FILE = "trades.csv"
ENDED_FILE = "ended.json"
#: What every id looks like. A folder of another name is none of ours, and no path is ever made of anything else.
ID = re.compile(r"B\d{12}-[0-9a-f]{6}", re.ASCII)
_OF_A_RESULT = (RESULT_FILE, REPORT_FILE, TRADES_FILE)
_REMEDY = "ask for the backtest again"


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One backtest to be done. ``past`` names the bars that will stand in the folder, if it is to read any.

    ``memory_mb`` bounds what the process may take beyond its own code, ``parent`` is the process that it ends with, 0
    for none; ``dask`` a scheduler's address for sweeps, empty for this machine alone.
    """

    job: BacktestJob
    past: Past
    memory_mb: int = 4_096
    parent: int = 0
    dask: str = ""


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of it in a line; the figures are None where they are not known."""

    done: bool
    reason: str = ""
    hash: str = ""
    total_return: float | None = None
    sharpe_ratio: float | None = None
    max_drawdown: float | None = None
    total_trades: int | None = None
    simulated: bool | None = None


def write_work(folder: Path, work: Work) -> None:
    """Write ``job.json`` into ``folder``, which is made. :raises OSError: the disk refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    put(folder / JOB_FILE, msgspec.json.format(msgspec.json.encode(work), indent=1))


def read_work(folder: Path) -> Work:
    """The work of a folder. :raises FileRefused: there is none, or it is not one of this program's."""
    return get(folder / JOB_FILE, Work, _REMEDY)


def write_ended(folder: Path, ended: Ended) -> None:
    """Write ``ended.json``: on return it is on the disk. :raises OSError: the disk refuses."""
    put(folder / ENDED_FILE, msgspec.json.encode(ended))


def read_ended(folder: Path) -> Ended | None:
    """What came of it; None where it was broken off. :raises FileRefused: the file is damaged."""
    return get(folder / ENDED_FILE, Ended, _REMEDY) if (folder / ENDED_FILE).is_file() else None


def empty(folder: Path) -> None:
    """Take away what there is of a result: nothing half-written is left of one that did not go through."""
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name.startswith(_OF_A_RESULT):
            file.unlink(missing_ok=True)


def folders(place: Path) -> list[Path]:
    """The folders of backtests in ``place``, the oldest first."""
    return sorted(one for one in place.iterdir() if ID.fullmatch(one.name)) if place.is_dir() else []


def tidy(place: Path, keep: int, standing: Iterable[str]) -> None:
    """Remove the folders of all but the newest ``keep``, and those of ``standing`` (ids), which are not over."""
    held = set(standing)
    over = [one for one in folders(place) if one.name not in held]
    for one in over[: max(len(over) - keep, 0)]:
        shutil.rmtree(one, ignore_errors=True)
