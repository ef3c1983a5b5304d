from __future__ import annotations

import numpy as np
import pytest

from sidecar.learning.dataset import Dataset, build
from sidecar.learning.fit import Here, Task, boosted, margins
from sidecar.learning.grid import FIRST, parameter_sets
from sidecar.learning.judging import pooled
from sidecar.learning.plan import Plan
from sidecar.learning.scores import auc, direction
from sidecar.learning.splits import walk_forward
from sidecar.learning.trials import Ledger, ReadTwice
from sidecar.learning.validation import choice, last_return, material_of, tasks_of, tried
from tests.learning.market import FIXED, HORIZON, market

PLAN = Plan(folds=3, rounds=30, patience=10)
DEEP = {**FIRST, "max_depth": 6, "eta": 0.3, "min_child_weight": 1, "lambda": 1, "colsample_bytree": 1.0}


@pytest.fixture(scope="module")
def noise() -> list[Dataset]:
    return [build(market(seed, 20, cost=0.0).columns, FIXED) for seed in (21, 22, 23)]


def shuffled(dataset: Dataset) -> float:
    order = np.random.default_rng(0).permutation(len(dataset.y))
    test, fit = order[: order.size // 5], order[order.size // 5 :]
    material = material_of(dataset)._replace(weights=np.ones(order.size))
    found = margins(boosted(material, Task(fit, fit[:0], DEEP, 2, 60, 10, 7, 1)).model, dataset.x[test])
    return auc(found[:, 2] - found[:, 0], (dataset.y[test] == 2).astype(np.float64))


def walked(dataset: Dataset) -> float:
    folds = walk_forward(dataset.begins, dataset.ends, dataset.sessions, 3, 1)
    fits = list(Here().fits(material_of(dataset), tasks_of(dataset, folds, (FIRST,), PLAN)))
    tests = [
        tried(dataset, fold, k, fit, PLAN, Ledger()) for k, (fold, fit) in enumerate(zip(folds, fits, strict=True))
    ]
    test = pooled(dataset, tests)
    way = direction(test.y, test.p)
    return auc(way.q, way.up)


def test_shuffled_folds_find_skill_in_noise_and_the_walk_forward_does_not(noise: list[Dataset]) -> None:
    assert min(shuffled(dataset) for dataset in noise) > 0.85
    assert abs(np.mean([walked(dataset) for dataset in noise]) - 0.5) < 0.06


def test_the_labels_of_a_test_are_opened_once(noise: list[Dataset]) -> None:
    dataset, ledger = noise[0], Ledger()
    fold = walk_forward(dataset.begins, dataset.ends, dataset.sessions, 3, 1)[0]
    fitted = boosted(material_of(dataset), tasks_of(dataset, (fold,), (FIRST,), PLAN)[0])
    tried(dataset, fold, 1, fitted, PLAN, ledger)

    with pytest.raises(ReadTwice):
        tried(dataset, fold, 1, fitted, PLAN, ledger)


def test_neither_fit_nor_choice_depends_on_the_labels_of_the_test(noise: list[Dataset]) -> None:
    dataset = noise[1]
    folds = walk_forward(dataset.begins, dataset.ends, dataset.sessions, 3, 1)
    sets = parameter_sets(3, 7)
    other = dataset._replace(y=dataset.y.copy(), move=dataset.move.copy())
    other.y[folds[-1].test] = 2 - other.y[folds[-1].test]

    def chosen(of: Dataset) -> tuple[bytes, bytes]:
        fits = list(Here().fits(material_of(of), tasks_of(of, folds[-1:], sets, PLAN)))
        found = choice(of, folds[-1:], fits, 3, PLAN)
        p = tried(of, folds[-1], 3, found.chosen[0], PLAN, Ledger()).p
        return found.chosen[0].model, p.tobytes()

    assert chosen(dataset) == chosen(other)


def test_the_choice_is_the_set_with_the_least_loss_on_inner_rows(noise: list[Dataset]) -> None:
    dataset = noise[2]
    folds = walk_forward(dataset.begins, dataset.ends, dataset.sessions, 3, 1)
    fits = list(Here().fits(material_of(dataset), tasks_of(dataset, folds, parameter_sets(3, 7), PLAN)))

    found = choice(dataset, folds, fits, 3, PLAN)

    losses = np.array([fit.loss for fit in fits]).reshape(3, 3)
    assert found.best == losses.sum(axis=0).argmin()
    assert [fit.loss for fit in found.chosen] == losses.min(axis=1).tolist()
    assert found.inner.shape == (np.unique(dataset.sessions[np.concatenate([f.stop for f in folds])]).size, 3)


def test_weights_add_up_to_the_labels_that_fit_beside_one_another(noise: list[Dataset]) -> None:
    dataset = noise[0]

    total = material_of(dataset).weights.sum()

    assert total == pytest.approx(len(dataset.y) / HORIZON, rel=0.15)


def test_the_last_return_is_over_the_horizon(noise: list[Dataset]) -> None:
    dataset = noise[0]
    column = dataset.names.index("ret_15")

    assert np.allclose(np.log1p(last_return(dataset)), dataset.x[:, column], atol=1e-5)
