"""A day of the archive over all formats that it was imported in: each contract's quotes from the fullest of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.store.archive import BARS, CONTRACTS, QUOTES

VOLATILITY_INDEX = "INDIAVIX"
_PRICES = ("open", "high", "low")
#: When a bar began, and its open, high and low.
Imported = tuple[int, float, float, float]


class ArchivedDay(NamedTuple):
    """What was imported of one day: ``quotes`` in order of time, the ``contracts`` listed, what ``bars`` of the index
    say besides, by their close, and the ``source`` of the index's quotes, empty where there are none.
    """

    quotes: pd.DataFrame
    contracts: Sequence[Contract]
    bars: dict[int, Imported]
    source: str


def days_of(folder: Path, underlying: str) -> list[date]:
    """The imported days of an underlying, in order."""
    places = folder.glob(f"*/{underlying}/date=*")
    return sorted({date.fromisoformat(place.name.removeprefix("date=")) for place in places})


def archived_day(
    folder: Path, day: date, underlying: str, besides: Sequence[str] = (VOLATILITY_INDEX,), until: int | None = None
) -> ArchivedDay:
    """The ``day`` of an underlying, and of those ``besides`` it that were imported too, before the instant ``until``.

    The day of the underlying must be there (:func:`days_of`).
    """
    parts: list[pd.DataFrame] = []
    contracts: dict[str, Contract] = {}
    bars: dict[str, dict[int, Imported]] = {}
    for name in (underlying, *besides):
        for place in sorted(folder.glob(f"*/{name}/date={day.isoformat()}")):
            source = place.parts[-3]
            parts.append(pd.read_parquet(place / QUOTES).assign(source=source))
            contracts |= {one.id: one for one in _contracts(place / CONTRACTS)}
            bars[source] = bars.get(source, {}) | _prices(place / BARS, underlying)
    frame = pd.concat(parts, ignore_index=True)
    if until is not None:
        frame = frame[frame["at"] < until]
    counts = frame.groupby(["symbol", "source"], sort=True).size()
    best = {symbol: found.droplevel(0).idxmax() for symbol, found in counts.groupby(level=0)}
    frame = frame[frame["source"] == frame["symbol"].map(best)].sort_values("at", kind="stable")
    source = str(best.get(underlying, ""))
    return ArchivedDay(frame, tuple(contracts.values()), bars.get(source, {}), source)


def times_of(folder: Path, day: date, underlying: str) -> NDArray[np.int64]:
    """The instants at which the underlying itself was seen on the ``day``, in order, of the fullest format."""
    wanted = [("symbol", "=", underlying)]
    places = sorted(folder.glob(f"*/{underlying}/date={day.isoformat()}"))
    tables = (pq.read_table(place / QUOTES, columns=["at"], filters=wanted) for place in places)
    found = max(tables, key=len)["at"].to_numpy()
    return np.unique(found).astype(np.int64)


def _prices(path: Path, underlying: str) -> dict[int, Imported]:
    """When a bar began, and its open, high and low, by the instant of its close; none where no bars were imported."""
    if not path.is_file():
        return {}
    frame = pd.read_parquet(path)
    frame = frame[frame["symbol"] == underlying]
    columns = [frame[name].tolist() for name in ("since", *_PRICES)]
    return dict(zip(frame["at"].tolist(), zip(*columns, strict=True), strict=True))


def _contracts(path: Path) -> list[Contract]:
    return [
        Contract(
            row["underlying"],
            Kind(row["kind"]),
            row["expiry"],
            row["strike"],
            Right(row["right"]) if row["right"] else None,
            row["expires_at"],
            row["lot_size"],
            row["tick_size"],
            row["freeze_quantity"],
        )
        for row in pq.read_table(path).to_pylist()
    ]
