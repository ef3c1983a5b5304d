"""The event engine: a past through the desk itself, the same state, gate, book, fees and paper venue as live.

Nothing of the desk is left out or imitated, so what its limits refuse and what its breaker stops is part of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sidecar.backtest.executed import Executed
from sidecar.backtest.watched import Watched, watching
from sidecar.backtest.witness import Witness
from sidecar.desk.config import DeskConfig
from sidecar.desk.state import DeskState
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import BacktestFailed
from sidecar.domain.events import AnyEvent, Beat, Quote
from sidecar.domain.reference import Reference
from sidecar.drive import Drive
from sidecar.strategies.protocol import Strategy
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker

#: Real seconds that one call of a strategy may take.
PATIENCE_S = 20.0
_TOLD_EVERY = 5_000


class EventPlan(NamedTuple):
    """What the desk and the venue are told at the start: the settings with the capital of each fund, and a seed.

    ``patience_s`` is how long (real seconds) one call of a strategy may take, 0 for ever. Marks are at least
    ``mark_every`` (microseconds) apart, but for one at each session's end.
    """

    config: DeskConfig
    paper: PaperSettings = PaperSettings()
    seed: int = 7
    patience_s: float = PATIENCE_S
    mark_every: int = 0


def run_events(
    events: Iterable[AnyEvent],
    plan: EventPlan,
    reference: Reference,
    calendar: Calendar,
    strategies: Sequence[Strategy],
    told: Callable[[int], None] = lambda _: None,
) -> Executed:
    """Run ``events``, in order of time and with their beats, through a desk that starts flat.

    Every record is kept at once, so that an order acts on the first event after its decision. ``told`` is given the
    number of events done, every few thousand and at the end. The same events, plan and strategies give the same bytes.
    A strategy that does not come back is ended only in the main thread: no other gets the signal.

    :raises BacktestFailed: a strategy raised or did not come back; says which one and at which of its lines.
    """
    state = DeskState(plan.config, reference, calendar)
    witness = Witness(state, plan.mark_every)
    asked = [Watched(strategy, plan.patience_s) for strategy in strategies]
    broker = PaperBroker(seed=plan.seed, settings=plan.paper, calendar=calendar)
    drive = Drive(state, broker, asked, publish=witness.publish, record=witness.record)
    count = 0
    with watching():
        for count, event in enumerate(events, start=1):
            if state.working:
                _carry_on(drive, event)
            drive.handle(event)
            if state.disabled:
                _refuse_failed(asked)
            if count % _TOLD_EVERY == 0:
                told(count)
    told(count)
    return witness.executed(count)


def _carry_on(drive: Drive, event: AnyEvent) -> None:
    """Let time pass up to a quote that an order may fill at, where the data has a hole before it.

    The desk books no fill that is dated more than a minute ahead of its clock, which beats alone carry on.
    """
    state = drive.state
    if not isinstance(event, Quote) or event.at - state.now <= MINUTE:
        return
    if any(order.request.symbol == event.symbol for order in state.working.values()):
        drive.handle(Beat(event.at))


def _refuse_failed(asked: Iterable[Watched]) -> None:
    """A strategy that lost too often in a row is disabled too, which is a result and no failure."""
    for strategy in asked:
        if strategy.failure is not None:
            raise BacktestFailed(str(strategy.failure))
