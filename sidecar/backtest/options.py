"""The option at the money, bought: one leg's quotes by the bar as a series, flat at the end of every session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest import ticks
from sidecar.backtest.costs import fraction, tariffed
from sidecar.backtest.series import Series
from sidecar.backtest.sessions import Sessions, schedules, sessions_of
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import InputError
from sidecar.domain.reference import Reference

#: Lots at a price whose size was not recorded: what the paper venue assumes.
DEPTH_LOTS = 10


def option_series(
    columns: Mapping[str, NDArray[Any]],
    contracts: Sequence[Contract],
    reference: Reference,
    *,
    slippage: float | None,
    commission: float | None,
) -> Series:
    """One leg, the call's or the put's, of the options at the money of one underlying.

    ``columns`` are bars, (n,) each: ``at``, ``closes_at``, ``session``, ``underlying_close``, ``contract``, the place
    in ``contracts`` (one a session, -1 where there was none), and the quotes of it at the bar's open and close:
    ``open_bid``, ``open_ask``, ``open_bid_size``, ``open_ask_size`` (units), ``close_bid``, ``close_ask``, NaN where
    nobody stood. ``slippage`` is a fraction by which both sides of the opening quote are worse; None leaves them.

    A bar closes at the middle of its quote; where a side is missing, at what the session had before. Nothing is held
    over night, the night after the expiry's session included: what is held goes in the last bars, at the last of them
    at any price, and that bar's bid is the session's last where it has none. Options bought are paid in full.

    :raises InputError: no bars or contracts, contracts of several ticks or underlyings, or two in one session.
    :raises NotKnown: a day of which the tables know nothing.
    """
    if slippage is not None:
        fraction("slippage", slippage)
    tick, underlying = _one(contracts)
    sessions = sessions_of(columns)
    place = _places(columns["contract"], sessions)
    traded = sessions.spread(place >= 0, np.bool_)
    contract = sessions.spread(np.maximum(place, 0), np.int32)
    fees, fee = schedules(tariffed(reference, commission), reference.exchange(underlying), "option", sessions.days)
    last = np.zeros(len(contract), np.bool_)
    last[sessions.ends - 1] = True
    quotes = {name: np.where(traded, columns[name], np.nan) for name in _QUOTES}
    open_bid = np.where(last, _carried(quotes["open_bid"], sessions), quotes["open_bid"])
    worse = slippage or 0.0
    bid = ticks.whole_below(open_bid * (1.0 - worse), tick, "open_bid")
    ask = ticks.whole_above(quotes["open_ask"] * (1.0 + worse), tick, "open_ask")
    lots = np.array([each.lot_size for each in contracts], np.int64)[contract]
    return Series(
        at=np.asarray(columns["at"], np.int64),
        closes_at=np.asarray(columns["closes_at"], np.int64),
        contract=contract,
        bid=bid,
        ask=ask,
        middle=np.where((bid > 0) & (ask > 0), bid + ask, 0),
        close=ticks.nearest(_carried((quotes["close_bid"] + quotes["close_ask"]) / 2.0, sessions), tick, "close_bid"),
        shut=last | ~traded,
        settles=np.zeros(len(contract), np.bool_),
        settlement=np.full(len(contract), np.nan),
        rolls=last,
        fee=sessions.spread(fee, np.int32),
        margin=np.ones(len(contract)),
        contracts=tuple(contracts),
        fees=fees,
        underlying=np.asarray(columns["underlying_close"], np.float64),
        bid_size=_size(columns["open_bid_size"], lots),
        ask_size=_size(columns["open_ask_size"], lots),
    )


_QUOTES = ("open_bid", "open_ask", "close_bid", "close_ask")


def _one(contracts: Sequence[Contract]) -> tuple[Any, str]:
    """The tick and the underlying of all of them."""
    if not contracts:
        raise InputError("symbols", "no option was at the money on these days", "import quotes of the option chain")
    kinds = {(contract.tick_size, contract.underlying) for contract in contracts}
    if len(kinds) != 1:
        raise InputError("contracts", f"{len(kinds)} ticks or underlyings", "give the contracts of one underlying")
    return kinds.pop()


def _places(contract: NDArray[Any], sessions: Sessions) -> NDArray[np.int64]:
    place = np.asarray(contract, np.int64)[sessions.starts]
    if not np.array_equal(sessions.spread(place, np.int64), contract):
        raise InputError("contract", "it changes within a session", "choose one at the session's first bar and keep it")
    return place


def _carried(column: NDArray[np.float64], sessions: Sessions) -> NDArray[np.float64]:
    """What is unknown is what the session last knew."""
    rows = np.arange(len(column))
    newest = np.maximum.accumulate(np.where(np.isnan(column), -1, rows))
    begins = sessions.spread(sessions.starts, np.int64)
    return np.where(newest >= begins, column[np.maximum(newest, 0)], np.nan)


def _size(units: NDArray[Any], lots: NDArray[np.int64]) -> NDArray[np.int64]:
    known = np.asarray(units, np.float64)
    found = np.where(np.isfinite(known), known, DEPTH_LOTS * lots)
    return np.clip(found, 0, ticks.MOST).astype(np.int64)
