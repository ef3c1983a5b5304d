"""Features of the calendar: where in the session, and how far from expiry. No session length is taken for granted."""

from __future__ import annotations

from math import nan, pi

import numpy as np

from sidecar.features import window as of
from sidecar.features.feature import CALENDAR, CONTRACTS, DAYS, FRACTION, NUMBER, TABLE, feature, inline
from sidecar.features.window import Window


@inline
def of_session(w: Window) -> float:
    """The share of the session's bars that came before this one; NaN outside it."""
    minute, minutes = w.bar[of.MINUTE], w.bar[of.MINUTES]
    return minute / minutes if 0.0 <= minute < minutes else nan


@feature(NUMBER, CALENDAR, TABLE)
def tod_sin(w: Window) -> float:
    """sin(2π m / N), m the bar's number in the session, N how many this session has."""
    return np.sin(2.0 * pi * of_session(w))


@feature(NUMBER, CALENDAR, TABLE)
def tod_cos(w: Window) -> float:
    """cos(2π m / N)."""
    return np.cos(2.0 * pi * of_session(w))


@feature(FRACTION, CALENDAR, TABLE)
def to_close(w: Window) -> float:
    """(N - 1 - m) / N: 0 at the session's last bar."""
    minute, minutes = w.bar[of.MINUTE], w.bar[of.MINUTES]
    return (minutes - 1.0 - minute) / minutes if 0.0 <= minute < minutes else nan


@feature(DAYS, CONTRACTS, TABLE)
def dte(w: Window) -> float:
    """Days from the bar's end to the close of the nearest expiry's session."""
    return w.bar[of.DTE]


@feature(NUMBER, CONTRACTS, TABLE)
def is_expiry(w: Window) -> float:
    """1 if the nearest expiry is this session, else 0."""
    return w.bar[of.IS_EXPIRY]
