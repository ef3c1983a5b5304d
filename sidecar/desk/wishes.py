"""Wishes to close: each begins and ends on record, so that a restart takes up what stands."""

from __future__ import annotations

from sidecar.desk.state import Closing, DeskState
from sidecar.domain.plans import CloseLine
from sidecar.domain.records import CloseRecorded


def begin(state: DeskState, position_id: str, actor: str, reason: str) -> Closing:
    """The wish for a position: the one that stands, or a new one on record."""
    found = state.closing.get(position_id)
    if found is None:
        record = CloseRecorded(state.now, position_id, actor, reason, wanted=True)
        found = restored(state, record)
        state.pending.records.append(record)
    return found


def end(state: DeskState, position_id: str, why: str) -> None:
    """The wish is fulfilled or withdrawn; nothing where there was none."""
    wish = state.closing.pop(position_id, None)
    if wish is not None:
        state.pending.records.append(CloseRecorded(state.now, position_id, wish.actor, why, wanted=False))


def end_all(state: DeskState, why: str, fund_id: str | None = None) -> None:
    """Withdraw every wish (of a fund)."""
    for position_id in list(state.closing):
        if fund_id in (None, fund_of(position_id)):
            end(state, position_id, why)


def restored(state: DeskState, record: CloseRecorded) -> Closing:
    """The wish of a record, without telling anyone."""
    wish = Closing(record.actor, record.reason, state.config.closing_retry_s, record.at)
    state.closing[record.position_id] = wish
    return wish


def fold(state: DeskState, record: CloseRecorded) -> None:
    """Take a record at a restart: a wish that began stands until the record of its end."""
    if record.wanted:
        restored(state, record)
    else:
        state.closing.pop(record.position_id, None)


def fund_of(position_id: str) -> str:
    """The fund of ``fund/strategy/symbol``; a strategy's name may hold a slash, a fund's may not."""
    return position_id.partition("/")[0]


def symbol_of(position_id: str) -> str:
    """The contract of ``fund/strategy/symbol``."""
    return position_id.rpartition("/")[2]


def lines(state: DeskState) -> tuple[CloseLine, ...]:
    """What is being closed, oldest wish first: what is left of each, and what came of the last try."""
    held = state.book.positions
    return tuple(
        CloseLine(
            key, held[key].quantity if key in held else 0, wish.actor, wish.reason, wish.since, wish.tries, wish.detail
        )
        for key, wish in state.closing.items()
    )
