"""Bars of one instrument, or its value each second, as CSV.

Three layouts: ``Date``/``Time`` (or one ``datetime``) with OHLC, ``Time`` as epoch seconds with OHLC, and two columns
without a header (time, value). A bar's stamp is its start: its close becomes a quote at the bar's last microsecond, so
that nothing is known early; its other prices go into the archive alone. The length of a bar is the smallest step of the
file. The instrument is the column ``Instrument`` or the start of the file's name.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from sidecar.domain.errors import FileRefused
from sidecar.store.importers.rows import INDIA, UNKNOWN_AT, Options, Rows, assembled, numbers, stamps
from sidecar.store.importers.sources import Glance, glance, required, text_table

_OHLC = ("open", "high", "low", "close")
_STAMPS = ("datetime", "timestamp")
_KEPT = ("symbol", "stamp", *_OHLC[:3], "last", "volume", "file", "row", "broken")
_NAMES = {"NIFTY50": "NIFTY", "NIFTYBANK": "BANKNIFTY"}
_SECONDS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,[\d.]+\s*$")
_MICROSECONDS_A_SECOND = 1_000_000


def detect(seen: Glance) -> bool:
    """Whether a file looks like this format."""
    held = {name.strip().lower() for name in seen.head.split(",")}
    bars = set(_OHLC) <= held and bool(held & {"time", *_STAMPS}) and "expiry_dt" not in held
    return bars or _SECONDS.match(seen.head) is not None


def load(path: Path) -> pd.DataFrame:
    """The columns ``symbol``, ``stamp`` (text or epoch seconds), ``last``, ``volume``, and whether it is a ``bar``.

    A bar has its ``open``, ``high`` and ``low`` too.
    """
    seconds = _SECONDS.match(glance(path).head) is not None
    table = text_table(path, names=["stamp", "last"]) if seconds else _bars(path)
    if "symbol" not in table:
        table = table.assign(symbol=_named(path))
    return table.assign(bar=not seconds, symbol=table["symbol"].str.upper().replace(_NAMES))


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """One index quote a row."""
    start = stamps(table["stamp"], options.zone_or(INDIA))
    at = start.copy()
    for _, group in table.groupby(["file", "bar"], observed=True):
        if group["bar"].iloc[0]:
            at.loc[group.index] = start[group.index] + _step(start[group.index]) - 1
    at = at.mask(start == UNKNOWN_AT, UNKNOWN_AT)
    rows = assembled(
        {
            "underlying": table["symbol"],
            "at": at,
            "last": table["last"],
            "volume": table["volume"] if "volume" in table else float("nan"),
            "file": table["file"],
            "row": table["row"],
        },
        table.index,
    )
    if table["bar"].any():
        began = start.where(table["bar"].astype("bool"), UNKNOWN_AT)
        rows = rows.assign(since=began, **{name: numbers(table[name])[0] for name in _OHLC[:3]})
    note = "a bar's close is stamped at the bar's last microsecond; its open, high and low are in the archive alone"
    return Rows(rows, notes=(note,) if table["bar"].any() else ())


def _step(start: pd.Series[int]) -> int:
    """The smallest step between stamps; a file of one bar is taken as a minute."""
    known = start[start != UNKNOWN_AT].drop_duplicates().sort_values()
    step = known.diff().min()
    return int(step) if step == step else 60 * _MICROSECONDS_A_SECOND


def _bars(path: Path) -> pd.DataFrame:
    table = text_table(path)
    table = table.rename(columns={name: str(name).strip().lower() for name in table.columns})
    required(table, _OHLC, path)
    found = [name for name in _STAMPS if name in table]
    if not found and "time" not in table:
        raise FileRefused(str(path), "has no column datetime, timestamp or time")
    stamp = table[found[0]] if found else table["time"]
    if not found and "date" in table:
        stamp = table["date"] + " " + stamp
    kept = table.assign(
        stamp=stamp, last=table["close"], **({"symbol": table["instrument"]} if "instrument" in table else {})
    )
    return kept[[name for name in _KEPT if name in kept]]


def _named(path: Path) -> str:
    match = re.match(r"[A-Za-z]+(?:50)?", path.name)
    if match is None:
        raise FileRefused(str(path), "names no instrument", "start its name with one, as in NIFTY_1min.csv")
    return match[0]
