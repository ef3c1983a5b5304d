"""One-day tail risk of a book by full revaluation: value at risk, expected shortfall, and how sure they are.

A loss is positive. Everything below works on loss vectors whose last axis is the m moves of :class:`Shocks`, and P&L is
linear in quantity: the book after an order is ``base - k * unit``, so an order is judged without another valuation.
"""

from __future__ import annotations

from math import ceil, nan
from typing import NamedTuple

import numpy as np
from scipy.special import betainc

from sidecar.pricing.black import price
from sidecar.risk.legs import Floats, Legs
from sidecar.risk.scenarios import DAYS_A_YEAR, knowable, later, worth
from sidecar.risk.shocks import Method, Shocks


class Tail(NamedTuple):
    """VaR at 95 and 99 %, ES at 97.5 %, their standard errors, and where the ``days`` moves came from."""

    var_95: float
    var_99: float
    es_975: float
    var_95_error: float
    var_99_error: float
    es_975_error: float
    method: Method
    days: int


def unit_vectors(legs: Legs, shocks: Shocks, *, days: float = 1.0) -> Floats:
    """P&L of one long unit of each leg in each move, (n, m): the model's value after less its value before.

    The spot moves by its log return and the forward with it, at an unchanged carry; each option's own volatility by its
    underlying's relative change (sticky strike); rates stay. ``days`` calendar days pass (default 1, at most to the
    leg's expiry, where an option is worth its intrinsic value): the result is then comparable with the P&L that the
    desk will see. Ask for 3 over a weekend, or 0 for an instantaneous shock, which is the stricter for a short-gamma
    book.

    Both values are the model's, so that a mark off the smile is not taken for a loss. A leg is NaN where one of its
    inputs is NaN or impossible, or where ``shocks`` does not know its underlying; a future reads neither volatility nor
    strike. ValueError for negative ``days``.
    """
    if not days >= 0:
        raise ValueError(f"days must not be negative, not {days:g}")
    rows = shocks.rows(legs.underlying)
    known = knowable(legs) & (rows >= 0)
    if not known.any():
        return np.full((len(legs), shocks.moves), nan)
    option = known & legs.option
    forward, left = later(legs, days / DAYS_A_YEAR)
    # All legs in one pass, in place: picking rows costs more. Those that are no options get numbers that do no harm.
    forward, left = np.where(known, forward, 1.0), np.where(known, left, 0.0)
    strike, volatility, rate = (np.where(option, column, 1.0) for column in (legs.strike, legs.volatility, legs.rate))
    after = np.exp(shocks.spot)[rows]
    after *= forward[:, None]
    sigma = (1.0 + shocks.vol)[rows]
    sigma *= volatility[:, None]
    discount, call = np.exp(-rate * left)[:, None], legs.call[:, None]
    result = price(after, strike[:, None], left[:, None], sigma, discount, call=call, out=np.empty_like(after))
    future = known & ~legs.option
    result[future] = after[future]
    result -= worth(legs)[:, None]
    result[~known] = nan
    return result


def leg_losses(quantity: Floats, units: Floats) -> Floats:
    """Loss of each leg in each move, (n, m); a leg of quantity 0 loses nothing, whatever is unknown about it."""
    held = quantity[:, None]
    return np.asarray(np.where(held == 0, 0.0, -held * units) + 0.0)


def losses(legs: Legs, shocks: Shocks, *, days: float = 1.0) -> Floats:
    """Loss of the whole book in each move, (m,), see :func:`unit_vectors`; NaN in every move that a held leg lacks."""
    return np.asarray(leg_losses(legs.quantity, unit_vectors(legs, shocks, days=days)).sum(axis=0))


def measure(loss: Floats, method: Method) -> Tail:
    """The tail of one book's losses (m,), for ``TailLine``.

    Each number is NaN where a loss is NaN or the moves are too few for it. Standard errors hold for independent moves:
    unfiltered history comes in clusters, and they understate; a filtered one carries today's volatility's error beside
    them. Moves that a model laid out (``implied``) were not sampled: their errors are NaN, not 0.
    """
    ordered = np.sort(np.asarray(loss, dtype=np.float64))
    sampled = method != "implied"
    return Tail(
        float(value_at_risk(ordered, 0.95)),
        float(value_at_risk(ordered, 0.99)),
        float(expected_shortfall(ordered, 0.975)),
        var_error(ordered, 0.95) if sampled else nan,
        var_error(ordered, 0.99) if sampled else nan,
        es_error(ordered, 0.975) if sampled else nan,
        method,
        len(ordered),
    )


def value_at_risk(loss: Floats, level: float) -> Floats:
    """The k-th smallest of the m losses (..., m), k = ceil((m + 1) level): (...).

    No interpolation, and the upper neighbour (Hyndman and Fan's positions of type 6, 1996, rounded up): the next loss
    of an exchangeable sequence exceeds it with probability 1 - k / (m + 1), which is never more than 1 - level. The
    99 % of 500 moves is the 496th, the fifth-largest. Negative where even that is a gain. NaN where a loss is NaN, and
    where m is too small for any loss to be that quantile (below 19 for 95 %, 99 for 99 %).
    """
    k = _order(loss.shape[-1], level)
    if k is None:
        return np.full(loss.shape[:-1], nan)
    return _nan_where_unknown(np.partition(loss, k - 1, axis=-1)[..., k - 1], loss)


def expected_shortfall(loss: Floats, level: float) -> Floats:
    """Mean of the worst 1 - ``level`` of the m losses (..., m), the boundary loss counted in part: (...).

    The coherent form (C. Acerbi, D. Tasche, "On the coherence of expected shortfall", Journal of Banking & Finance 26,
    2002, definition 2.6): subadditive on every sample. NaN where a loss is NaN or there are fewer than
    level / (1 - level) moves.
    """
    m = loss.shape[-1]
    if _order(m, level) is None:
        return np.full(loss.shape[:-1], nan)
    weights = _tail_weights(m, level)
    tail = len(weights)
    worst = np.sort(np.partition(loss, m - tail, axis=-1)[..., m - tail :], axis=-1)
    return _nan_where_unknown((worst * weights).sum(axis=-1), loss)


def contributions(by_leg: Floats, level: float) -> Floats:
    """Each leg's part (n,) in the ES of the sum of its losses (n, m): its mean over the book's worst moves.

    They add up to :func:`expected_shortfall` of the total (Euler; D. Tasche, "Risk contributions and performance
    measurement", 1999); a hedge's part is negative. Of equal losses the later move counts as worse.
    """
    total = by_leg.sum(axis=0)
    m = total.shape[-1]
    if _order(m, level) is None or np.isnan(total).any():
        return np.full(len(by_leg), nan)
    weights = _tail_weights(m, level)
    return np.asarray(by_leg[:, np.argsort(total, kind="stable")[m - len(weights) :]] @ weights)


def var_error(loss: Floats, level: float) -> float:
    """Standard error of :func:`value_at_risk` of the losses (m,).

    J. Maritz and R. Jarrett, "A note on estimating the variance of the sample median", Journal of the American
    Statistical Association 73 (1978): the moments of an order statistic, in closed form over the sample.
    """
    ordered = np.sort(loss)
    m = len(ordered)
    k = _order(m, level)
    if k is None or np.isnan(ordered[-1]):
        return nan
    weights = np.diff(betainc(k, m - k + 1, np.arange(m + 1) / m))
    away = ordered - ordered[k - 1]  # from the quantile itself: no cancellation in the variance
    return float(np.sqrt(max(weights @ away**2 - (weights @ away) ** 2, 0.0)))


def es_error(loss: Floats, level: float) -> float:
    """Standard error of :func:`expected_shortfall` of the losses (m,).

    sqrt((v + level (ES - VaR)²) / (m (1 - level))), v the variance within the tail: B. Manistre and G. Hancock,
    "Variance of the CTE estimator", North American Actuarial Journal 9 (2005). NaN where the tail is a single loss,
    which knows no spread.
    """
    ordered = np.sort(loss)
    m = len(ordered)
    if _order(m, level) is None or np.isnan(ordered[-1]):
        return nan
    weights = _tail_weights(m, level)
    if len(weights) < 2:
        return nan
    away = ordered[m - len(weights) :] - ordered[ceil(m * level - 1e-9) - 1]  # from where the tail begins
    excess = weights @ away
    spread = weights @ (away - excess) ** 2
    return float(np.sqrt((spread + level * excess**2) / (m * (1 - level))))


def _order(m: int, level: float) -> int | None:
    """Which of m ordered losses is the quantile, from 1; None where the sample does not reach that far."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level:g}")
    k = ceil((m + 1) * level)
    return k if k <= m else None


def _tail_weights(m: int, level: float) -> Floats:
    """Weights of the worst losses, ascending, the first one in part; they sum to 1."""
    mass = m * (1 - level)
    whole = int(mass + 1e-9)
    part = max(mass - whole, 0.0)
    weights = np.full(whole + (part > 1e-9), 1.0 / mass)
    if part > 1e-9:
        weights[0] = part / mass
    return weights


def _nan_where_unknown(value: Floats, loss: Floats) -> Floats:
    return np.asarray(np.where(np.isnan(loss).any(axis=-1), nan, value))
