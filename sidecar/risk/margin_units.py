"""What one unit of each contract adds to a margin: its sixteen scenario losses, its charges and its composite delta.

The conventions are the exchange's own, found in its published arrays and checked against them (``bench/span.py``):
prices by Black-Scholes-Merton on the spot at one rate, 0, 1, 2 and 3 thirds of the price scan range either way with the
volatility up and down by an absolute shift, two calendar days on; two extreme moves of twice the range at an unchanged
volatility, of whose loss 35 % counts; no long option loses more than its price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sidecar.domain.margins import MarginRules
from sidecar.pricing.black import price
from sidecar.risk.legs import Flags, Floats, Legs

Numbers = NDArray[np.intp]

#: Of the price scan range, by scenario 1 to 14; the extreme ones, 15 and 16, are the rules' own.
MOVES = (0.0, 0.0, 1 / 3, 1 / 3, -1 / 3, -1 / 3, 2 / 3, 2 / 3, -2 / 3, -2 / 3, 1.0, 1.0, -1.0, -1.0)
#: Of the volatility scan range.
VOLATILITIES = (1.0, -1.0) * 7 + (0.0, 0.0)
SCENARIOS = len(VOLATILITIES)
#: What the rules and the day say of one underlying.
_COLUMNS = ("spot", "price_scan", "volatility_scan", *MarginRules.__struct_fields__)
#: Composite delta: price moves and their weights, as found in the exchange's own deltas (`bench/span.py`).
_DELTA_MOVES = (0.0, 1 / 3, -1 / 3, 2 / 3, -2 / 3, 1.0, -1.0)
_DELTA_WEIGHTS = np.array([0.270, 0.217, 0.217, 0.111, 0.111, 0.037, 0.037])
_DAYS_A_YEAR = 365.0
#: A contract with no more days than this expires today: a session is shorter, a night longer.
_TODAY = 0.5 / _DAYS_A_YEAR
#: A move past zero leaves this share of the price.
_LEAST = 1e-6


class Underlying(msgspec.Struct, frozen=True):
    """One underlying's parameters: ``spot``, price scan range (fraction of it) and volatility scan range (a year).

    ``rules`` has the rest. NaN where unknown: then every leg of it is.
    """

    spot: float
    price_scan: float
    volatility_scan: float
    rules: MarginRules


@dataclass(frozen=True, eq=False)
class Units:
    """One unit of each of n contracts. ``losses`` (n, 16) of a long unit, positive where it loses; ``value`` its price
    (a future's is 0: it is settled daily). ``long`` and ``short``: exposure margin of a unit held so; ``minimum`` of a
    short option; ``delta`` composite; ``calendar`` the spread charge a delta; ``month`` the expiry, in seconds from
    now; ``pool`` what offsets each other: the underlying, and what expires today apart where the rules want it.
    """

    symbol: tuple[str, ...]
    underlying: tuple[str, ...]
    option: Flags
    losses: Floats
    value: Floats
    long: Floats
    short: Floats
    minimum: Floats
    delta: Floats
    calendar: Floats
    month: NDArray[np.int64]
    pool: tuple[tuple[str, bool], ...]

    @cached_property
    def rates(self) -> tuple[Floats, Floats]:
        """What a unit held long, and one held short, adds to each of 18 sums of money, (n, 18) each: the sixteen
        scenarios', the short-option minimum's, and nothing's; with the exposure margin, less the unit's value.
        """
        nothing = np.zeros((len(self.symbol), 1))
        long, short = (self.long - self.value)[:, None], (self.short + self.value)[:, None]
        return (
            np.hstack([self.losses + long, long, nothing]),
            np.hstack([short - self.losses, self.minimum[:, None] + short, nothing]),
        )

    @cached_property
    def expiry(self) -> Numbers:
        """The number of each contract's expiry among those here, (n,)."""
        return np.unique(self.month, return_inverse=True)[1].reshape(-1)

    @cached_property
    def pool_number(self) -> Numbers:
        """The number of each contract's pool among those here, (n,)."""
        numbers = {pool: number for number, pool in enumerate(dict.fromkeys(self.pool))}
        return np.array([numbers[pool] for pool in self.pool], dtype=np.intp)


def _row(of: Underlying) -> list[float]:
    spot = of.spot if of.spot > 0 else np.nan
    return [spot, of.price_scan, of.volatility_scan, *msgspec.structs.astuple(of.rules)]


def joined(one: Units, two: Units) -> Units:
    """The contracts of both, in that order."""
    both: dict[str, Any] = {}
    for column in fields(Units):
        first, second = getattr(one, column.name), getattr(two, column.name)
        both[column.name] = (*first, *second) if isinstance(first, tuple) else np.concatenate([first, second])
    return Units(**both)


def units(legs: Legs, underlyings: Mapping[str, Underlying]) -> Units:
    """The units of ``legs`` (their quantities are not read); NaN where a number that it needs is unknown.

    :raises ValueError: a leg's underlying is not among ``underlyings``.
    """
    missing = sorted(set(legs.underlying) - set(underlyings))
    if missing:
        raise ValueError(f"underlyings lacks {', '.join(missing)}")
    names = list(dict.fromkeys(legs.underlying))
    place = {name: number for number, name in enumerate(names)}
    table = np.array([_row(underlyings[name]) for name in names]).reshape(len(names), len(_COLUMNS))
    columns = table[[place[name] for name in legs.underlying]].T
    rules = dict(zip(_COLUMNS, columns, strict=True))
    spot, range_, shift = (rules[name] for name in ("spot", "price_scan", "volatility_scan"))
    today = legs.time <= _TODAY
    beyond = np.where(legs.call, legs.strike - spot, spot - legs.strike) > rules["far"] * spot
    more = np.where(today, rules["exposure_on_expiry"], 0.0) + np.where(beyond, rules["exposure_far"], 0.0)
    loss = scenario_losses(
        legs, spot, range_, shift, rules["extreme_move"], rules["extreme_cover"], rules["look_ahead_days"]
    )
    apart = today & (rules["expiry_apart"] > 0)
    return Units(
        symbol=legs.symbol,
        underlying=legs.underlying,
        option=legs.option,
        losses=loss,
        value=np.where(legs.option, _known(legs.mark, legs.mark >= 0), 0.0),
        long=np.where(legs.option, 0.0, rules["exposure"] * spot),
        short=np.where(legs.option, rules["exposure"] + more, rules["exposure"]) * spot,
        minimum=np.where(legs.option, rules["short_option_minimum"] * spot, 0.0),
        delta=composite_delta(legs, range_),
        calendar=np.where(apart, 0.0, rules["calendar_charge"] * spot),
        month=np.rint(np.nan_to_num(legs.time, posinf=0.0, neginf=0.0) * _DAYS_A_YEAR * 86_400).astype(np.int64),
        pool=tuple(zip(legs.underlying, (bool(flag) for flag in apart), strict=True)),
    )


def scenario_losses(
    legs: Legs,
    spot: Floats,
    price_scan: Floats,
    volatility_scan: Floats,
    extreme_move: Floats,
    extreme_cover: Floats,
    look_ahead_days: Floats,
) -> Floats:
    """Losses of one long unit of each leg in the 16 scenarios, (n, 16); all other arguments (n,), as the rules say.

    An option is revalued at its own volatility plus the shift, its forward moved with the spot and rolled down its
    carry, ``look_ahead_days`` later; the loss is from its value by the same formula now, and at most its mark.
    """
    n = len(legs)
    moves = np.empty((n, SCENARIOS))
    moves[:, :14] = MOVES
    moves[:, 14], moves[:, 15] = extreme_move, -extreme_move
    cover = np.ones((n, SCENARIOS))
    cover[:, 14:] = extreme_cover[:, None]
    factor = np.maximum(1.0 + price_scan[:, None] * moves, _LEAST)
    loss: Floats = cover * _known(legs.forward, legs.forward > 0)[:, None] * (1.0 - factor)
    rows = np.flatnonzero(legs.option)
    if not rows.size:
        return loss
    call, mark = legs.call[rows], legs.mark[rows]
    F, K, T, s, r = (column[rows] for column in _clean(legs, spot))  # noqa: N806  the usual symbols
    carry = np.where(T > 0, np.log(F / spot[rows]) / np.where(T > 0, T, 1.0), 0.0)
    left = np.maximum(T - look_ahead_days[rows] / _DAYS_A_YEAR, 0.0)
    later = F * np.exp(-carry * (T - left))
    shifted = np.maximum(s[:, None] + volatility_scan[rows, None] * np.asarray(VOLATILITIES), 0.0)
    base = price(F, K, T, s, np.exp(-r * T), call=call)
    moved = price(
        later[:, None] * factor[rows], K[:, None], left[:, None], shifted, np.exp(-r * left)[:, None],
        call=call[:, None],
    )  # fmt: skip
    # np.minimum keeps a NaN: a price that is not known caps nothing.
    loss[rows] = np.minimum(cover[rows] * (base[:, None] - moved), _known(mark, mark >= 0)[:, None])
    return loss


def composite_delta(legs: Legs, price_scan: Floats) -> Floats:
    """Probability-weighted delta over seven price moves, (n,); 1 for a future.

    Weights 0.270, 0.217, 0.111 and 0.037 at 0, 1, 2 and 3 thirds of the range each way; no time passes.
    """
    delta = np.ones(len(legs))
    rows = np.flatnonzero(legs.option)
    if not rows.size:
        return delta
    F, K, T, s, _ = (column[rows] for column in _clean(legs, legs.spot))  # noqa: N806  the usual symbols
    factor = np.maximum(1.0 + price_scan[rows, None] * np.asarray(_DELTA_MOVES), _LEAST)
    spread = np.maximum(s * np.sqrt(T), 1e-12)[:, None]
    with np.errstate(divide="ignore"):
        d1 = np.log(F[:, None] * factor / K[:, None]) / spread + 0.5 * spread
    w = np.where(legs.call[rows], 1.0, -1.0)
    delta[rows] = (w[:, None] * ndtr(w[:, None] * d1)) @ _DELTA_WEIGHTS
    return delta


def _clean(legs: Legs, spot: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Forward, strike, time, volatility, rate: what the formula cannot take is unknown.

    A contract without time left has its intrinsic value on the spot, whatever its volatility was.
    """
    gone = legs.time <= 0
    forward = np.where(gone, spot, legs.forward)
    volatility = np.where(gone, 0.0, legs.volatility)
    return (
        _known(forward, forward > 0),
        _known(legs.strike, legs.strike > 0),
        _known(legs.time, legs.time >= 0),
        _known(volatility, volatility >= 0),
        _known(legs.rate, np.isfinite(legs.rate)),
    )


def _known(values: Floats, good: Flags) -> Floats:
    return np.where(good & np.isfinite(values), values, np.nan)
