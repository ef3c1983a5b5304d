"""The 155-second index chain: LTP and open interest of 41 strikes round the money, NSE and BSE, nearest expiry.

An instant is the ``commit_time`` at which the capture was published: it lags the pull by 0-200 s, and stamping a row
earlier than it was known would let the desk look ahead. Rows whose ``LastUpdate`` is more than ten minutes away from
it hold another session's prices and are refused. The expiry is not recorded: it is the nearest of the calendar.
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
    Options,
    Refusal,
    Rows,
    assembled,
    index_rows,
    instants_of,
    stacked,
)
from sidecar.store.importers.sources import (
    Glance,
    archive_files,
    joined,
    json_document,
    located,
    parquet_columns,
    parquet_table,
    readable,
)

LEGS = {"CE": ("ltpCe", "oiCe"), "PE": ("ltpPe", "oiPe")}
COLUMNS = ("commit_time", "LastUpdate", "symbol", "CurrentPrice", "strike", "ltpCe", "oiCe", "ltpPe", "oiPe")
LAG = pd.Timedelta(minutes=10)
_MEMBER = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{6})_.*data\.json$")
NOTES = (
    "times are when each capture was published, 0-200 s after its pull; no bid, ask or volume in the source",
    "expiry: the nearest of each underlying on the day, by the reference calendar",
    "an expiry settles at the last index value seen in the session: the source does not publish the official close",
)


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    return set(COLUMNS) <= set(glance.columns) or any(_MEMBER.search(name) for name in glance.members)


def load(path: Path) -> pd.DataFrame:
    """The Parquet table, or the same columns from an archive of ``YYYY-MM-DD/HHMMSS_…data.json``, times in IST."""
    if parquet_columns(path):
        return parquet_table(path, COLUMNS)
    with readable(path):
        tables = [_snapshot(path, name, content) for name, content in archive_files(path) if _MEMBER.search(name)]
    if not tables:
        raise FileRefused(str(path), "holds no YYYY-MM-DD/HHMMSS_…data.json")
    return joined(tables)


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """Two option quotes a row (``last``, ``open_interest`` in units) and one index quote a capture."""
    local = table["commit_time"].dt.tz_convert(options.zone_or(INDIA))
    at = instants_of(table["commit_time"])
    reason = _stale(table["LastUpdate"], local)
    expiry, why = nearest_expiry(table["symbol"], local.dt.strftime("%Y-%m-%d"), options)
    reason = reason.mask(reason == "", why)
    base = {"underlying": table["symbol"], "at": at, "file": table["file"], "row": table["row"], "reason": reason}
    legs = [
        assembled(
            base
            | {
                "expiry": expiry,
                "strike": table["strike"],
                "right": right,
                "last": table[last],
                "open_interest": table[oi],
            },
            table.index,
        )
        for right, (last, oi) in LEGS.items()
    ]
    index = index_rows(table, table["symbol"], at, table["CurrentPrice"], reason)
    return Rows(stacked([index, *legs]), notes=NOTES)


def _stale(update: pd.Series[Any], local: pd.Series[Any]) -> pd.Series[str]:
    """``unknown_time`` where the capture's own minute (HH:MM ends ``LastUpdate``) is far from its publication."""
    minute = pd.to_datetime(
        local.dt.strftime("%Y-%m-%d ") + update.astype("str").str[-5:], format="%Y-%m-%d %H:%M", errors="coerce"
    )
    away = (local.dt.tz_localize(None) - minute).abs()
    none = update.isna() | (update.astype("str") == "")
    return pd.Series("", update.index, dtype="str").mask(~none & ~(away <= LAG), Refusal.UNKNOWN_TIME.value)


def _snapshot(path: Path, name: str, content: bytes) -> pd.DataFrame:
    match = _MEMBER.search(name)
    moment = pd.to_datetime(" ".join(match.groups()), format="%Y-%m-%d %H%M%S").tz_localize(INDIA) if match else pd.NaT
    tables = []
    try:
        for symbol, sides in json_document(content).items():
            chain = sides["OptionData"]["OptChain"]
            table = pd.DataFrame({column: pd.Series(chain[column]) for pair in LEGS.values() for column in pair})
            table = table.rename_axis("strike").reset_index()
            tables.append(table.assign(symbol=symbol, CurrentPrice=sides["PriceVol"]["CurrentPrice"]))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise FileRefused(str(path), f"{name} is not an index chain ({problem!r:.60})") from None
    whole = pd.concat(tables, ignore_index=True)
    whole["commit_time"] = pd.Series(pd.DatetimeIndex([moment] * len(whole)).as_unit("us"), whole.index)
    return located(whole.assign(LastUpdate=""), name)
