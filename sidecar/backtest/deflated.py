"""What is left of a Sharpe ratio once it is known how many strategies were tried for it."""

from __future__ import annotations

import numpy as np

from sidecar.backtest.curve import Floats
from sidecar.backtest.statistics import moments
from sidecar.book.performance import FEWEST, sharpe
from sidecar.domain.backtest_result import Selection
from sidecar.learning.selection import deflated_sharpe, overfitting_probability

#: Runs of sessions of which every half is in sample once.
PARTS = 10


def selection_of(returns: Floats, trials: Floats | None = None) -> Selection:
    """The deflated Sharpe ratio of ``returns`` (n,), and the probability of overfitting of the ``trials`` (T, N).

    The trials' returns are by session, one column a trial, the one that was kept among them. Their ratios vary as they
    were seen to, and at least as those of worthless ones do, by 1/n: a sweep of near twins would pass for one trial.
    With one trial the deflated ratio is the probabilistic one, the chance that the true ratio is above 0. What cannot
    be told is None, and the note says why.
    """
    count = 1 if trials is None else trials.shape[1]
    one = "one trial: the chance that the true Sharpe ratio is above 0" if count == 1 else ""
    ratio, n = sharpe(returns, 1.0), returns.size
    if not np.isfinite(ratio):
        why = f"fewer than {FEWEST} sessions" if n < FEWEST else "the returns do not vary or are not all known"
        return Selection(count, None, None, why)
    known = [each for column in trials.T if np.isfinite(each := sharpe(column, 1.0))] if trials is not None else []
    spread = float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
    skew, kurtosis = moments(returns)
    deflated = deflated_sharpe(ratio, n, skew, kurtosis, count, max(spread, 1.0 / n))
    overfitting, why = _overfitting(trials)
    notes = (one, "" if deflated is not None else "skew and kurtosis allow no ratio", why)
    return Selection(count, deflated, overfitting, "; ".join(note for note in notes if note))


def _overfitting(trials: Floats | None) -> tuple[float | None, str]:
    if trials is None or trials.shape[1] < 2:
        return None, ""
    whole = trials[:, np.isfinite(trials).all(axis=0)]
    if whole.shape[1] < 2 or len(whole) < 2 * PARTS:
        return None, f"overfitting needs two trials and {2 * PARTS} sessions"
    return overfitting_probability(whole, PARTS), ""
