"""Imported quotes as a market: what was seen, in order of time, with a beat after each snapshot of it.

A night has no beats, nor has a hole in what was captured: where nothing was seen nothing is done. A live desk would
trip in such a hole and stay so until a person came; of a capture that is no property of the market.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sidecar.archived import VOLATILITY_INDEX, archived_day, days_of, times_of
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import MINUTE, SECOND, to_datetime
from sidecar.domain.contracts import Contract
from sidecar.domain.errors import InputError
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote, Settlement
from sidecar.domain.reference import Reference
from sidecar.store.archive import SIMULATED
from sidecar.store.importers.settling import settlements
from sidecar.store.importers.sift import QUOTE_COLUMNS, Day

#: Quotes so close together are one snapshot.
SNAPSHOT = 2 * SECOND
#: The longest pause between two beats of a session.
LONGEST = MINUTE
#: How many of the usual gaps make a hole; a limit on stale data has to be as patient.
HOLE = 5
#: Days that the usual gap is measured on.
_MEASURED = 5

Told = Callable[[int, int], None]
Noted = Callable[[str], None]


class _Past(NamedTuple):
    """What is read: the symbols' days, and what does not change from day to day."""

    folder: Path
    symbols: tuple[str, ...]
    days: tuple[date, ...]
    reference: Reference
    calendar: Calendar
    hole: int
    to_the_minute: bool


def archived_events(
    folder: Path,
    symbols: Sequence[str],
    first: date,
    last: date,
    reference: Reference,
    calendar: Calendar,
    told: Told = lambda _, __: None,
    noted: Noted = lambda _: None,
    *,
    to_the_minute: bool = False,
) -> Iterator[AnyEvent]:
    """The days ``first`` to ``last`` of what was imported of underlyings, and of the volatility index with them.

    Each contract is listed once, on the first day on which it is known. A beat follows each snapshot, and comes at
    least once a minute from a day's first one to its last, but for holes of :data:`HOLE` usual gaps; another comes at
    the session's close. On an expiry day contracts settle at the index's last value, if that was seen near the close.
    ``told`` is given how many of how many days are done, ``noted`` what a reader has to know: holes, and why something
    does not settle.

    With ``to_the_minute`` beats in a pause come on whole minutes, that of the next snapshot included: a bar that ends
    there is decided on before what comes after it is seen, as a rule over arrays decides.

    :raises InputError: nothing was imported of a symbol on those days; says what there is.
    """
    folder, days = Path(folder), _days(Path(folder), symbols, first, last)
    hole = round(HOLE * usual_gap(folder, symbols, first, last) * SECOND)
    past = _Past(folder, tuple(symbols), days, reference, calendar, max(hole, LONGEST), to_the_minute)
    return _events(past, told, noted)


def usual_gap(folder: Path, symbols: Sequence[str], first: date, last: date) -> float:
    """Seconds from one value of an index to the next, as they usually are within the first days; the longest of them.

    :raises InputError: nothing was imported of a symbol on those days.
    """
    _days(folder, symbols, first, last)
    usual = [0.0]
    for symbol in symbols:
        days = [day for day in days_of(folder, symbol) if first <= day <= last][:_MEASURED]
        gaps = np.concatenate([np.diff(times_of(folder, day, symbol)) for day in days])
        usual.append(float(np.median(gaps)) / SECOND if gaps.size else 0.0)
    return max(usual)


def _days(folder: Path, symbols: Sequence[str], first: date, last: date) -> tuple[date, ...]:
    found: set[date] = set()
    for symbol in symbols:
        held = days_of(folder, symbol)
        if not held:
            there = sorted({place.parent.name for place in folder.glob("*/*/date=*")})
            problem = f"nothing of {symbol[:40]!r} was imported"
            raise InputError("symbols", problem, f"there is {', '.join(there) or 'nothing'}; import it first")
        days = [day for day in held if first <= day <= last]
        if not days:
            problem = f"no day of {symbol} from {first} to {last} was imported"
            raise InputError("start_date", problem, f"there are {len(held)} days, {held[0]} to {held[-1]}")
        found.update(days)
    return tuple(sorted(found))


def _events(past: _Past, told: Told, noted: Noted) -> Iterator[AnyEvent]:
    listed: dict[str, Contract] = {}
    for number, day in enumerate(past.days, 1):
        held = [symbol for symbol in past.symbols if day in days_of(past.folder, symbol)]
        archived = archived_day(past.folder, day, held[0], (*held[1:], VOLATILITY_INDEX))
        snapshots = list(_snapshots(_quotes(archived.quotes)))
        settled, why = settlements(
            Day(day, archived.quotes, tuple(archived.contracts)),
            past.calendar.zone,
            lambda name: name in past.reference.underlyings,
        )
        lacking = (note for note in why if "no settlement" in note)
        for note in (*_unsettled(listed, past, number), *lacking, *_holes(snapshots, past, day)):
            noted(note)
        new = {one.id: one for one in archived.contracts if one.id not in listed}
        listed |= new
        if new:
            source = f"archive {archived.source}"
            yield Listed(snapshots[0][0].at, tuple(new.values()), source, archived.source in SIMULATED)
        yield from _day(snapshots, settled, past, day)
        told(number, len(past.days))


def _unsettled(listed: dict[str, Contract], past: _Past, number: int) -> Iterator[str]:
    """A note for each expiry between the day before and this one: nobody saw what it settled at."""
    if number == 1:
        return
    before, day = past.days[number - 2], past.days[number - 1]
    lost = {(one.underlying, one.expiry) for one in listed.values() if one.expiry and before < one.expiry < day}
    for underlying, expiry in sorted(lost):
        yield f"{underlying} expiring {expiry}: no settlement, that day was not imported"


def _holes(snapshots: list[list[Quote]], past: _Past, day: date) -> Iterator[str]:
    """A note of what of the session was not seen."""
    session = past.calendar.session(day)
    seen = [(part[0].at, part[-1].at) for part in snapshots]
    if session is not None:
        seen = [(session.open_at, session.open_at), *seen, (session.close_at, session.close_at)]
    lost = [(since, until) for (_, since), (until, _) in pairwise(seen) if until - since > past.hole]
    if lost:
        minutes = sum(until - since for since, until in lost) / MINUTE
        since, until = (to_datetime(at).astimezone(past.calendar.zone) for at in lost[0])
        yield (
            f"{' '.join(past.symbols)} on {day}: nothing was seen for {minutes:.0f} minutes in all, "
            f"the first time from {since:%H:%M:%S} to {until:%H:%M:%S}; nothing is done in them"
        )


def _day(snapshots: list[list[Quote]], settled: Sequence[Settlement], past: _Past, day: date) -> Iterator[AnyEvent]:
    """One day's quotes, its beats among them, up to its close."""
    session = past.calendar.session(day)
    beaten = snapshots[0][0].at
    for snapshot in snapshots:
        at = snapshot[0].at
        if at - beaten <= past.hole:
            pause = range(beaten + LONGEST, at, LONGEST)
            if past.to_the_minute:
                pause = range((beaten // LONGEST + 1) * LONGEST, at + 1, LONGEST)
            yield from map(Beat, pause)
        yield from snapshot
        beaten = snapshot[-1].at
        yield Beat(beaten)
    yield from settled
    ends = max((session.close_at if session is not None else beaten, *(one.at for one in settled)))
    if ends > beaten:
        yield Beat(ends)


def _snapshots(quotes: list[Quote]) -> Iterator[list[Quote]]:
    """The quotes in parts, each of what came within two seconds."""
    start = 0
    for place, quote in enumerate(quotes):
        if quote.at - quotes[start].at > SNAPSHOT:
            yield quotes[start:place]
            start = place
    yield quotes[start:]


def _quotes(frame: pd.DataFrame) -> list[Quote]:
    """In order of time; of one instant the indices first, by whose age the desk tells whether data is stale."""
    frame = frame.assign(traded=frame["symbol"].str.contains("-")).sort_values(["at", "traded"], kind="stable")
    at = frame["at"].tolist()
    values = [frame[name].tolist() for name in QUOTE_COLUMNS[2:]]
    return list(map(Quote, frame["symbol"].tolist(), at, at, *values))
