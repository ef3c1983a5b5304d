from __future__ import annotations

import numpy as np
import pytest

from sidecar.learning.fit import Here, Material, Task, boosted, coded, margins
from sidecar.learning.grid import FIRST, parameter_sets

ROWS = 3_000


@pytest.fixture(scope="module")
def material() -> Material:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((ROWS, 4)).astype(np.float32)
    y = np.digitize(0.6 * x[:, 0] + rng.standard_normal(ROWS), (-0.4, 0.4)).astype(np.int8)
    return Material(x, y, np.ones(ROWS), ("a", "b", "c", "d"))


TASK = Task(np.arange(2_000), np.arange(2_000, ROWS), FIRST, 3, 80, 8, 7, 1)


def test_the_same_task_gives_the_same_bytes_with_one_thread_and_with_two(material: Material) -> None:
    assert boosted(material, TASK) == boosted(material, TASK) == boosted(material, TASK._replace(threads=2))


def test_it_stops_by_the_rows_given_for_that_and_keeps_the_best_round(material: Material) -> None:
    noise = material._replace(y=np.random.default_rng(2).integers(0, 3, ROWS).astype(np.int8))

    found, none = boosted(material, TASK), boosted(noise, TASK)

    assert none.rounds < 30 < found.rounds <= 80
    assert found.loss < none.loss
    again = boosted(material, TASK._replace(rounds=found.rounds))
    assert np.array_equal(margins(again.model, material.x), margins(found.model, material.x))


def test_without_such_rows_it_runs_all_its_rounds(material: Material) -> None:
    found = next(iter(Here().fits(material, [TASK._replace(stop=TASK.stop[:0], rounds=5)])))

    assert found.rounds == 5
    assert np.isnan(found.loss)


def test_a_certain_class_has_the_greatest_margin_in_its_own_place(material: Material) -> None:
    plain = material._replace(y=np.digitize(material.x[:, 1], (-0.5, 0.5)).astype(np.int8))

    found = margins(boosted(plain, TASK).model, plain.x)

    assert np.mean(found.argmax(axis=1) == plain.y) > 0.95


def test_two_classes_stand_in_the_first_and_the_last_of_three_places(material: Material) -> None:
    won = material._replace(y=np.where(material.x[:, 1] > 0, 2, 0).astype(np.int8))

    found = margins(boosted(won, TASK._replace(classes=2)).model, won.x)

    assert np.all(np.isneginf(found[:, 1]))
    assert np.mean((found[:, 2] > found[:, 0]) == (won.y == 2)) > 0.95
    assert coded(np.array([0, 2], np.int8), 2).tolist() == [0, 1]


def test_the_names_of_the_features_stand_in_the_file(material: Material) -> None:
    assert b'"feature_names":["a","b","c","d"]' in boosted(material, TASK).model


def test_parameter_sets_are_different_and_begin_with_the_first() -> None:
    sets = parameter_sets(20, seed=7)

    assert sets[0] is FIRST
    assert len({tuple(each.items()) for each in sets}) == 20
    assert sets == parameter_sets(20, seed=7)
    assert sets != parameter_sets(20, seed=8)
    assert parameter_sets(1, seed=7) == (FIRST,)
