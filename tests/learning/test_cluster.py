from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sidecar.domain.errors import InputError
from sidecar.learning.cluster import on_cluster
from sidecar.learning.fit import Here, Material, Runner, Task, margins
from sidecar.learning.grid import FIRST

# distributed and dask warn of their own parts' future.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ROWS, FEATURES = 3_000, 8


@pytest.fixture(scope="module")
def material() -> Material:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, FEATURES)).astype(np.float32)
    x[::7, 3] = np.nan
    y = np.digitize(0.5 * x[:, 0] + rng.standard_normal(ROWS), (-0.4, 0.4)).astype(np.int8)
    return Material(x, y, rng.uniform(0.5, 1.5, ROWS), tuple(f"f{k}" for k in range(FEATURES)))


@pytest.fixture(scope="module")
def task() -> Task:
    return Task(np.arange(2_400), np.arange(2_400, ROWS), FIRST, 3, 30, 10, 7, 1)


def _two_workers() -> Any:
    from distributed import LocalCluster

    return LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with (
        _two_workers() as cluster,
        on_cluster(cluster.scheduler_address) as runner,
    ):
        yield runner


def test_folds_on_two_workers_are_those_of_one_machine_bit_for_bit(
    runner: Runner, material: Material, task: Task
) -> None:
    tasks = [task, task._replace(seed=8), task._replace(fit=task.fit[:1_500])]

    assert list(runner.fits(material, tasks)) == list(Here().fits(material, tasks))


def test_the_last_fit_over_two_workers_is_that_of_one_within_rounding(
    runner: Runner, material: Material, task: Task
) -> None:
    whole = task._replace(stop=task.stop[:0], parameters={**FIRST, "subsample": 1.0})

    here, there = Here().last(material, whole), runner.last(material, whole)

    assert there.rounds == here.rounds
    assert np.std(margins(here.model, material.x)) > 0.05
    assert np.allclose(margins(there.model, material.x), margins(here.model, material.x), atol=1e-5)


def test_a_scheduler_that_does_not_answer_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.learning.cluster._PATIENCE", 0.3)

    with (
        pytest.raises(InputError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1 .*start one with: dask"),
        on_cluster("tcp://127.0.0.1:1"),
    ):
        pass


def test_words_that_are_no_address_are_refused() -> None:
    with (
        pytest.raises(InputError, match="dask: no scheduler answers at carrier-pigeon"),
        on_cluster("carrier-pigeon://x"),
    ):
        pass
