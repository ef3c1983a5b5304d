"""Scenarios: the book revalued in full over moves of the spot, shifts of the volatility and time that passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.pricing.black import price
from sidecar.pricing.grid import values
from sidecar.risk.legs import Flags, Floats, Legs

#: The usual axes: the spot by 1 % out to the first stage of the exchanges' market-wide halt (SEBI circular
#: SMDRPD/Policy/Cir-35/2001 of 2001-06-28: 10, 15, 20 %), the volatility by 2 points out to 10.
SPOTS = tuple(step / 100 for step in range(-10, 11))
VOLS = tuple(step / 100 for step in range(-10, 11, 2))

DAYS_A_YEAR = 365
_BLOCK = 512  # legs at a time: what is worked on stays in the processor's cache

#: Rows of the legs (r,) and factors on their forwards (m,) to the smile's volatilities at the new moneyness (r, m).
Smiles = Callable[[NDArray[np.intp], Floats], Floats]


@dataclass(frozen=True, eq=False)
class Grid:
    """P&L in account currency of every leg and of the book in every scenario; read-only.

    ``spots`` are the moves of each underlying (m,), fractions; ``vols`` (k,) added to every volatility; ``times`` (t,)
    years that pass. ``pnl`` is (n, m, k) and ``total`` (m, k), or (n, t, m, k) and (t, m, k) where several times were
    asked for.
    """

    spots: Mapping[str, Floats]
    vols: Floats
    times: Floats
    pnl: Floats
    total: Floats


class Worst(NamedTuple):
    """The scenario that loses most: ``loss`` is positive for a loss, ``spot`` the move of each underlying."""

    loss: float
    spot: Mapping[str, float]
    vol: float
    time: float

    @property
    def case(self) -> str:
        """Where it is, in words; empty where the loss is not known."""
        if isnan(self.loss):
            return ""
        moves = dict.fromkeys(self.spot.values())
        spot = [f"{100 * move:+.4g} %" for move in moves] if len(moves) == 1 else [
            f"{name} {100 * move:+.4g} %" for name, move in self.spot.items()
        ]  # fmt: skip
        after = f" after {DAYS_A_YEAR * self.time:.4g} days" if self.time else ""
        return f"spot {', '.join(spot)}, volatility {100 * self.vol:+.4g} points{after}"


def grid(
    legs: Legs,
    spots: ArrayLike | Mapping[str, ArrayLike] = SPOTS,
    vols: ArrayLike = VOLS,
    time_shift: ArrayLike = 0.0,
    *,
    sticky: Literal["strike", "delta"] = "strike",
    smiles: Smiles | None = None,
) -> Grid:
    """Full revaluation of ``legs`` over spot x volatility x time.

    ``spots``: relative moves of every spot (m,), -0.05 for 5 % down, or those of each underlying, all of one length;
    ``vols``: added to the volatility (k,), 0.01 a point, floored at 0; ``time_shift``: years that pass, one or (t,).
    P&L is against the model's value now at the leg's own volatility, so where nothing moves it is 0 to the last bit.

    The forward keeps its carry, F' = S' exp(b (T - dt)); the rate stays. A leg that expires on the way is worth its
    intrinsic value at S', undiscounted; a future gains quantity x (F' - F). ``sticky="strike"`` leaves each leg its
    volatility; ``"delta"`` moves it by what ``smiles`` reads at the leg's new moneyness, K / (F S'/S), less what it
    reads now, so that a quote off its smile stays as far off.

    A leg with an unknown (NaN) or impossible number is NaN, and so is the total; a leg of quantity 0 makes nothing.
    ValueError names an argument that is no 1-D list of finite numbers, a fall of the spot by all it has, a negative
    time, an underlying without moves, "delta" without ``smiles``.
    """
    moves, count = _moves(legs, spots)
    shifts = _axis("vols", vols)
    times = _axis("time_shift", np.atleast_1d(time_shift), least=0.0)
    known, now = knowable(legs), worth(legs)
    pnl = np.empty((len(legs), len(times), count, len(shifts)))
    pnl[~known] = np.nan
    room = np.empty((_BLOCK, count, len(shifts)))
    for name, own in moves.items():
        held = known & (np.array(legs.underlying) == name)
        futures, options = np.flatnonzero(held & ~legs.option), np.flatnonzero(held & legs.option)
        vol = _volatility(legs, options, 1.0 + own, sticky, smiles)
        for j, elapsed in enumerate(times):
            forward, left = later(legs, float(elapsed))
            linear = forward[futures, None] * (1.0 + own) - now[futures, None]
            pnl[futures, j] = (legs.quantity[futures, None] * linear + 0.0)[:, :, None]
            for start in range(0, len(options), _BLOCK):
                block = slice(start, start + _BLOCK)
                rows = options[block]
                pnl[rows, j] = _changes(
                    legs, rows, forward, left, vol[block], now, 1.0 + own, shifts, room[: len(rows)]
                )
    pnl[legs.quantity == 0] = 0.0
    if np.ndim(time_shift) == 0:
        pnl = pnl[:, 0]
    total = pnl.sum(axis=0)
    for array in (shifts, times, pnl, total, *moves.values()):
        array.flags.writeable = False
    return Grid(moves, shifts, times, pnl, total)


def worst(scenarios: Grid) -> Worst:
    """The largest loss of the book in the grid, the first of equals; NaN throughout if any scenario is not known."""
    total = scenarios.total.reshape(len(scenarios.times), -1, len(scenarios.vols))
    if np.isnan(total).any():
        return Worst(nan, dict.fromkeys(scenarios.spots, nan), nan, nan)
    j, m, k = (int(place) for place in np.unravel_index(int(np.argmin(total)), total.shape))
    spot = {name: float(moves[m]) for name, moves in scenarios.spots.items()}
    return Worst(0.0 - float(total[j, m, k]), spot, float(scenarios.vols[k]), float(scenarios.times[j]))


def knowable(legs: Legs) -> Flags:
    """Which legs (n,) have all the numbers that a revaluation reads, each within the model's domain."""
    positive = np.isfinite(legs.spot) & (legs.spot > 0) & np.isfinite(legs.forward) & (legs.forward > 0)
    held = positive & np.isfinite(legs.quantity) & np.isfinite(legs.time) & (legs.time >= 0)
    own = np.isfinite(legs.strike) & (legs.strike >= 0) & np.isfinite(legs.volatility) & (legs.volatility >= 0)
    with np.errstate(over="ignore", invalid="ignore"):
        discounts = np.isfinite(legs.discount) & (legs.discount > 0)
    return np.asarray(held & (~legs.option | (own & discounts)))


def worth(legs: Legs, growth: float | Floats = 1.0, volatility: Floats | None = None, elapsed: float = 0.0) -> Floats:
    """Value of one unit of each leg (n,) after the spot grew by the factor ``growth`` and ``elapsed`` years passed.

    ``growth`` is one or (n,), above 0; ``volatility`` (n,) in place of the legs' own. With nothing given, the value
    now. Carry, rates, expiry and NaN as in :func:`grid`.
    """
    forward, left = later(legs, elapsed)
    known = knowable(legs)
    vol = legs.volatility if volatility is None else np.where(known, volatility, np.nan)
    result = np.where(known, forward * growth, np.nan)
    rows = np.flatnonzero(known & legs.option)
    discount = np.exp(-legs.rate[rows] * left[rows])
    result[rows] = price(result[rows], legs.strike[rows], left[rows], vol[rows], discount, call=legs.call[rows])
    return result


def later(legs: Legs, elapsed: float) -> tuple[Floats, Floats]:
    """Forwards once ``elapsed`` years have passed at an unmoved spot and carry, and the years then left, both (n,).

    The carry of the time that passes is spent: at expiry the forward is the spot. What an unknowable leg gets means
    nothing, see :func:`knowable`.
    """
    left = np.maximum(legs.time - elapsed, 0.0)
    with np.errstate(all="ignore"):
        passed = np.where(legs.time > 0, np.minimum(elapsed / legs.time, 1.0), 0.0)
        rolled = legs.forward * (legs.spot / legs.forward) ** passed
    return np.where((left == 0) & (legs.time > 0), legs.spot, rolled), left


def _changes(
    legs: Legs, rows: NDArray[np.intp], forward: Floats, left: Floats, vol: Floats, now: Floats,
    factors: Floats, shifts: Floats, out: Floats,
) -> Floats:  # fmt: skip
    """P&L of the options at ``rows`` into ``out`` (r, m, k); ``vol`` is theirs, the other arrays are of all legs."""
    discount = np.exp(-legs.rate[rows] * left[rows])
    values(
        forward[rows], legs.strike[rows], left[rows], vol, discount,
        call=legs.call[rows], forward_factors=factors, vol_shifts=shifts, out=out,
    )  # fmt: skip
    out -= now[rows, None, None]
    out *= legs.quantity[rows, None, None]
    out += 0.0  # no minus zero reaches a reader
    return out


def _volatility(legs: Legs, rows: NDArray[np.intp], factors: Floats, sticky: str, smiles: Smiles | None) -> Floats:
    """Volatilities of the options at ``rows``: (r,) their own, or (r, m) moved along their smiles."""
    own = legs.volatility[rows]
    if sticky == "strike":
        return own
    if sticky != "delta" or smiles is None:
        raise ValueError(f'sticky must be "strike", or "delta" with smiles; not {sticky!r} with smiles={smiles}')
    if not rows.size:
        return own
    read = np.asarray(smiles(rows, np.concatenate(([1.0], factors))), dtype=np.float64)
    if read.shape != (len(rows), len(factors) + 1):
        raise ValueError(f"smiles must return {(len(rows), len(factors) + 1)} volatilities, not {read.shape}")
    moved = own[:, None] + (read[:, 1:] - read[:, :1])
    return np.asarray(np.where(np.isfinite(moved), np.maximum(moved, 0.0), np.nan))


def _moves(legs: Legs, spots: ArrayLike | Mapping[str, ArrayLike]) -> tuple[dict[str, Floats], int]:
    """The moves of each underlying of the legs, in their order, and how many there are."""
    names = tuple(dict.fromkeys(legs.underlying))
    if not isinstance(spots, Mapping):
        common = _axis("spots", spots, above=-1.0)
        return {name: common.copy() for name in names}, len(common)
    missing = [name for name in names if name not in spots]
    if missing:
        raise ValueError(f"spots has no moves of {', '.join(missing)}")
    axes = {name: _axis(f"spots[{name!r}]", own, above=-1.0) for name, own in spots.items()}
    counts = {len(own) for own in axes.values()}
    if len(counts) != 1:
        raise ValueError("spots must have underlyings, and as many moves of each")
    return {name: axes[name] for name in names}, counts.pop()


def _axis(name: str, numbers: ArrayLike, *, above: float = -np.inf, least: float = -np.inf) -> Floats:
    axis = np.array(numbers, dtype=np.float64)
    if axis.ndim != 1 or not axis.size or not np.all(np.isfinite(axis) & (axis > above) & (axis >= least)):
        rule = f" above {above:g}" if above > -np.inf else f" of at least {least:g}" if least > -np.inf else ""
        raise ValueError(f"{name} must be a list of finite numbers{rule}")
    return axis
