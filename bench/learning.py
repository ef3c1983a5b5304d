"""Whether a scorecard can be believed, on markets whose truth is known, and what a training costs.

    python -m bench.learning [none | planted | seeds | speed]

``none``: a hundred martingales with wandering volatility; any verdict but "no skill" is a false one. ``planted``: a
drift of known strength, told by one feature of fifty; what a model that knew it would be right in, what the trained
model is truly right in (by the drift, not by luck), and whether the published interval covers that. ``seeds``: shuffled
cross-validation and the purged walk forward on the same noise. ``speed``: 1 M rows, and one row.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xgboost

from bench.loop import table
from sidecar.domain.models import Verdict
from sidecar.features import matrix
from sidecar.learning.canaries import canaries
from sidecar.learning.dataset import Dataset, build
from sidecar.learning.fit import Here, Material, Task, boosted, coded, margins, settings_of
from sidecar.learning.grid import FIRST, parameter_sets
from sidecar.learning.judging import pooled, scorecard
from sidecar.learning.plan import Plan
from sidecar.learning.scores import auc, direction
from sidecar.learning.splits import walk_forward
from sidecar.learning.train import train
from sidecar.learning.trials import Ledger
from sidecar.learning.validation import Tried, choice, classes_of, material_of, tasks_of, tried
from tests.learning.market import FIXED, Market, market

PLAN = Plan()
NONE_SEEDS, NONE_SESSIONS = 100, 25
PLANTED = ((0.52, 60), (0.52, 240), (0.55, 60), (0.55, 240), (0.6, 60), (0.6, 240))
PLANTED_SEEDS = 5
SHUFFLED_SEEDS, SHUFFLED_SESSIONS = 12, 60


class Found(NamedTuple):
    """One planted training: what was published of direction, and what is true of the same test rows."""

    verdict: Verdict
    skill: bool
    accuracy: float
    low: float
    high: float
    truth: float
    oracle: float
    auc: float


def none() -> None:
    """How often noise is given skill."""
    verdicts: Counter[str] = Counter()
    areas, chances, began = [], [], time.process_time()
    for seed in range(NONE_SEEDS):
        card = train(build(market(seed, NONE_SESSIONS, cost=0.0003).columns, FIXED), PLAN).scorecard
        verdicts[card.verdict.value] += 1
        areas.append(card.scores.auc or np.nan)
        chances.append(card.chance_p or np.nan)
    heads = ("random walks", "no skill", "skill", "leak suspected", "AUC mean ± sd", "p below 0.05", "CPU s each")
    spread = f"{np.mean(areas):.3f} ± {np.std(areas, ddof=1):.3f}"
    counts = tuple(str(verdicts[each.value]) for each in (Verdict.NO_SKILL, Verdict.SKILL, Verdict.LEAK))
    low = str(int(np.sum(np.array(chances) <= 0.05)))
    cpu = f"{(time.process_time() - began) / NONE_SEEDS:.1f}"
    table(heads, [(f"{NONE_SEEDS} of {NONE_SESSIONS} sessions", *counts, spread, low, cpu)])


def planted() -> None:
    """What is found of a drift whose strength is known."""
    rows = []
    for strength, sessions in PLANTED:
        found = [one_planted(market(seed, sessions, strength, cost=0.0)) for seed in range(PLANTED_SEEDS)]
        truth, oracle, width = (
            np.mean([each.truth for each in found]),
            np.mean([each.oracle for each in found]),
            np.mean([each.high - each.low for each in found]) / 2,
        )
        rows.append((
            f"{strength:.2f}", str(sessions), f"{oracle:.3f}", f"{truth:.3f}",
            f"{np.mean([each.accuracy for each in found]):.3f} ± {width:.3f}",
            f"{sum(each.low <= each.truth <= each.high for each in found)} of {PLANTED_SEEDS}",
            f"{np.mean([each.auc for each in found]):.3f}", f"{sum(each.skill for each in found)} of {PLANTED_SEEDS}",
            f"{sum(each.verdict is Verdict.LEAK for each in found)} of {PLANTED_SEEDS}",
        ))  # fmt: skip
    heads = (
        "planted", "sessions", "knowing it", "model, truly", "model, published", "interval covers truth", "AUC",
        "skill above 0", "of them held for a leak",
    )  # fmt: skip
    table(heads, rows)


def one_planted(made: Market) -> Found:
    """Train on it; the truth of a test row is the chance that the drift gives the side that the model names."""
    dataset = build(made.columns, FIXED)
    folds = walk_forward(dataset.begins, dataset.ends, dataset.sessions, PLAN.folds, PLAN.embargo)
    tests, ledger = walked(dataset), Ledger()
    proofs = canaries(dataset, material_of(dataset), folds[-1], PLAN, ledger)
    card = scorecard(dataset, tests, proofs, np.zeros((0, 1)), ledger.trials, PLAN)
    test = pooled(dataset, tests)
    upward = made.upward()[dataset.place[test.rows]]
    named, knowing = test.p[:, 2] > test.p[:, 0], made.drift[dataset.place[test.rows]] > 0
    assert card.direction is not None
    assert card.skill is not None
    return Found(
        card.verdict, card.skill.low > 0, card.direction_accuracy or np.nan, card.direction.low, card.direction.high,
        float(np.mean(np.where(named, upward, 1 - upward))), float(np.mean(np.where(knowing, upward, 1 - upward))),
        card.scores.auc or np.nan,
    )  # fmt: skip


def walked(dataset: Dataset) -> list[Tried]:
    """The folds' tests as :func:`train` makes them."""
    folds = walk_forward(dataset.begins, dataset.ends, dataset.sessions, PLAN.folds, PLAN.embargo)
    sets = parameter_sets(1, PLAN.seed)
    fits = list(Here().fits(material_of(dataset), tasks_of(dataset, folds, sets, PLAN)))
    chosen = choice(dataset, folds, fits, 1, PLAN).chosen
    return [
        tried(dataset, fold, k, fit, PLAN, Ledger()) for k, (fold, fit) in enumerate(zip(folds, chosen, strict=True))
    ]


def seeds() -> None:
    """The same noise, shuffled and walked: AUC of direction."""
    wrong, right = [], []
    for seed in range(SHUFFLED_SEEDS):
        dataset = build(market(1_000 + seed, SHUFFLED_SESSIONS, cost=0.0).columns, FIXED)
        wrong.append(shuffled_auc(dataset, seed))
        test = pooled(dataset, walked(dataset))
        way = direction(test.y, test.p)
        right.append(auc(way.q, way.up))
    rows = [
        (name, f"{np.mean(found):.3f}", f"{np.std(found, ddof=1):.3f}", f"{min(found):.3f}", f"{max(found):.3f}")
        for name, found in (("shuffled 5-fold, depth 6", wrong), ("purged walk forward", right))
    ]
    table((f"{SHUFFLED_SEEDS} random walks of {SHUFFLED_SESSIONS} sessions", "AUC mean", "sd", "least", "most"), rows)


def shuffled_auc(dataset: Dataset, seed: int) -> float:
    """What most notebooks do: a fifth of the rows at random is the test, and a deep model learns the rest."""
    order = np.random.default_rng(seed).permutation(len(dataset.y))
    test, fit = order[: order.size // 5], order[order.size // 5 :]
    deep = {**FIRST, "max_depth": 6, "eta": 0.3, "min_child_weight": 1, "lambda": 1, "colsample_bytree": 1.0}
    material = material_of(dataset)._replace(weights=np.ones(order.size))
    task = Task(fit, fit[:0], deep, classes_of(dataset), 60, 10, seed, 1)
    found = margins(boosted(material, task).model, dataset.x[test])
    sided = dataset.y[test] != 1
    return auc((found[:, 2] - found[:, 0])[sided], (dataset.y[test][sided] == 2).astype(np.float64))


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall and of CPU."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu


def made_rows(n: int, features: int) -> Material:
    """Rows that say a little of their label."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, features), dtype=np.float32)
    hidden = 0.2 * x[:, 0] - 0.1 * x[:, 1] * x[:, 2] + rng.standard_normal(n)
    y = np.digitize(hidden, (-0.4, 0.4)).astype(np.int8)
    return Material(x, y, np.ones(n), tuple(f"f{k}" for k in range(features)))


def speed() -> None:
    """A million rows by 40, a hundred rounds; then one row."""
    material = made_rows(1_000_000, 40)
    rows = []
    for classes in (2, 3):
        of = material if classes == 3 else material._replace(y=np.where(material.y > 1, 2, 0).astype(np.int8))
        task = Task(np.arange(len(of.y)), np.arange(0), FIRST, classes, 100, 10, 7, 1)
        ways = (
            lambda of=of, task=task: boosted(of, task),
            lambda of=of, task=task: boosted(of, task._replace(threads=2)),
            lambda of=of, task=task: plain_matrix(of, task),
        )
        rows.append((str(classes), *(f"{wall:.1f} ({cpu:.1f})" for wall, cpu in map(clocked, ways))))
    heads = ("classes; wall s (CPU s)", "**one thread**", "two threads", "plain DMatrix")
    table(heads, rows)
    small = material._replace(x=material.x[:20_000], y=material.y[:20_000], weights=material.weights[:20_000])
    one_row(small)


def plain_matrix(material: Material, task: Task) -> xgboost.Booster:
    """The same fit from a DMatrix, which keeps every float and cuts the bins itself."""
    y = coded(material.y, task.classes)
    data = xgboost.DMatrix(material.x, y, weight=material.weights, nthread=task.threads)
    return xgboost.train(settings_of(task), data, task.rounds)


def one_row(material: Material) -> None:
    """One prediction of 100 rounds: in place, and by way of a DMatrix."""
    task = Task(np.arange(len(material.y)), np.arange(0), FIRST, 3, 100, 10, 7, 1)
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(boosted(material, task).model))
    booster.set_param({"nthread": 1})
    row = material.x[:1]
    names = list(material.names)
    ways: dict[str, Callable[[], object]] = {
        "**inplace_predict, a NumPy row**": lambda: booster.inplace_predict(row, predict_type="margin"),
        "predict, a DMatrix of it": lambda: booster.predict(xgboost.DMatrix(row, feature_names=names, nthread=1)),
    }
    rows = []
    for name, way in ways.items():
        took = np.sort([clocked(way)[0] for _ in range(2_000)]) * 1e6
        rows.append((name, f"{took[1_000]:.0f}", f"{took[1_980]:.0f}"))
    table(("one row, 300 trees", "p50 µs", "p99 µs"), rows)


WAYS: dict[str, Callable[[], None]] = {"none": none, "planted": planted, "seeds": seeds, "speed": speed}


def main() -> None:
    matrix.warm()
    for name in sys.argv[1:] or WAYS:
        WAYS[name]()


if __name__ == "__main__":
    main()
