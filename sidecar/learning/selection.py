"""What is left of a good result once it is known how many were tried.

Bailey and Lopez de Prado, *The deflated Sharpe ratio* (2014); Bailey, Borwein, Lopez de Prado and Zhu, *The probability
of backtest overfitting* (2016).
"""

from __future__ import annotations

from itertools import combinations
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sidecar.domain.errors import InputError

#: Euler and Mascheroni's constant.
_GAMMA = 0.5772156649015329

Matrix = NDArray[np.float64]


def expected_maximum(trials: int, variance: float) -> float:
    """The Sharpe ratio that the best of ``trials`` worthless ones is expected to have, given their ``variance``.

    √V ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))); 0 for a single trial. The paper's N = 100 and V = 1/2 a year give
    0.1132 a day of 250.
    """
    if trials < 2 or variance <= 0:
        return 0.0
    return sqrt(variance) * float(
        (1 - _GAMMA) * ndtri(1 - 1 / trials) + _GAMMA * ndtri(1 - exp(-1) / trials),
    )


def deflated_sharpe(sharpe: float, n: int, skew: float, kurtosis: float, trials: int, variance: float) -> float | None:
    """The chance that the true Sharpe ratio is above what the best of ``trials`` has by luck; None if it is unknown.

    ``sharpe`` is of one period (not annualised), of ``n`` returns with ``skew`` and ``kurtosis`` (3 for the normal);
    ``variance`` is that of the trials' ratios, of one period. The paper's example: 2.5 a year of 250 days, n = 1250,
    skew −3, kurtosis 10, N = 100, V = 1/2 a year gives 0.9004.
    """
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe
    if n < 2 or not np.isfinite(spread) or spread <= 0:
        return None
    return float(ndtr((sharpe - expected_maximum(trials, variance)) * sqrt(n - 1) / sqrt(spread)))


def overfitting_probability(matrix: Matrix, S: int = 10) -> float:  # noqa: N803  the paper's symbol
    """How often the trial that is best on one half of time is below the median on the other; ``matrix`` (T, N) returns.

    Combinatorially symmetric cross-validation: every choice of S/2 of ``S`` runs of rows is in sample once. The share
    of logits ln(ω/(1 − ω)) ≤ 0, where ω = rank/(N + 1) of the best trial's Sharpe ratio out of sample. Raises
    :class:`InputError` where there are fewer than two trials or rows than 2 S, or S is odd.
    """
    rows, trials = matrix.shape
    if S < 2 or S % 2 or trials < 2 or rows < 2 * S:
        raise InputError(
            "trials", f"{rows} returns of {trials} trials in {S} runs", "at least 2 trials and 2 S returns"
        )
    parts = np.array_split(matrix, S)
    size = np.array([len(part) for part in parts], dtype=np.float64)
    total = np.array([part.sum(axis=0) for part in parts])
    square = np.array([(part**2).sum(axis=0) for part in parts])
    low = 0
    chosen = list(combinations(range(S), S // 2))
    for inside in chosen:
        outside = [part for part in range(S) if part not in inside]
        best = int(np.argmax(_sharpe(size, total, square, list(inside))))
        held = _sharpe(size, total, square, outside)
        rank = np.count_nonzero(held < held[best]) + (np.count_nonzero(held == held[best]) + 1) / 2
        low += rank / (trials + 1) <= 0.5
    return low / len(chosen)


def _sharpe(size: Matrix, total: Matrix, square: Matrix, parts: list[int]) -> Matrix:
    """Mean over deviation of each trial on ``parts``; 0 where it never varied."""
    n = size[parts].sum()
    mean = total[parts].sum(axis=0) / n
    spread = np.sqrt(np.maximum(square[parts].sum(axis=0) / n - mean**2, 0.0))
    return np.asarray(np.divide(mean, spread, out=np.zeros_like(mean), where=spread > 0), dtype=np.float64)
