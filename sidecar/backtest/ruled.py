"""Bars of underlyings, run by either engine: what is prepared once, and then the run itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from heapq import merge
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.backtest import bar_feed
from sidecar.backtest.costs import tariffed
from sidecar.backtest.event import EventPlan, run_events
from sidecar.backtest.executed import Executed
from sidecar.backtest.forecasts import forecast_events
from sidecar.backtest.futures import future_series
from sidecar.backtest.models import Predicted
from sidecar.backtest.pace import chainless, paced, patient, volatility
from sidecar.backtest.resets import ASSUMPTION as ASSUMED_RESETS
from sidecar.backtest.resets import reset_each_session
from sidecar.backtest.series import Series
from sidecar.backtest.vectorised import Sizing, trade
from sidecar.desk.config import DeskConfig
from sidecar.domain.backtest_result import DataNote, Window
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import SECOND
from sidecar.domain.errors import InputError
from sidecar.domain.events import AnyEvent
from sidecar.domain.reference import Reference
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.protocol import Strategy
from sidecar.strategies.rules import Rule, Targets
from sidecar.venues.matching import PaperSettings

Columns = Mapping[str, NDArray[Any]]
#: The fund of a backtest.
FUND = "main"
#: What a model's signals go through live, and not here.
OF_MODELS = "live holds back a model that is older than two sessions or without proven skill; here each speaks"
ASSUMPTION = "the nearest monthly future is traded at the index's own level: bars of an index tell no basis"
_SIDES = ("p_sell", "p_hold", "p_buy")


class Prepared(NamedTuple):
    """One underlying's past. ``columns`` are all its bars up to the end, (n,), ``first`` is the place of the first that
    is tested; ``series`` is what is traded from there on. ``predicted`` is of all of them, None where the rule looks at
    no model. ``notes`` say what is wrong with the bars.
    """

    symbol: str
    columns: Columns
    first: int
    series: Series
    windows: tuple[Window, ...]
    predicted: Predicted | None = None
    notes: tuple[DataNote, ...] = ()

    @property
    def tested(self) -> dict[str, NDArray[Any]]:
        """The bars that are tested."""
        return {name: column[self.first :] for name, column in self.columns.items()}

    @property
    def seconds(self) -> float:
        """The usual length of a bar."""
        return float(np.median(self.series.closes_at - self.series.at)) / SECOND

    def inputs(self) -> dict[str, NDArray[np.float64]]:
        """What the rule sees of each tested bar."""
        tested = self.tested
        found = {"close": np.asarray(tested["close"], np.float64), "first": _first_of_session(tested)}
        for place, name in enumerate(_SIDES):
            found[name] = self.predicted.p[self.first :, place] if self.predicted else np.full(len(self.series), np.nan)
        return found

    def timed(self) -> dict[str, NDArray[Any]]:
        """The same with the bars' times, so that what is said of one can name it."""
        return {**self.inputs(), "at": self.series.at}

    def entered(self, at: int) -> tuple[float, str]:
        """The likeliest class's probability and the model of the prediction that an entry at ``at`` was decided on."""
        if self.predicted is None:
            return float("nan"), ""
        row = int(np.searchsorted(self.columns["closes_at"], at, side="right")) - 1
        number = int(self.predicted.model[row]) if row >= 0 else -1
        if number < 0:
            return float("nan"), ""
        return float(self.predicted.p[row].max()), self.predicted.windows[number].model_id


class Ruled(NamedTuple):
    """How a strategy is to be run: ``rule`` makes a fresh one, None where it is none on bars; ``own`` makes what it
    is then, of an underlying.
    """

    request: BacktestRequest
    rule: Callable[[], Rule] | None
    own: Callable[[str], tuple[Strategy, ...]]
    lots: int
    reference: Reference
    calendar: Calendar
    config: DeskConfig
    paper: PaperSettings
    patience_s: float

    @property
    def sizing(self) -> Sizing:
        return Sizing(self.lots, self.request.initial_capital, FUND, self.request.strategy)


def prepared(
    ruled: Ruled,
    symbol: str,
    columns: Columns,
    windows: tuple[Window, ...],
    predicted: Predicted | None,
    notes: tuple[DataNote, ...],
) -> Prepared:
    """What is traded from the first window on.

    :raises InputError, NotKnown: the tables do not reach the days.
    """
    first = int(np.searchsorted(columns["session"], windows[0].test_from.toordinal()))
    request = ruled.request
    series = future_series(
        {name: column[first:] for name, column in columns.items()},
        symbol,
        ruled.reference,
        slippage=request.slippage,
        commission=request.commission,
    )
    return Prepared(symbol, columns, first, series, windows, predicted, notes)


def vectorised(ruled: Ruled, past: Prepared) -> Executed:
    """The rule over arrays. :raises InputError: there is none."""
    if ruled.rule is None:
        raise InputError("engine", f"{ruled.request.strategy} has no rule on bars", "use event")
    return trade(past.series, ruled.rule().batch(past.inputs()), ruled.sizing)


def held(ruled: Ruled, past: Prepared) -> Executed:
    """The benchmark: the same size bought at the first bar and held, bought again after each settlement."""
    return trade(past.series, np.ones(len(past.series)), ruled.sizing._replace(strategy="benchmark"))


def by_events(
    ruled: Ruled, pasts: Sequence[Prepared], told: Callable[[int], None] = lambda _: None
) -> tuple[Executed, tuple[str, ...]]:
    """The strategy on the desk itself, once an underlying on one account; and what had to be assumed.

    :raises BacktestFailed: the strategy raised or did not come back.
    """
    plan, said = planned(ruled, pasts)
    done = run_events(market(ruled, pasts), plan, tables(ruled), ruled.calendar, strategies(ruled, pasts), told)
    return done, said


def planned(ruled: Ruled, pasts: Sequence[Prepared]) -> tuple[EventPlan, tuple[str, ...]]:
    """The desk at the bars' pace, with the run's capital, and the sentences on what was loosened for it."""
    seconds = min(past.seconds for past in pasts)
    capital: dict[str, Decimal] = {FUND: ruled.request.initial_capital}
    config, slower = paced(replace(ruled.config, capital=capital), seconds, orders_each=len(pasts))
    rough = {past.symbol: volatility(_closes(past)) for past in pasts}
    config, blind = chainless(config, rough)
    paper = patient(ruled.paper, seconds, at_once=True)
    plan = EventPlan(config, paper, ruled.request.seed, ruled.patience_s)
    return plan, (*bar_feed.ASSUMPTIONS, *slower, *blind, *((ASSUMED_RESETS,) if ruled.request.resets else ()))


def strategies(ruled: Ruled, pasts: Sequence[Prepared]) -> tuple[Strategy, ...]:
    """What would trade live, once an underlying: the strategy itself, or the rule in a strategy's clothes."""
    name, instrument, rule = ruled.request.strategy, ruled.request.instrument, ruled.rule
    if rule is None:
        return tuple(made for past in pasts for made in ruled.own(past.symbol))
    return tuple(
        BarStrategy(rule(), name, FUND, past.symbol, ruled.lots, instrument, round(past.seconds * SECOND), patience=1)
        for past in pasts
    )


def fed(pasts: Sequence[Prepared]) -> Iterator[AnyEvent]:
    """The bars of every underlying as one market, in order of time."""
    return merge(*(_events(past) for past in pasts), key=_at)


def market(ruled: Ruled, pasts: Sequence[Prepared]) -> Iterator[AnyEvent]:
    """The same, with a person who looks in every morning, if one was asked for."""
    return reset_each_session(fed(pasts), ruled.calendar) if ruled.request.resets else fed(pasts)


def _at(event: AnyEvent) -> int:
    return event.at


def _events(past: Prepared) -> Iterable[AnyEvent]:
    tested = past.tested
    extra: dict[int, tuple[AnyEvent, ...]] = {}
    if past.predicted is not None:
        # Every bar gets its second beat, with a prediction or without: a rule that waits for one waits no longer.
        extra = dict.fromkeys(tested["closes_at"].tolist(), ()) | forecast_events(past.predicted, past.columns)
    simulated, source = bool(tested["simulated"].any()), str(tested["source"][0])
    return bar_feed.bar_events(past.series, tested, past.symbol, source=source, simulated=simulated, extra=extra)


def tables(ruled: Ruled) -> Reference:
    """The reference with the charges that were asked for."""
    return tariffed(ruled.reference, ruled.request.commission)


def _closes(past: Prepared) -> list[float]:
    """The session closes before the run: nothing of it is known beforehand."""
    session, close = past.columns["session"][: past.first], past.columns["close"][: past.first]
    ends = np.flatnonzero(np.diff(session, append=np.inf) != 0)
    return [float(value) for value in close[ends]]


def _first_of_session(tested: Columns) -> Targets:
    return np.asarray(np.diff(tested["session"], prepend=-1) != 0, np.float64)
