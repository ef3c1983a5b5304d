"""The option chain as the NSE site downloads it: two header lines, repeated names, Indian digit grouping.

Neither day nor expiry is in the file. The day comes from the option or the path (YYYY-MM-DD), the time from the name
(``…_HHMMSS.csv``, Indian time), the expiry from the option, the site's own name (``ED-NIFTY-26-May-2026``) or, by
default, the nearest of the calendar. ``-`` means nothing there. Volume and open interest are in lots, quantities in
units. There is no spot.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from sidecar.domain.errors import FileRefused
from sidecar.store.importers.nearest import nearest_expiry
from sidecar.store.importers.rows import INDIA, Options, Rows, assembled, dates, instants, nothing_bid, stacked
from sidecar.store.importers.sources import Glance, readable, text_table

_HEADER = (
    ",OI,CHNG IN OI,VOLUME,IV,LTP,CHNG,BID QTY,BID,ASK,ASK QTY,STRIKE,"
    "BID QTY,BID,ASK,ASK QTY,CHNG,LTP,IV,VOLUME,CHNG IN OI,OI,"
)
_PLACES = {
    "CE": {"open_interest": 1, "volume": 3, "last": 5, "bid_size": 7, "bid": 8, "ask": 9, "ask_size": 10},
    "PE": {"bid_size": 12, "bid": 13, "ask": 14, "ask_size": 15, "last": 17, "volume": 19, "open_interest": 21},
}
_STRIKE = 11
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"_(\d{6})\.csv")
_OWN_NAME = re.compile(r"ED-([A-Z]+)-(\d\d-[A-Za-z]{3}-\d{4})")
NOTES = (
    "day and time come from the option or the file's path and name, in Indian time",
    "volume and open interest: lots of the source times the lot size of the day; there is no index value in the source",
)


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    return glance.head.startswith("CALLS,,PUTS")


def load(path: Path) -> pd.DataFrame:
    """The table with positions for names, and ``symbol``, ``day``, ``time``, ``stated_expiry`` from the path."""
    time = _TIME.search(path.name)
    if time is None:
        raise FileRefused(str(path), "does not say when it was taken", "end its name in _HHMMSS.csv (Indian time)")
    own, days = _OWN_NAME.search(path.name), _DAY.findall(str(path.absolute()))
    symbol = own[1] if own else re.split(r"[_\W]", path.name)[0].upper()
    with readable(path):
        with path.open(encoding="utf-8-sig") as file:
            file.readline()
            header = file.readline().strip()
        if header != _HEADER:
            raise FileRefused(str(path), "has another second line than the site's download", row=2)
        table = text_table(path, names=range(_HEADER.count(",") + 1), skip=2)
    return table.assign(
        row=table["row"] + 2,
        symbol=symbol,
        day=days[-1] if days else "",
        time=time[1],
        stated_expiry=own[2] if own else "",
    )


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """Two option quotes a row."""
    day = options.day.isoformat() if options.day else table["day"]
    naive = pd.to_datetime(pd.Series(day, table.index) + " " + table["time"], format="%Y-%m-%d %H%M%S", errors="coerce")
    nearest, reason = nearest_expiry(table["symbol"], naive.dt.strftime("%Y-%m-%d"), options)
    stated = dates(table["stated_expiry"], "%d-%b-%Y")
    known = (stated != "") & (options.expiry is None)
    base = {
        "underlying": table["symbol"],
        "expiry": nearest.mask(known, stated),
        "at": instants(naive, options.zone_or(INDIA)),
        "strike": table[_STRIKE],
        "reason": reason.mask(known, ""),
        "file": table["file"],
        "row": table["row"],
    }
    legs = []
    for right, places in _PLACES.items():
        leg = assembled(base | {"right": right} | {name: table[place] for name, place in places.items()}, table.index)
        leg["bid"] = nothing_bid(leg["bid"], leg["bid_size"])
        leg["ask"] = nothing_bid(leg["ask"], leg["ask_size"])
        legs.append(leg)
    return Rows(stacked(legs), in_lots=("volume", "open_interest"), notes=NOTES)
