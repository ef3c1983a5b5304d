"""The only place where the desk's state changes: one event in, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from sidecar.desk import (
    alerting,
    closing,
    confirming,
    fills,
    forecasting,
    heartbeats,
    modelling,
    session,
    signalling,
    unwinding,
    watch,
    what_if,
)
from sidecar.desk.commands import obey
from sidecar.desk.revalue import revalue
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CommandEvent, PlanClose, WhatIf
from sidecar.domain.events import (
    AnyEvent,
    Beat,
    FeedState,
    Forecast,
    Listed,
    Matured,
    ModelOffered,
    ModelRefused,
    Noticed,
    Quote,
    QuoteRefused,
    Settlement,
    StorageFailed,
    StrategyFailed,
    TradingHalt,
    TrainingEnded,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.report import Published


def step(state: DeskState, event: AnyEvent) -> Published | None:
    """Apply one event. Beats, commands, answers and failures give a report; quotes and other market news do not."""
    quiet = _QUIET.get(type(event))
    if quiet is not None:
        quiet(state, event)
        return None
    session.advance(state, _happened_at(state, event))
    _LOUD[type(event)](state, event)
    return revalue(state, on_beat=isinstance(event, Beat))


def _beat(state: DeskState, event: Beat) -> None:
    watch.expire(state)
    heartbeats.watch(state, event)
    session.settle_expired(state)
    closing.work(state)
    signalling.score(state)
    state.asking.work(state)


def _answer(state: DeskState, event: VenueEvent) -> None:
    fills.take(state, event)
    if isinstance(event, VenueBook):
        confirming.heard(state, event)


def _happened_at(state: DeskState, event: AnyEvent) -> int:
    return _answered_at(state, event) if isinstance(event, VenueEvent) else event.at


def _answered_at(state: DeskState, event: VenueEvent) -> int:
    """A venue's clock may carry the desk's on by a second, no more: one wrong date may not end the trading day."""
    if not state.now or (isinstance(event, VenueBook) and not state.asking.asked):
        return event.at  # the answer at the start begins the clock
    return min(event.at, state.now + SECOND)


def _feed(state: DeskState, event: FeedState) -> None:
    state.feed_up = event.up
    state.feed_gaps += event.gap
    if event.up:
        state.asking.soon()  # what was missed meanwhile, the venue knows


def _listed(state: DeskState, event: Listed) -> None:
    state.board.list_contracts(event.contracts)
    state.source = event.source
    state.simulated = event.simulated
    state.feed_up = True
    if not state.live_since:
        state.live_since = event.at


_Does = Callable[[DeskState, Any], object]

#: What changes the state and is told by the next report.
_QUIET: Mapping[type, _Does] = {
    Quote: lambda state, event: state.board.put(event),
    QuoteRefused: lambda state, event: state.board.refuse(event.symbol, event.reason),
    Listed: _listed,
    FeedState: _feed,
}

#: What makes a report.
_LOUD: Mapping[type, _Does] = {
    **dict.fromkeys(get_args(CommandEvent), obey),
    **dict.fromkeys(get_args(VenueEvent), _answer),
    Beat: _beat,
    Settlement: session.settle,
    TradingHalt: watch.trading_halt,
    StorageFailed: lambda state, event: watch.storage_failed(state, event.detail),
    StrategyFailed: lambda state, event: watch.strategy_failed(state, event.strategy, event.detail),
    Noticed: alerting.notice,
    Forecast: forecasting.take,
    Matured: forecasting.mature,
    ModelOffered: modelling.offer,
    ModelRefused: modelling.refuse,
    TrainingEnded: modelling.ended,
    WhatIf: what_if.answer,
    PlanClose: unwinding.answer,
}
