"""India VIX: the NSE's daily export (byte order mark, blanks in the names, DD-MON-YYYY) and the 2.5-minute series.

The export's close is stamped at the last instant of the day's session. The series is stamped at ``commit_time``, when a
value was published; rows whose own ``Time`` (HH-MM or HH-MM-SS) is more than ten minutes away from it repeat an older
value and are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sidecar.store.importers.listing import INDIA_VIX
from sidecar.store.importers.rows import INDIA, Options, Refusal, Rows, assembled, dates, instants_of, last_instants
from sidecar.store.importers.sources import Glance, required, text_table

_EXPORT = ("Date", "Open", "High", "Low", "Close", "Prev. Close")
_SERIES = ("commit_time", "Time", "Price")
_LAG = pd.Timedelta(minutes=10)


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    held = {name.strip() for name in glance.head.split(",")}
    return set(_EXPORT) <= held or set(_SERIES) <= held


def load(path: Path) -> pd.DataFrame:
    """The file's table. :raises FileRefused: it cannot be read whole, or has not this format's columns."""
    table = text_table(path)
    table = table.rename(columns={name: str(name).strip() for name in table.columns})
    table = required(table, _SERIES if "commit_time" in table else _EXPORT, path)
    return table.reindex(columns=["Date", "Close", *_SERIES, "file", "row", "broken"]).astype(
        {"Date": "str", "Time": "str"}
    )


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """One index quote a row."""
    daily = table["commit_time"].isna()
    at_close, why = last_instants(dates(table["Date"], "%d-%b-%Y"), options.reference, "NSE")
    published = pd.to_datetime(table["commit_time"], errors="coerce", utc=True)
    stale = _stale(table["Time"], published.dt.tz_convert(options.zone_or(INDIA)))
    rows = assembled(
        {
            "underlying": INDIA_VIX,
            "at": instants_of(published).mask(daily, at_close),
            "last": table["Price"].mask(daily, table["Close"]),
            "reason": stale.mask(daily, why),
            "file": table["file"],
            "row": table["row"],
        },
        table.index,
    )
    return Rows(rows, notes=("India VIX is an index value: it is not traded",))


def _stale(time: pd.Series[Any], local: pd.Series[Any]) -> pd.Series[Any]:
    full = time.where(time.str.len() == len("HH-MM-SS"), time + "-00")
    own = pd.to_datetime(local.dt.strftime("%Y-%m-%d ") + full, format="%Y-%m-%d %H-%M-%S", errors="coerce")
    away = (local.dt.tz_localize(None) - own).abs()
    return pd.Series("", time.index, dtype="str").mask(~(away <= _LAG), Refusal.UNKNOWN_TIME.value)
