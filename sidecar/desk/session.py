"""The desk's day: when the session is open, the roll at its open, and what expires at its close."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite

import msgspec

from sidecar.book import pnl
from sidecar.book.expiry import settlement_fills
from sidecar.desk import performing, wishes
from sidecar.desk.fills import take_fill
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import CalendarBeyond
from sidecar.domain.events import Settlement
from sidecar.domain.orders import OrderState
from sidecar.domain.quotes import Defect
from sidecar.domain.records import EquityMarked
from sidecar.risk import breaker

#: How often the calendar is asked again while nothing is known to change.
_ASK = SECOND
#: How long the roll waits for trusted marks while positions are held.
_ROLL_WAIT = 60 * SECOND


def advance(state: DeskState, at: int) -> None:
    """Carry the clock forward (never back), find the session, and say so when the calendar has ended."""
    state.now = max(state.now, at)
    # Silence counts from here: a desk that starts in the middle of a session has not been deaf since its open.
    state.live_since = state.live_since or state.now
    session = state.session
    if session is not None and session.open_at <= state.now < session.close_at:
        return
    if state.now - state.session_checked < _ASK and state.session_checked:
        return
    state.session_checked = state.now
    try:
        state.session = state.calendar.session_at(state.now)
        state.calendar_ends = False
    except CalendarBeyond:
        # Beyond the table nothing trades: no session is open that was not notified.
        state.session = None
        state.calendar_ends = True


def is_open(state: DeskState) -> bool:
    """Whether the exchange trades now (a break in the session is closed)."""
    return state.session is not None and state.session.is_open(state.now)


def opened_at(state: DeskState) -> int:
    """When the exchange last began to trade in this session: its open, or the end of its break."""
    session = state.session
    return max((opens for opens, _ in session.intervals if opens <= state.now), default=0) if session else 0


def roll(state: DeskState, equity: Mapping[str, float], *, trusted: bool) -> bool:
    """At a session's open: the day's P&L begins at this equity, and trips that last a day are cleared.

    The roll waits for trusted marks while positions are held, 60 s at most: then it takes what is known, and a fund
    whose equity is unknown keeps the base of the day before, so that its daily P&L counts from there. A fund that has
    no base at all gets one as soon as its equity is known. Returns whether anything changed.
    """
    session = state.session
    if session is None or not session.is_open(state.now):
        return False
    if state.day == session.date:
        return _complete(state, equity)
    if not trusted and state.now - session.open_at < _ROLL_WAIT:
        return False
    state.day = session.date
    state.base = pnl.roll(state.base, session.date, equity)
    state.explaining.roll(state, [fund for fund, value in equity.items() if isfinite(value)])
    record_equity(state, equity)
    rolled, event = breaker.roll(state.breaker, state.now)
    if event is not None:
        state.note_breaker(rolled, event)
    return True


def _complete(state: DeskState, equity: Mapping[str, float]) -> bool:
    base = state.base
    if base is None or all(fund in base.equity_by_fund for fund in equity):
        return False
    after = pnl.roll(base, base.day, equity)
    if after == base:
        return False
    state.base = after
    state.explaining.roll(state, after.equity_by_fund.keys() - base.equity_by_fund.keys())
    record_equity(state, equity)
    return True


def mark_equity(state: DeskState, equity: Mapping[str, float]) -> None:
    """Put equity and peak on record once a minute, for the drawdown of a desk that restarts."""
    if state.now - state.marked_at >= state.config.mark_record_s * SECOND:
        record_equity(state, equity)


def record_equity(state: DeskState, equity: Mapping[str, float]) -> None:
    """Put equity, peaks and the day's base on record; nothing before the first roll."""
    if state.day is None:
        return
    state.marked_at = state.now
    opening = dict(state.base.equity_by_fund) if state.base else {}
    money = {fund: pnl.money(value) for fund, value in equity.items() if isfinite(value)}
    # Not rounded: a peak that came back a hair lower would make another drawdown.
    peak = {fund: Decimal(repr(float(value))) for fund, value in state.peak.items() if isfinite(value)}
    capital = dict(state.config.capital)
    explain = state.explaining.marks(state)
    record = EquityMarked(state.now, state.day, money, peak, opening, dict(state.max_drawdown), capital, explain)
    state.pending.records.append(record)
    performing.mark(state, record)


def settle(state: DeskState, event: Settlement) -> None:
    """Remember a closing value and close what it settles; a second value for the same expiry changes nothing.

    It may come before the expiry's instant; it settles nothing until then. What is no price is refused and counted.
    """
    if not (isfinite(event.price) and event.price > 0.0):
        state.board.refuse(event.underlying, Defect.NOT_POSITIVE if isfinite(event.price) else Defect.NOT_FINITE)
        return
    state.settlements.setdefault((event.underlying, event.expiry), event)
    settle_expired(state)


def expired(contract: Contract, at: int) -> bool:
    """Whether a contract has ceased to trade."""
    return contract.expires_at is not None and contract.expires_at <= at


def settle_expired(state: DeskState) -> None:
    """End the orders of expired contracts, and close every position whose closing value is known, exactly at it."""
    for order in list(state.working.values()):
        if expired(state.contracts[order.request.symbol], state.now):
            over = msgspec.structs.replace(
                order, state=OrderState.EXPIRED, updated_at=state.now, note="the contract has expired"
            )
            state.keep(over)
    for position in state.book.open_positions():
        contract = state.contracts[position.symbol]
        if contract.expiry is None or not expired(contract, state.now):
            continue
        event = state.settlements.get((contract.underlying, f"{contract.expiry:%Y%m%d}"))
        if event is None:
            continue
        schedule = state.reference.fees(state.reference.exchange(contract.underlying), contract.kind, contract.expiry)
        for fill in settlement_fills([position], {contract.id: contract}, event.price, state.now, schedule):
            if take_fill(state, fill):
                state.counters["settlements"] += 1
        wishes.end(state, position.id, "settled at expiry")


def awaiting_settlement(state: DeskState) -> tuple[str, ...]:
    """Ids of positions in expired contracts whose closing value has not come yet."""
    return tuple(
        position.id for position in state.book.open_positions() if expired(state.contracts[position.symbol], state.now)
    )
