"""The simulator's index: a stochastic-volatility jump process, one step a second, a whole day drawn at once.

Variance follows Heston (1993), jumps in price and variance come with news as in Bates (1996) and Duffie, Pan and
Singleton (2000), and both are shaped by an intraday pattern: busiest at the open, quiet at noon, busier at the close.
A day is a pure function of seed, day and the state it opens with, so a desk that stops and returns finds the market
where it would have been. Variances are per year of 252 sessions; a session holds SESSION_SHARE of its day, the night
before it the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.calendar import Session
from sidecar.domain.clock import SECOND
from sidecar.domain.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SESSIONS_A_YEAR = 252
FULL_SESSION_S = 22_500  # 09:15 to 15:30, the session that one day's variance is measured by
SESSION_SHARE = 0.7
NIGHT_SHARE = 1.0 - SESSION_SHARE

κ = 8.0  # a year: how fast variance returns to its mean
ξ = 0.25  # volatility of variance
ρ = -0.65  # price against variance
SKEW_MEAN, SKEW_RANGE, SKEW_SPEED, SKEW_NOISE = -0.32, 0.12, 40.0, 5.0
NEWS_A_DAY, NEWS_MEAN, NEWS_SD, NEWS_VARIANCE = 0.4, -0.0006, 0.003, 0.0006
NIGHT_NEWS, NIGHT_NEWS_SD = 0.06, 0.009
LEAST_VARIANCE = 0.0025
TOGETHER = 0.85  # correlation between underlyings

#: What jumps add to a year's variance: the surface must pay for them too.
JUMP_VARIANCE = SESSIONS_A_YEAR * (NEWS_A_DAY * (NEWS_MEAN**2 + NEWS_SD**2) + NIGHT_NEWS * NIGHT_NEWS_SD**2)
#: How far the scares that come with news lift variance above θ̄ in the long run.
SCARE_VARIANCE = SESSIONS_A_YEAR * NEWS_A_DAY * NEWS_VARIANCE / κ


class Profile(NamedTuple):
    """Where an underlying begins, its long-run variance θ̄ a year before news, and its dividend yield."""

    spot: float
    mean_variance: float
    dividend: float


PROFILES = {
    "NIFTY": Profile(24_600.0, 0.0130, 0.012),
    "BANKNIFTY": Profile(52_400.0, 0.0190, 0.008),
    "FINNIFTY": Profile(24_900.0, 0.0170, 0.009),
    "MIDCPNIFTY": Profile(12_600.0, 0.0230, 0.008),
    "SENSEX": Profile(80_900.0, 0.0130, 0.012),
    "BANKEX": Profile(59_300.0, 0.0190, 0.008),
}


def profile(underlying: str) -> Profile:
    """The row of PROFILES; :class:`InputError` lists those there are."""
    if underlying not in PROFILES:
        raise InputError(
            "underlyings", f"the simulator has no {underlying[:40]!r}", "choose from " + ", ".join(PROFILES)
        )
    return PROFILES[underlying]


class State(NamedTuple):
    """What one day hands to the next: index value, variance a year, and the place of the skew."""

    spot: float
    variance: float
    skew: float


def opening(underlying: str) -> State:
    """The state before the first day: variance at its long-run level, no skew of its own."""
    row = profile(underlying)
    return State(row.spot, row.mean_variance + SCARE_VARIANCE, 0.0)


@dataclass(frozen=True, eq=False)
class Path:
    """One underlying's day: arrays of one entry a second. ``elapsed`` is the share of the session's variance that has
    gone by at each second, 0 at the open and 1 at the last.
    """

    spot: Floats
    variance: Floats
    skew: Floats
    elapsed: Floats

    @property
    def end(self) -> State:
        return State(float(self.spot[-1]), float(self.variance[-1]), float(self.skew[-1]))


def seconds(session: Session) -> Integers:
    """The instants at which the index is seen: every second of the session but the close itself; breaks left out."""
    return np.concatenate([np.arange(opens, closes, SECOND) for opens, closes in session.intervals])


def session_length(session: Session) -> float:
    """The session as a fraction of a full one of 6 h 15 min."""
    return sum(closes - opens for opens, closes in session.intervals) / SECOND / FULL_SESSION_S


def pattern(count: int) -> Floats:
    """How lively each of ``count`` seconds is, mean 1: high at the open, low at noon, higher towards the close."""
    x = (np.arange(count) + 0.5) / count
    lively = 0.62 + 2.2 * np.exp(-x / 0.05) + 0.9 * np.exp(-(1.0 - x) / 0.10) + 0.5 * (2.0 * x - 1.0) ** 2
    return np.asarray(lively / lively.mean())


def draw(seed: int, underlying: str, session: Session, state: State) -> Path:
    """The day's path of ``underlying``, which closed the day before in ``state``: the night's gap, then the session.

    The same arguments give the same bytes. Underlyings share one market factor and the times of the news.
    """
    count = len(seconds(session))
    day = session.date.toordinal()
    market = np.random.default_rng([seed, day])
    own = np.random.default_rng([seed, day, *underlying.encode()])
    mixed = TOGETHER * market.standard_normal((4, count)) + sqrt(1.0 - TOGETHER**2) * own.standard_normal((4, count))
    news = market.random(count) < NEWS_A_DAY / FULL_SESSION_S * pattern(count)
    sizes = market.normal(NEWS_MEAN, NEWS_SD, count)
    scares = market.exponential(NEWS_VARIANCE, count)
    night = market.random() < NIGHT_NEWS
    shock = market.normal(0.0, NIGHT_NEWS_SD)

    long_run = profile(underlying).mean_variance
    per_step = pattern(count) * (SESSION_SHARE * session_length(session) / SESSIONS_A_YEAR / count)
    gap = NIGHT_SHARE * state.variance / SESSIONS_A_YEAR
    opening = log(state.spot) + sqrt(gap) * mixed[3, 0] - 0.5 * gap + (shock if night else 0.0)
    times = np.concatenate([[NIGHT_SHARE / SESSIONS_A_YEAR], per_step[1:]])
    variance = _variances(state.variance, long_run, times, mixed[1], np.where(news, scares, 0.0))[1:]
    skew = _skews(state.skew, per_step, mixed[2])
    sd = np.sqrt(variance[:-1] * per_step[1:])
    moves = sd * (ρ * mixed[1, 1:] + sqrt(1.0 - ρ * ρ) * mixed[0, 1:]) - 0.5 * sd * sd
    moves += np.where(news[1:], sizes[1:], 0.0)
    spot = np.exp(opening + np.concatenate([[0.0], np.cumsum(moves)]))
    elapsed = np.cumsum(np.concatenate([[0.0], per_step[1:]]))
    return Path(spot, variance, skew, elapsed / elapsed[-1])


def _variances(start: float, long_run: float, times: Floats, z: Floats, scares: Floats) -> Floats:
    """Heston's variance by Euler steps, plus scares; LEAST_VARIANCE reflects what the steps let through.

    The recursion cannot be vectorised; over plain floats it takes 6 ms for a day of 22,500 seconds.
    """
    variance, found = start, [start]
    pulls, noises = κ * times, ξ * np.sqrt(times) * z
    for pull, noise, scare in zip(pulls.tolist(), noises.tolist(), scares.tolist(), strict=True):
        variance += pull * (long_run - variance) + sqrt(variance) * noise + scare
        if variance < LEAST_VARIANCE:
            variance = 2.0 * LEAST_VARIANCE - variance
        found.append(variance)
    return np.array(found)


def _skews(start: float, times: Floats, z: Floats) -> Floats:
    """An Ornstein-Uhlenbeck process in closed form on the day's own clock: x e^(−a t) + noise, exact at each second."""
    elapsed = np.cumsum(times)
    decay = np.exp(-SKEW_SPEED * elapsed)
    return np.asarray(decay * (start + np.cumsum(SKEW_NOISE * np.sqrt(times) * z / decay)))


def smile_tilt(skew: Floats) -> Floats:
    """The correlation parameter of the smile for a skew state: SKEW_MEAN ± SKEW_RANGE, always in (−1, 0)."""
    return np.asarray(SKEW_MEAN + SKEW_RANGE * np.tanh(skew))


def expected_variance(variance: Floats | float, long_run: Floats | float, sessions: Floats | float) -> Floats:
    """Total variance that the process expects over ``sessions`` days from ``variance`` (Heston 1993, plus jumps)."""
    time = np.asarray(sessions) / SESSIONS_A_YEAR
    return np.asarray((long_run + JUMP_VARIANCE) * time + (np.asarray(variance) - long_run) * -np.expm1(-κ * time) / κ)
