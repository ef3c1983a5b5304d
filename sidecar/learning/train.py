"""A training from the first fold to the model that goes live: everything that touches the data passes through here."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from sidecar.learning import calibration, drift
from sidecar.learning.baselines import Majority
from sidecar.learning.canaries import canaries
from sidecar.learning.dataset import Dataset
from sidecar.learning.fit import Fitted, Here, Material, Parameters, Runner, Task
from sidecar.learning.grid import parameter_sets
from sidecar.learning.judging import pooled, scorecard
from sidecar.learning.money import class_moves
from sidecar.learning.pairing import session_losses
from sidecar.learning.plan import Plan, Progress, Tell
from sidecar.learning.scorecard import Scorecard
from sidecar.learning.scores import Base
from sidecar.learning.splits import Fold, last_parts, walk_forward
from sidecar.learning.trained import Trained
from sidecar.learning.trials import Ledger
from sidecar.learning.validation import Choice, Tried, calibrated, choice, classes_of, material_of, tasks_of, tried


def train(dataset: Dataset, plan: Plan, tell: Tell = lambda _: None, run: Runner | None = None) -> Trained:
    """Validate, prove and fit. The same dataset, plan and libraries give the same bytes, wherever ``run`` runs it.

    Each fold of a purged walk forward is fitted for every parameter set, stopped and chosen on inner rows, calibrated
    on later ones and tried once on its test. The model that goes live is fitted on all but the last fifth, which
    calibrates it, for the median of the folds' rounds. Raises ``InputError`` where there are too few sessions.
    """
    folds = walk_forward(dataset.begins, dataset.ends, dataset.sessions, plan.folds, plan.embargo)
    sets = parameter_sets(plan.search, plan.seed)
    steps = _Steps(tell, len(folds) * len(sets) + len(folds) + 3)
    course = _Course(dataset, material_of(dataset), folds, sets, plan, run or Here(), Ledger(), steps)
    found = _chosen(course)
    tests = _tests(course, found)
    proofs = canaries(dataset, course.material, folds[-1], plan, course.ledger)
    steps.end("canaries", ", ".join(proof.name for proof in proofs if not proof.passed) or "all as they should be")
    whole = last_parts(dataset.begins, dataset.ends, dataset.sessions)
    model, scale = _last(course, whole, found)
    card = scorecard(dataset, tests, proofs, found.inner, course.ledger.trials, plan)
    result = _trained(course, found, whole, model, scale, tests, card)
    steps.end("scorecard", f"{card.verdict.value}: {card.why}")
    return result


class _Steps:
    """Counts the steps of a training and tells of each as it ends."""

    def __init__(self, tell: Tell, total: int) -> None:
        self._tell, self._total, self._done = tell, total, 0

    def end(self, step: str, note: str = "") -> None:
        self._done += 1
        self._tell(Progress(step, self._done, self._total, note))


class _Course(NamedTuple):
    """What every step of one training shares."""

    dataset: Dataset
    material: Material
    folds: tuple[Fold, ...]
    sets: tuple[Parameters, ...]
    plan: Plan
    run: Runner
    ledger: Ledger
    steps: _Steps


def _chosen(course: _Course) -> Choice:
    dataset, folds, sets, plan = course.dataset, course.folds, course.sets, course.plan
    tasks = tasks_of(dataset, folds, sets, plan)
    fits: list[Fitted] = []
    for number, fitted in enumerate(course.run.fits(course.material, tasks)):
        fits.append(fitted)
        course.ledger.fitted("fold")
        which = f"fold {number // len(sets) + 1} of {len(folds)}"
        which += f", set {number % len(sets) + 1} of {len(sets)}" if len(sets) > 1 else ""
        course.steps.end(which, f"{fitted.rounds} rounds")
    return choice(dataset, folds, fits, len(sets), plan)


def _tests(course: _Course, found: Choice) -> list[Tried]:
    tests = []
    for number, (fold, fitted) in enumerate(zip(course.folds, found.chosen, strict=True), 1):
        tests.append(tried(course.dataset, fold, number, fitted, course.plan, course.ledger))
        course.steps.end(f"test {number} of {len(course.folds)}", f"{fold.test.size} rows")
    return tests


def _last(course: _Course, whole: Fold, found: Choice) -> tuple[Fitted, calibration.Calibration]:
    """Fitted on all but the last fifth, which then calibrates it.

    It takes every row in every round: rows drawn by parts on a cluster are not those drawn from the whole.
    """
    dataset, plan = course.dataset, course.plan
    fit = np.concatenate([whole.fit, whole.stop])
    nothing, parameters = fit[:0], {**course.sets[found.best], "subsample": 1.0}
    task = Task(fit, nothing, parameters, classes_of(dataset), found.rounds, plan.patience, plan.seed, plan.threads)
    model = course.run.last(course.material, task)
    scale = calibrated(dataset, whole.calibrate, model.model, _base(dataset, whole), plan)
    course.ledger.fitted("last")
    course.ledger.fitted("calibration")
    course.steps.end("last fit", f"{found.rounds} rounds")
    return model, scale


def _base(dataset: Dataset, whole: Fold) -> Base:
    rows = np.concatenate(whole)
    return Majority.fit(dataset.y[rows], dataset.weights[rows]).base


def _trained(
    course: _Course, found: Choice, whole: Fold, model: Fitted, scale: calibration.Calibration, tests: list[Tried],
    card: Scorecard,
) -> Trained:  # fmt: skip
    dataset, rows = course.dataset, np.sort(np.concatenate(whole))
    test = pooled(dataset, tests)
    score = drift.score_reference(test.p[:, 2] - test.p[:, 0], test.sessions)
    features = drift.reference(dataset.x[rows], dataset.sessions[rows], dataset.names)
    moves = np.where(np.bincount(dataset.y[rows], minlength=3) > 0, class_moves(dataset, rows), np.nan).tolist()
    return Trained(
        model=model.model, calibration=scale, scorecard=card,
        drift=msgspec.structs.replace(features, score=score),
        losses=session_losses(dataset.begins[test.rows], test.sessions, test.y, test.p),
        parameters=dict(course.sets[found.best]), rounds=model.rounds,
        base=_base(dataset, whole), moves=(moves[0], moves[1], moves[2]),
        trained_from=int(dataset.closes[rows[0]]), trained_to=int(dataset.closes[rows[-1]]),
        labels_to=int(dataset.ends[rows].max()), rows=int(rows.size), trials=course.ledger.trials,
    )  # fmt: skip
