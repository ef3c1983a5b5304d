"""The NSE option-chain API, flattened to one option a row: bid, ask, quantities, LTP, volume, open interest, spot.

The timestamps have no offset, and the known files mix Indian time and UTC. A time of day that could be either (09:00
to 10:15 is market time in both) is refused as ambiguous unless ``--zone`` says which it is; other times are Indian.
A price of zero with no quantity, and a last price of zero with no volume, are the API's way to say that there is none.
Volume and open interest are in lots.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sidecar.store.importers.rows import (
    INDIA,
    MALFORMED,
    Options,
    Refusal,
    Rows,
    assembled,
    dates,
    index_rows,
    nothing_bid,
    stacked,
    stamps,
)
from sidecar.store.importers.sources import Glance, required, text_table

_FIELDS = {
    "strike": "strike_price",
    "right": "option_type",
    "bid": "bid_price",
    "ask": "ask_price",
    "bid_size": "bid_qty",
    "ask_size": "ask_qty",
    "last": "last_price",
    "volume": "total_traded_volume",
    "open_interest": "open_interest",
}
COLUMNS = ("timestamp", "symbol", "expiry_date", "underlying_value", *_FIELDS.values())
_NAIVE_CLOCK = r"^[\d-]{8,10}[T ](\d\d:\d\d)[\d:.]*$"
_FIRST, _LAST = "09:00", "10:15"
NOTES = ("volume and open interest: lots of the source times the lot size of the day",)
_GUESSED = "times without an offset are Indian; those from 09:00 to 10:15 could be UTC and are refused: say --zone"


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    return set(COLUMNS) <= set(glance.head.split(","))


def load(path: Path) -> pd.DataFrame:
    """The file's table. :raises FileRefused: it cannot be read whole, or has not this format's columns."""
    return required(text_table(path), COLUMNS, path)


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """One option quote a row and an index quote for each value under one stamp."""
    at = stamps(table["timestamp"], options.zone_or(INDIA))
    expiry = dates(table["expiry_date"], "%d-%b-%Y")
    reason: Any = pd.Series("", table.index, dtype="str")
    if options.zone is None:
        clock = table["timestamp"].str.extract(_NAIVE_CLOCK)[0]
        reason = reason.mask((clock >= _FIRST) & (clock < _LAST), Refusal.AMBIGUOUS_TIME.value)
    index = index_rows(table, table["symbol"], at, table["underlying_value"], reason)
    base = {"underlying": table["symbol"], "expiry": expiry, "at": at, "file": table["file"], "row": table["row"]}
    base["reason"] = reason.mask((reason == "") & (expiry == ""), MALFORMED)
    quotes = assembled(base | {name: table[column] for name, column in _FIELDS.items()}, table.index)
    for price, size in (("bid", "bid_size"), ("ask", "ask_size"), ("last", "volume")):
        quotes[price] = nothing_bid(quotes[price], quotes[size])
    notes = NOTES if options.zone else (*NOTES, _GUESSED)
    return Rows(stacked([index, quotes]), in_lots=("volume", "open_interest"), notes=notes)
