"""An underlying's bars as its nearest monthly future: the contract of each day, its quotes, its settlement.

The future trades at the index's own level: no basis is known of bars of an index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest import ticks
from sidecar.backtest.costs import fraction, tariffed
from sidecar.backtest.series import Series
from sidecar.backtest.sessions import Sessions, schedules, sessions_of, told_apart
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import CalendarBeyond, InputError
from sidecar.domain.monthly import monthly
from sidecar.domain.reference import Reference


def future_series(
    columns: Mapping[str, NDArray[Any]],
    underlying: str,
    reference: Reference,
    *,
    slippage: float | None,
    commission: float | None,
) -> Series:
    """What a rule on an underlying's bars trades: the nearest monthly future, whole days of it.

    ``columns`` are bars of :class:`~sidecar.domain.bars.Bar`, (n,) each: ``at``, ``closes_at``, ``session``, ``open``
    and ``close`` are read. ``slippage`` is a fraction of the price by which both sides of the opening quote are worse
    than the open; None is one tick. ``commission`` stands in place of the tariff, if it is given. A contract has the
    lot, tick and freeze quantity of its first day here.

    It settles at the close of the last bar of its expiry's session, to two decimals as the exchange prints it; where
    that whole session is missing, at the close of the last bar before it.

    ``margin`` is the clearing corporation's floor of the price scan range and the exposure margin on top, the day's
    own: what a position asks at the least. It grows with volatility, which bars alone do not tell.

    :raises InputError: bars that are none, or days beyond the sessions table.
    :raises NotKnown: an underlying or a day of which the tables know nothing.
    """
    if slippage is not None:
        fraction("slippage", slippage)
    exchange = reference.exchange(underlying)
    sessions = sessions_of(columns)
    contracts, place = told_apart(_contracts(reference, underlying, sessions.days))
    tick = contracts[0].tick_size
    if any(contract.tick_size != tick for contract in contracts):
        raise InputError("start_date", f"{underlying}'s tick changes within the run", "test each side of it by itself")
    fees, fee = schedules(tariffed(reference, commission), exchange, "future", sessions.days)
    rules = [reference.margins(underlying, day) for day in sessions.days]
    opens = ticks.nearest(_known(columns, "open"), tick, "open")
    bid, ask = _quotes(columns["open"], opens, slippage, tick)
    last = np.zeros(len(opens), np.bool_)
    last[sessions.ends - 1] = True
    contract = sessions.spread(place, np.int32)
    settles = np.zeros(len(opens), np.bool_)
    settles[_settling(sessions, [contracts[each] for each in place]) - 1] = True
    close = _known(columns, "close")
    return Series(
        at=np.asarray(columns["at"], np.int64),
        closes_at=np.asarray(columns["closes_at"], np.int64),
        contract=contract,
        bid=bid,
        ask=ask,
        middle=bid + ask,
        close=ticks.nearest(close, tick),
        shut=last,
        settles=settles,
        settlement=np.where(settles, np.round(close, 2), np.nan),
        rolls=np.zeros(len(opens), np.bool_),
        fee=sessions.spread(fee, np.int32),
        margin=sessions.spread([rule.price_scan_floor + rule.exposure for rule in rules], np.float64),
        contracts=contracts,
        fees=fees,
        underlying=close,
    )


def _contracts(reference: Reference, underlying: str, days: Sequence[date]) -> list[Contract]:
    """The future of each day."""
    found: list[Contract] = []
    for day in days:
        held = found[-1].expiry if found else None
        found.append(found[-1] if held is not None and day <= held else _contract(reference, underlying, day))
    return found


def _contract(reference: Reference, underlying: str, day: date) -> Contract:
    try:
        expiry = monthly(reference, underlying, day)
    except CalendarBeyond as beyond:
        raise InputError("end_date", str(beyond)) from None
    if expiry is None:
        problem = f"the expiry of {underlying}'s future of {day} is beyond the sessions table, or no rule lists it"
        raise InputError("end_date", problem, "choose earlier days, or add the exchange's published sessions and rules")
    return Contract(
        underlying,
        Kind.FUTURE,
        expiry,
        expires_at=reference.expiry_close(underlying, expiry),
        lot_size=reference.lot_size(underlying, expiry, day),
        tick_size=reference.tick_size(underlying, day),
        freeze_quantity=reference.freeze_quantity(underlying, day),
    )


def _settling(sessions: Sessions, contracts: Sequence[Contract]) -> NDArray[np.int64]:
    """The ends of the sessions at which a contract settles: of its expiry's, or its last where that one is missing."""
    following = [*contracts[1:], None]
    settling = [
        day == contract.expiry or (later is not None and later is not contract)
        for day, contract, later in zip(sessions.days, contracts, following, strict=True)
    ]
    return sessions.ends[np.array(settling, np.bool_)]


def _quotes(
    opens: NDArray[Any], nearest: ticks.Ticks, slippage: float | None, tick: Any
) -> tuple[ticks.Ticks, ticks.Ticks]:
    if slippage is None:
        return nearest - 1, nearest + 1
    return ticks.whole_below(opens * (1.0 - slippage), tick), ticks.whole_above(opens * (1.0 + slippage), tick)


def _known(columns: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    column = np.asarray(columns[name], np.float64)
    if not (column > 0.0).all():
        place = int(np.argmin(column > 0.0))
        raise InputError(name, f"{column[place]} at bar {place} is no price", "leave out bars that have no price")
    return column
