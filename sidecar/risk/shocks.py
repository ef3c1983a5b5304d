"""Joint one-day moves of spots and implied volatilities: from history, from history rescaled, or from a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri, stdtrit

from sidecar.risk.legs import Floats

Method = Literal["historical", "filtered", "implied"]

#: Fewer usable moves than this are no history: below 99, no loss of theirs is the 99 % quantile.
FEWEST = 100
#: Calendar days between two closes that still make one session's move: a long weekend with a holiday either side.
LONGEST_GAP = 5
#: RiskMetrics' decay of daily variance (J.P. Morgan/Reuters, Technical Document, 4th edition 1996, section 5.3).
DECAY = 0.94
#: The first returns, which only start the variance off and are no moves themselves.
WARM_UP = 30
#: Sessions a year, by which an implied volatility becomes a day's.
SESSIONS = 252

#: ln(vol'/vol) = -RESPONSE z + RESIDUAL e, z the return in units of the day's implied standard deviation: least squares
#: through the origin of India VIX on NIFTY, 150 daily moves 2024-01-02 to 2024-08-23 (standard error of RESPONSE 0.009;
#: correlation -0.50). The S&P 500 and VIX, 1,256 moves 2014 to 2018, give 0.088 (0.003) and 0.045.
RESPONSE = 0.039
RESIDUAL = 0.061


@dataclass(frozen=True, eq=False)
class Shocks:
    """Moves of every underlying over one session, jointly: column j is one state of the world, all equally likely.

    ``spot`` (u, m) are log returns, ``vol`` (u, m) relative changes of implied volatility (0.1: 14 % becomes 15.4 %),
    both by ``underlyings`` (u,); NaN where not known. ``dropped`` counts the moves of the history that were not usable.
    """

    underlyings: tuple[str, ...]
    spot: Floats
    vol: Floats
    method: Method
    dropped: int = 0

    def __post_init__(self) -> None:
        """Refuse moves of other shapes, and volatilities that would turn negative."""
        for name, moves in (("spot", self.spot), ("vol", self.vol)):
            if moves.ndim != 2 or len(moves) != len(self.underlyings):
                raise ValueError(f"{name} must be 2-D with {len(self.underlyings)} rows, one an underlying")
        if self.spot.shape != self.vol.shape:
            raise ValueError(f"vol must have the shape of spot, {self.spot.shape}, not {self.vol.shape}")
        if np.any(self.vol < -1):
            raise ValueError("vol must be at least -1: no volatility loses more than all of itself")

    @property
    def moves(self) -> int:
        """How many moves, m."""
        return int(self.spot.shape[1])

    def rows(self, underlyings: Sequence[str]) -> NDArray[np.int64]:
        """The row of each name, -1 for one whose moves are not known."""
        place = {name: row for row, name in enumerate(self.underlyings)}
        return np.array([place.get(name, -1) for name in underlyings], dtype=np.int64)


def historical(
    days: ArrayLike | Sequence[date],
    closes: Mapping[str, ArrayLike],
    vols: Mapping[str, ArrayLike],
    *,
    longest_gap: int = LONGEST_GAP,
) -> Shocks | None:
    """The moves that happened: plain historical simulation, drawn jointly by date, neither demeaned nor rescaled.

    ``days`` (d,) are dates in order, ``closes`` and ``vols`` each underlying's closes and implied-volatility index (any
    unit) on those days; an underlying without an index has NaN volatility moves. Of the d - 1 moves those are dropped
    and counted that touch a NaN in any series or span more than ``longest_gap`` calendar days: what is left is never a
    move over a hole. None where fewer than 100 remain; the caller then has :func:`implied`.

    ValueError names the argument: days repeated or out of order, a close or an index that is not positive or is
    infinite, lengths that differ.
    """
    returns, changes, dropped = _moves(days, closes, vols, longest_gap)
    if returns.shape[1] < FEWEST:
        return None
    return Shocks(tuple(closes), returns, np.expm1(changes), "historical", dropped)


def filtered(
    days: ArrayLike | Sequence[date],
    closes: Mapping[str, ArrayLike],
    vols: Mapping[str, ArrayLike],
    *,
    decay: float = DECAY,
    longest_gap: int = LONGEST_GAP,
) -> Shocks | None:
    """Filtered historical simulation: each day's moves in units of that day's volatility, times tomorrow's.

    Arguments, what is dropped, refused and None as in :func:`historical`. The volatility of each series (log returns of
    the spot, log changes of its volatility index) is its exponentially weighted root mean square of earlier moves with
    weight ``decay`` a session, mean zero; it starts from the first 30 moves, which are therefore no moves of the result
    (and count as dropped). All series of a day stay together, so their dependence is the history's.

    Sources: G. Barone-Adesi, K. Giannopoulos, L. Vosper, "VaR without correlations for portfolios of derivative
    securities", Journal of Futures Markets 19 (1999); J. Hull, A. White, "Incorporating volatility updating into the
    historical simulation method for value-at-risk", Journal of Risk 1 (1998), whose EWMA this is.

    ValueError also for a ``decay`` outside (0, 1) and for a series that never moves in its first 30 days.
    """
    if not 0 < decay < 1:
        raise ValueError(f"decay must lie between 0 and 1, not {decay:g}")
    returns, changes, dropped = _moves(days, closes, vols, longest_gap)
    if returns.shape[1] < FEWEST + WARM_UP:
        return None
    spot = np.stack([_rescaled(f"closes[{name!r}]", row, decay) for name, row in zip(closes, returns, strict=True)])
    vol = np.stack([_rescaled(f"vols[{name!r}]", row, decay) for name, row in zip(closes, changes, strict=True)])
    return Shocks(tuple(closes), spot, np.expm1(vol), "filtered", dropped + WARM_UP)


def implied(
    volatility: Mapping[str, float],
    *,
    moves: int = 500,
    freedom: float = 4.0,
    response: float = RESPONSE,
    residual: float = RESIDUAL,
) -> Shocks:
    """No history: a model's moves at today's at-the-money ``volatility`` of each underlying; the same every time.

    The return is z x volatility / sqrt(252), where z runs through ``moves`` equally likely slices of a Student t of
    unit variance with ``freedom`` degrees of freedom, each at its mean: so the ES of a linear book is the
    distribution's own wherever the level falls between two slices. The volatility changes by the factor
    exp(-``response`` z + ``residual`` e), e normal and laid over the slices by the golden-ratio sequence, so that big
    falls meet both rising and falling volatility. See :data:`RESPONSE` for the numbers.

    What it is not: all underlyings move together (one z and one e), so a book long one and short another looks safer
    than it is; and every expiry's volatility moves by the same fraction, while near ones really move more.

    A NaN volatility gives NaN moves. ValueError for one that is not positive, for fewer than 100 ``moves``, for
    ``freedom`` of 2 or less, and for a negative ``residual``.
    """
    if moves < FEWEST:
        raise ValueError(f"moves must be at least {FEWEST}, not {moves}")
    if not freedom > 2:
        raise ValueError(f"freedom must be above 2, where the variance is finite, not {freedom:g}")
    if not residual >= 0:
        raise ValueError(f"residual must not be negative, not {residual:g}")
    sigma = np.array(list(volatility.values()), dtype=np.float64)
    if np.any((sigma <= 0) | np.isinf(sigma)):
        raise ValueError(f"volatility must be positive and finite (NaN where unknown): {dict(volatility)}")
    z = _slices(moves, freedom)
    e = ndtri((np.arange(1, moves + 1) * (np.sqrt(5.0) - 1) / 2) % 1)
    spot = np.multiply.outer(sigma / np.sqrt(SESSIONS), z)
    vol = np.where(np.isnan(sigma)[:, None], np.nan, np.expm1(residual * e - response * z))
    return Shocks(tuple(volatility), spot, vol, "implied")


def _slices(count: int, freedom: float) -> Floats:
    """The means of ``count`` equally likely slices of a Student t scaled to unit variance, ascending."""
    edges = stdtrit(freedom, np.arange(1, count) / count)
    height = np.exp(gammaln((freedom + 1) / 2) - gammaln(freedom / 2)) / np.sqrt(freedom * np.pi)
    density = height * (1 + edges**2 / freedom) ** (-(freedom + 1) / 2)
    # The integral of x f(x) is -(freedom + x²) / (freedom - 1) f(x), which is nil at both ends.
    inner = -(freedom + edges**2) / (freedom - 1) * density
    means = count * np.diff(np.concatenate(([0.0], inner, [0.0])))
    return np.asarray((means - means[::-1]) / 2 * np.sqrt((freedom - 2) / freedom))


def _rescaled(name: str, moves: Floats, decay: float) -> Floats:
    """The moves after the warm-up over their own day's volatility, times the volatility forecast for the next day."""
    if np.all(np.isnan(moves)):
        return moves[WARM_UP:]
    start = float(np.mean(moves[:WARM_UP] ** 2))
    if start == 0:
        raise ValueError(f"{name} does not move in its first {WARM_UP} days: a dead series has no volatility")
    squares = (moves[WARM_UP:] ** 2).tolist()
    variance = np.array(list(accumulate(squares, lambda v, s: decay * v + (1 - decay) * s, initial=start)))
    return np.asarray(moves[WARM_UP:] * np.sqrt(variance[-1] / variance[:-1]))


def _moves(
    days: ArrayLike | Sequence[date], closes: Mapping[str, ArrayLike], vols: Mapping[str, ArrayLike], longest_gap: int
) -> tuple[Floats, Floats, int]:
    """Log moves of spots and volatility indices, both (u, m) by underlying of ``closes``, and how many were dropped."""
    dates = np.asarray(days, dtype="datetime64[D]")
    if dates.ndim != 1 or np.any(np.isnat(dates)):
        raise ValueError("days must be one list of dates")
    gaps = np.diff(dates).astype(np.int64)
    if np.any(gaps <= 0):
        late = dates[1:][gaps <= 0][0]
        raise ValueError(f"days must ascend without repeats; {late} does not come after the day before it")
    for name in vols:
        if name not in closes:
            raise ValueError(f"vols has {name!r}, which closes does not")
    spot = [_log(f"closes[{name!r}]", series, len(dates)) for name, series in closes.items()]
    absent = np.full(len(dates), np.nan)
    vol = [_log(f"vols[{name!r}]", vols[name], len(dates)) if name in vols else absent for name in closes]
    if not spot:
        raise ValueError("closes must have at least one underlying")
    returns, changes = np.diff(np.stack(spot)), np.diff(np.stack(vol))
    quoted = [name in vols for name in closes]
    known = np.isfinite(returns).all(axis=0) & np.isfinite(changes[quoted]).all(axis=0) & (gaps <= longest_gap)
    return returns[:, known], changes[:, known], int(len(gaps) - known.sum())


def _log(name: str, series: ArrayLike, length: int) -> Floats:
    values = np.asarray(series, dtype=np.float64)
    if values.shape != (length,):
        raise ValueError(f"{name} must have one number a day, {length}, not {values.shape}")
    if np.any((values <= 0) | np.isinf(values)):
        raise ValueError(f"{name} must be positive and finite (NaN where unknown)")
    return np.asarray(np.log(values))
