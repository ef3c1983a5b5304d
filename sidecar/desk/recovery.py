"""Start-up and crash recovery are one path: fold what the journal kept into an empty state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from sidecar.book.pnl import DayBase
from sidecar.book.position import position_id
from sidecar.desk import (
    alerting,
    forecasting,
    halts,
    heartbeats,
    limiting,
    modelling,
    performing,
    signalling,
    wishes,
)
from sidecar.desk.explaining import Booked
from sidecar.desk.halting import DISABLED, DRILL, ENABLED
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerState, BreakerStatus
from sidecar.domain.orders import Fill, OrderState
from sidecar.domain.records import (
    AlertRecorded,
    AnyRecord,
    Audited,
    BreakerRecorded,
    CloseRecorded,
    EquityMarked,
    FillRecorded,
    Halted,
    HeartbeatRecorded,
    LimitsRecorded,
    ModelRecorded,
    OrderRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    SignalRecorded,
    TrainingRecorded,
)
from sidecar.risk import breaker


def restore(state: DeskState, records: Iterable[AnyRecord]) -> int:
    """Fold records, oldest first, into a fresh state; returns how many there were.

    Orders that were working become ``unknown``: only the venue can say what became of them.
    """
    count = 0
    marked: EquityMarked | None = None
    since: list[Booked] = []
    for record in records:
        if isinstance(record, FillRecorded):
            since += _book(state, record.fill)
        else:
            _fold(state, record)
        if isinstance(record, EquityMarked):
            marked = record
            since.clear()
        state.now = max(state.now, record.at)
        count += 1
    _resume_explain(state, marked, since)
    _move_capital(state)
    for order in list(state.working.values()):
        state.restore_order(msgspec.structs.replace(order, state=OrderState.UNKNOWN, note="before a restart"))
    # Rows first for what is held or works, so that each has a contract before the feed speaks.
    needed = {order.request.symbol for order in state.working.values()}
    needed |= {position.symbol for position in state.book.open_positions()}
    state.board.list_contracts(contract for symbol, contract in state.contracts.items() if symbol in needed)
    return count


def _book(state: DeskState, fill: Fill) -> list[Booked]:
    """Put a fill into the book; with its position before and after, or nothing if its id was seen before."""
    key = position_id(fill.fund_id, fill.strategy, fill.symbol)
    before = state.book.positions.get(key)
    if state.book.apply(fill) is None:
        return []
    return [(fill, before, state.book.positions[key])]


def _resume_explain(state: DeskState, marked: EquityMarked | None, since: Iterable[Booked]) -> None:
    """The day's explain as it last went on record, and the fills since; an older program's record has none."""
    if marked is None or marked.explain is None:
        return
    state.explaining.resume(marked.at, marked.explain, marked.opening, state.book, since)


def _move_capital(state: DeskState) -> None:
    """Let the day's base and the peak follow capital that was added or taken away since the last run."""
    moved = {
        fund: amount - state.recorded_capital[fund]
        for fund, amount in state.config.capital.items()
        if fund in state.recorded_capital and amount != state.recorded_capital[fund]
    }
    if not moved:
        return
    state.say("capital has changed: " + ", ".join(f"{fund} by {amount:+}" for fund, amount in moved.items()))
    for fund, amount in (*moved.items(), ("*", sum(moved.values(), Decimal(0)))):
        if fund in state.peak:
            state.peak[fund] += float(amount)
        if state.base is not None and fund in state.base.equity_by_fund:
            equity = {**state.base.equity_by_fund, fund: state.base.equity_by_fund[fund] + amount}
            state.base = DayBase(state.base.day, equity)


def unfunded(state: DeskState) -> tuple[str, ...]:
    """Funds that hold positions or working orders but have no capital in the settings."""
    used = {position.fund_id for position in state.book.open_positions()}
    used |= {order.request.fund_id for order in state.working.values()}
    return tuple(sorted(used - state.config.capital.keys()))


def start_state(state: DeskState, projected: BreakerState | None, *, fresh: bool, live: bool = False) -> str | None:
    """The breaker state to start in: what was last on disk, the safer of two that disagree. Returns a note, if any.

    A fresh desk starts active on paper and ``manual_disable`` with a live venue, until a person arms it.
    """
    if fresh:
        if live:
            state.breaker = BreakerState(BreakerStatus.MANUAL_DISABLE, halt_seq=1)
            return "a fresh desk on a live venue starts disabled: reset it to arm"
        return None
    if projected is not None and projected.status is not state.breaker.status:
        told = state.breaker.status
        state.breaker = breaker.safer(state.breaker, projected)
        return f"journal says {told}, database says {projected.status}: started {state.breaker.status}"
    return None


def _fold(state: DeskState, record: AnyRecord) -> None:
    take = _FOLDED.get(type(record))
    if take is not None:
        take(state, record)


def _order(state: DeskState, record: OrderRecorded) -> None:
    state.contracts.setdefault(record.contract.id, record.contract)
    state.restore_order(record.order)


def _breaker(state: DeskState, record: BreakerRecorded) -> None:
    halts.fold_breaker(state, record.event, record.state)
    state.breaker_events.append(record.event)


def _equity(state: DeskState, record: EquityMarked) -> None:
    state.recorded_capital = record.capital
    state.day = record.day
    state.peak = {fund: float(value) for fund, value in record.peak.items()}
    state.base = DayBase(record.day, dict(record.opening))
    state.max_drawdown = dict(record.max_drawdown)
    state.marked_at = record.at
    performing.mark(state, record)


def _audited(state: DeskState, record: Audited) -> None:
    match record.action:
        case action if action == DISABLED:
            state.disabled.add(record.subject)
        case action if action == ENABLED:
            state.disabled.discard(record.subject)
            state.book.forgive(record.subject)
        case action if action == DRILL:
            state.last_drill_at = record.at


#: What of the record changes the state, and who takes it up.
_FOLDED: Mapping[type, Callable[[DeskState, Any], None]] = {
    OrderRecorded: _order,
    BreakerRecorded: _breaker,
    Halted: halts.fold_halt,
    HeartbeatRecorded: heartbeats.restore,
    LimitsRecorded: limiting.fold,
    EquityMarked: _equity,
    Audited: _audited,
    CloseRecorded: wishes.fold,
    AlertRecorded: alerting.fold,
    SignalRecorded: signalling.fold,
    PredictionRecorded: forecasting.fold_prediction,
    OutcomeRecorded: forecasting.fold_outcome,
    ModelRecorded: modelling.fold_model,
    TrainingRecorded: modelling.fold_run,
}
