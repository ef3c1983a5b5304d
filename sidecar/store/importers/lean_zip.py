"""Lean minute zips: one CSV a contract, no header, milliseconds since midnight, prices times 10,000 (not for indices).

A row is a bar that starts at its stamp; its closing bid and ask, or last, become a quote at the bar's last microsecond.
Quotes and trades of one contract and minute make one quote; the day's open interest, published before the open, stands
on all of them. Zones: US options and shares New York, the US index files Chicago, Indian ones Kolkata. Lean's own sizes
count contracts for options. A member whose date is not its zip's repeats another day and is refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sidecar.domain.errors import FileRefused
from sidecar.store.importers.delimited import divided
from sidecar.store.importers.listing import FOREIGN_EXCHANGE, FOREIGN_ZONE
from sidecar.store.importers.rows import INDIA, MALFORMED, VALUES, Options, Rows, assembled, instants, numbers
from sidecar.store.importers.sources import Glance, archive_files, readable

_MEMBER = re.compile(
    r"(?P<day>\d{8})_(?P<ticker>[a-z0-9]+)_minute_(?P<part>quote|trade|openinterest)"
    r"(?:_(?:american|european)_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8}))?\.csv$"
)
_PARTS = {
    "quote": {"bid": 4, "bid_size": 5, "ask": 9, "ask_size": 10},
    "trade": {"last": 4, "volume": 5},
    "openinterest": {"open_interest": 1},
}
_PRICES = ("bid", "ask", "last")
_SCALE = 10_000.0
_MINUTE = 60_000_000
_ZONES = (("india", INDIA), ("index", "America/Chicago"), ("", FOREIGN_ZONE))
_KEY = ["underlying", "expiry", "strike", "right", "at"]
NOTES = (
    "a bar's close is stamped at the bar's last microsecond",
    "not an Indian exchange: lot 100, tick 0.01, expiry at 16:00 New York time; its hours and holidays are not checked",
)


def detect(glance: Glance) -> bool:
    """Whether a file looks like this format."""
    return any(_MEMBER.search(name) for name in glance.members)


def load(path: Path) -> pd.DataFrame:
    """Every bar of the zip: ``ms``, the values of its part, and what the member's name says."""
    with readable(path):
        found = [(match, content) for name, content in archive_files(path) if (match := _MEMBER.search(name))]
        if not found:
            raise FileRefused(str(path), "holds no YYYYMMDD_ticker_minute_….csv")
        parts = [_part(path, part, found) for part in _PARTS if any(match["part"] == part for match, _ in found)]
    if not any(len(part) for part in parts):
        raise FileRefused(str(path), "holds no rows")
    return pd.concat(parts, ignore_index=True).assign(file=lambda table: table["file"].astype("category"))


def parse(table: pd.DataFrame, options: Options) -> Rows:
    """One quote a contract and minute."""
    midnight = pd.to_datetime(table["day"], format="%Y%m%d", errors="coerce")
    naive = midnight + pd.to_timedelta(pd.to_numeric(table["ms"], errors="coerce"), unit="ms")
    at = pd.Series(0, table.index)
    for zone in sorted(table["zone"].unique()):
        mine = table["zone"] == zone
        at[mine] = instants(naive[mine], options.zone_or(zone))
    at = at.mask(at >= 0, at + _MINUTE - 1)
    named = {
        name: table[name] for name in ("underlying", "expiry", "strike", "right", "reason", "file", "row", *VALUES)
    }
    frame = assembled(named | {"at": at}, table.index).assign(part=table["part"], day=table["day"])
    lots = ("bid_size", "ask_size", "volume", "open_interest")
    merged = _merged(frame)
    if (table["zone"] == INDIA).all():
        return Rows(merged, INDIA, "NSE", "_nse", notes=NOTES[:1])
    return Rows(merged, FOREIGN_ZONE, FOREIGN_EXCHANGE, "", lots, NOTES)


def _merged(frame: pd.DataFrame) -> pd.DataFrame:
    """Trades laid on the quote of their minute, open interest on every quote of its contract's day."""
    quotes, trades = (frame[frame["part"] == part] for part in ("quote", "trade"))
    interest = frame[frame["part"] == "openinterest"]
    if len(quotes) and len(trades):
        once = ~trades.duplicated(_KEY) & (trades["reason"] == "")
        on = trades[once].set_index(_KEY)[["last", "volume"]]
        laid = quotes.drop(columns=["last", "volume"]).join(on, on=_KEY)
        met = pd.MultiIndex.from_frame(trades[_KEY]).isin(pd.MultiIndex.from_frame(quotes[_KEY]))
        quotes, trades = laid, trades[~(met & once.to_numpy())]
    kept = pd.concat([part for part in (quotes, trades) if len(part)] or [interest], ignore_index=True)
    key = [*_KEY[:-1], "day"]
    known = interest.drop_duplicates(key, keep="last").set_index(key)["open_interest"]
    if len(interest) and (len(quotes) or len(trades)):
        kept = kept.drop(columns=["open_interest"]).join(known, on=key)
    return kept.drop(columns=["part", "day"])


def _part(path: Path, part: str, found: list[tuple[re.Match[str], bytes]]) -> pd.DataFrame:
    """All members of one part as one table: read at once, since there may be thousands."""
    mine = [(match, content) for match, content in found if match["part"] == part and content.strip()]
    if not mine:
        return pd.DataFrame()
    width = max(_PARTS[part].values()) + 1
    members = [divided(content, width) for _, content in mine]
    counts = [len(rows) for rows, _ in members]
    raw = pd.DataFrame([row for rows, _ in members for row in rows], columns=range(width), dtype="str")
    about = pd.DataFrame([_about(path, match) for match, _ in mine])
    table = about.iloc[np.repeat(np.arange(len(mine)), counts)].reset_index(drop=True)
    table["row"] = np.concatenate([np.arange(1, count + 1) for count in counts])
    table["ms"] = raw[0]
    for name in VALUES:
        if name not in _PARTS[part]:
            table[name] = np.nan
            continue
        values, bad = numbers(raw[_PARTS[part][name]])
        table[name] = values / np.where(table["index"], 1.0, _SCALE) if name in _PRICES else values
        table["reason"] = table["reason"].mask(bad, MALFORMED)
    return table.assign(part=part, broken=[bad for _, broken in members for bad in broken])


def _about(path: Path, match: re.Match[str]) -> dict[str, Any]:
    places = {part.lower() for part in path.absolute().parts}
    expiry = match["expiry"] or ""
    right = {"call": "CE", "put": "PE"}.get(match["right"] or "", "")
    zone = next(zone for place, zone in _ZONES if not place or place in places)
    return {
        "underlying": match["ticker"].upper(),
        "expiry": expiry,
        "strike": float(match["strike"]) / _SCALE if expiry else np.nan,
        "right": right,
        "day": match["day"],
        "zone": zone,
        "market": "india" if zone == INDIA else "us",
        "index": "index" in places,
        "reason": "" if path.name.startswith(match["day"]) else "duplicate",
        "file": f"{path.name}:{match[0]}",
    }
