"""The simulator's option surface: SSVI (Gatheral and Jacquier 2014), free of static arbitrage at every second.

Total variance at log-moneyness k is w = θ/2 (1 + ρφk + √((φk + ρ)² + 1 − ρ²)) with φ = η/√(θ(1 + θ)). With
η(1 + |ρ|) ≤ 2 no butterfly has a negative price (their theorem 4.2, remark 4.4), and as θ rises with expiry under one
ρ and η no calendar spread has either (theorem 4.1). θ is what the path's own variance process expects to expiry,
counted in sessions and nights, so that an option bought and hedged earns nothing but the premium.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.calendar import Calendar
from sidecar.domain.contracts import Contract, Right
from sidecar.pricing import black
from sidecar.pricing.daycount import years
from sidecar.venues.sim_path import (
    NIGHT_SHARE,
    SESSION_SHARE,
    Floats,
    Integers,
    Path,
    expected_variance,
    profile,
    session_length,
    smile_tilt,
)

RATE = 0.065
η = 0.8  # η(1 + |ρ|) ≤ 2 for every ρ in (−1, 0)
PREMIUM = 1.08  # what a seller of variance earns
LEAST_θ = 1e-10
VIX_DAYS = 30
SESSIONS_A_CALENDAR_DAY = 252 / 365


class Values(NamedTuple):
    """One entry a contract: price of the model, forward, and distance from the money in standard deviations."""

    price: Floats
    forward: Floats
    distance: Floats


def total_variance(k: Floats, θ: Floats, ρ: Floats) -> Floats:
    """SSVI with the power law of exponent ½; broadcasts. θ above 0, ρ in (−1, 1)."""
    φk = k * η / np.sqrt(θ * (1.0 + θ))
    return np.asarray(0.5 * θ * (1.0 + ρ * φk + np.sqrt((φk + ρ) ** 2 + 1.0 - ρ * ρ)))


def variance_days(calendar: Calendar, after: date, until: date) -> float:
    """Days of variance, nights included, in the sessions later than ``after`` up to ``until``.

    Beyond the sessions table, where only the volatility index looks, the average of 252 sessions a year is assumed.
    """
    first, known = after + timedelta(days=1), min(until, calendar.last)
    held = calendar.sessions_between(first, known) if first <= known else ()
    beyond = max((until - max(known, after)).days, 0) * SESSIONS_A_CALENDAR_DAY
    return sum(NIGHT_SHARE + SESSION_SHARE * session_length(session) for session in held) + beyond


@dataclass(frozen=True, eq=False)
class Surface:
    """One day's surface over the listed options, one entry a row; ``owner`` is the row's place among the paths."""

    times: Integers
    strike: Floats
    call: NDArray[np.bool_]
    owner: Integers
    expires_at: Integers
    days_after: Floats
    today: float
    long_run: Floats
    carry: Floats
    month: float
    means: tuple[float, ...]
    spot: Floats
    variance: Floats
    tilt: Floats
    elapsed: Floats

    @classmethod
    def of(
        cls,
        options: Sequence[Contract],
        underlyings: Sequence[str],
        paths: Sequence[Path],
        times: Integers,
        calendar: Calendar,
        day: date,
    ) -> Surface:
        """The surface of ``day`` for ``options`` on ``underlyings``, whose paths are given in the same order."""
        session = calendar.session(day)
        today = SESSION_SHARE * session_length(session) if session else 0.0
        owner = np.array([underlyings.index(option.underlying) for option in options], dtype=np.int64)
        expiries = sorted({option.expiry for option in options if option.expiry})
        days_after = {expiry: variance_days(calendar, day, expiry) for expiry in expiries}
        profiles = [profile(underlying) for underlying in underlyings]
        return cls(
            times=times,
            strike=np.array([option.strike for option in options], dtype=np.float64),
            call=np.array([option.right is Right.CALL for option in options], dtype=np.bool_),
            owner=owner,
            expires_at=np.array([option.expires_at for option in options], dtype=np.int64),
            days_after=np.array([days_after[option.expiry] for option in options if option.expiry], dtype=np.float64),
            today=today,
            long_run=np.array([row.mean_variance for row in profiles])[owner],
            carry=np.array([RATE - row.dividend for row in profiles])[owner],
            month=variance_days(calendar, day, day + timedelta(days=VIX_DAYS)),
            means=tuple(row.mean_variance for row in profiles),
            spot=np.stack([path.spot for path in paths]),
            variance=np.stack([path.variance for path in paths]),
            tilt=np.stack([smile_tilt(path.skew) for path in paths]),
            elapsed=paths[0].elapsed,
        )

    def values(self, step: int | Integers, onward: float = 0.0) -> Values:
        """Prices at a second of the day, the same for all rows or one for each.

        ``onward`` in [0, 1) is a fraction of the way to the next second, and takes the index along a straight line.
        """
        spot = self.spot[self.owner, step]
        if onward:
            following = np.minimum(np.add(step, 1), len(self.times) - 1)
            spot = spot + onward * (self.spot[self.owner, following] - spot)
        time = years(self.times[step], self.expires_at)
        forward = spot * np.exp(self.carry * time)
        left = self.days_after + self.today * (1.0 - self.elapsed[step])
        θ = np.maximum(PREMIUM * expected_variance(self.variance[self.owner, step], self.long_run, left), LEAST_θ)
        k = np.log(self.strike / forward)
        w = total_variance(k, θ, self.tilt[self.owner, step])
        price = black.price(forward, self.strike, 1.0, np.sqrt(w), np.exp(-RATE * time), call=self.call)
        return Values(price, forward, np.abs(k) / np.sqrt(θ))

    def volatility_index(self, place: int, step: int) -> float:
        """100 × the volatility at the money at 30 calendar days, ACT/365, of the underlying at a ``place``."""
        left = self.month + self.today * (1.0 - float(self.elapsed[step]))
        θ = PREMIUM * float(expected_variance(float(self.variance[place, step]), self.means[place], left))
        return 100.0 * float(np.sqrt(θ * 365 / VIX_DAYS))
