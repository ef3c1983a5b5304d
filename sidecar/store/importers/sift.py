"""What can be used and what cannot: every row is taken as it is, or refused with one reason and counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from sidecar.domain.contracts import Contract, Kind, contract_id
from sidecar.domain.errors import CalendarBeyond
from sidecar.domain.quotes import Defect
from sidecar.store.importers.listing import Listing, Unlisted
from sidecar.store.importers.rows import BAR, UNKNOWN_AT, VALUES, Options, Refusal, Rows, zone_named

QUOTE_COLUMNS = ("symbol", "at", *VALUES)
_PARTS = ["underlying", "expiry", "strike", "right"]
_SHOWN = 3
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Refused(msgspec.Struct, frozen=True):
    """``count`` rows that were refused for one ``reason``, and where the first of them stand."""

    reason: str
    count: int
    first_rows: tuple[str, ...]


@dataclass(frozen=True)
class Day:
    """One trading day: ``quotes`` with :data:`QUOTE_COLUMNS` by (at, listing order), and the ``contracts`` listed.

    ``bars`` are those whose closes are quotes: ``symbol``, ``at`` and the prices before the close; None without any.
    """

    day: date
    quotes: pd.DataFrame
    contracts: tuple[Contract, ...]
    bars: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sifted:
    """The days that were taken, what was refused, and what has to be known about both."""

    days: tuple[Day, ...]
    refused: tuple[Refused, ...]


def sift(rows: Rows, options: Options) -> Sifted:
    """The usable rows of a parse, by trading day of the exchange's zone, and the refused ones by reason."""
    frame = rows.frame.reset_index(drop=True)
    reason = frame["reason"].to_numpy(dtype="object").copy()
    _refuse(reason, frame["at"].to_numpy() == UNKNOWN_AT, Refusal.UNKNOWN_TIME)
    _refuse(reason, _strikeless(frame), Defect.MALFORMED)
    for defect, mask in _defects(frame):
        _refuse(reason, mask, defect)
    stamps = pd.to_datetime(frame["at"], unit="us", utc=True).dt.tz_convert(zone_named(rows.zone))
    frame = frame.assign(day=stamps.dt.strftime("%Y%m%d").astype("category"))
    listing = Listing(options.reference, rows.exchange)
    group, firsts = _groups(frame)
    contracts = [_contract(first, listing) for first in firsts.itertuples(index=False)]
    _refuse_unlisted(reason, group, contracts)
    _refuse_expired(reason, group, contracts, frame["at"].to_numpy())
    _refuse_closed(reason, frame, listing)
    frame["symbol"] = _symbols(group, firsts)
    good = np.flatnonzero(reason == "")
    repeated = frame.loc[good, ["symbol", "at"]].duplicated().to_numpy()
    reason[good[repeated]] = Defect.DUPLICATE.value
    _units(frame, group, contracts, rows.in_lots)
    taken = reason == ""
    days = _days(frame[taken], group[taken], contracts, listing)
    return Sifted(days, _counted(frame, reason))


def _refuse(reason: Any, mask: Any, why: Defect | Refusal) -> None:
    reason[np.asarray(mask, dtype=bool) & (reason == "")] = why.value


def _strikeless(frame: pd.DataFrame) -> Mask:
    """Options without a strike that is a positive number; what is no option may have none, but no infinite one."""
    strike = frame["strike"].to_numpy(dtype="float64")
    bad: Mask = np.where(frame["right"].to_numpy() == "", np.isinf(strike), ~((strike > 0.0) & np.isfinite(strike)))
    return bad


def _defects(frame: pd.DataFrame) -> list[tuple[Defect, Mask]]:
    """The vectorised twin of :func:`sidecar.domain.quotes.defect`, in its order; an infinite size is not finite."""
    bid, ask, last = (frame[name].to_numpy() for name in ("bid", "ask", "last"))
    prices = np.stack([bid, ask, last])
    sizes = frame[["bid_size", "ask_size", "volume", "open_interest"]].to_numpy()
    infinite, negative = np.isinf(prices), prices <= 0.0
    first = np.where((infinite | negative).any(axis=0), (infinite | negative).argmax(axis=0), -1)
    at_first = np.take_along_axis(infinite, np.maximum(first, 0)[None, :], axis=0)[0]
    return [
        (Defect.NOT_FINITE, (first >= 0) & at_first),
        (Defect.NOT_POSITIVE, (first >= 0) & ~at_first),
        (Defect.CROSSED, bid > ask),
        (Defect.EMPTY, np.isnan(prices).all(axis=0)),
        (Defect.NOT_FINITE, np.isinf(sizes).any(axis=1)),
        (Defect.NEGATIVE_SIZE, (sizes < 0.0).any(axis=1)),
    ]


def _groups(frame: pd.DataFrame) -> tuple[Any, pd.DataFrame]:
    """Each row's number of (parts, day), and the first row of each number."""
    keys = [*_PARTS, "day"] + (["lot"] if "lot" in frame else [])
    group = frame.groupby(keys, sort=False, dropna=False, observed=True).ngroup().to_numpy()
    return group, frame.loc[~pd.Series(group).duplicated().to_numpy(), keys]


def _contract(first: Any, listing: Listing) -> Contract | Unlisted:
    lot = getattr(first, "lot", 0)
    stated = int(lot) if isfinite(lot) else 0
    if not isinstance(first.underlying, str) or not first.underlying:
        return Unlisted(Defect.UNKNOWN.value)
    return listing.contract(first.underlying, first.expiry, first.strike, first.right, _date(first.day), stated)


def _symbols(group: Any, firsts: pd.DataFrame) -> Any:
    ids = []
    for first in firsts.itertuples(index=False):
        expiry = _date(str(first.expiry)) if first.expiry else None
        strike = None if str(first.strike) == "nan" else float(str(first.strike))
        ids.append(contract_id(str(first.underlying), expiry, strike, str(first.right) or None))
    names = list(dict.fromkeys(ids))
    place = {name: number for number, name in enumerate(names)}
    codes = np.array([place[name] for name in ids], dtype="int64")[group]
    return pd.Categorical.from_codes(codes, categories=pd.Index(names))


def _refuse_unlisted(reason: Any, group: Any, contracts: list[Contract | Unlisted]) -> None:
    why = np.array([c.reason if isinstance(c, Unlisted) else "" for c in contracts], dtype=object)[group]
    mask = (reason == "") & (why != "")
    reason[mask] = why[mask]


def _refuse_expired(reason: Any, group: Any, contracts: list[Contract | Unlisted], at: Any) -> None:
    ends = [getattr(contract, "expires_at", None) for contract in contracts]
    limit = np.array([np.iinfo("int64").max if end is None else end for end in ends])[group]
    _refuse(reason, at >= limit, Defect.EXPIRED)


def _refuse_closed(reason: Any, frame: pd.DataFrame, listing: Listing) -> None:
    """Pre-open, after the close, in a break, on a closed day: out of session. No table for the year: outside it."""
    at = frame["at"].to_numpy()
    exchange = _once(frame["underlying"], listing.exchange_of)
    indices: dict[tuple[str, str], Any] = dict(frame.groupby([exchange, "day"], observed=True).indices)  # type: ignore[arg-type]
    for (name, day), index in indices.items():
        if name not in listing.reference.exchanges:
            continue
        try:
            session = listing.reference.calendar(name).session(_date(day))
        except CalendarBeyond:
            mask = np.zeros(len(frame), dtype=bool)
            mask[index] = True
            _refuse(reason, mask, Refusal.OUTSIDE_CALENDAR)
            continue
        inside = np.zeros(len(index), dtype=bool)
        for opens, closes in session.intervals if session else ():
            inside |= (at[index] >= opens) & (at[index] < closes)
        outside = index[~inside]
        reason[outside[reason[outside] == ""]] = Refusal.OUT_OF_SESSION.value


def _once(column: pd.Series[Any], function: Callable[[str], str]) -> pd.Series[Any]:
    return column.map({value: function(value) for value in column.unique()})


def _units(frame: pd.DataFrame, group: Any, contracts: list[Contract | Unlisted], in_lots: tuple[str, ...]) -> None:
    """Turns what the format states in lots into units of the underlying."""
    sizes = np.array([np.nan if isinstance(c, Unlisted) else float(c.lot_size) for c in contracts])[group]
    for column in in_lots:
        frame[column] = frame[column].to_numpy() * sizes


def _days(frame: pd.DataFrame, group: Any, contracts: list[Contract | Unlisted], listing: Listing) -> tuple[Day, ...]:
    days = []
    indices: dict[str, Any] = dict(frame.groupby("day", observed=True).indices)  # type: ignore[arg-type]
    for day, index in sorted(indices.items()):
        on = _date(day)
        listed = [contracts[number] for number in pd.unique(group[index])]
        held = {contract.id: contract for contract in listed if isinstance(contract, Contract)}
        for underlying in sorted({contract.underlying for contract in held.values()}):
            index_contract = listing.contract(underlying, "", np.nan, "", on)
            if isinstance(index_contract, Contract):
                held.setdefault(underlying, index_contract)
        ordered = tuple(sorted(held.values(), key=_listing_order))
        place = {contract.id: number for number, contract in enumerate(ordered)}
        rows = frame.iloc[index]
        order = np.lexsort((rows["symbol"].map(place).to_numpy(dtype="int64"), rows["at"].to_numpy()))
        rows = rows.iloc[order].reset_index(drop=True)
        rows = rows.assign(symbol=rows["symbol"].astype("str"))
        days.append(Day(on, rows[list(QUOTE_COLUMNS)], ordered, _bars(rows)))
    return tuple(days)


def _bars(rows: pd.DataFrame) -> pd.DataFrame | None:
    if "since" not in rows or not (known := rows["since"] != UNKNOWN_AT).any():
        return None
    return rows.loc[known, ["symbol", "at", *BAR]].astype({"since": "int64"}).reset_index(drop=True)


def _listing_order(contract: Contract) -> tuple[bool, str, date, float, str]:
    """Indices first, so that at one instant the underlying is known before its options."""
    strike = -1.0 if contract.strike is None else contract.strike
    return (
        contract.kind is not Kind.INDEX,
        contract.underlying,
        contract.expiry or date.min,
        strike,
        contract.right or "",
    )


def _counted(frame: pd.DataFrame, reason: Any) -> tuple[Refused, ...]:
    refused = []
    for why in sorted({str(value) for value in pd.unique(reason)} - {""}):
        places = np.flatnonzero(reason == why)
        shown = frame.loc[places[:_SHOWN], ["file", "row"]].itertuples(index=False)
        refused.append(Refused(why, len(places), tuple(f"{row.file} row {row.row}" for row in shown)))
    return tuple(sorted(refused, key=lambda one: (-one.count, one.reason)))


def _date(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
