"""The formats that can be imported: one row each. A new one is a file beside this and a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sidecar.domain.errors import FileRefused, InputError
from sidecar.store.importers import (
    fo_bhavcopy,
    index_chain_155s,
    india_vix_csv,
    lean_zip,
    minute_chain,
    nse_api_csv,
    nse_web_chain,
    nse_website_csv,
    ohlcv_csv,
)
from sidecar.store.importers.rows import Options, Rows
from sidecar.store.importers.sources import Glance

TAPE = "tape"


@dataclass(frozen=True)
class Format:
    """``detect`` knows a file by a glance, ``load`` reads it, the pure ``parse`` makes quotes of it; ``zone`` says how
    times without an offset are read.
    """

    name: str
    what: str
    zone: str
    detect: Callable[[Glance], bool]
    load: Callable[[Path], pd.DataFrame]
    parse: Callable[[pd.DataFrame, Options], Rows]


FORMATS: tuple[Format, ...] = tuple(
    Format(name, what, zone, module.detect, module.load, module.parse)
    for name, what, zone, module in (
        ("nse_web_chain", "NSE web option chain, Parquet or raw CSV in tar.gz", "Asia/Kolkata", nse_web_chain),
        ("index_chain_155s", "155-second index chain, Parquet or raw JSON in tar.gz", "with offset", index_chain_155s),
        ("nse_website_csv", "option chain as the NSE site downloads it", "Asia/Kolkata", nse_website_csv),
        ("minute_chain", "one-minute NIFTY chain, Parquet", "Asia/Kolkata", minute_chain),
        ("nse_api_csv", "NSE option-chain API, flattened", "Asia/Kolkata or UTC: say which", nse_api_csv),
        ("lean_zip", "Lean minute zips", "the exchange's own", lean_zip),
        ("fo_bhavcopy", "F&O bhavcopy, legacy and UDiFF", "dates of Asia/Kolkata", fo_bhavcopy),
        ("india_vix_csv", "India VIX, NSE export or 2.5-minute", "Asia/Kolkata or with offset", india_vix_csv),
        ("ohlcv_csv", "bars of an index, or its value each second", "Asia/Kolkata; epoch seconds UTC", ohlcv_csv),
    )
)


def format_named(name: str) -> Format:
    """The format of a name. :raises InputError: there is none; the remedy lists them."""
    for one in FORMATS:
        if one.name == name:
            return one
    raise InputError("format", f"{name[:40]!r} is no format", "use one of " + ", ".join(names()))


def detected(glance: Glance) -> Format:
    """The format of a file. :raises FileRefused: none recognises it."""
    for one in FORMATS:
        if one.detect(glance):
            return one
    raise FileRefused(str(glance.path), "is of no known format", "force one with --format: " + ", ".join(names()))


def names() -> tuple[str, ...]:
    """Every name that ``--format`` takes."""
    return (*(one.name for one in FORMATS), TAPE)
