"""The past that a backtest runs on: which there is, between which days, and what a desk gives along with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.archived import VOLATILITY_INDEX
from sidecar.desk.config import DeskConfig
from sidecar.domain.models import ModelLine
from sidecar.features.labels import LabelSpec
from sidecar.learning.bar_file import load_bars
from sidecar.learning.plan import Plan
from sidecar.venues.matching import PaperSettings

Columns = Mapping[str, NDArray[Any]]
#: The first and the last day of what there is of one symbol.
Span = tuple[date, date]
#: The trading days that there are of each symbol, in order.
Days = Mapping[str, tuple[date, ...]]


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backtest is given beside the request; paths are texts, empty where there is none.

    ``bars`` is a Parquet file of bars of any symbols, ``archive`` the folder of imported quotes, ``tape`` a recorded
    market; the first that fits the request is read. ``config`` and ``paper`` are the desk's own, so that its gate and
    its venue hold; its capital is replaced by the request's. ``spec`` and ``plan`` are how its models learn, ``model``
    the one that the request names, in the folder ``models``. ``strategy_file`` is a user's own, by its owner's leave
    alone, and ``strategy_s`` the wall seconds that one call of a strategy may take.
    """

    config: DeskConfig
    paper: PaperSettings
    spec: LabelSpec
    plan: Plan
    bars: str = ""
    archive: str = ""
    tape: str = ""
    models: str = ""
    model: ModelLine | None = None
    strategy_file: str = ""
    strategy_s: float = 5.0


def archived_days(folder: Path) -> dict[str, tuple[date, ...]]:
    """The imported days of each underlying, over all formats; empty where nothing was imported."""
    found: dict[str, set[date]] = {}
    for place in folder.glob("*/*/date=*"):
        if place.parent.name == VOLATILITY_INDEX:
            continue  # nothing is traded on it
        found.setdefault(place.parent.name, set()).add(date.fromisoformat(place.name.removeprefix("date=")))
    return {symbol: tuple(sorted(days)) for symbol, days in sorted(found.items())}


def spans(days: Days) -> dict[str, Span]:
    """The first and the last of each symbol's days."""
    return {symbol: (held[0], held[-1]) for symbol, held in days.items() if held}


def bar_days(columns: Columns) -> dict[str, tuple[date, ...]]:
    """The trading days that bars are of, by symbol."""
    symbols = columns["symbol"].astype(str)
    found = {}
    for symbol in np.unique(symbols).tolist():
        ordinals = np.unique(columns["session"][symbols == symbol])
        found[symbol] = tuple(date.fromordinal(int(day)) for day in ordinals[ordinals == ordinals])
    return found


def bars_of(columns: Columns, symbol: str) -> dict[str, NDArray[Any]]:
    """The bars of one symbol, in order of time."""
    mine = {name: column[columns["symbol"].astype(str) == symbol] for name, column in columns.items()}
    order = np.argsort(mine["at"], kind="stable")
    return {name: column[order] for name, column in mine.items()}


def read_bars(past: Past) -> dict[str, NDArray[Any]] | None:
    """The bars of the file that there is; None where there is none. :raises FileRefused: it cannot be read."""
    return load_bars(Path(past.bars)) if past.bars else None
