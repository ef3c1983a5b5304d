"""How far a smile is from its quotes and from what must be, and the way down; compiled.

Levenberg-Marquardt on (v, l, r, m, s): variance at the money, the slopes of the left and right wing, and SVI's own m
and sigma, in which

    w(k) = v + (r - l)/2 k + (r + l)/2 (R - R0),   R = sqrt((k - m)² + s²),   R0 = sqrt(m² + s²),

linear in the first three. A quote beyond a few half-spreads pulls with constant force; negative density and variance
above the ceiling (a later expiry's smile) are penalised by `stiff`; bounds on the variables are a box.
"""

import numpy as np
from numpy.typing import NDArray

from sidecar.pricing.compiling import compiled

Array = NDArray[np.float64]
_compiled = compiled("svi_descent.py")
Point = tuple[float, float, float]

#: Of density, and of the ceiling: the descent keeps clear of them by this, the result by half of it.
MARGIN = 2e-4
_DONE = 1e-7  # of the cost: what two steps in a row must bring, or the descent is over
_HUBER = 2.5  # half-spreads: beyond it a quote pulls with constant force
_LEAST = 0.02  # of the variance at the money: lower than this no smile goes
_ALONG = 15  # points that move with the smile's own bend


@_compiled
def shape(p: Array, at_zero: float, k: float) -> Point:
    """Total variance, slope and bend at `k`; `at_zero` is R0."""
    mean, half = 0.5 * (p[2] + p[1]), 0.5 * (p[2] - p[1])
    x = k - p[3]
    root = np.sqrt(x * x + p[4] * p[4])
    over = 1.0 / root
    return p[0] + half * k + mean * (root - at_zero), half + mean * x * over, mean * p[4] * p[4] * over * over * over


@_compiled
def density(k: float, w: float, slope: float, bend: float) -> float:
    """Gatheral's g (see `svi`)."""
    over = 1.0 / w
    ratio = 1.0 - 0.5 * k * slope * over
    return ratio * ratio - 0.25 * slope * slope * (over + 0.25) + 0.5 * bend


@_compiled
def _add(normal: Array, pull: Array, row: Array, residual: float, weight: float) -> None:
    for i in range(5):
        scaled = weight * row[i]
        pull[i] += scaled * residual
        for j in range(i + 1):
            normal[i, j] += scaled * row[j]


@_compiled
def _level_row(p: Array, at_zero: float, k: float, row: Array) -> float:
    """Total variance, and its derivatives in the five variables."""
    mean = 0.5 * (p[2] + p[1])
    x = k - p[3]
    root = np.sqrt(x * x + p[4] * p[4])
    over, over_zero = 1.0 / root, 1.0 / at_zero
    rise = root - at_zero
    row[0], row[1], row[2] = 1.0, 0.5 * (rise - k), 0.5 * (rise + k)
    row[3], row[4] = -mean * (x * over + p[3] * over_zero), mean * p[4] * (over - over_zero)
    level: float = p[0] + 0.5 * (p[2] - p[1]) * k + mean * rise
    return level


@_compiled
def density_row(p: Array, at_zero: float, k: float, row: Array) -> None:
    """The derivatives of the density in the five variables."""
    w, slope, _ = shape(p, at_zero, k)
    _level_row(p, at_zero, k, row)
    mean, s2 = 0.5 * (p[2] + p[1]), p[4] * p[4]
    x = k - p[3]
    over = 1.0 / np.sqrt(x * x + s2)
    u, o2 = x * over, over * over
    ratio = 0.5 * k * slope / w
    by_w = 2.0 * (1.0 - ratio) * ratio / w + 0.25 * slope * slope / (w * w)
    by_slope = -(1.0 - ratio) * k / w - 0.5 * slope * (1.0 / w + 0.25)
    narrow = s2 * o2 * over
    row[0] = by_w
    row[1] = by_w * row[1] + by_slope * 0.5 * (u - 1.0) + 0.25 * narrow
    row[2] = by_w * row[2] + by_slope * 0.5 * (u + 1.0) + 0.25 * narrow
    row[3] = by_w * row[3] - by_slope * mean * narrow + 1.5 * mean * narrow * u * over
    row[4] = by_w * row[4] - by_slope * mean * u * p[4] * o2 + 0.5 * mean * p[4] * (2.0 - 3.0 * s2 * o2) * o2 * over


@_compiled
def of_quotes(p: Array, k: Array, w: Array, weight: Array, normal: Array, pull: Array) -> float:
    """The robust cost of points that the smile should meet."""
    row = np.empty(5)
    at_zero = np.sqrt(p[3] * p[3] + p[4] * p[4])
    cost = 0.0
    for i in range(k.size):
        residual = weight[i] * (_level_row(p, at_zero, k[i], row) - w[i])
        size = abs(residual)
        near = size <= _HUBER
        cost += 0.5 * size * size if near else _HUBER * (size - 0.5 * _HUBER)
        share = weight[i] if near else weight[i] * _HUBER / size
        _add(normal, pull, row, residual / weight[i], share * weight[i])
    return cost


@_compiled
def _of_law(p: Array, grid: Array, ceiling: Array, stiff: float, normal: Array, pull: Array) -> float:
    """The cost of variance near zero or above the ceiling, and of density below zero."""
    row = np.empty(5)
    at_zero = np.sqrt(p[3] * p[3] + p[4] * p[4])
    top_zero = np.sqrt(ceiling[3] * ceiling[3] + ceiling[4] * ceiling[4])
    by_level, weight = stiff / p[0], stiff * stiff
    cost = 0.0
    for i in range(grid.size + _ALONG):
        at = grid[i] if i < grid.size else p[3] + p[4] * 0.4 * (i - grid.size - _ALONG // 2)
        level, slope, bend = shape(p, at_zero, at)
        excess = min(level - _LEAST * p[0], 0.0)
        if ceiling[4] > 0.0:
            excess += max(level - shape(ceiling, top_zero, at)[0] * (1.0 - MARGIN), 0.0)
        if excess != 0.0:
            cost += 0.5 * (by_level * excess) ** 2
            _level_row(p, at_zero, at, row)
            _add(normal, pull, row, excess, by_level * by_level)
        if level >= _LEAST * p[0]:
            excess = density(at, level, slope, bend) - 5.0 * MARGIN
            if excess < 0.0:
                cost += 0.5 * weight * excess * excess
                density_row(p, at_zero, at, row)
                _add(normal, pull, row, excess, weight)
    return cost


@_compiled
def _cost(
    p: Array, k: Array, w: Array, weight: Array, grid: Array, ceiling: Array, stiff: float, normal: Array,
    pull: Array,
) -> float:  # fmt: skip
    """Half the robust sum of squares; fills the normal matrix and the gradient of Gauss and Newton."""
    normal[:], pull[:] = 0.0, 0.0
    total: float = of_quotes(p, k, w, weight, normal, pull) + _of_law(p, grid, ceiling, stiff, normal, pull)
    return total


@_compiled
def _solve(normal: Array, pull: Array, damping: float, frozen: Array, step: Array) -> bool:
    """One damped step by Cholesky, zero in the frozen variables; False where the matrix is not positive."""
    factor = np.zeros((5, 5))
    for i in range(5):
        for j in range(i + 1):
            held = frozen[i] > 0.0 or frozen[j] > 0.0
            total = (1.0 if i == j else 0.0) if held else normal[i, j]
            if i == j and not held:
                total += damping * normal[i, i] + 1e-300
            for n in range(j):
                total -= factor[i, n] * factor[j, n]
            if i != j:
                factor[i, j] = total / factor[j, j]
            elif total > 0.0:
                factor[i, i] = np.sqrt(total)
            else:
                return False
    for i in range(5):
        total = 0.0 if frozen[i] > 0.0 else -pull[i]
        for n in range(i):
            total -= factor[i, n] * step[n]
        step[i] = total / factor[i, i]
    for back in range(5):
        i = 4 - back
        total = step[i]
        for n in range(i + 1, 5):
            total -= factor[n, i] * step[n]
        step[i] = total / factor[i, i]
    return True


@_compiled
def descend(
    p: Array, low: Array, high: Array, k: Array, w: Array, weight: Array, grid: Array, ceiling: Array,
    stiff: float, steps: int,
) -> float:  # fmt: skip
    """Levenberg and Marquardt inside the box, from `p` and into it; returns the cost."""
    normal, pull = np.empty((5, 5)), np.empty(5)
    tried_normal, tried_pull = np.empty((5, 5)), np.empty(5)
    frozen, step = np.zeros(5), np.zeros(5)
    p[:] = np.minimum(np.maximum(p, low), high)
    cost: float = _cost(p, k, w, weight, grid, ceiling, stiff, normal, pull)
    damping, small = 1e-3, 0
    for _ in range(steps):
        for i in range(5):
            out = (p[i] <= low[i] and pull[i] > 0.0) or (p[i] >= high[i] and pull[i] < 0.0)
            frozen[i] = 1.0 if out else 0.0
        if not _solve(normal, pull, damping, frozen, step):
            damping = max(10.0 * damping, 1e-8)
            continue
        tried = np.minimum(np.maximum(p + step, low), high)
        following = _cost(tried, k, w, weight, grid, ceiling, stiff, tried_normal, tried_pull)
        if following < cost:
            small = small + 1 if cost - following <= _DONE * cost else 0
            p[:], normal[:], pull[:] = tried, tried_normal, tried_pull
            cost, damping = following, max(0.2 * damping, 1e-12)
        else:
            damping *= 8.0
        if small >= 2 or damping > 1e10:
            break
    return cost


@_compiled
def linear_start(p: Array, low: Array, high: Array, k: Array, w: Array, weight: Array) -> float:
    """The first three variables for the m and s of `p` by linear least squares, into the box; returns their cost."""
    row, step, frozen = np.empty(5), np.zeros(5), np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    normal, pull = np.zeros((5, 5)), np.zeros(5)
    at_zero = np.sqrt(p[3] * p[3] + p[4] * p[4])
    for i in range(k.size):
        _level_row(p, at_zero, k[i], row)
        _add(normal, pull, row, -w[i], weight[i] * weight[i])
    if not _solve(normal, pull, 1e-9, frozen, step):
        return np.inf
    p[:3] = step[:3]
    p[:] = np.minimum(np.maximum(p, low), high)
    cost: float = of_quotes(p, k, w, weight, normal, pull)
    return cost
