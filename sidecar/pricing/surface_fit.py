"""Bands of quotes in, a surface out.

Each expiry with a full set of quotes has a smile of its own, free of butterfly arbitrage; the surface serves at each
log-moneyness the highest of it and the earlier ones (see `surface`), which no calendar spread can arbitrage. Expiries
with few quotes come after and may not lift the others: they are held below the next full one. Below a smile without
arbitrage there is always another, w x c with c < 1 (in c the density g is concave, and positive at 0 and 1), so that
repair cannot fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.analytics import FitQuality
from sidecar.pricing import svi
from sidecar.pricing.bands import Band
from sidecar.pricing.surface import Surface
from sidecar.pricing.svi_fit import fit_variables

Array = NDArray[np.float64]

FULL = 8  # two-sided quotes, on both sides of the forward, that a good fit wants
LEAST = 3  # quotes for a shape
_STEEPEST = 1.98  # below Lee's 2
_SOFT = 0.25  # of the median half-spread: no quote is surer than this
_ONE_SIDED = 0.5  # of its volatility: how wide a bid alone counts; an ask alone reaches down to zero
_SAME = 0.25 / 365  # years within which an earlier smile is the same expiry's
_GRID = np.sinh(np.linspace(-1.0, 1.0, 57) * np.arcsinh(100.0))
_FAR = np.sinh(np.linspace(-1.0, 1.0, 201) * np.arcsinh(1e4))
_NONE = np.zeros(5)
_SLIGHTEST = 0.05  # of the deviation at the money: a wing that quotes do not see still rises
_SHARPEST = 0.25  # of the deviation at the money: real smiles bend over 0.8 of it and more, noise in a kink
_GOOD_INSIDE, _GOOD_RMSE = 0.25, 0.01
_GOOD_WIDTH = 0.25  # of the volatility: quotes further apart from their middle, at the median, agree with any smile


class Points(NamedTuple):
    """One expiry's quotes as the fit sees them: log-moneyness, sides, volatility, half-width, which have two sides."""

    k: Array
    low: Array
    high: Array
    volatility: Array
    half: Array
    firm: NDArray[np.bool_]


class Fitted(NamedTuple):
    variables: Array
    drawn: float


def fit(expiries: Sequence[Band], previous: Surface | None = None) -> Surface:
    """The surface through the bands of an underlying's expiries, given in ascending ``years``.

    `previous` (an earlier surface of the same underlying) only starts the search. A quality each: GOOD, COARSE (few,
    wide, one-sided or badly fitted quotes, or a smile borrowed from a neighbour), FLAT, MISSING. No data raises;
    ValueError where ``years`` does not ascend.
    """
    years = np.array([each.years for each in expiries], dtype=np.float64)
    if np.any(np.diff(years) < 0):
        raise ValueError("expiries must be given in ascending years")
    points = [_points(each) for each in expiries]
    found: list[Fitted | None] = [None] * len(points)
    for index, each in enumerate(points):
        if _is_full(each):
            found[index] = _shaped(each, float(years[index]), _warm(previous, float(years[index])), None)
    for index, each in enumerate(points):
        if found[index] is None and each.k.size:
            found[index] = _sparse(each, float(years[index]), _beside(found[index + 1 :]), _beside(found[:index][::-1]))
    return _surface(expiries, points, found)


def _points(band: Band) -> Points:
    low, high = band.low, band.high
    firm = np.isfinite(low) & np.isfinite(high)
    usable = firm if np.count_nonzero(firm) >= LEAST else np.isfinite(low) | np.isfinite(high)
    low, high, firm = low[usable], high[usable], firm[usable]
    volatility = np.where(np.isnan(high), low, 0.5 * (np.nan_to_num(low) + high))
    half = np.where(np.isnan(high), _ONE_SIDED * low, 0.5 * (high - np.nan_to_num(low)))
    locked = half <= 0.0  # a trade, or a locked quote: no surer than the others
    if locked.any() and not locked.all():
        half[locked] = np.median(half[~locked])
    return Points(np.log(band.strikes[usable] / band.forward), low, high, volatility, half, firm)


def _is_full(points: Points) -> bool:
    k = points.k[points.firm]
    return k.size >= FULL and bool((k < 0).any() and (k > 0).any())


def _beside(found: Sequence[Fitted | None]) -> Array | None:
    return next((each.variables for each in found if each is not None), None)


def _softness(points: Points) -> float:
    return max(_SOFT * float(np.median(points.half)), 1e-5)


def _sparse(points: Points, years: float, ceiling: Array | None, floor: Array | None) -> Fitted:
    if points.k.size < LEAST:
        return Fitted(_borrowed(points, years, ceiling, floor), 1.0)
    return _shaped(points, years, _NONE, ceiling)


def _shaped(points: Points, years: float, warm: Array, ceiling: Array | None) -> Fitted:
    k, volatility = points.k, points.volatility
    w = volatility * volatility * years
    weight = 1.0 / (2.0 * volatility * years * np.hypot(points.half, _softness(points)))
    money = float(np.interp(0.0, k, w))
    scale = np.sqrt(money)
    low = np.array([0.05 * money, _SLIGHTEST * scale, _SLIGHTEST * scale, k[0] - scale, _SHARPEST * scale])
    high = np.array([20.0 * money, _STEEPEST, _STEEPEST, k[-1] + scale, 20.0 * scale + (k[-1] - k[0])])
    if not _is_full(points):
        low[3:], high[3:] = (0.0, scale), (0.0, scale)  # too few to say where the smile bends
    safe, top = _NONE, _NONE
    if ceiling is not None:
        top = ceiling
        high[1:3] = np.minimum(high[1:3], ceiling[1:3] * (1 - 1e-8))
        low = np.minimum(low, high)
        level = float(np.median(w / svi.total_variance(raw(ceiling), k)))
        safe = _scaled(ceiling, min(1.0, level) * (1 - 2e-4))
    found, drawn = fit_variables(k, w, weight, low, high, warm, top, safe, _GRID * scale, _FAR)
    return Fitted(found, float(drawn))


def _borrowed(points: Points, years: float, ceiling: Array | None, floor: Array | None) -> Array:
    """A smile of a neighbour's shape at the level of the few quotes; flat where there is no neighbour."""
    k, w = points.k, points.volatility**2 * years
    if floor is not None:
        rise = float(np.median(w - svi.total_variance(raw(floor), k)))
        room = np.inf
        if ceiling is not None:
            at = np.concatenate((svi.probe(raw(floor)), svi.probe(raw(ceiling))))
            room = float(np.min(svi.total_variance(raw(ceiling), at) - svi.total_variance(raw(floor), at)))
        lifted = floor.copy()
        lifted[0] += min(max(rise, 0.0), max(room, 0.0))
        return lifted if not svi.butterfly_violations(raw(lifted)) else floor.copy()
    if ceiling is not None:
        return _scaled(ceiling, min(1.0, float(np.median(w / svi.total_variance(raw(ceiling), k)))))
    return np.array([float(np.median(w)), 0.0, 0.0, 0.0, float(np.sqrt(np.median(w)))])


def _scaled(variables: Array, factor: float) -> Array:
    return np.concatenate((variables[:3] * factor, variables[3:]))


def raw(variables: Array) -> Array:
    """The (a, b, rho, m, sigma) of the fit's variables: variance at the money, left and right slope, m, sigma."""
    v, left, right, m, sigma = (float(each) for each in variables)
    b = 0.5 * (left + right)
    rho = 0.5 * (right - left) / b if b > 0.0 else 0.0
    return np.array([v + b * rho * m - b * np.hypot(m, sigma), b, rho, m, sigma])


def _warm(previous: Surface | None, years: float) -> Array:
    if previous is None or not previous.fitted.size:
        return _NONE
    known = previous.fitted
    nearest = known[int(np.argmin(np.abs(previous.years[known] - years)))]
    if abs(previous.years[nearest] - years) > _SAME:
        return _NONE
    smile = previous.parameters[nearest]
    left, right = svi.wings(smile)
    return np.array([float(svi.total_variance(smile, 0.0)), float(left), float(right), smile[3], smile[4]])


def _surface(expiries: Sequence[Band], points: list[Points], fits: list[Fitted | None]) -> Surface:
    count = len(expiries)
    parameters = np.full((count, 5), np.nan)
    rmse, inside, quality = np.full(count, np.nan), np.full(count, np.nan), []
    drawn = np.full(count, np.nan)
    for index, (each, found, band) in enumerate(zip(points, fits, expiries, strict=True)):
        if found is None:
            quality.append(FitQuality.MISSING)
            continue
        parameters[index], drawn[index] = raw(found.variables), found.drawn
        earlier = parameters[: index + 1][np.isfinite(parameters[: index + 1, 0])]
        served = svi.total_variance(earlier[:, None, :], each.k).max(axis=0)
        model = np.sqrt(served / band.years)
        if each.firm.any():
            rmse[index] = np.sqrt(np.mean((model - each.volatility)[each.firm] ** 2))
        inside[index] = np.mean(~((model < each.low * (1 - 1e-9)) | (model > each.high * (1 + 1e-9))))
        quality.append(_quality(each, found, float(rmse[index]), float(inside[index])))
    time, forward, error, discount = (
        np.array([getattr(each, name) for each in expiries], dtype=np.float64)
        for name in ("years", "forward", "forward_error", "discount")
    )
    sizes = np.array([each.k.size for each in points], dtype=np.int64)
    return Surface(time, forward, error, discount, parameters, rmse, inside, sizes, drawn, tuple(quality))


def _quality(points: Points, found: Fitted, rmse: float, inside: float) -> FitQuality:
    if found.variables[1] + found.variables[2] <= 0.0:
        return FitQuality.FLAT
    if not _is_full(points) or found.drawn >= 0.5:
        return FitQuality.COARSE
    narrow = float(np.median((points.half / points.volatility)[points.firm])) <= _GOOD_WIDTH
    return FitQuality.GOOD if narrow and (inside >= _GOOD_INSIDE or rmse <= _GOOD_RMSE) else FitQuality.COARSE
