"""The gate before a training: what is wrong with the bars is mended, counted or refused, never learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS
from sidecar.domain.errors import NotTrainable

Columns = Mapping[str, NDArray[Any]]
Booleans = NDArray[np.bool_]

#: A session with a smaller share of its bars is not learnt from.
WHOLE = 0.98
#: More than this share of sessions with holes, and the recording itself is in doubt.
BROKEN = 0.25
NEEDED = ("at", "closes_at", "known_at", "source", "simulated", "cost", *INPUTS)
PRICES = ("open", "high", "low", "close")


class Quality(msgspec.Struct, frozen=True):
    """What the gate found. ``twins`` are bars that stood twice with the same numbers, ``moved`` stood out of order.

    ``broken`` sessions lacked more than 2 % of their bars and were left out. ``sparse`` rows were left out because more
    than a fifth of their features were unknown, ``unlabelled`` ones because what followed is unknown or crosses the
    session's end. ``constant`` and ``missing`` features teach nothing; they stay in their places.
    """

    bars: int
    twins: int
    moved: int
    sessions: int
    broken: int
    sparse: int = 0
    unlabelled: int = 0
    constant: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def checked(columns: Columns) -> tuple[dict[str, NDArray[Any]], Quality, Booleans]:
    """Bars in order, each once; what was found; and which of them belong to whole sessions.

    Bars of broken sessions stay in the columns: live, the features' windows reach over them too. Raises
    :class:`NotTrainable` where the bars contradict one another or too many are missing.
    """
    size = _size(columns)
    at = np.asarray(columns["at"], np.int64)
    order = np.argsort(at, kind="stable")
    moved = int(np.count_nonzero(at[1:] < at[:-1]))
    columns = {name: np.asarray(columns[name])[order] for name in NEEDED}
    keep = _first_of_twins(columns)
    columns = {name: values[keep] for name, values in columns.items()}
    _refuse_impossible(columns)
    whole, sessions, broken = _whole(columns)
    twins = size - int(keep.sum())
    return columns, Quality(size - twins, twins, moved, sessions, broken), whole


def _size(columns: Columns) -> int:
    absent = [name for name in NEEDED if name not in columns]
    if absent:
        raise NotTrainable(f"no column {', '.join(absent)}", "give every field of a bar")
    sizes = {len(columns[name]) for name in NEEDED}
    if len(sizes) != 1:
        raise NotTrainable(f"columns of different lengths: {sorted(sizes)}")
    size = sizes.pop()
    if not size:
        raise NotTrainable("there are none", "record a few sessions, or import them")
    return size


def _first_of_twins(columns: Columns) -> Booleans:
    """True but for a bar that repeats the one before it; two different bars of one minute are refused."""
    at = columns["at"]
    same = np.r_[False, at[1:] == at[:-1]]
    for name in INPUTS:
        values = np.asarray(columns[name], np.float64)
        differs = np.r_[False, (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))]
        if (clash := np.flatnonzero(same & differs)).size:
            problem = f"{clash.size} minutes stand twice with different numbers, first {name} at {at[clash[0]]}"
            raise NotTrainable(problem, "keep one of each minute")
    return np.asarray(~same, np.bool_)


def _refuse_impossible(columns: Columns) -> None:
    open_, high, low, close = (np.asarray(columns[name], np.float64) for name in PRICES)
    lowest, highest = np.minimum(open_, close), np.maximum(open_, close)
    possible = (low > 0) & (low <= lowest) & (highest <= high) & np.isfinite(high)
    for name in ("minute", "minutes", "session"):
        possible &= np.isfinite(np.asarray(columns[name], np.float64))
    possible &= np.asarray(columns["known_at"]) >= np.asarray(columns["closes_at"])
    if count := int(np.count_nonzero(~possible)):
        first = int(columns["at"][np.argmin(possible)])
        problem = f"{count} cannot be: a price not above 0, outside its high and low, or no place in a session"
        raise NotTrainable(f"{problem}; first at {first}", "repair or remove them")


def _whole(columns: Columns) -> tuple[Booleans, int, int]:
    """Whether each bar's session is whole, the number of sessions and of broken ones."""
    session = np.asarray(columns["session"], np.float64)
    _, first, place, count = np.unique(session, return_index=True, return_inverse=True, return_counts=True)
    share = count / np.asarray(columns["minutes"], np.float64)[first]
    broken = share < WHOLE
    if broken.mean() > BROKEN:
        problem = f"{int(broken.sum())} of {broken.size} sessions lack more than {1 - WHOLE:.0%} of their bars"
        raise NotTrainable(problem, "record or import whole sessions")
    return ~broken[place], broken.size, int(broken.sum())
