"""The options at the money in the archive, bar by bar: a rule buys their call on a rise and their put on a fall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sidecar.archived import archived_day, days_of
from sidecar.domain.calendar import Calendar, Session
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import InputError
from sidecar.domain.reference import Reference
from sidecar.strategies.option_legs import at_the_money

Floats = NDArray[np.float64]
_QUOTED = ("bid", "ask", "bid_size", "ask_size")
_NUMBERS = ("open_bid", "open_ask", "open_bid_size", "open_ask_size", "close_bid", "close_ask")


class AtTheMoney(NamedTuple):
    """One leg, the calls or the puts: ``columns`` (n,) as :func:`sidecar.backtest.options.option_series` reads them,
    with the index's first value in each bar as ``open``; the ``contracts`` that their ``contract`` points at, one a
    session; and in how many sessions a spread was assumed, since there were last prices alone.
    """

    columns: dict[str, NDArray[Any]]
    contracts: tuple[Contract, ...]
    assumed: int


class _Bars(NamedTuple):
    """The bars of one session in which the index was seen: its first and its last value in each. ``since`` is when the
    bar before it closed.
    """

    at: NDArray[np.int64]
    closes_at: NDArray[np.int64]
    since: NDArray[np.int64]
    open: Floats
    close: Floats


def atm_columns(
    folder: Path,
    underlying: str,
    first: date,
    last: date,
    reference: Reference,
    calendar: Calendar,
    period: int,
    *,
    assumed_spread: float = 0.005,
    told: Callable[[int, int], None] = lambda _, __: None,
) -> tuple[AtTheMoney, AtTheMoney]:
    """The calls and the puts at the money of each session from ``first`` to ``last``, in bars of ``period`` (µs).

    The pair is that of the nearest expiry whose strike was nearest to the first bar's close, and stays for the session.
    Bars are counted from the session's open; one in which the index was not seen is none. A bar opens at the first
    quote of the contract since the bar before it closed, which is what an order of that instant meets, and closes at
    its newest one. Where a session has last prices alone, ``assumed_spread`` of the price (at least a tick) is laid
    round them, as the paper venue does.

    :raises InputError: nothing was imported of the underlying on those days.
    """
    days = [day for day in days_of(folder, underlying) if first <= day <= last]
    if not days:
        raise InputError("start_date", f"no day of {underlying} from {first} to {last} was imported", "import it first")
    reference.exchange(underlying)
    parts: list[list[tuple[dict[str, NDArray[Any]], Contract | None, bool]]] = [[], []]
    for number, day in enumerate(days, 1):
        session = calendar.session(day)
        if session is not None:
            for part, one in zip(parts, _of_day(folder, underlying, session, period, assumed_spread), strict=False):
                part.append(one)
        told(number, len(days))
    if not parts[0]:
        raise InputError(
            "start_date", f"{underlying} was not seen in any session from {first} to {last}", "choose others"
        )
    return _joined(parts[0]), _joined(parts[1])


def _of_day(
    folder: Path, underlying: str, session: Session, period: int, spread: float
) -> list[tuple[dict[str, NDArray[Any]], Contract | None, bool]]:
    """The call's and the put's columns of one day; none where the index was not seen."""
    archived = archived_day(folder, session.date, underlying, ())
    quotes = dict(tuple(archived.quotes.groupby("symbol", sort=False)))
    bars = _bars(quotes.get(underlying), session, period)
    if bars is None:
        return []
    pair = at_the_money(archived.contracts, underlying, float(bars.close[0]), int(bars.closes_at[0]))
    count = -(-(session.close_at - session.open_at) // period)
    common = {
        "at": bars.at,
        "closes_at": bars.closes_at,
        "session": np.full(len(bars.at), float(session.date.toordinal())),
        "minute": ((bars.at - session.open_at) // period).astype(np.float64),
        "minutes": np.full(len(bars.at), float(count)),
        "open": bars.open,
        "underlying_close": bars.close,
    }
    legs = (None, None) if pair is None else (pair.call, pair.put)
    found = []
    for leg in legs:
        numbers, assumed = _leg(quotes.get(leg.id) if leg is not None else None, leg, bars, spread)
        found.append((common | numbers, leg, assumed))
    return found


def _bars(frame: pd.DataFrame | None, session: Session, period: int) -> _Bars | None:
    if frame is None:
        return None
    at, value = frame["at"].to_numpy(np.int64), frame["last"].to_numpy(np.float64)
    seen = (at >= session.open_at) & (at < session.close_at) & np.isfinite(value)
    at, value = at[seen], value[seen]
    if not at.size:
        return None
    number = (at - session.open_at) // period
    edges = np.flatnonzero(np.diff(number))
    starts, ends = np.append(0, edges + 1), np.append(edges, len(number) - 1)
    opens = session.open_at + number[ends] * period
    closes = np.minimum(opens + period, session.close_at)
    return _Bars(opens, closes, np.append(opens[:1], closes[:-1]), value[starts], value[ends])


def _leg(
    frame: pd.DataFrame | None, contract: Contract | None, bars: _Bars, spread: float
) -> tuple[dict[str, NDArray[Any]], bool]:
    """The quotes of a contract at the bars' opens and closes, NaN where nobody stood, and whether they were assumed."""
    unknown: dict[str, NDArray[Any]] = {name: np.full(len(bars.at), np.nan) for name in _NUMBERS}
    if frame is None or contract is None:
        return unknown, False
    at = frame["at"].to_numpy(np.int64)
    columns = {name: frame[name].to_numpy(np.float64) for name in _QUOTED}
    assumed = bool(np.isnan(columns["bid"]).all() and np.isnan(columns["ask"]).all())
    if assumed:
        price = frame["last"].to_numpy(np.float64)
        half = 0.5 * np.maximum(float(contract.tick_size), spread * price)
        columns |= {"bid": np.where(price > half, price - half, np.nan), "ask": price + half}
    start = np.searchsorted(at, bars.since, side="left")
    end = np.searchsorted(at, bars.closes_at, side="left")
    known = end > start
    opens, closes = np.minimum(start, len(at) - 1), np.maximum(end - 1, 0)
    for name in _NUMBERS:
        when, _, column = name.partition("_")
        unknown[name] = np.where(known, columns[column][opens if when == "open" else closes], np.nan)
    return unknown, assumed


def _joined(parts: Sequence[tuple[Mapping[str, NDArray[Any]], Contract | None, bool]]) -> AtTheMoney:
    """The days after each other; a session without a leg points at -1."""
    contracts: dict[str, Contract] = {}
    places = []
    for _, contract, _ in parts:
        if contract is not None:
            contracts.setdefault(contract.id, contract)
        places.append(list(contracts).index(contract.id) if contract is not None else -1)
    columns = {name: np.concatenate([part[name] for part, _, _ in parts]) for name in parts[0][0]}
    sizes = [len(part["at"]) for part, _, _ in parts]
    columns["contract"] = np.repeat(np.array(places, np.int32), sizes)
    return AtTheMoney(columns, tuple(contracts.values()), sum(assumed for _, _, assumed in parts))
