"""The one-minute NIFTY chain: LTP, volume and open interest of four expiries, spot on every row. No bid, no ask.

``timestamp`` is YYYYMMDDHHMM in Indian time; volume and open interest are in lots.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

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
from sidecar.store.importers.sources import Glance, parquet_table

COLUMNS = ("timestamp", "symbol", "expiry", "strike", "option_type", "spot", "ltp", "volume", "oi")
NAMES = {"NIFTY50": "NIFTY", "NIFTYBANK": "BANKNIFTY"}
NOTES = (
    "times are minutes: a value may have been seen up to a minute after its stamp; no bid or ask in the source",
    "volume and open interest: lots of the source times the lot size of the day",
)


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    return set(COLUMNS) <= set(glance.columns)


def load(path: Path) -> pd.DataFrame:
    """The file's table. :raises FileRefused: it cannot be read whole, or has not this format's columns."""
    return parquet_table(path, COLUMNS)


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """One option quote a row and one index quote a minute."""
    naive = pd.to_datetime(table["timestamp"].astype("str"), format="%Y%m%d%H%M", errors="coerce")
    at = instants(naive, options.zone_or(INDIA))
    underlying = table["symbol"].astype("str").replace(NAMES)
    expiry = dates(table["expiry"], "%d-%b-%Y")
    options_ = assembled(
        {
            "underlying": underlying,
            "expiry": expiry,
            "strike": table["strike"],
            "right": table["option_type"].astype("str"),
            "at": at,
            "last": table["ltp"],
            "volume": table["volume"],
            "open_interest": table["oi"],
            "reason": pd.Series("", table.index).mask(expiry == "", MALFORMED),
            "file": table["file"],
            "row": table["row"],
        },
        table.index,
    )
    index = index_rows(table, underlying, at, table["spot"])
    return Rows(stacked([index, options_]), in_lots=("volume", "open_interest"), notes=NOTES)
