"""A backtest on quotes: by the desk itself, or of a rule that buys options at the money over arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from sidecar.backtest import lookahead, sweep
from sidecar.backtest.executed import Executed
from sidecar.backtest.parts import Closes
from sidecar.backtest.result import Facts, assembled
from sidecar.backtest.sweep import Set, Spread, Study, Tried
from sidecar.backtest.windows import windows
from sidecar.domain.backtest_result import BacktestResult, DataNote, Lookahead
from sidecar.domain.backtests import Engine
from sidecar.domain.events import AnyEvent
from sidecar.proving.asked import Asked, silent
from sidecar.proving.bars import costs, tried
from sidecar.proving.best import Best, Sweep, best_of
from sidecar.proving.market import BEGUN, TRADED, Levels, Market, seconds_of
from sidecar.proving.options import Legs, legs_of

#: Events that are kept in memory, so that the strategy can be run again on another future.
MOST_HELD = 600_000
#: Looks ahead at a run of many events are dear: each is another run.
_MANY, _FEW_CUTS = 60_000, 2
_BENCHMARK = "the benchmark is the underlying's own level with all of the capital in it, without costs"
_SEEN = 950


class Ran(NamedTuple):
    """What an engine came to, and on what: the underlying's ``closes``, whose data they are, what is to be said."""

    done: Executed
    best: Best
    closes: Closes
    source: str
    simulated: bool
    seen: Lookahead
    said: tuple[str, ...]
    notes: tuple[DataNote, ...]
    bars: int = 0


@dataclass(frozen=True)
class OneSet:
    """One set of parameters over the whole market: what a sweep does many times, here or elsewhere."""

    market: Market

    def __call__(self, parameters: Set) -> Tried:
        """What the set came to."""
        return tried(self.market.asked, self.market.run(self.market.events(), parameters))


def on_quotes(asked: Asked) -> BacktestResult:
    """Run it. :raises InputError, BacktestFailed: as :func:`sidecar.proving.run.run`."""
    market, engine = Market(asked, seconds_of(asked)), asked.engine
    ran = _over_arrays(market) if engine is Engine.VECTORISED else _by_the_desk(market)
    asked.step("figures", _SEEN)
    days = [date.fromordinal(int(day)) for day in ran.closes.days]
    beside = len(asked.request.symbols) == 1 and len(days) > 0
    facts = Facts(
        engine=engine,
        source=ran.source,
        simulated=ran.simulated,
        calendar=asked.calendar,
        benchmark=_level(asked, ran.closes, days) if beside else None,
        windows=windows(days, asked.request, learns=False) if days else (),
        trials=ran.best.study.trials if ran.best.study else (),
        trial_returns=ran.best.study.returns if ran.best.study else None,
        lookahead=ran.seen,
        data=ran.notes,
        assumptions=(*ran.said, *costs(asked), *asked.left_out(), *((_BENCHMARK,) if beside else ())),
        closes=ran.closes,
        bars=ran.bars,
    )
    return assembled(asked.request, ran.done, facts)


# ---- by the desk itself --------------------------------------------------------------------------------------------


def _by_the_desk(market: Market) -> Ran:
    asked, levels = market.asked, Levels(market.asked)
    best = best_of(asked, 0, BEGUN, _swept_by_the_desk(market))
    passing = levels.over(market.events())
    held = list(islice(passing, MOST_HELD + 1))
    whole = len(held) <= MOST_HELD
    asked.step("run", BEGUN)
    done = market.run(held if whole else chain(held, passing), best.parameters, "run")
    asked.step("look-ahead", TRADED)
    seen = Lookahead(note=f"not looked: more than {MOST_HELD:,} events; ask for fewer days")
    if whole:
        seen = _seen(market, held, best.parameters, done)
    _, said = market.plan()
    notes = tuple(
        DataNote("settlement" if "settle" in note else "gap", 1, note) for note in dict.fromkeys(market.notes)
    )
    closes = levels.of(asked.request.symbols[0])
    return Ran(done, best, closes, levels.source, levels.simulated, seen, said, notes)


def _swept_by_the_desk(market: Market) -> Sweep:
    def swept(sets: Sequence[Set], told: Callable[[int], None], spread: Spread) -> Study:
        quiet = Market(market.asked._replace(tell=silent), market.seconds)
        return sweep.each(sets, OneSet(quiet), told, spread)

    return swept


def _seen(market: Market, events: list[AnyEvent], parameters: Set, done: Executed) -> Lookahead:
    cuts = _FEW_CUTS if len(events) > _MANY else lookahead.CUTS_OF_EVENTS

    def again(other: Iterable[AnyEvent]) -> Executed:
        return market.run(other, parameters)

    return lookahead.of_events(again, events, market.asked.request.seed, cuts, done)


# ---- over arrays ---------------------------------------------------------------------------------------------------


def _over_arrays(market: Market) -> Ran:
    asked = market.asked
    legs = legs_of(asked, market.period)
    best = best_of(asked, 0, BEGUN, _swept_over_arrays(legs))
    asked.step("run", BEGUN)
    done = legs.trade(best.parameters)
    asked.step("look-ahead", TRADED)
    seen = legs.seen(best.parameters)
    return Ran(
        done, best, legs.closes, legs.source, legs.simulated, seen, legs.assumptions, legs.notes, len(legs.traded[0])
    )


def _swept_over_arrays(legs: Legs) -> Sweep:
    return lambda sets, told, spread: sweep.swept(sets, legs.material(sets[0]), told, spread)


def _level(asked: Asked, closes: Closes, days: list[date]) -> Executed:
    """The underlying with all of the capital in it, marked at each close."""
    start = float(asked.request.initial_capital)
    sessions = [asked.calendar.session(day) for day in days]
    at = np.array([session.close_at if session else 0 for session in sessions], np.int64)
    equity = start * closes.value / closes.value[0]
    return Executed((), (), at, equity, equity)
