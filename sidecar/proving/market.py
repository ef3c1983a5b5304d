"""The quotes that a backtest runs on: imported days or a tape, at their own pace, and what passes by in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from sidecar.backtest.costs import tariffed
from sidecar.backtest.event import EventPlan, run_events
from sidecar.backtest.executed import Executed
from sidecar.backtest.pace import paced, patient
from sidecar.backtest.parts import Closes
from sidecar.backtest.resets import ASSUMPTION as ASSUMED_RESETS
from sidecar.backtest.resets import reset_each_session
from sidecar.backtest.ruled import FUND
from sidecar.backtest.sweep import Set
from sidecar.backtest.worse import widened
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.errors import InputError
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote, Settlement
from sidecar.proving.archive_feed import HOLE, archived_events, usual_gap
from sidecar.proving.asked import Asked
from sidecar.proving.past import Days
from sidecar.replay import staleness
from sidecar.store import tape
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.protocol import Strategy

#: How far a run has come, in thousandths, before it is traded and after.
BEGUN, TRADED = 300, 700


@dataclass
class Levels:
    """What passes by of the market: the last value of the underlyings on each day, and whose data it is."""

    asked: Asked
    closes: dict[str, dict[int, float]] = field(default_factory=dict)
    source: str = ""
    simulated: bool = False

    def over(self, events: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
        """The same events, looked at."""
        wanted, calendar = set(self.asked.request.symbols), self.asked.calendar
        day, until = 0, 0
        for event in events:
            if isinstance(event, Quote) and event.symbol in wanted and event.last == event.last:
                if event.at >= until:
                    day = calendar.local_date(event.at).toordinal()
                    until = event.at // MINUTE * MINUTE + MINUTE
                self.closes.setdefault(event.symbol, {})[day] = event.last
            elif isinstance(event, Listed):
                self.source, self.simulated = event.source, self.simulated or event.simulated
            yield event

    def of(self, symbol: str) -> Closes:
        """The closes of one underlying by day."""
        held = sorted(self.closes.get(symbol, {}).items())
        return Closes(np.array([day for day, _ in held], np.int64), np.array([value for _, value in held], np.float64))


@dataclass(frozen=True)
class Market:
    """The quotes of a request. ``seconds`` is how far apart an index's values usually are."""

    asked: Asked
    seconds: float
    notes: list[str] = field(default_factory=list)

    def events(self) -> Iterator[AnyEvent]:
        """From the first day to the last, slippage included."""
        request, past = self.asked.request, self.asked.past
        if past.tape:
            found: Iterable[AnyEvent] = beaten(
                _of_days(self.asked, tape.read(Path(past.tape))), round(HOLE * self.seconds * SECOND)
            )
        else:
            found = archived_events(
                Path(past.archive), request.symbols, request.start_date, request.end_date, self.asked.reference,
                self.asked.calendar, noted=self.notes.append,
                to_the_minute=self.asked.chosen.rule is not None,
            )  # fmt: skip
        found = found if request.slippage is None else widened(found, request.slippage, past.paper.assumed_spread)
        return reset_each_session(found, self.asked.calendar) if request.resets else iter(found)

    def plan(self) -> tuple[EventPlan, tuple[str, ...]]:
        """The desk at this market's pace with the run's capital, and what was loosened for it."""
        request, past = self.asked.request, self.asked.past
        config, said = paced(replace(past.config, capital={FUND: request.initial_capital}), self.seconds)
        said = (*said, *((ASSUMED_RESETS,) if request.resets else ()))
        return EventPlan(
            config,
            patient(past.paper, self.seconds, at_once=self.asked.chosen.rule is not None),
            request.seed,
            past.strategy_s,
        ), said

    def run(self, events: Iterable[AnyEvent], parameters: Set, told: str = "") -> Executed:
        """The strategies of a set of parameters, one an underlying, on a desk of their own."""
        asked = self.asked
        made = [each for symbol in asked.request.symbols for each in self._strategies(symbol, parameters)]
        plan, _ = self.plan()
        tables = tariffed(asked.reference, asked.request.commission)
        share = TRADED - BEGUN

        def tell(done: int) -> None:
            if told:
                asked.step("run", BEGUN + share * done // (done + 100_000), f"{done:,} events")

        return run_events(events, plan, tables, asked.calendar, made, tell)

    def _strategies(self, symbol: str, parameters: Set) -> tuple[Strategy, ...]:
        asked = self.asked
        if asked.chosen.rule is None:
            return asked.chosen.make(FUND, symbol, parameters)
        name, instrument = asked.request.strategy, asked.request.instrument
        rule, lots = asked.chosen.rule(parameters), asked.chosen.lots(parameters)
        return (BarStrategy(rule, name, FUND, symbol, lots, instrument, self.period, patience=0),)

    @property
    def period(self) -> int:
        """The bar of a rule on these quotes: a minute, or as many as lie between two values."""
        return max(1, ceil(self.seconds * SECOND / MINUTE - 0.5)) * MINUTE


def tape_days(asked: Asked) -> Days:
    """The days of a tape's underlyings. :raises InputError: it was recorded by a desk and holds its orders."""
    path = Path(asked.past.tape)
    header = tape.read_header(path)
    if header.recorded == "desk":
        raise InputError("tape", f"{path.name} was recorded by a desk and holds its orders", "give a tape of a market")
    days: dict[str, set[int]] = {}
    for event in tape.read(path):
        if isinstance(event, Quote) and "-" not in event.symbol:
            days.setdefault(event.symbol, set()).add(asked.calendar.local_date(event.at).toordinal())
    ordinals = {symbol: sorted(held) for symbol, held in sorted(days.items())}
    known = asked.reference.underlyings
    return {
        symbol: tuple(date.fromordinal(day) for day in held) for symbol, held in ordinals.items() if symbol in known
    }


def beaten(events: Iterable[AnyEvent], hole: int) -> Iterator[AnyEvent]:
    """``events`` with a beat after each second and each snapshot of them, and on each whole minute of a pause.

    None comes in a pause longer than ``hole`` (microseconds): nothing of the desk's day happens in a night.
    """
    beaten = last = 0
    for event in events:
        if last and event.at > last and event.at - beaten >= SECOND:
            yield Beat(last)
            beaten = last
            if event.at - last <= max(hole, MINUTE):
                yield from map(Beat, range((last // MINUTE + 1) * MINUTE, event.at, MINUTE))
        yield event
        last = event.at
    if last:
        yield Beat(last)
        yield Beat(last + SECOND)


def _of_days(asked: Asked, events: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """What happens on the request's days; of the days before only what lasts."""
    request, calendar = asked.request, asked.calendar
    for event in events:
        day = calendar.local_date(event.at)
        if day > request.end_date:
            return
        if day >= request.start_date or isinstance(event, Listed | Settlement):
            yield event


def seconds_of(asked: Asked) -> float:
    """How far apart the values of an index usually are. :raises InputError: there is nothing of those days."""
    request, past = asked.request, asked.past
    if past.tape:
        return staleness(Path(past.tape), past.config.limits["stale"]) / 5
    return usual_gap(Path(past.archive), request.symbols, request.start_date, request.end_date)
