"""A desk whose market comes a minute at a time, with a future listed: where rules on bars trade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sidecar.domain.backtests import Instrument
from sidecar.domain.clock import MINUTE
from sidecar.domain.events import AnyEvent, Beat, Listed
from sidecar.domain.orders import Order, OrderState
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.protocol import Strategy
from sidecar.strategies.rules import ClosedBar, Rule, Stepper, stepped
from tests.desk.world import CLOSE, FUTURE, LOT, OPEN, SPOT, chain, index, quote
from tests.test_drive import Room

PACE = {"stale": 600.0, "stale_warn": 300.0, "duplicate_order": 1.0}


class Minutes(Room):
    """A room at its session's open; ``bar`` lets a minute pass. Options are quoted at the open of every ``nth`` bar."""

    def __init__(self, strategies: Sequence[Strategy] = (), *, nth: int = 5, **more: Any) -> None:
        super().__init__([], **{"limits": PACE, **more})
        self.drive.handle(Listed(self.at, (FUTURE,), "test"))
        self.drive.strategies = list(strategies)
        self.at = OPEN
        self.nth = nth

    def bar(self, close: float = SPOT, opens: float | None = None, *, extra: Sequence[AnyEvent] = ()) -> None:
        opens = close if opens is None else opens
        options = chain(self.at, opens) if (self.at - OPEN) // MINUTE % self.nth == 0 else [index(self.at, opens)]
        events: list[AnyEvent] = [*options, quote(FUTURE, self.at, opens)]
        self.at += MINUTE
        events += [index(self.at - 1, close), quote(FUTURE, self.at - 1, close), Beat(self.at), *extra]
        for event in events:
            self.drive.handle(event)
        if extra:
            self.drive.handle(Beat(self.at))

    def to_the_last(self, bars: int) -> None:
        """Go on until ``bars`` bars of the session are left; nothing is seen of those between."""
        self.at = CLOSE - bars * MINUTE

    @property
    def sent(self) -> list[Order]:
        return list(self.state.orders.values())

    @property
    def held(self) -> dict[str, int]:
        """What is held, in lots."""
        return {one.symbol: one.quantity // LOT for one in self.state.book.open_positions()}

    def states(self) -> list[OrderState]:
        return [order.state for order in self.sent]


class Told:
    """A rule that wants what it is told to want, bar by bar, the last of it for ever."""

    name = "told"
    needs_model = False
    batch = stepped

    def __init__(self, *targets: float) -> None:
        self.targets = targets
        self.bars: list[ClosedBar] = []

    def stepper(self) -> Stepper:
        def step(bar: ClosedBar) -> float:
            self.bars.append(bar)
            return self.targets[min(len(self.bars), len(self.targets)) - 1]

        return step


def trading(rule: Rule, lots: int = 1, instrument: Instrument = Instrument.FUTURE) -> Minutes:
    nth = 1 if instrument is Instrument.ATM_OPTIONS else 5
    return Minutes([BarStrategy(rule, "mine", "main", "NIFTY", lots, instrument)], nth=nth)
