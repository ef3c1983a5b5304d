"""Which rows a model may learn from and which it is tested on: walk-forward in time, purged and embargoed.

A row is its label's interval: ``begins`` (what is known when the row is decided on) to ``ends`` (the close of the last
bar that its label uses), microseconds. Two rows whose intervals meet share an outcome, so they may not stand on both
sides of a border: Lopez de Prado, *Advances in Financial Machine Learning* (2018), chapter 7.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import InputError

#: The first test block begins after this share of the sessions.
FIRST_SHARE = 1 / 3
#: Of the sessions before a test: the last share calibrates, the share before it stops the boosting, the rest fits.
CALIBRATE_SHARE = 0.2
STOP_SHARE = 0.15
#: Fewer sessions than this to fit, stop, calibrate and test on, the embargo beside them, make no fold.
_PARTS, _TESTS = 3, 2

Indices = NDArray[np.int64]


class Fold(NamedTuple):
    """Row numbers, ascending, of four parts in order of time: ``fit`` < ``stop`` < ``calibrate`` < ``test``.

    ``stop`` says when boosting ends; ``calibrate`` turns margins into probabilities; ``test`` is read once.
    """

    fit: Indices
    stop: Indices
    calibrate: Indices
    test: Indices


def walk_forward(
    begins: Indices, ends: Indices, sessions: NDArray[np.floating] | Indices, folds: int = 5, embargo: int = 1
) -> tuple[Fold, ...]:
    """At most ``folds`` expanding folds; every part is purged against every later part.

    Each array is (n,), one row a label, in order of ``begins``; ``sessions`` names each row's trading day, ascending.
    Tests are contiguous runs of whole sessions, each row in one at most. The ``embargo`` whole sessions before a test
    belong to no part of its fold. No row of an earlier part has an interval that meets [first begin, last end] of a
    later one: the window starts where the first later label *begins*. Fewer sessions give fewer folds.

    Raises :class:`InputError` where rows are not in order or too few sessions or rows are left for a part.
    """
    _in_order(begins, ends, sessions)
    if folds < 1 or embargo < 0:
        raise InputError("folds", f"{folds} folds with an embargo of {embargo} sessions make no split")
    days = np.unique(sessions)
    least = _PARTS + embargo + _TESTS
    if days.size < least:
        raise InputError("sessions", f"{days.size} sessions of labelled bars, {least} are needed", "record more days")
    first = max(_PARTS + embargo, round(days.size * FIRST_SHARE))
    blocks = np.array_split(days[first:], min(folds, days.size - first))
    return tuple(_fold(begins, ends, sessions, days, block, embargo) for block in blocks)


def last_parts(begins: Indices, ends: Indices, sessions: NDArray[np.floating] | Indices) -> Fold:
    """The parts of the model that goes live: all rows fit, stop or calibrate it and none is left to test.

    Arguments and errors as of :func:`walk_forward`.
    """
    _in_order(begins, ends, sessions)
    days = np.unique(sessions)
    if days.size < _PARTS:
        raise InputError("sessions", f"{days.size} sessions of labelled bars, {_PARTS} are needed", "record more days")
    nothing = np.empty(0, dtype=np.int64)
    return Fold(*_purged(begins, ends, [*_parts(sessions, days), nothing]))


def uniqueness(begins: Indices, ends: Indices) -> NDArray[np.float64]:
    """How much of its time each label has for itself: the mean of 1/(labels alive) over its interval, (n,), mean 1.

    Lopez de Prado (2018), section 4.4. The book counts bars; here time is elapsed time, which is the same where bars
    are evenly spaced. Its labels on returns (0, 3], (2, 4] and (4, 6] (section 4.5.3) have 5/6, 3/4 and 1 before the
    scaling. Raises :class:`InputError` where a label does not end after it begins.
    """
    if begins.size == 0:
        return np.empty(0)
    if np.any(ends <= begins):
        raise InputError("ends", "a label does not end after it begins")
    points = np.unique(np.concatenate([begins, ends]))
    first, last = np.searchsorted(points, begins), np.searchsorted(points, ends)
    alive = np.cumsum(np.bincount(first, minlength=points.size) - np.bincount(last, minlength=points.size))[:-1]
    share = np.diff(points) / np.maximum(alive, 1)
    since = np.concatenate([[0.0], np.cumsum(share)])
    own = (since[last] - since[first]) / (ends - begins)
    return np.asarray(own / own.mean(), dtype=np.float64)


def _in_order(begins: Indices, ends: Indices, sessions: NDArray[np.floating] | Indices) -> None:
    if not begins.size == ends.size == sessions.size:
        raise InputError(
            "rows", f"{begins.size} begins, {ends.size} ends and {sessions.size} sessions differ in number"
        )
    if np.any(np.diff(begins) < 0) or np.any(np.diff(sessions) < 0):
        raise InputError("rows", "they are not in order of time", "sort the bars")
    if np.any(ends < begins):
        raise InputError("ends", "a label ends before it begins")


def _fold(
    begins: Indices,
    ends: Indices,
    sessions: NDArray[np.floating] | Indices,
    days: NDArray[np.floating] | Indices,
    block: NDArray[np.floating] | Indices,
    embargo: int,
) -> Fold:
    before = days[days < block[0]]
    past = before[: before.size - embargo]
    test = _rows(sessions, block)
    return Fold(*_purged(begins, ends, [*_parts(sessions, past), test]))


def _parts(sessions: NDArray[np.floating] | Indices, days: NDArray[np.floating] | Indices) -> list[Indices]:
    calibrate = max(1, round(days.size * CALIBRATE_SHARE))
    stop = max(1, round(days.size * STOP_SHARE))
    cuts = (days.size - calibrate - stop, days.size - calibrate)
    return [_rows(sessions, run) for run in np.split(days, cuts)]


def _rows(sessions: NDArray[np.floating] | Indices, run: NDArray[np.floating] | Indices) -> Indices:
    start, stop = np.searchsorted(sessions, run[0], "left"), np.searchsorted(sessions, run[-1], "right")
    return np.arange(start, stop, dtype=np.int64)


def _purged(begins: Indices, ends: Indices, parts: list[Indices]) -> list[Indices]:
    """``parts`` without the rows whose label meets a later part; from the last to the first."""
    kept: list[Indices] = []
    start, end = None, 0
    for name, part in zip(("test", "calibrate", "stop", "fit"), reversed(parts), strict=True):
        rows = part if start is None else part[~((ends[part] >= start) & (begins[part] <= end))]
        if rows.size:
            start = begins[rows].min() if start is None else min(start, begins[rows].min())
            end = max(end, ends[rows].max())
        elif name != "test":
            raise InputError("rows", f"no row is left to {name} once labels that reach a later part are dropped")
        kept.append(rows)
    return kept[::-1]
