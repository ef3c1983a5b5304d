"""A backtest from what was asked to what came of it: the one file that knows every part of the way."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from sidecar.backtest.asking import Known, checked
from sidecar.domain.backtest_result import BacktestResult
from sidecar.domain.backtests import BacktestRequest, Instrument, Source
from sidecar.domain.calendar import Calendar
from sidecar.domain.reference import Reference
from sidecar.learning.plan import Tell
from sidecar.proving.asked import Asked
from sidecar.proving.bars import on_bars
from sidecar.proving.chosen import Chosen, chosen_of, lines
from sidecar.proving.market import tape_days
from sidecar.proving.past import Columns, Days, Past, archived_days, bar_days, read_bars, spans
from sidecar.proving.quotes import on_quotes
from sidecar.strategies.catalogue import CATALOGUE


def run(
    request: BacktestRequest,
    past: Past,
    reference: Reference,
    tell: Tell = lambda _: None,
    dask: str = "",
    given: Columns | None = None,
) -> BacktestResult:
    """Run what was asked on ``past``, or on bars that are ``given``; ``tell`` hears of its steps in thousandths.

    ``dask`` is a scheduler's address for a sweep. The same request, past and program give the same result but for its
    ``seconds``.

    :raises InputError: what was asked for cannot be, by its field. :raises BacktestFailed: it broke on the way, with
        the line that says why. :raises NotTrainable: a window's bars cannot teach a model.
    """
    began = time.perf_counter()
    calendar = reference.calendar(past.config.exchange)
    chosen = chosen_of(request.strategy, past.strategy_file, past.strategy_s)
    asked = Asked(request, past, chosen, reference, calendar, tell, dask)
    table = given if given is not None else read_bars(past)
    bars = bar_days(table) if table is not None else {}
    quotes = tape_days(asked) if past.tape else archived_days(Path(past.archive)) if past.archive else {}
    way = way_of(request, chosen, bars, quotes)
    request = checked(request, known_of(way.days, request, calendar, chosen))
    asked = asked._replace(request=request)
    asked.step("data", 10, ", ".join(request.symbols))
    result = on_bars(asked, table) if way.on_bars else on_quotes(asked)
    return replace(result, seconds=time.perf_counter() - began)


class Way(NamedTuple):
    """Whether a backtest is run on bars, or else on quotes, and the days that there are where it reads."""

    on_bars: bool
    days: Days


def way_of(request: BacktestRequest, chosen: Chosen, bars: Days, quotes: Days) -> Way:
    """Where a request is run: rules that trade the future on bars, what trades options on quotes; a strategy of one's
    own on quotes where there are any of its symbols, else on bars. Bars are made of quotes where they are asked for so,
    or where there are none.
    """
    here = set(request.symbols)
    sourced = quotes if request.source is Source.ARCHIVE else bars
    if request.source is Source.AUTO and not here <= set(bars):
        sourced = quotes or bars
    if chosen.rule is not None:
        future = request.instrument is Instrument.FUTURE
        return Way(future, sourced if future else quotes or bars)
    known = request.strategy in CATALOGUE
    if known or request.source is Source.ARCHIVE or (request.source is Source.AUTO and here <= set(quotes)):
        return Way(False, quotes or bars)
    return Way(True, sourced)


def known_of(days: Days, request: BacktestRequest, calendar: Calendar, chosen: Chosen | None = None) -> Known:
    """What a request is held against: the symbols that there are, the days of those that it names, the strategies.

    ``chosen`` is one that is of no catalogue, by the name under which it is asked for.
    """
    held = spans(days)
    mine = [held[symbol] for symbol in request.symbols if symbol in held]
    strategies = lines() | ({request.strategy: chosen.line} if chosen else {})
    first = max((one[0] for one in mine), default=None)
    last = min((one[1] for one in mine), default=None)
    return Known(tuple(held), strategies, calendar, last or calendar.last, first, last)
