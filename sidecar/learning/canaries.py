"""Proofs, in every training, that the scorecard is not blind: chance must score as chance, and a leak must be seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from sidecar.domain.bars import INPUTS
from sidecar.features.matrix import batch
from sidecar.learning.dataset import Dataset
from sidecar.learning.fit import Material, Task, boosted, margins
from sidecar.learning.grid import FIRST
from sidecar.learning.intervals import circular_shifts
from sidecar.learning.plan import Plan
from sidecar.learning.scorecard import Canary
from sidecar.learning.scores import auc
from sidecar.learning.scramble import Features, Floats, seen_ahead
from sidecar.learning.splits import Fold
from sidecar.learning.trials import Ledger
from sidecar.learning.validation import classes_of, held_out

#: An AUC above this is taken for a leak.
LEAK_AUC = 0.65
#: A small model is enough to see what must not be there; the rows of the largest fold are thinned to this many.
_ROUNDS, _ROWS = 30, 12_000
#: It is free to learn by heart: what it must not find it would find, and a leak among few rows it does.
_FREE = {**FIRST, "max_depth": 3, "min_child_weight": 1, "lambda": 1}
#: Chance is allowed this many half-widths of its 95 % band: one honest training in a million is suspected.
_WIDE = 2.5
_NARROWEST = 0.03
_NOISES = 8


class Trial(NamedTuple):
    """A canary's model: what it was tried on and how it ordered it."""

    auc: float
    limit: float


def canaries(
    dataset: Dataset, material: Material, fold: Fold, plan: Plan, ledger: Ledger, features: Features = batch
) -> tuple[Canary, ...]:
    """Every canary, on the last and largest ``fold``; the true labels of its test are not read."""
    shuffled = _shuffled(dataset, material, fold, plan)
    noise = _noise(dataset, material, fold, plan)
    leaked = _leaked(dataset, material, fold, plan)
    ledger.fitted("canaries", 3)
    ahead = seen_ahead(dataset.inputs, plan.seed, features)
    planted = seen_ahead(dataset.inputs, plan.seed, _next_return)
    return (
        _at_chance("shuffled labels", shuffled, "a model of labels shifted to other sessions"),
        _at_chance("noise features", noise, "a model of noise alone"),
        Canary(
            "leaked label", leaked.auc > LEAK_AUC, leaked.auc, LEAK_AUC,
            f"a planted feature that knows the outcome scores {leaked.auc:.3f}; it must be found above {LEAK_AUC}",
        ),
        Canary(
            "scrambled future", ahead == 0, float(ahead), 0.0,
            f"{ahead} features change when the bars after them do; none may",
        ),
        Canary(
            "future feature", planted == 1, float(planted), 1.0,
            f"{planted} of 1 planted look-aheads was found by the same test",
        ),
    )  # fmt: skip


def _at_chance(name: str, trial: Trial, what: str) -> Canary:
    passed = not trial.auc > trial.limit
    return Canary(
        name, passed, trial.auc, trial.limit, f"{what} scores {trial.auc:.3f}; chance ends at {trial.limit:.3f}"
    )


def _shuffled(dataset: Dataset, material: Material, fold: Fold, plan: Plan) -> Trial:
    """Every label comes from rows some sessions away: how labels hang together stays, what they say is gone."""
    n = len(dataset.y)
    shift = int(np.random.default_rng(plan.seed).integers(n // 4, 3 * n // 4))
    false = material._replace(y=np.roll(material.y, shift), weights=np.roll(material.weights, shift))
    return _tried(dataset, false, fold.fit, np.concatenate([held_out(fold), fold.test]), plan)


def _noise(dataset: Dataset, material: Material, fold: Fold, plan: Plan) -> Trial:
    """Half of the columns are independent from row to row, half wander as slow features do."""
    noise = np.random.default_rng(plan.seed).standard_normal((len(dataset.y), _NOISES))
    noise[:, _NOISES // 2 :] = lfilter([1.0], [1.0, -0.99], noise[:, _NOISES // 2 :], axis=0)
    names = tuple(f"noise_{k}" for k in range(_NOISES))
    return _tried(dataset, material._replace(x=noise.astype(np.float32), names=names), fold.fit, held_out(fold), plan)


def _leaked(dataset: Dataset, material: Material, fold: Fold, plan: Plan) -> Trial:
    """One column more: the move that decides the label, blurred by half as much."""
    move = np.nan_to_num(dataset.move)
    move = move + 0.5 * np.random.default_rng(plan.seed).standard_normal(move.size) * move.std()
    x = np.column_stack([material.x, move]).astype(np.float32)
    return _tried(dataset, material._replace(x=x, names=(*material.names, "leak")), fold.fit, held_out(fold), plan)


def _tried(dataset: Dataset, material: Material, fit: NDArray[np.int64], tried: NDArray[np.int64], plan: Plan) -> Trial:
    thin = max(1, fit.size // _ROWS)
    fit = fit[::thin]
    task = Task(fit, fit[:0], _FREE, classes_of(dataset), _ROUNDS, plan.patience, plan.seed, plan.threads)
    found = margins(boosted(material, task).model, material.x[tried], plan.threads)
    q = found[:, 2] - found[:, 0]
    y = material.y[tried]

    def ordered(order: NDArray[np.int64]) -> float:
        sided = y[order] != 1
        return auc(q[sided], (y[order][sided] == 2).astype(np.float64))

    chance = circular_shifts(ordered, dataset.sessions[tried], plan.seed, draws=60)
    middle, half = (chance.high + chance.low) / 2, (chance.high - chance.low) / 2
    limit = max(0.5, middle) + max(_NARROWEST, _WIDE * half) if np.isfinite(half) else LEAK_AUC
    return Trial(chance.observed, limit)


def _next_return(inputs: Floats) -> NDArray[np.float32]:
    """The planted look-ahead: the next bar's return beside two honest columns."""
    close = inputs[:, INPUTS.index("close")]
    later = np.r_[close[1:] / close[:-1] - 1, np.nan]
    return np.column_stack([later, close, inputs[:, INPUTS.index("high")]]).astype(np.float32)
