"""What is wrong with the bars, said before anything is traded on them: sorted, sifted, counted, nothing filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.holes import holes
from sidecar.domain.backtest_result import DataNote
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import to_datetime
from sidecar.domain.errors import InputError

Columns = Mapping[str, NDArray[Any]]
Booleans = NDArray[np.bool_]

PRICES = ("open", "high", "low", "close")
#: A price that moves by more than this share between two bars is a split, an error, or a day to remember.
JUMP = 0.20


def honest(columns: Columns, calendar: Calendar) -> tuple[dict[str, NDArray[Any]], tuple[DataNote, ...]]:
    """The bars that can be traded on, in order of time, each once; and a note for each thing that was wrong.

    Sorted where they were not. Left out and counted: repeats (the first stands), bars that begin outside the hours of
    trading or before the one before has ended, and prices that cannot be (not finite, not above 0, a high below the
    low). Counted and left alone: an open or close outside its high and low, whole sessions that are missing, sessions
    that begin late or end early, holes inside them, and jumps of more than 20 % from one close to the next. No bar is
    made up, and none is mended.

    :raises InputError: ``bars``, where none is left; the notes say why.
    """
    kept = {name: np.asarray(values) for name, values in columns.items()}
    notes: list[DataNote] = []
    kept = _sorted(kept, calendar, notes)
    for kind, wrong, detail in _SIFTS:
        found = wrong(kept, calendar)
        if found.any():
            first = int(kept["at"][np.argmax(found)])
            count = int(np.count_nonzero(found))
            notes.append(DataNote(kind, count, f"{detail}; first at {when(calendar, first)}"))
            kept = {name: values[~found] for name, values in kept.items()}
    if not len(kept["at"]):
        why = ", ".join(f"{note.count} {note.kind}" for note in notes) or "there are none"
        raise InputError("bars", f"none of them can be used: {why}", "give bars of the exchange's own hours")
    notes += [*_inconsistent(kept, calendar), *holes(kept, calendar), *_jumps(kept, calendar)]
    return kept, tuple(notes)


def when(calendar: Calendar, at: int) -> str:
    """An instant in the exchange's own time, to the minute."""
    return to_datetime(at).astimezone(calendar.zone).isoformat(timespec="minutes")


def _sorted(columns: dict[str, NDArray[Any]], calendar: Calendar, notes: list[DataNote]) -> dict[str, NDArray[Any]]:
    at = columns["at"]
    back = np.flatnonzero(at[1:] < at[:-1])
    if not back.size:
        return columns
    place = when(calendar, int(at[back[0] + 1]))
    notes.append(
        DataNote("out of order", int(back.size), f"bars that stood after later ones, sorted; first at {place}")
    )
    order = np.argsort(at, kind="stable")
    return {name: values[order] for name, values in columns.items()}


def _twice(columns: Columns, _: Calendar) -> Booleans:
    at = columns["at"]
    return np.asarray(np.r_[np.zeros(min(len(at), 1), np.bool_), at[1:] == at[:-1]])


def _outside(columns: Columns, calendar: Calendar) -> Booleans:
    """Whether each bar begins outside every interval of trading, days that the calendar does not reach among them."""
    at = columns["at"]
    inside = np.zeros(len(at), np.bool_)
    for opens, closes in intervals(calendar, at):
        start, stop = np.searchsorted(at, (opens, closes))
        inside[start:stop] = True
    return ~inside


def intervals(calendar: Calendar, at: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The intervals of trading from the day of the first of ``at`` (n,), ascending, to that of the last."""
    if not len(at):
        return
    first, last = (calendar.local_date(int(end)) for end in (at[0], at[-1]))
    first, last = max(first, calendar.first), min(last, calendar.last)
    for session in calendar.sessions_between(first, last) if first <= last else ():
        yield from session.intervals


def _early(columns: Columns, _: Calendar) -> Booleans:
    """Whether each bar begins before one before it has ended, or has no length."""
    at, closes = columns["at"], columns["closes_at"]
    ended = np.maximum.accumulate(closes) if len(closes) else closes
    return np.asarray((closes <= at) | np.r_[np.zeros(min(len(at), 1), np.bool_), at[1:] < ended[:-1]])


def _impossible(columns: Columns, _: Calendar) -> Booleans:
    prices = np.stack([np.asarray(columns[name], np.float64) for name in PRICES])
    possible = (np.isfinite(prices) & (prices > 0.0)).all(axis=0)
    return np.asarray(~(possible & (columns["high"] >= columns["low"])))


def _inconsistent(columns: Columns, calendar: Calendar) -> Iterator[DataNote]:
    """Opens and closes that a feed took from beside the trades of the bar, most often by a tick."""
    opened, high, low, close = (np.asarray(columns[name], np.float64) for name in PRICES)
    with np.errstate(over="ignore"):  # a price of 1e300 beside one of 1e-300 is as far as can be
        beyond = np.maximum(np.maximum(opened, close) / high, low / np.minimum(opened, close)) - 1.0
    far = np.flatnonzero(beyond > 0.0)
    if far.size:
        most = int(far[np.argmax(beyond[far])])
        told = (
            f"bars whose open or close lies outside their high and low, left as they are; by {beyond[most]:.2%} at most"
        )
        yield DataNote("inconsistent", int(far.size), f"{told}, {when(calendar, int(columns['at'][most]))}")


def _jumps(columns: Columns, calendar: Calendar) -> Iterator[DataNote]:
    close = np.asarray(columns["close"], np.float64)
    with np.errstate(over="ignore"):
        moves = close[1:] / close[:-1] - 1.0
    far = np.flatnonzero(np.abs(moves) > JUMP)
    if far.size:
        most = int(far[np.argmax(np.abs(moves[far]))])
        place = when(calendar, int(columns["at"][most + 1]))
        yield DataNote(
            "jump", int(far.size), f"moves of over {JUMP:.0%} between two closes, up to {moves[most]:+.0%} at {place}"
        )


#: What is left out, in this order: its kind, which bars are so, and the words.
_SIFTS = (
    ("repeated", _twice, "bars of a time that had one already: the first stands"),
    ("outside hours", _outside, "bars that begin when the exchange does not trade, left out"),
    ("impossible", _impossible, "bars with prices not above 0 or not finite, or a high below the low, left out"),
    ("overlapping", _early, "bars that begin before the one before has ended, left out"),
)
