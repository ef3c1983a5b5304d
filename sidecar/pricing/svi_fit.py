"""The fit of one raw SVI smile, compiled: weighted, robust, free of butterfly arbitrage, and below another on request.

Levenberg-Marquardt on (v, l, r, m, s): variance at the money, the slopes of the left and right wing, and SVI's own m
and sigma, in which

    w(k) = v + (r - l)/2 k + (r + l)/2 (R - R0),   R = sqrt((k - m)² + s²),   R0 = sqrt(m² + s²),

linear in the first three, so that a start comes from a few (m, s) and a linear fit each (the "quasi-explicit" idea of
Zeliade, 2009). Lee's bound and a ceiling's wings are a box. Negative density and variance above the ceiling (a later
expiry's smile) are penalised, ever harder; what is left of either is removed by drawing the smile towards one that is
known to be free of both. Nothing is random: the same quotes give the same bits.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
_compiled = njit(cache=True, nogil=True, error_model="numpy")
Point = tuple[float, float, float]

_STEPS = 60
_FIRST = 8  # steps by which the better of two starts is chosen
_DONE = 1e-7  # of the cost: what two steps in a row must bring, or the descent is over
_STIFF, _STIFFER = 100.0, 20.0  # half-spreads that a density of -1 costs, and by how much more at each repair
_REPAIRS = 3
_HUBER = 2.5  # half-spreads: beyond it a quote pulls with constant force
_LEAST = 0.02  # of the variance at the money: lower than this no smile goes
_MARGIN = 2e-4  # of density, and of the ceiling: the fit keeps clear of them by this, the result by half of it
_ROUNDING = 1e-9
_DEEPEST = 0.1  # of clearance: a dip that starts from more than this between two points is not looked into
_ALONG = 15  # points that move with the smile's own bend
_STARTS_M = (-1.0, -0.3, 0.0, 0.3, 1.0)  # in deviations at the money
_STARTS_S = (0.15, 0.5, 1.5)


@_compiled
def _shape(p: Array, at_zero: float, k: float) -> Point:
    mean, half = 0.5 * (p[2] + p[1]), 0.5 * (p[2] - p[1])
    x = k - p[3]
    root = np.sqrt(x * x + p[4] * p[4])
    over = 1.0 / root
    return p[0] + half * k + mean * (root - at_zero), half + mean * x * over, mean * p[4] * p[4] * over * over * over


@_compiled
def _density(k: float, w: float, slope: float, bend: float) -> float:
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
def _density_row(p: Array, at_zero: float, k: float, row: Array) -> None:
    """The derivatives of the density in the five variables."""
    w, slope, _ = _shape(p, at_zero, k)
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
def _of_quotes(p: Array, k: Array, w: Array, weight: Array, normal: Array, pull: Array) -> float:
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
        level, slope, bend = _shape(p, at_zero, at)
        excess = min(level - _LEAST * p[0], 0.0)
        if ceiling[4] > 0.0:
            excess += max(level - _shape(ceiling, top_zero, at)[0] * (1.0 - _MARGIN), 0.0)
        if excess != 0.0:
            cost += 0.5 * (by_level * excess) ** 2
            _level_row(p, at_zero, at, row)
            _add(normal, pull, row, excess, by_level * by_level)
        if level >= _LEAST * p[0]:
            excess = _density(at, level, slope, bend) - 5.0 * _MARGIN
            if excess < 0.0:
                cost += 0.5 * weight * excess * excess
                _density_row(p, at_zero, at, row)
                _add(normal, pull, row, excess, weight)
    return cost


@_compiled
def _cost(
    p: Array, k: Array, w: Array, weight: Array, grid: Array, ceiling: Array, stiff: float, normal: Array,
    pull: Array,
) -> float:  # fmt: skip
    """Half the robust sum of squares; fills the normal matrix and the gradient of Gauss and Newton."""
    normal[:], pull[:] = 0.0, 0.0
    total: float = _of_quotes(p, k, w, weight, normal, pull) + _of_law(p, grid, ceiling, stiff, normal, pull)
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
def _descend(
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
def _linear_start(p: Array, low: Array, high: Array, k: Array, w: Array, weight: Array) -> float:
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
    cost: float = _of_quotes(p, k, w, weight, normal, pull)
    return cost


@_compiled
def _clearance(p: Array, ceiling: Array, of_ceiling: bool, k: float) -> float:
    """How far above what must be the density is, or how far below the ceiling the variance (as a share of it)."""
    w, slope, bend = _shape(p, np.sqrt(p[3] * p[3] + p[4] * p[4]), k)
    if of_ceiling:
        clear: float = 1.0 - w / _shape(ceiling, np.sqrt(ceiling[3] * ceiling[3] + ceiling[4] * ceiling[4]), k)[0]
    else:
        clear = _density(k, w, slope, bend)
    return clear - 0.5 * _MARGIN


@_compiled
def _clear(p: Array, ceiling: Array, of_ceiling: bool, middle: float, width: float, far: Array) -> bool:
    """Whether the clearance is at least 0 at `middle` + `width` x `far`, and in each dip between those points."""
    before = last = np.inf
    for i in range(far.size):
        now = _clearance(p, ceiling, of_ceiling, middle + width * far[i])
        if not now >= 0.0:
            return False
        if last <= min(now, before) and last < _DEEPEST:
            left, right = middle + width * far[i - 2], middle + width * far[i]
            for _ in range(14):
                one, two = left + (right - left) / 3.0, right - (right - left) / 3.0
                if _clearance(p, ceiling, of_ceiling, one) < _clearance(p, ceiling, of_ceiling, two):
                    right = two
                else:
                    left = one
            if not _clearance(p, ceiling, of_ceiling, 0.5 * (left + right)) >= 0.0:
                return False
        before, last = last, now
    return True


@_compiled
def allowed(p: Array, ceiling: Array, far: Array) -> bool:
    """Whether variance and density are above zero, and variance below the ceiling, everywhere.

    `far` are the points that are tried, in units of sigma about m (of the smile and of the ceiling) and of the
    deviation at the money about 0; the wings' slopes settle what lies beyond.
    """
    at_zero = np.sqrt(p[3] * p[3] + p[4] * p[4])
    least = p[0] + 0.5 * (p[2] - p[1]) * p[3] - 0.5 * (p[2] + p[1]) * at_zero + p[4] * np.sqrt(p[1] * p[2])
    if not (least > 0.0 and max(p[1], p[2]) < 2.0):
        return False
    deviation = np.sqrt(p[0])
    if not (_clear(p, ceiling, False, p[3], p[4], far) and _clear(p, ceiling, False, 0.0, deviation, far)):
        return False
    if ceiling[4] <= 0.0:
        return True
    if p[1] > ceiling[1] * (1.0 - _ROUNDING) or p[2] > ceiling[2] * (1.0 - _ROUNDING):
        return False
    own: bool = _clear(p, ceiling, True, p[3], p[4], far) and _clear(p, ceiling, True, 0.0, deviation, far)
    return own and _clear(p, ceiling, True, ceiling[3], ceiling[4], far)


@_compiled
def _draw_in(p: Array, safe: Array, ceiling: Array, far: Array) -> float:
    """Draw `p` towards `safe` as little as makes it allowed; returns how far, 0 to 1."""
    if allowed(p, ceiling, far):
        return 0.0
    start = p.copy()
    bad, good = 0.0, 1.0
    for _ in range(10):
        share = 0.5 * (bad + good)
        p[:] = start + share * (safe - start)
        if allowed(p, ceiling, far):
            good = share
        else:
            bad = share
    p[:] = start + good * (safe - start)
    return good


@_compiled
def _ssvi(p: Array) -> Array:
    """An SSVI smile of like level, skew and wings, free of butterfly arbitrage (Gatheral and Jacquier, theorem 4.2)."""
    total = max(p[1] + p[2], 1e-8)
    rho = min(max((p[2] - p[1]) / total, -0.9), 0.9)
    theta = p[0]
    most = 0.9 * 4.0 / (theta * (1.0 + abs(rho)))
    phi = max(min(total / theta, most, 0.9 * np.sqrt(4.0 / (theta * (1.0 + abs(rho))))), 1e-6)
    half = 0.5 * theta * phi
    return np.array([theta, half * (1.0 - rho), half * (1.0 + rho), -rho / phi, np.sqrt(1.0 - rho * rho) / phi])


@_compiled
def _start(
    p: Array, second: Array, low: Array, high: Array, k: Array, w: Array, weight: Array, scale: float
) -> bool:  # fmt: skip
    """The best two starts into `p` and `second`; whether there is a second."""
    tried = np.empty(5)
    cost = second_cost = np.inf
    for m in _STARTS_M:
        for s in _STARTS_S:
            tried[3] = min(max(m * scale, low[3]), high[3])
            tried[4] = min(max(s * scale, low[4]), high[4])
            found = _linear_start(tried, low, high, k, w, weight)
            if found < cost:
                second[:], second_cost = p, cost
                p[:], cost = tried, found
            elif found < second_cost:
                second[:], second_cost = tried, found
    if cost == np.inf:
        p[:] = 0.5 * (low + high)
    return second_cost < np.inf


@_compiled
def _settle(
    p: Array, low: Array, high: Array, k: Array, w: Array, weight: Array, ceiling: Array, safe: Array,
    grid: Array, far: Array,
) -> float:  # fmt: skip
    """Descend from `p`, ever stiffer, to an allowed smile; returns how far it had to be drawn in at the end."""
    stiff, drawn = _STIFF, 0.0
    for _ in range(_REPAIRS):
        _descend(p, low, high, k, w, weight, grid, ceiling, stiff, _STEPS)
        drawn = _draw_in(p, safe if safe[4] > 0.0 else _ssvi(p), ceiling, far)
        if drawn == 0.0:
            return 0.0
        stiff *= _STIFFER
    return drawn


@_compiled
def fit_variables(
    k: Array, w: Array, weight: Array, low: Array, high: Array, warm: Array, ceiling: Array,
    safe: Array, grid: Array, far: Array,
) -> tuple[Array, float]:  # fmt: skip
    """The fitted variables, and how far they had to be drawn towards a smile without arbitrage (0: not at all).

    `warm` and `ceiling` have a fifth entry of 0 where there is none; so has `safe`, where an SSVI smile will do.
    The penalties look at k = `grid`, the last word at `far` (see `allowed`).
    """
    p, second = np.empty(5), np.empty(5)
    if warm[4] > 0.0:
        p[:] = warm
    elif _start(p, second, low, high, k, w, weight, np.sqrt(w[np.argmin(np.abs(k))])):
        cost = _descend(p, low, high, k, w, weight, grid, ceiling, _STIFF, _FIRST)
        if _descend(second, low, high, k, w, weight, grid, ceiling, _STIFF, _FIRST) < cost:
            p[:] = second
    second[:] = safe if safe[4] > 0.0 else _ssvi(p)
    drawn = _settle(p, low, high, k, w, weight, ceiling, safe, grid, far)
    if drawn > 0.0:
        # a descent from inside what is allowed may end nearer to the quotes than one that was drawn back
        other = _settle(second, low, high, k, w, weight, ceiling, safe, grid, far)
        normal, pull = np.zeros((5, 5)), np.zeros(5)
        if _of_quotes(second, k, w, weight, normal, pull) < _of_quotes(p, k, w, weight, normal, pull):
            return second, other
    return p, drawn
