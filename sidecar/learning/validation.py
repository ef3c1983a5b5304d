"""The walk forward: each fold learns, stops, calibrates and is then tried on rows that nothing before has touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS
from sidecar.learning import baselines, calibration
from sidecar.learning.dataset import Dataset
from sidecar.learning.fit import Fitted, Indices, Material, Parameters, Task, margins
from sidecar.learning.levelling import levelled
from sidecar.learning.money import class_moves, nets
from sidecar.learning.plan import Plan
from sidecar.learning.scores import Base
from sidecar.learning.splits import Fold
from sidecar.learning.trials import Ledger

Floats = NDArray[np.float64]


class Tried(NamedTuple):
    """One fold's test: its ``rows``, probabilities ``p`` (m, 3) of the model and of each baseline by name.

    ``base`` are the class shares of all the rows before it, ``moves`` their mean moves, ``rounds`` the model's.
    """

    fold: Fold
    rows: Indices
    p: Floats
    beside: dict[str, Floats]
    base: Base
    moves: Floats
    rounds: int


class Choice(NamedTuple):
    """What the inner rows chose: each fold's fit, the ``best`` set for the last, and its ``rounds``.

    ``inner`` (sessions, sets) are what each set's signals made on the rows that the fits stopped by.
    """

    chosen: tuple[Fitted, ...]
    best: int
    rounds: int
    inner: Floats


def tasks_of(dataset: Dataset, folds: Sequence[Fold], sets: Sequence[Parameters], plan: Plan) -> list[Task]:
    """A task for each fold and parameter set, fold by fold."""
    classes = classes_of(dataset)
    return [
        Task(fold.fit, fold.stop, each, classes, plan.rounds, plan.patience, plan.seed, plan.threads)
        for fold in folds
        for each in sets
    ]


def classes_of(dataset: Dataset) -> int:
    """3, or 2 where no row is hold."""
    return 3 if bool((dataset.y == 1).any()) else 2


def choice(dataset: Dataset, folds: Sequence[Fold], fits: Sequence[Fitted], sets: int, plan: Plan) -> Choice:
    """Choose by log-loss on the rows that the fits stopped by: for each fold its own set, and the best over all."""
    table = [list(fits[k * sets : (k + 1) * sets]) for k in range(len(folds))]
    losses = np.array([[fit.loss for fit in row] for row in table])
    best = int(np.argmin(losses.sum(axis=0)))
    rounds = int(np.median([row[best].rounds for row in table]))
    chosen = tuple(row[int(np.argmin(loss))] for row, loss in zip(table, losses, strict=True))
    return Choice(chosen, best, max(1, rounds), _inner(dataset, folds, table, plan) if sets > 1 else np.zeros((0, 1)))


def _inner(dataset: Dataset, folds: Sequence[Fold], table: Sequence[Sequence[Fitted]], plan: Plan) -> Floats:
    """(sessions, sets): the nets on every session that some fold stopped by, by the first that did."""
    seen: dict[int, list[float]] = {}
    for fold, row in zip(folds, table, strict=True):
        moves = class_moves(dataset, fold.fit)
        per_set = []
        for fitted in row:
            p = _uncalibrated(margins(fitted.model, dataset.x[fold.stop], plan.threads))
            per_set.append(nets(dataset, fold.stop, p, moves))
        for k, session in enumerate(per_set[0].sessions.tolist()):
            seen.setdefault(session, [float(each.net[k]) for each in per_set])
    return np.array([seen[session] for session in sorted(seen)])


def _uncalibrated(found: Floats) -> Floats:
    odds = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def tried(dataset: Dataset, fold: Fold, number: int, fitted: Fitted, plan: Plan, ledger: Ledger) -> Tried:
    """Calibrate ``fitted`` on the fold's own rows for that, then open its test, once."""
    past = np.concatenate([fold.fit, fold.stop, fold.calibrate])
    base = baselines.Majority.fit(dataset.y[past], dataset.weights[past]).base
    scale = calibrated(dataset, held_out(fold), fitted.model, base, plan)
    ledger.fitted("calibration")
    moves = class_moves(dataset, past)
    beside = {name: rule(dataset, past, fold.test) for name, rule in BASELINES.items()}
    ledger.fitted("baselines", len(beside))
    ledger.read_test(number)
    p = scale.apply(margins(fitted.model, dataset.x[fold.test], plan.threads))
    return Tried(fold, fold.test, p, beside, base, moves, fitted.rounds)


def held_out(fold: Fold) -> Indices:
    """The rows before the test that the trees were not grown on, those that only said when to stop among them."""
    return np.concatenate([fold.stop, fold.calibrate])


def calibrated(dataset: Dataset, rows: Indices, model: bytes, base: Base, plan: Plan) -> calibration.Calibration:
    """The calibration of a model on ``rows`` that it has not seen, its sides as frequent as in ``base``."""
    found = margins(model, dataset.x[rows], plan.threads)
    return levelled(calibration.fit(found, dataset.y[rows], dataset.weights[rows]), found, base)


def _majority(dataset: Dataset, past: Indices, test: Indices) -> Floats:
    return baselines.Majority.fit(dataset.y[past], dataset.weights[past]).probabilities(test.size)


def _persistence(dataset: Dataset, past: Indices, test: Indices) -> Floats:
    last = last_return(dataset)
    found = baselines.Persistence.fit(last[past], dataset.y[past], dataset.weights[past])
    return found.probabilities(last[test])


def _logistic(dataset: Dataset, past: Indices, test: Indices) -> Floats:
    columns = [dataset.names.index(name) for name in baselines.FEATURES]
    found = baselines.Logistic.fit(dataset.x[past][:, columns], dataset.y[past], dataset.weights[past])
    return found.probabilities(dataset.x[test][:, columns])


#: The rules that are tried beside every model, on the same rows: fitted on all that came before the test.
BASELINES: dict[str, Callable[[Dataset, Indices, Indices], Floats]] = {
    "majority": _majority,
    "persistence": _persistence,
    "logistic": _logistic,
}


def last_return(dataset: Dataset) -> Floats:
    """What the price did over the last horizon, (n,), a fraction; NaN before there are that many bars."""
    close, horizon = dataset.inputs[:, INPUTS.index("close")], dataset.spec.horizon
    before = dataset.place - horizon
    return np.where(before >= 0, close[dataset.place] / close[np.maximum(before, 0)] - 1, np.nan)


def material_of(dataset: Dataset) -> Material:
    """What fits see of the data. Its weights add up to the independent labels, not to the rows.

    Where labels overlap, the rows of a leaf are many and what they say is little: the least weight of a leaf and the
    penalty on it must count labels. Each row's weight is what it has for itself times the mean of that, which is the
    time that is labelled over the labels' lengths.
    """
    weights = dataset.weights * (_labelled(dataset) / float(np.sum(dataset.ends - dataset.begins)))
    return Material(dataset.x, dataset.y, weights, dataset.names)


def _labelled(dataset: Dataset) -> float:
    """The time that at least one label covers, microseconds."""
    until = np.maximum.accumulate(dataset.ends)
    start = np.r_[dataset.begins[0], np.maximum(dataset.begins[1:], until[:-1])]
    return float(np.sum(np.maximum(0, dataset.ends - start)))
