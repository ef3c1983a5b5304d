"""The sessions of a run of bars, and what each of its days costs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.domain.errors import InputError
from sidecar.domain.reference import FeeSchedule, Reference

_Value = TypeVar("_Value", bound=Hashable)


class Sessions(NamedTuple):
    """The d sessions of n bars: the ``days`` in order, and which bars are each's: from ``starts`` to before ``ends``,
    both (d,).
    """

    days: tuple[date, ...]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def spread(self, values: ArrayLike, kind: Any) -> NDArray[Any]:
        """A value of each session (d,), for each of its bars (n,)."""
        return np.repeat(np.array(values, dtype=kind), self.ends - self.starts)


def sessions_of(columns: Mapping[str, NDArray[Any]]) -> Sessions:
    """The sessions of bars: columns ``at``, ``closes_at`` and ``session``, the day's proleptic ordinal.

    :raises InputError: no bars, bars out of order or over each other, or a bar without its session.
    """
    at, closes_at, ordinals = columns["at"], columns["closes_at"], np.asarray(columns["session"], np.float64)
    if not len(at):
        raise InputError("bars", "there are none", "choose days on which there are bars")
    if (at >= closes_at).any() or (closes_at[:-1] > at[1:]).any():
        raise InputError("at", "bars are out of order, or over each other", "give each bar once, in order of time")
    if not np.isfinite(ordinals).all():
        raise InputError("session", f"bar {int(np.argmin(np.isfinite(ordinals)))} has no day", "give each bar its day")
    starts = np.concatenate(([0], np.flatnonzero(np.diff(ordinals)) + 1))
    days = tuple(date.fromordinal(int(ordinal)) for ordinal in ordinals[starts])
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise InputError("session", "days are out of order", "give each bar its own day, in order of time")
    return Sessions(days, starts, np.append(starts[1:], len(at)))


def schedules(
    reference: Reference, exchange: str, instrument: str, days: Sequence[date]
) -> tuple[tuple[FeeSchedule, ...], list[int]]:
    """What trades in an ``instrument`` cost: the schedules, each once, and which of them holds on each day.

    :raises NotKnown: no charge is on record for a day.
    """
    return told_apart([reference.fees(exchange, instrument, day) for day in days])


def told_apart(values: Sequence[_Value]) -> tuple[tuple[_Value, ...], list[int]]:
    """The different ones of ``values`` in the order in which they first come, and which one each is."""
    found: dict[_Value, int] = {}
    places = [found.setdefault(value, len(found)) for value in values]
    return tuple(found), places
