"""A backtest of a rule on bars: windows, models, a sweep of its parameters, and the run of what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from sidecar.backtest import lookahead, ruled, sweep
from sidecar.backtest.bars import honest
from sidecar.backtest.curve import curve_of
from sidecar.backtest.event import run_events
from sidecar.backtest.executed import Executed
from sidecar.backtest.models import Predicted, predicted
from sidecar.backtest.parts import Closes
from sidecar.backtest.result import Facts, assembled
from sidecar.backtest.ruled import Prepared, Ruled
from sidecar.backtest.sweep import Material, Set, Tried
from sidecar.backtest.trips import trades_of
from sidecar.backtest.windows import windows
from sidecar.domain.backtest_result import BacktestResult, Lookahead, Window
from sidecar.domain.backtests import Engine, Source
from sidecar.domain.errors import InputError
from sidecar.domain.events import AnyEvent
from sidecar.learning.bar_file import columns_of
from sidecar.learning.job import ArchivedPast
from sidecar.learning.model import Model
from sidecar.learning.plan import Progress
from sidecar.learning.registry import Registry
from sidecar.past_archive import archived_bars
from sidecar.proving.asked import Asked, silent
from sidecar.proving.best import Sweep, best_of
from sidecar.proving.past import Columns, bars_of

#: How far a run has come, in thousandths, when its bars, its models, its sweep, its trades and its figures are there.
_READ, _MODELS, _SWEPT, _TRADED, _SEEN = 50, 400, 700, 850, 950


@dataclass(frozen=True)
class OneSet:
    """One set of parameters by the event engine: what a sweep does many times, here or elsewhere."""

    asked: Asked
    pasts: tuple[Prepared, ...]

    def __call__(self, parameters: Set) -> Tried:
        """What the set came to."""
        done, _ = ruled.by_events(self.asked.ruled(parameters), self.pasts)
        return tried(self.asked, done)


def on_bars(asked: Asked, table: Columns | None) -> BacktestResult:
    """Run it. :raises InputError, BacktestFailed, NotTrainable: as :func:`sidecar.proving.run.run`."""
    engine = asked.engine
    pasts = tuple(_prepared(asked, symbol, table) for symbol in asked.request.symbols)
    best = best_of(asked, _MODELS, _SWEPT, _swept(asked, pasts, engine))
    made, first = asked.ruled(best.parameters), pasts[0]
    asked.step("run", _SWEPT, engine.value)
    said: tuple[str, ...] = ()
    if engine is Engine.VECTORISED:
        done = ruled.vectorised(made, first)
    else:
        done, said = ruled.by_events(made, pasts, lambda events: asked.step("run", _SWEPT, f"{events:,} events"))
    asked.step("look-ahead", _TRADED)
    seen = _seen(made, pasts, done)
    asked.step("figures", _SEEN)
    sources = sorted({str(name) for past in pasts for name in np.unique(past.tested["source"].astype(str))})
    facts = Facts(
        engine=engine,
        source=f"bars of {', '.join(asked.request.symbols)}: {', '.join(sources)}",
        simulated=any(bool(past.tested["simulated"].any()) for past in pasts),
        calendar=asked.calendar,
        benchmark=ruled.held(made, first) if len(pasts) == 1 else None,
        windows=first.windows,
        trials=best.study.trials if best.study else (),
        trial_returns=best.study.returns if best.study else None,
        lookahead=seen,
        data=tuple(note for past in pasts for note in past.notes),
        assumptions=(
            ruled.ASSUMPTION,
            *((ruled.OF_MODELS,) if first.predicted else ()),
            *said,
            *costs(asked),
            *asked.left_out(),
        ),
        entered=lambda symbol, at: _of(pasts, symbol).entered(at),
        closes=_closes(first.columns),
        bars=sum(len(past.series) for past in pasts),
    )
    return assembled(asked.request, done, facts)


def tried(asked: Asked, done: Executed) -> Tried:
    """What a trial of a sweep is known by."""
    capital = float(asked.request.initial_capital)
    curve = curve_of(done, capital, asked.calendar)
    return Tried(tuple(curve.returns().tolist()), float(curve.equity[-1] / capital - 1.0), len(trades_of(done)))


def costs(asked: Asked) -> tuple[str, ...]:
    """What trading was taken to cost, in words."""
    request = asked.request
    charged = (
        "charges are the dated tariff's, item by item"
        if request.commission is None
        else f"in place of the tariff every fill costs {request.commission:g} of its value"
    )
    slipped = (
        "quotes are as they were; on bars, one tick worse than the open on each side"
        if request.slippage is None
        else f"every quote is worse by {request.slippage:g} of its price on each side"
    )
    return charged, slipped


def _seen(made: Ruled, pasts: tuple[Prepared, ...], done: Executed) -> Lookahead:
    """Whether the strategy sees ahead: of a rule its targets, of another one what it trades."""
    make, seed = made.rule, made.request.seed
    if make is not None:
        return lookahead.of_rule(lambda bars: make().batch(bars), pasts[0].timed(), seed)
    plan, _ = ruled.planned(made, pasts)

    def again(events: Iterable[AnyEvent]) -> Executed:
        return run_events(events, plan, ruled.tables(made), made.calendar, ruled.strategies(made, pasts))

    return lookahead.of_events(again, list(ruled.market(made, pasts)), seed, base=done)


# ---- the past ------------------------------------------------------------------------------------------------------


def _prepared(asked: Asked, symbol: str, table: Columns | None) -> Prepared:
    request = asked.request
    found = _columns(asked, symbol, table)
    held = ~(found["session"] > request.end_date.toordinal())  # what is of no day is for the sifting to say
    columns, notes = honest({name: column[held] for name, column in found.items()}, asked.calendar)
    asked.step("bars", _READ, f"{len(columns['at']):,} bars of {symbol}")
    ordinals = np.unique(columns["session"])
    days = [date.fromordinal(int(day)) for day in ordinals if day >= request.start_date.toordinal()]
    learns = asked.chosen.line.needs_model
    given = _given(asked) if learns and request.model_id else None
    parted = windows(days, request, learns and given is None)
    said = _predicted(asked, symbol, columns, parted, given) if learns else None
    return ruled.prepared(asked.ruled(asked.sets()[0]), symbol, columns, said.windows if said else parted, said, notes)


def _columns(asked: Asked, symbol: str, table: Columns | None) -> Columns:
    """The bars of a symbol: of the table, or made of what was imported."""
    source = asked.request.source
    mine = bars_of(table, symbol) if table is not None and source is not Source.ARCHIVE else None
    if mine is not None and len(mine["at"]):
        return mine
    if not asked.past.archive:
        raise InputError("symbols", f"there are no bars of {symbol}", "record some, import some, or give a file")
    config, calendar = asked.past.config, asked.calendar
    last = calendar.session(asked.request.end_date) or calendar.previous_session(asked.request.end_date)
    wanted = ArchivedPast(config.exchange, symbol, asked.past.archive, last.close_at, config.risk_free_rate)

    def told(done: int, of: int) -> None:
        asked.step("archive", _READ * done // max(of, 1), f"{done} of {of} days")

    return columns_of(list(archived_bars(wanted, asked.reference, told)))


def _given(asked: Asked) -> Model:
    """The model that the request names. :raises InputError: the desk does not know it, or it cannot be used."""
    line = asked.past.model
    if line is None or line.id != asked.request.model_id:
        name = asked.request.model_id[:60]
        raise InputError("model_id", f"{name!r} is no model of this desk", "see ml/models, or leave it away")
    return Registry(Path(asked.past.models)).load(line)


def _predicted(
    asked: Asked, symbol: str, columns: Columns, parted: tuple[Window, ...], given: Model | None
) -> Predicted:
    def told(step: Progress) -> None:
        share = (_MODELS - _READ) * step.done // max(step.total, 1)
        asked.step(step.step, _READ + share, step.note)

    past = asked.past
    return predicted(columns, symbol, parted, asked.request, past.spec, past.plan, told, given, asked.calendar)


def _of(pasts: Sequence[Prepared], symbol: str) -> Prepared:
    return next((past for past in pasts if symbol.startswith(past.symbol + "-")), pasts[0])


def _closes(columns: Columns) -> Closes:
    """The session closes of an underlying, those before the run among them."""
    ends = np.flatnonzero(np.diff(columns["session"], append=np.inf) != 0)
    return Closes(columns["session"][ends].astype(np.int64), np.asarray(columns["close"], np.float64)[ends])


# ---- a sweep -------------------------------------------------------------------------------------------------------


def _swept(asked: Asked, pasts: tuple[Prepared, ...], engine: Engine) -> Sweep:
    if engine is not Engine.VECTORISED:
        one = OneSet(asked._replace(tell=silent), pasts)
        return lambda sets, told, spread: sweep.each(sets, one, told, spread)
    if (rule := asked.chosen.rule) is None:
        raise InputError("engine", "the strategy has no rule on bars", "use event")
    first = pasts[0]
    return lambda sets, told, spread: sweep.swept(
        sets, Material(rule, first.inputs(), first.series, asked.ruled(sets[0]).sizing), told, spread
    )
