from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS
from sidecar.features.matrix import batch
from sidecar.learning.canaries import canaries
from sidecar.learning.dataset import Dataset, build
from sidecar.learning.plan import Plan
from sidecar.learning.scramble import Floats
from sidecar.learning.splits import Fold, walk_forward
from sidecar.learning.trials import Ledger
from sidecar.learning.validation import material_of
from tests.learning.market import FIXED, market

NAMES = ["shuffled labels", "noise features", "leaked label", "scrambled future", "future feature"]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return build(market(11, 30).columns, FIXED)


def last_fold(dataset: Dataset) -> Fold:
    return walk_forward(dataset.begins, dataset.ends, dataset.sessions)[-1]


def test_on_an_honest_pipeline_all_are_as_they_should_be(dataset: Dataset) -> None:
    ledger = Ledger()

    found = canaries(dataset, material_of(dataset), last_fold(dataset), Plan(), ledger)

    assert [canary.name for canary in found] == NAMES
    assert [canary.name for canary in found if not canary.passed] == []
    assert ledger.trials == 3
    assert found[2].value is not None
    assert found[2].value > 0.8


def test_a_split_that_mixes_neighbours_is_found_by_labels_that_say_nothing(dataset: Dataset) -> None:
    order = np.random.default_rng(0).permutation(len(dataset.y))
    parts = np.split(order, [order.size // 2, order.size * 6 // 10, order.size * 7 // 10])
    mixed = Fold(*(np.sort(part) for part in parts))

    found = {canary.name: canary for canary in canaries(dataset, material_of(dataset), mixed, Plan(), Ledger())}

    assert not found["shuffled labels"].passed


def test_features_that_see_ahead_fail_the_scramble(dataset: Dataset) -> None:
    def ahead(rows: Floats) -> NDArray[np.float32]:
        close = rows[:, INPUTS.index("close")]
        return np.column_stack([batch(rows), np.r_[close[1:], np.nan].astype(np.float32)])

    found = canaries(dataset, material_of(dataset), last_fold(dataset), Plan(), Ledger(), ahead)

    assert [canary.name for canary in found if not canary.passed] == ["scrambled future"]
    assert "1 features change" in found[3].says


def test_a_scorecard_that_cannot_see_a_leak_is_itself_suspected(dataset: Dataset) -> None:
    blind = dataset._replace(move=np.zeros(len(dataset.y)))

    found = canaries(blind, material_of(blind), last_fold(blind), Plan(), Ledger())

    assert "leaked label" in [canary.name for canary in found if not canary.passed]
