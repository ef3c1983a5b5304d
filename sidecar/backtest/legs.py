"""One series, or a call's and a put's over the same bars, as the arrays and tables of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest import kernel
from sidecar.backtest.kernel import FORCED, LAST, MONEY, NEW, RATE, SETTLES, SHUT, Quotes, Whole
from sidecar.backtest.series import Series
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import InputError
from sidecar.domain.reference import FeeSchedule

#: At how many opens, the last of them at any price, what must be gone before a roll is offered.
TRIES = 3
_RATES = (
    (kernel.STT_BUY, "stt_buy"), (kernel.STT_SELL, "stt_sell"), (kernel.STT_EXERCISE, "stt_exercise"),
    (kernel.EXCHANGE, "exchange"), (kernel.SEBI, "sebi"), (kernel.IPFT, "ipft"), (kernel.STAMP_BUY, "stamp_buy"),
    (kernel.STAMP_SELL, "stamp_sell"), (kernel.GST, "gst"),
)  # fmt: skip
_RIGHTS = {None: kernel.FUTURE, Right.CALL: kernel.CALL, Right.PUT: kernel.PUT}


class LaidOut(NamedTuple):
    """The kernel's input over c contracts and f schedules: ``quotes``, ``close`` and ``flags`` of each leg and bar, the
    tables ``terms`` (c, 5) and ``fees`` (f, 11), and the contracts by row.
    """

    quotes: Quotes
    close: Whole
    flags: NDArray[np.uint8]
    terms: Whole
    fees: Whole
    contracts: tuple[Contract, ...]


def laid_out(series: Sequence[Series]) -> LaidOut:
    """Series over the same bars. What is one series is not copied.

    :raises InputError: two series of different bars, a contract that changes while it is held, or a rate, a tick or a
        settlement that whole numbers cannot hold.
    """
    first = series[0]
    if any(not np.array_equal(each.at, first.at) for each in series):
        raise InputError("series", "they are of different bars", "give series of the same bars")
    for each in series:
        _refuse_what_stays(each)
    at_contract = np.cumsum([0, *(len(each.contracts) for each in series)])
    at_fee = np.cumsum([0, *(len(each.fees) for each in series)])
    quotes = Quotes(
        contract=_rows([each.contract + np.int32(at) for each, at in zip(series, at_contract, strict=False)]),
        bid=_rows([each.bid for each in series]),
        ask=_rows([each.ask for each in series]),
        shown_bid=_rows([_shown(each.bid_size, len(each)) for each in series]),
        shown_ask=_rows([_shown(each.ask_size, len(each)) for each in series]),
        settlement=_rows([_settlement(each) for each in series]),
        fee=_rows([each.fee + np.int32(at) for each, at in zip(series, at_fee, strict=False)]),
        margin=_rows([each.margin for each in series]),
    )
    contracts = tuple(contract for each in series for contract in each.contracts)
    return LaidOut(
        quotes,
        close=_rows([each.close for each in series]),
        flags=_rows([_flags(each) for each in series]),
        terms=np.array([_terms(contract) for contract in contracts], np.int64),
        fees=np.array([fee_row(schedule) for each in series for schedule in each.fees], np.int64),
        contracts=contracts,
    )


def fee_row(schedule: FeeSchedule) -> list[int]:
    """A schedule as a row of the kernel's table. :raises InputError: a rate is finer than a billionth, or above 1."""
    row = [0] * (kernel.ON_SETTLEMENT + 1)
    row[kernel.BROKERAGE] = money(schedule.brokerage, "brokerage")
    for column, part in _RATES:
        rate = getattr(schedule, part)
        row[column] = whole(rate, RATE, "commission", f"the rate {rate} of {part} is finer than a billionth")
        if not 0 <= row[column] <= RATE:
            raise InputError("commission", f"the rate {rate} of {part} is no fraction", "give a fraction of the price")
    row[kernel.ON_SETTLEMENT] = int(schedule.stt_exercise_base == "settlement")
    return row


def money(amount: Decimal, field: str) -> int:
    """An amount in ten-thousandths. :raises InputError: it is finer, or too large for whole numbers."""
    return whole(amount, MONEY, field, f"{amount} has more than four decimals")


def whole(number: Decimal, scale: int, field: str, problem: str) -> int:
    """``number`` times ``scale``, which is to be whole. :raises InputError: with ``problem``, where it is not."""
    if not number.is_finite() or abs(number) * scale >= 1 << 60:
        raise InputError(field, f"{number} is too large", "give a smaller number")
    scaled = number * scale
    if scaled != int(scaled):
        raise InputError(field, problem, "round it")
    return int(scaled)


def _terms(contract: Contract) -> list[int]:
    row = [0] * (kernel.RIGHT + 1)
    row[kernel.LOT] = contract.lot_size
    row[kernel.TICK] = money(contract.tick_size, "tick_size")
    row[kernel.FREEZE] = contract.freeze_quantity
    row[kernel.STRIKE] = money(Decimal(repr(float(contract.strike or 0.0))), "strike")
    row[kernel.RIGHT] = _RIGHTS[contract.right if contract.kind is Kind.OPTION else None]
    return row


def _rows(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Columns (n,) as one contiguous and writable array (legs, n), which is the one form that the kernel is compiled
    for; a view where there is one column of that form.
    """
    only = columns[0]
    if len(columns) == 1 and only.flags.c_contiguous and only.flags.writeable:
        return only[None]
    return np.stack(columns)


def _shown(size: Whole | None, n: int) -> Whole:
    return np.full(n, -1, np.int64) if size is None else size


def _flags(series: Series) -> NDArray[np.uint8]:
    forced, new = series.rolls.copy(), np.zeros(len(series), np.bool_)
    new[1:] = series.contract[1:] != series.contract[:-1]
    for back in range(1, min(TRIES, len(series))):
        forced[:-back] |= series.rolls[back:] & (series.contract[back:] == series.contract[:-back])
    known = ((series.shut, SHUT), (forced, FORCED), (series.rolls, LAST), (series.settles, SETTLES), (new, NEW))
    flags = np.zeros(len(series), np.uint8)
    for column, flag in known:
        flags |= column.astype(np.uint8) * np.uint8(flag)
    return flags


def _settlement(series: Series) -> Whole:
    found = np.zeros(len(series), np.int64)
    for place in np.flatnonzero(series.settles):
        found[place] = money(Decimal(repr(float(series.settlement[place]))), "settlement")
    return found


def _refuse_what_stays(series: Series) -> None:
    """A contract must be gone, by settlement or by a roll, before the next; nothing is sent where it ends."""
    ends = np.flatnonzero(series.contract[1:] != series.contract[:-1])
    gone = (series.settles | series.rolls) & series.shut
    if not gone[ends].all():
        place = int(ends[np.argmin(gone[ends])])
        raise InputError("series", f"the contract of bar {place} neither settles nor rolls", "say how it ends")
