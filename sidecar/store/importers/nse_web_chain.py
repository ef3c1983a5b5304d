"""The NSE web option chain of 2018-2019: bid and ask with quantities, LTP, volume, open interest, calls and puts a row.

Times are Indian. ``-`` (or null) means nothing there. Volume is in lots, open interest in units. The site's pages were
fetched one after another under one stamp, so that several index values may stand under it: the first is taken, the
others are refused as duplicates. Files of the default page do not say their expiry: it is the nearest of the calendar.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from sidecar.domain.errors import FileRefused
from sidecar.store.importers.nearest import nearest_expiry
from sidecar.store.importers.rows import (
    INDIA,
    MALFORMED,
    Options,
    Rows,
    assembled,
    dates,
    index_rows,
    instants,
    stacked,
)
from sidecar.store.importers.sources import (
    Glance,
    archive_files,
    joined,
    parquet_columns,
    parquet_table,
    readable,
    texts,
)

_FIELDS = {
    "bid": "BidPrice",
    "ask": "AskPrice",
    "bid_size": "BidQty",
    "ask_size": "AskQty",
    "last": "LTP",
    "volume": "Volume",
    "open_interest": "OI",
}
_SIDES = {"CE": "Call", "PE": "Put"}
CHAIN = ("StrikePrice", *(side + name for side in _SIDES.values() for name in _FIELDS.values()))
_MEMBER = re.compile(
    r"(?P<expiry>\d{1,2}[A-Z]{3}\d{4})/(?P<symbol>[A-Z]+)_(?P<day>\d\d-\d\d-\d{4})_(?P<time>\d\d[:.]\d\d)\.csv$"
)
NOTES = (
    "volume: lots of the source times the lot size of the day",
    "the first snapshots of a day may still show the previous close",
)


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    wanted = {*CHAIN, "symbol", "snapshot_ist"}
    return wanted <= set(glance.columns) or any(_MEMBER.search(name) for name in glance.members)


def load(path: Path) -> pd.DataFrame:
    """The Parquet table, or the same columns from an archive of ``…/18JUL2019/NIFTY_18-07-2019_09:47.csv``."""
    held = parquet_columns(path)
    if held:
        dated = ("expiry",) if "expiry" in held else ()
        return parquet_table(path, ("symbol", "snapshot_ist", "CurrentVal", *dated, *CHAIN))
    with readable(path):
        tables = [_member(path, name, content) for name, content in archive_files(path) if _MEMBER.search(name)]
    if not tables:
        raise FileRefused(str(path), "holds no EXPIRY/SYMBOL_DD-MM-YYYY_HH:MM.csv")
    return joined(tables)


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """Two option quotes a row, and an index quote for each value of ``CurrentVal`` under one stamp."""
    at = instants(pd.to_datetime(table["snapshot_ist"], errors="coerce"), options.zone_or(INDIA))
    symbol = table["symbol"].astype("str")
    notes: tuple[str, ...] = NOTES
    if "expiry" in table:
        expiry = dates(table["expiry"], "%d%b%Y")
        reason: Any = pd.Series("", table.index, dtype="str").mask(expiry == "", MALFORMED)
    else:
        expiry, reason = nearest_expiry(symbol, pd.to_datetime(table["snapshot_ist"]).dt.strftime("%Y-%m-%d"), options)
        notes = (*NOTES, "expiry: not in the source; the nearest on the day, by the reference calendar")
    base = {"underlying": symbol, "expiry": expiry, "at": at, "strike": table["StrikePrice"], "reason": reason}
    base |= {"file": table["file"], "row": table["row"]}
    legs = [
        assembled(
            base | {"right": right} | {name: table[side + column] for name, column in _FIELDS.items()}, table.index
        )
        for right, side in _SIDES.items()
    ]
    index = index_rows(table, symbol, at, table["CurrentVal"])
    return Rows(stacked([index, *legs]), in_lots=("volume",), notes=notes)


def _member(path: Path, name: str, content: bytes) -> pd.DataFrame:
    match = _MEMBER.search(name)
    table = texts(content, name)
    missing = [column for column in CHAIN if column not in table]
    if match is None or missing:
        raise FileRefused(str(path), f"{name} has no column {', '.join(missing)}")
    moment = pd.to_datetime(
        f"{match['day']} {match['time'].replace('.', ':')}", format="%d-%m-%Y %H:%M", errors="coerce"
    )
    value = table.get("CurrentVal", "")
    table = table.assign(symbol=match["symbol"], expiry=match["expiry"], CurrentVal=value)
    return table.assign(snapshot_ist=pd.Series(moment, table.index, dtype="datetime64[us]"))
