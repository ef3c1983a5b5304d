"""A past that is given to a terminal: a file of bars of any kind, an archive, or a tape; and a backtest on it, here."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from sidecar.backtest.frame import of_frame
from sidecar.domain.backtest_result import BacktestResult
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.errors import FileRefused, InputError, ModelRejected, NotKnown
from sidecar.domain.models import ModelLine
from sidecar.domain.reference import Reference
from sidecar.learning.bar_file import Columns
from sidecar.learning.plan import Tell
from sidecar.learning.registry import Registry
from sidecar.markets import calendar_of, paper_settings
from sidecar.proving.past import Past
from sidecar.proving.run import run
from sidecar.reference import load_reference
from sidecar.settings import Settings, desk_config, load_settings
from sidecar.teaching import schooling_of

_STAMPS = ("datetime", "timestamp", "time", "date")


def tested(options: argparse.Namespace, request: BacktestRequest, tell: Tell) -> BacktestResult:
    """The backtest on the past that the flags name, under the settings of the desk; no desk hears of it.

    :raises InputError: what is asked for cannot be. :raises BacktestFailed: it broke on the way.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    settings = load_settings(data_dir=options.data_dir)
    reference = load_reference()
    calendar = calendar_of(settings, reference)
    past, given = past_of(options, settings, calendar, request), None
    if options.bars is not None and not past.bars:
        given = bars_of(options.bars, request.symbols, calendar, reference, options.zone)
    return run(request, past, reference, tell, options.dask or "", given)


def past_of(options: argparse.Namespace, settings: Settings, calendar: Calendar, request: BacktestRequest) -> Past:
    """What there is of the past; a file of bars that are not this program's own is not in it."""
    pattern = schooling_of(settings, calendar).pattern
    return Past(
        config=desk_config(settings),
        paper=paper_settings(settings),
        spec=pattern.spec,
        plan=pattern.plan,
        bars=str(options.bars) if options.bars is not None and _whole(options.bars) else "",
        archive=_place(options.archive, "folder"),
        tape=_place(options.tape, "file"),
        models=pattern.models,
        model=_model(Path(pattern.models), request.model_id),
        strategy_file=request.strategy if request.strategy.endswith(".py") else "",
        strategy_s=settings.backtest.strategy_seconds,
    )


def bars_of(
    path: Path, symbols: tuple[str, ...], calendar: Calendar, reference: Reference, zone: str | None = None
) -> Columns:
    """The bars of one underlying from CSV or Parquet, each row as it is: what is wrong with them is told by the run.

    They begin at ``datetime``, ``timestamp``, ``time`` or ``date``, or at ``date`` and ``time`` together. ``zone`` is
    that of times which say none.

    :raises InputError: the file cannot be read, lacks a column, or its times say no zone and none is given.
    """
    if len(symbols) != 1:
        raise InputError("--symbols", f"{len(symbols)} of them, and a file of prices is of one", "name that one")
    table = _table(path)
    stamp = next((name for name in _STAMPS if name in table), "")
    if not stamp:
        raise FileRefused(path.name, f"has no column {', '.join(_STAMPS)}", "say when each bar begins")
    times = table[stamp]
    if stamp == "time" and "date" in table:
        times = table["date"].astype(str) + " " + times.astype(str)
    try:
        columns = of_frame(table.set_index(pd.Index(times)), symbols[0], calendar, reference, zone)
        return columns | {"source": np.full(len(columns["at"]), path.name, object)}
    except InputError as problem:
        if problem.field == "index":
            remedy = problem.remedy if zone else "give times with an offset, or --zone Asia/Kolkata"
            raise FileRefused(path.name, f"{stamp}: {problem.problem}", remedy) from None
        raise
    except NotKnown:
        raise InputError("--symbols", f"no table knows {symbols[0][:40]!r}", "see data/reference") from None


def _whole(path: Path) -> bool:
    """Whether it is a file of this program's own bars."""
    if path.suffix != ".parquet":
        return False
    try:
        return set(Bar.__struct_fields__) <= set(pq.read_schema(path).names)
    except (OSError, ValueError) as problem:  # pyarrow's own errors are ValueErrors
        raise _unreadable(path, problem) from None


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path).reset_index()
        else:
            table = pd.read_csv(path, dtype={"Date": str, "date": str, "Time": str, "time": str})
    except (OSError, ValueError, UnicodeDecodeError) as problem:
        raise _unreadable(path, problem) from None
    return table.rename(columns={name: str(name).strip().lower() for name in table.columns})


def _unreadable(path: Path, problem: Exception) -> FileRefused:
    told = " ".join(str(problem).split())[:120]
    return FileRefused(path.name, f"cannot be read ({told})", "give bars as CSV or Parquet")


def _place(path: Path | None, what: str) -> str:
    if path is None:
        return ""
    if not (path.is_dir() if what == "folder" else path.is_file()):
        raise FileRefused(str(path), f"is no {what} that is there", "see: python -m sidecar import --help")
    return str(path.resolve())


def _model(folder: Path, model_id: str) -> ModelLine | None:
    try:
        return Registry(folder).found(model_id) if model_id else None
    except ModelRejected:
        raise InputError("--model", f"{model_id[:60]!r} is not there", f"name one that lies in {folder}") from None
