"""Start-up and crash recovery are one path: fold what the journal kept into an empty state."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sidecar.book.pnl import DayBase
from sidecar.desk.halting import DISABLED, ENABLED
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerState, BreakerStatus
from sidecar.domain.errors import InputError
from sidecar.domain.orders import OrderState
from sidecar.domain.records import (
    AnyRecord,
    Audited,
    BreakerRecorded,
    EquityMarked,
    FillRecorded,
    LimitsRecorded,
    OrderRecorded,
)
from sidecar.risk import breaker, limits


def restore(state: DeskState, records: Iterable[AnyRecord]) -> int:
    """Fold records, oldest first, into a fresh state; returns how many there were.

    Orders that were working become ``unknown``: only the venue can say what became of them.
    """
    count = 0
    for record in records:
        _fold(state, record)
        state.now = max(state.now, record.at)
        count += 1
    for order in list(state.working.values()):
        state.restore_order(msgspec.structs.replace(order, state=OrderState.UNKNOWN, note="before a restart"))
    # Rows first for what is held or works, so that each has a contract before the feed speaks.
    needed = {order.request.symbol for order in state.working.values()}
    needed |= {position.symbol for position in state.book.open_positions()}
    state.board.list_contracts(contract for symbol, contract in state.contracts.items() if symbol in needed)
    return count


def start_state(state: DeskState, projected: BreakerState | None, *, fresh: bool) -> str | None:
    """The breaker state to start in: what was last on disk, the safer of two that disagree. Returns a note, if any.

    A fresh desk starts active on paper and ``manual_disable`` with a live venue, until a person arms it.
    """
    if fresh:
        if state.config.live_venue:
            state.breaker = BreakerState(BreakerStatus.MANUAL_DISABLE, halt_seq=1)
            return "a fresh desk on a live venue starts disabled: reset it to arm"
        return None
    if projected is not None and projected.status is not state.breaker.status:
        told = state.breaker.status
        state.breaker = breaker.safer(state.breaker, projected)
        return f"journal says {told}, database says {projected.status}: started {state.breaker.status}"
    return None


def _fold(state: DeskState, record: AnyRecord) -> None:
    match record:
        case OrderRecorded(order=order, contract=contract):
            state.contracts.setdefault(contract.id, contract)
            state.restore_order(order)
        case FillRecorded(fill=fill):
            state.book.apply(fill)
        case BreakerRecorded(event=event, state=after):
            state.breaker = after
            state.breaker_events.append(event)
        case LimitsRecorded(limits=values, fund_id=fund_id):
            try:
                state.limits[fund_id] = limits.validate(values, whole=fund_id is None)
            except InputError:
                # A limit that this program no longer knows: the settings' limits stand, which the operator can see.
                state.say("limits on record are not this program's: the settings' limits apply")
        case EquityMarked(day=day, peak=peak, opening=opening, max_drawdown=deepest):
            state.day = day
            state.peak = {fund: float(value) for fund, value in peak.items()}
            state.base = DayBase(day, dict(opening))
            state.max_drawdown = dict(deepest)
            state.marked_at = record.at
        case Audited(action=action, subject=strategy) if action == DISABLED:
            state.disabled.add(strategy)
        case Audited(action=action, subject=strategy) if action == ENABLED:
            state.disabled.discard(strategy)
            state.book.forgive(strategy)
        case _:
            pass
