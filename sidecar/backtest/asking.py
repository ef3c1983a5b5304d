"""What is asked of a backtest, before anything is read or run: each thing that cannot be is refused by its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec

from sidecar.backtest.costs import fraction
from sidecar.backtest.parameters import given, listed, swept
from sidecar.domain.backtests import BacktestRequest, Engine, Instrument, Mode, Source, StrategyLine
from sidecar.domain.calendar import Calendar
from sidecar.domain.errors import InputError

#: More trading days than this make no window: eight years of them.
LONGEST_DAYS = 2_000
#: Fewer sessions than this teach no model: ``learning.dataset.LEAST_SESSIONS``, which is slow to import.
LEAST_TRAINED = 15
#: More money than this is no account.
MOST_CAPITAL = Decimal(10) ** 12
_MOST_SEED = 2**31


class Known(NamedTuple):
    """What there is. ``symbols`` are underlyings that the tables know and data exist for, ``strategies`` those that can
    be named. ``first`` and ``last`` are the data's own first and last trading day, None where nobody has looked yet:
    then days are held against the calendar and ``today`` alone. ``models`` are the ids that can be given, None where
    nobody has looked. ``files`` says that a FILE.py may be given for a strategy.
    """

    symbols: tuple[str, ...]
    strategies: Mapping[str, StrategyLine]
    calendar: Calendar
    today: date
    first: date | None = None
    last: date | None = None
    models: tuple[str, ...] | None = None
    files: bool = False


def checked(request: BacktestRequest, known: Known) -> BacktestRequest:
    """The request as it is, with every word of its own type. Fields are looked at in the order in which they stand.

    :raises InputError: the first field that cannot be, named as in the request, and what to do about it.
    """
    request = _typed(request)
    line = _strategy_of(request, known)
    for check in _CHECKS:
        check(_Asked(request, known, line))
    return request


class _Asked(NamedTuple):
    request: BacktestRequest
    known: Known
    line: StrategyLine


def _typed(request: BacktestRequest) -> BacktestRequest:
    """What a program put together by hand, held to the same types as what comes over the wire."""
    try:
        return msgspec.convert(msgspec.to_builtins(request), BacktestRequest)
    except (msgspec.ValidationError, TypeError) as problem:
        told, _, place = str(problem).partition(" - at `$.")
        raise InputError(place.rstrip("`") or "request", told, "see the fields of a backtest's request") from None


def _strategy_of(request: BacktestRequest, known: Known) -> StrategyLine:
    """The line of what is asked for; an unknown name is refused in its turn, by :func:`_strategy`."""
    nothing = StrategyLine(request.strategy, request.strategy, "", (Engine.EVENT,), {})
    return known.strategies.get(request.strategy, nothing)


# ---- what and when -------------------------------------------------------------------------------------------------


def _symbols(asked: _Asked) -> None:
    symbols, known = asked.request.symbols, asked.known.symbols
    if not known:
        raise InputError("symbols", "there are no data of any underlying", "import some, or let the desk record them")
    if not symbols:
        raise InputError("symbols", "there is none", f"give one or more of {listed(known)}")
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        raise InputError("symbols", f"{unknown[0][:40]!r} has no data", f"use {listed(known)}")
    if len(set(symbols)) < len(symbols):
        twice = next(symbol for symbol in symbols if symbols.count(symbol) > 1)
        raise InputError("symbols", f"{twice} stands twice", "name each once")


def _strategy(asked: _Asked) -> None:
    name, known = asked.request.strategy, asked.known
    if name in known.strategies or (known.files and name.endswith(".py")):
        return
    remedy = f"use {listed(known.strategies)}" + (" or a FILE.py" if known.files else "")
    raise InputError("strategy", f"{name[:40]!r} is not known", remedy)


def _days(asked: _Asked) -> None:
    request, known, calendar = asked.request, asked.known, asked.known.calendar
    for field, day in (("start_date", request.start_date), ("end_date", request.end_date)):
        if not calendar.first <= day <= calendar.last:
            problem = f"{day} is outside the exchange's calendar, {calendar.first} to {calendar.last}"
            raise InputError(field, problem, _there_is(known))
    if request.start_date > request.end_date:
        problem = f"{request.start_date} is after end_date {request.end_date}"
        raise InputError("start_date", problem, "swap them")
    if request.end_date > known.today:
        raise InputError("end_date", f"{request.end_date} has not been; today is {known.today}", _there_is(known))
    asked_for = [session.date for session in calendar.sessions_between(request.start_date, request.end_date)]
    if not asked_for:
        problem = f"there is no trading day from {request.start_date} to {request.end_date}"
        raise InputError("start_date", problem, "give a span in which the exchange trades")
    # A holiday before the first day of the data is not outside of them.
    if known.first is not None and asked_for[0] < known.first:
        raise InputError("start_date", f"{request.start_date} is before the data begin", _there_is(known))
    if known.last is not None and asked_for[-1] > known.last:
        raise InputError("end_date", f"{request.end_date} is after the data end", _there_is(known))


def _there_is(known: Known) -> str:
    if known.first is None or known.last is None:
        return "give days that the data cover"
    return f"there are data from {known.first} to {known.last}"


# ---- money and models ----------------------------------------------------------------------------------------------


def _capital(asked: _Asked) -> None:
    capital = asked.request.initial_capital
    if not capital.is_finite() or not 0 < capital <= MOST_CAPITAL:
        remedy = f"give an amount above 0 and up to {MOST_CAPITAL:,}"
        raise InputError("initial_capital", f"{capital} is no money to begin with", remedy)


def _model(asked: _Asked) -> None:
    name, models, line = asked.request.model_id, asked.known.models, asked.line
    if not name:
        return
    if not line.needs_model:
        raise InputError("model_id", f"{line.name} looks at no model", "leave it away, or choose an ML strategy")
    if models is not None and name not in models:
        remedy = f"use {listed(models)}, or leave it away to train one for each window"
        raise InputError("model_id", f"{name[:60]!r} is not a model that can be scored with", remedy)


def _costs(asked: _Asked) -> None:
    for field in ("commission", "slippage"):
        value = getattr(asked.request, field)
        if value is not None:
            fraction(field, value)


# ---- windows and seed ----------------------------------------------------------------------------------------------


def _windows(asked: _Asked) -> None:
    request = asked.request
    for field in ("train_window_days", "test_window_days", "retrain_frequency_days"):
        value = getattr(request, field)
        if not 1 <= value <= LONGEST_DAYS:
            raise InputError(field, f"{value} trading days are no window", f"give 1 to {LONGEST_DAYS:,}")
    if not asked.line.needs_model or request.model_id:
        return
    if request.train_window_days < LEAST_TRAINED:
        problem = f"{request.train_window_days} sessions are too few to learn from"
        raise InputError("train_window_days", problem, f"give {LEAST_TRAINED} or more")
    fixed = request.mode is Mode.FIXED_WINDOW
    if not fixed and request.retrain_frequency_days > request.test_window_days:
        problem = f"{request.retrain_frequency_days} is more than test_window_days {request.test_window_days}"
        problem += ": no model would test the days between two windows"
        raise InputError("retrain_frequency_days", problem, "retrain at least once a test window")


def _seed(asked: _Asked) -> None:
    if not 0 <= asked.request.seed < _MOST_SEED:
        raise InputError("seed", f"{asked.request.seed} is no seed", f"give a whole number from 0 to {_MOST_SEED - 1}")


# ---- what fits -----------------------------------------------------------------------------------------------------


def _engine(asked: _Asked) -> None:
    engine, line = asked.request.engine, asked.line
    if engine is not Engine.AUTO and engine not in line.engines:
        able = listed(each.value for each in (Engine.AUTO, *line.engines))
        why = "it has no rule on bars" if engine is Engine.VECTORISED else "it is a rule on bars alone"
        raise InputError("engine", f"{line.name} cannot run {engine.value}: {why}", f"use {able}")
    if engine is Engine.VECTORISED and len(asked.request.symbols) > 1:
        problem = f"the vectorised engine trades one underlying, not {len(asked.request.symbols)}"
        raise InputError("engine", problem, "use event: one account for all of them")


def _instrument(asked: _Asked) -> None:
    chosen, line = asked.request.instrument, asked.line
    if chosen is not Instrument.FUTURE and Engine.VECTORISED not in line.engines:
        problem = f"{line.name} chooses its own contracts"
        raise InputError("instrument", problem, f"leave it at {Instrument.FUTURE.value}")
    if chosen is not Instrument.FUTURE and line.needs_model:
        problem = f"{line.name} looks at a model, which is scored on bars"
        raise InputError("instrument", problem, f"leave it at {Instrument.FUTURE.value}")


def _source(asked: _Asked) -> None:
    request = asked.request
    if request.source is not Source.BARS:
        return
    if request.instrument is Instrument.ATM_OPTIONS:
        raise InputError("source", "bars hold no prices of options", f"use {Source.ARCHIVE.value} for atm_options")
    named = request.strategy in asked.known.strategies
    if named and Engine.VECTORISED not in asked.line.engines:
        problem = f"{asked.line.name} trades options, and bars hold no prices of them"
        raise InputError("source", problem, f"use {Source.ARCHIVE.value} or {Source.AUTO.value}")


#: In the order of the request's fields: the first that is wrong is the one that is told.
_CHECKS: tuple[Callable[[_Asked], None], ...] = (
    _symbols, _strategy, _days, _capital, _model, _costs, _windows, _seed, _engine, _instrument, _source,
    lambda asked: given(asked.request, asked.line), lambda asked: swept(asked.request, asked.line),
)  # fmt: skip
