"""The fit of one raw SVI smile, compiled: weighted, robust, free of butterfly arbitrage, and below another on request.

A start comes from a few (m, s) and a linear fit each (the "quasi-explicit" idea of Zeliade, 2009); from there
`svi_descent`, penalised ever harder. What is left of negative density, or above the ceiling, is removed by drawing the
smile towards one that is known to be free of both. Nothing is random: the same quotes give the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from sidecar.pricing.compiling import compiled
from sidecar.pricing.svi_descent import MARGIN, density, descend, linear_start, of_quotes, shape

Array = NDArray[np.float64]
_compiled = compiled("svi_fit.py", "svi_descent.py")

_STEPS = 60
_FIRST = 8  # steps by which the better of two starts is chosen
_STIFF, _STIFFER = 100.0, 20.0  # half-spreads that a density of -1 costs, and by how much more at each repair
_REPAIRS = 3
_ROUNDING = 1e-9
_DEEPEST = 0.1  # of clearance: a dip that starts from more than this between two points is not looked into
_STARTS_M = (-1.0, -0.3, 0.0, 0.3, 1.0)  # in deviations at the money
_STARTS_S = (0.15, 0.5, 1.5)


@_compiled
def _clearance(p: Array, ceiling: Array, of_ceiling: bool, k: float) -> float:
    """How far above what must be the density is, or how far below the ceiling the variance (as a share of it)."""
    w, slope, bend = shape(p, np.sqrt(p[3] * p[3] + p[4] * p[4]), k)
    if of_ceiling:
        clear: float = 1.0 - w / shape(ceiling, np.sqrt(ceiling[3] * ceiling[3] + ceiling[4] * ceiling[4]), k)[0]
    else:
        clear = density(k, w, slope, bend)
    return clear - 0.5 * MARGIN


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
            found = linear_start(tried, low, high, k, w, weight)
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
        descend(p, low, high, k, w, weight, grid, ceiling, stiff, _STEPS)
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
        cost = descend(p, low, high, k, w, weight, grid, ceiling, _STIFF, _FIRST)
        if descend(second, low, high, k, w, weight, grid, ceiling, _STIFF, _FIRST) < cost:
            p[:] = second
    second[:] = safe if safe[4] > 0.0 else _ssvi(p)
    drawn = _settle(p, low, high, k, w, weight, ceiling, safe, grid, far)
    if drawn > 0.0:
        # a descent from inside what is allowed may end nearer to the quotes than one that was drawn back
        other = _settle(second, low, high, k, w, weight, ceiling, safe, grid, far)
        normal, pull = np.zeros((5, 5)), np.zeros(5)
        if of_quotes(second, k, w, weight, normal, pull) < of_quotes(p, k, w, weight, normal, pull):
            return second, other
    return p, drawn
