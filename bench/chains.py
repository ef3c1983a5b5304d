"""Real option chains as plain arrays, for the surface's figures; the files stand beside the checkout, not in it.

Each loader yields `Snapshot`: one moment of one underlying, its expiries as `OptionQuotes` with spreads as quoted and
NaN for a side that nobody quotes.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
YEAR = 365.0 * 86_400.0

NSE = "chain_intraday/nse_web_chain_multiexpiry_2019-05-17_2019-07-31.parquet"
SPX = "eod/SPX_chain_2024-05-24_1600.csv.gz"
GOOG = "chain_intraday/lean_us_minute/option/usa/minute/goog/20151224_quote_american.zip"
DERIBIT = "eod/deribit_daily_chain"
NSE_TIMES = (
    "2019-05-20 11:00", "2019-05-23 13:00", "2019-05-29 11:00", "2019-06-07 14:00", "2019-06-12 11:00",
    "2019-06-19 13:00", "2019-06-26 13:00", "2019-07-01 11:00", "2019-07-12 11:00",
)  # fmt: skip
_TOGETHER = pd.Timedelta(minutes=10)  # the pages of a chain's expiries were fetched one after the other
DERIBIT_DAYS = ("2026-07-06", "2026-07-13", "2026-07-20", "2026-07-27")


class OptionQuotes(NamedTuple):
    """One expiry: five arrays of one length and ascending strikes."""

    years: float
    strikes: Array
    call_bid: Array
    call_ask: Array
    put_bid: Array
    put_ask: Array


class Snapshot(NamedTuple):
    """A moment of one underlying; ``rate`` continuous a year; ``spot`` NaN where the file holds none."""

    source: str
    label: str
    spot: float
    rate: float
    expiries: tuple[OptionQuotes, ...]


def nse(folder: Path, times: tuple[str, ...] = NSE_TIMES) -> Iterator[Snapshot]:
    """NIFTY and BANKNIFTY of 2019 at a few moments of trading, each expiry's newest page; expiry at 15:30 IST."""
    whole = pd.read_parquet(folder / NSE)
    for moment in pd.to_datetime(list(times)):
        fresh = whole[(whole.snapshot_ist > moment - _TOGETHER) & (whole.snapshot_ist <= moment)]
        for symbol, rows in fresh.groupby("symbol", sort=True):
            expiries = [_nse_expiry(str(text), pages) for text, pages in rows.groupby("expiry")]
            spot = float(rows.CurrentVal.median())
            yield _snapshot("NSE 2019", f"{symbol} {moment:%Y-%m-%d %H:%M}", spot, 0.065, expiries)


def _nse_expiry(text: str, pages: pd.DataFrame) -> OptionQuotes:
    at = pages.snapshot_ist.max()
    expires = datetime.strptime(text.title(), "%d%b%Y") + timedelta(hours=15, minutes=30)  # noqa: DTZ007
    page = pages[pages.snapshot_ist == at].drop_duplicates("StrikePrice").sort_values("StrikePrice")
    names = ("StrikePrice", "CallBidPrice", "CallAskPrice", "PutBidPrice", "PutAskPrice")
    columns = (page[name].to_numpy(dtype=float, na_value=np.nan) for name in names)
    return OptionQuotes((expires - at.to_pydatetime()).total_seconds() / YEAR, *columns)


def spx(folder: Path) -> Iterator[Snapshot]:
    """SPXW at the close of 2024-05-24; the last trade is at 16:00 New York."""
    rows = pd.read_csv(folder / SPX)
    rows = rows[rows.root == "SPXW"]
    zone = ZoneInfo("America/New_York")
    now = datetime(2024, 5, 24, 16, 0, tzinfo=zone)
    expiries = []
    for text, chain in rows.groupby("expiry"):
        day = date.fromisoformat(str(text))
        expires = datetime(day.year, day.month, day.day, 16, 0, tzinfo=zone)
        expiries.append(
            _both(chain, (expires - now).total_seconds() / YEAR, "optiontype", "C", "bid_price", "ask_price")
        )
    yield _snapshot("SPX 2024", "SPXW 2024-05-24 close", np.nan, 0.053, expiries)


def deribit(folder: Path, days: tuple[str, ...] = DERIBIT_DAYS) -> Iterator[Snapshot]:
    """BTC and ETH, prices in coin turned into dollars of the expiry's own forward; expiry at 08:00 UTC; no rate."""
    for day in days:
        with gzip.open(folder / DERIBIT / f"{day}.csv.gz", "rt") as file:
            rows = pd.read_csv(file)
        now = pd.to_datetime(rows.snapshot_utc).max()
        for coin, book in rows.groupby("underlying"):
            expiries = []
            for text, chain in book.groupby("expiry"):
                left = (pd.Timestamp(str(text)) + pd.Timedelta(hours=8) - now).total_seconds() / YEAR
                dollars = chain.assign(bid=chain.bid * chain.underlying_price, ask=chain.ask * chain.underlying_price)
                expiries.append(_both(dollars, left, "type", "call", "bid", "ask"))
            yield _snapshot("Deribit 2026", f"{coin} {day}", float(book.underlying_price.iloc[0]), 0.0, expiries)


def goog(folder: Path, at: str = "12:00") -> Iterator[Snapshot]:
    """GOOG (American; its out-of-the-money side is used) on 2015-12-24: each contract's quote at `at`, New York."""
    hour, minute = (int(each) for each in at.split(":"))
    until = (hour * 60 + minute) * 60_000
    zone = ZoneInfo("America/New_York")
    now = datetime(2015, 12, 24, hour, minute, tzinfo=zone)
    rows: list[dict[str, Any]] = []
    with zipfile.ZipFile(folder / GOOG) as archive:
        for name in sorted(archive.namelist()):
            parts = name.removesuffix(".csv").split("_")
            bid, ask = _last_quote(archive.read(name).decode(), until)
            rows.append({"type": parts[5], "strike": int(parts[6]) / 1e4, "expiry": parts[7], "bid": bid, "ask": ask})
    expiries = []
    for text, chain in pd.DataFrame(rows).groupby("expiry"):
        day = datetime.strptime(str(text), "%Y%m%d")  # noqa: DTZ007
        close = datetime(day.year, day.month, day.day, 13 if day.date() == now.date() else 16, tzinfo=zone)
        expiries.append(_both(chain, (close - now).total_seconds() / YEAR, "type", "call", "bid", "ask"))
    yield _snapshot("GOOG 2015", f"GOOG 2015-12-24 {at}", np.nan, 0.005, expiries)


def snapshots(folder: Path) -> Iterator[Snapshot]:
    """Every chain of the figures, in order."""
    yield from nse(folder)
    yield from spx(folder)
    yield from goog(folder)
    yield from deribit(folder)


def _last_quote(text: str, until: int) -> tuple[float, float]:
    """Bid and ask at a moment; a side that is blank in a minute's row did not change in it."""
    bid = ask = np.nan
    for line in text.splitlines():
        cells = line.split(",")
        if int(cells[0]) >= until:
            break
        bid = float(cells[4]) / 1e4 if cells[4] else bid
        ask = float(cells[9]) / 1e4 if cells[9] else ask
    return bid, ask


def _both(chain: pd.DataFrame, left: float, right: str, call: str, bid: str, ask: str) -> OptionQuotes:
    """Calls and puts side by side; a zero bid or ask is none."""
    sides = {
        is_call: rows.drop_duplicates("strike").set_index("strike")[[bid, ask]].replace(0.0, np.nan)
        for is_call, rows in ((flag, chain[(chain[right] == call) == flag]) for flag in (True, False))
    }
    strikes = np.union1d(sides[True].index.to_numpy(float), sides[False].index.to_numpy(float))
    columns = [sides[flag].reindex(strikes)[name].to_numpy(float) for flag in (True, False) for name in (bid, ask)]
    return OptionQuotes(left, strikes, *columns)


def _snapshot(source: str, label: str, spot: float, rate: float, expiries: list[OptionQuotes]) -> Snapshot:
    live = sorted((each for each in expiries if each.years > 0.0), key=lambda each: each.years)
    return Snapshot(source, label, spot, rate, tuple(live))
