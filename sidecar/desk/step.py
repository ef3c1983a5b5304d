"""The only place where the desk's state changes: one event in, one line each."""

from __future__ import annotations

from sidecar.desk import closing, fills, session, watch, what_if
from sidecar.desk.commands import obey
from sidecar.desk.revalue import revalue
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.events import (
    AnyEvent,
    Beat,
    CommandEvent,
    FeedState,
    Listed,
    Quote,
    QuoteRefused,
    Settlement,
    StorageFailed,
    StrategyFailed,
    VenueBook,
    VenueEvent,
    WhatIf,
)
from sidecar.domain.report import Published


def step(state: DeskState, event: AnyEvent) -> Published | None:
    """Apply one event. Beats, commands, answers and failures give a report; quotes and other market news do not."""
    match event:
        case Quote():
            state.board.put(event)
            return None
        case QuoteRefused():
            state.board.refuse(event.symbol, event.reason)
            return None
        case Listed():
            _listed(state, event)
            return None
        case FeedState():
            state.feed_up = event.up
            state.feed_gaps += event.gap
            return None
        case Beat():
            session.advance(state, event.at)
            watch.expire(state)
            session.settle_expired(state)
            closing.work(state)
            return revalue(state, on_beat=True)
        case Settlement():
            session.advance(state, event.at)
            session.settle(state, event)
        case StorageFailed():
            watch.storage_failed(state, event.detail)
        case StrategyFailed():
            watch.strategy_failed(state, event.strategy, event.detail)
        case WhatIf():
            session.advance(state, event.at)
            what_if.answer(state, event)
        case _ if isinstance(event, VenueEvent):
            session.advance(state, _answered_at(state, event))
            fills.take(state, event)
        case _ if isinstance(event, CommandEvent):
            session.advance(state, event.at)
            obey(state, event)
    return revalue(state)


def _answered_at(state: DeskState, event: VenueEvent) -> int:
    """A venue's clock may carry the desk's on by a second, no more: one wrong date may not end the trading day."""
    if isinstance(event, VenueBook) or not state.now:
        return event.at
    return min(event.at, state.now + SECOND)


def _listed(state: DeskState, event: Listed) -> None:
    state.board.list_contracts(event.contracts)
    state.source = event.source
    state.simulated = event.simulated
    state.feed_up = True
    if not state.live_since:
        state.live_since = event.at
