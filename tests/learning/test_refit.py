from __future__ import annotations

import numpy as np
import pytest

from sidecar.domain.errors import InputError, NotTrainable
from sidecar.domain.models import LabelKind
from sidecar.features.labels import LabelSpec
from sidecar.learning.dataset import Dataset, build, part
from sidecar.learning.plan import Plan
from sidecar.learning.refit import refit
from sidecar.learning.splits import last_parts, uniqueness
from tests.learning.market import market

SPEC = LabelSpec(LabelKind.FIXED_HORIZON, 2)
PLAN = Plan(rounds=60, patience=10)


@pytest.fixture(scope="module")
def planted() -> Dataset:
    return build(market(3, 24, accuracy=0.8, minutes=150, cost=0.0).columns, SPEC)


def test_a_refit_learns_what_is_there_and_is_calibrated_on_later_rows(planted: Dataset) -> None:
    made = refit(planted, PLAN)
    p = made.probabilities(planted.x)
    later = last_parts(planted.begins, planted.ends, planted.sessions).calibrate
    side, told = planted.y[later], p[later, 2] - p[later, 0]
    assert told[side == 2].mean() > told[side == 0].mean() + 0.02
    assert np.allclose(p.sum(axis=1), 1.0)
    assert made.rounds <= PLAN.rounds
    assert (made.trained_to, made.labels_to) == (planted.closes.max(), planted.ends.max())
    assert made.taught.sum() == (~np.isnan(planted.x).all(axis=0)).sum()


def test_the_same_rows_and_seed_give_the_same_bytes(planted: Dataset) -> None:
    one, two = refit(planted, PLAN), refit(planted, PLAN)
    assert (one.model, one.calibration) == (two.model, two.calibration)


def test_a_part_is_what_it_would_be_alone(planted: Dataset) -> None:
    rows = np.flatnonzero(planted.sessions < planted.sessions[0] + 28)
    some = part(planted, rows)
    assert np.array_equal(some.x, planted.x[rows], equal_nan=True)
    assert np.array_equal(some.weights, uniqueness(planted.begins[rows], planted.ends[rows]))
    assert refit(some, PLAN).labels_to == planted.ends[rows].max()


def test_a_part_of_too_few_rows_teaches_nothing(planted: Dataset) -> None:
    with pytest.raises(NotTrainable, match="labelled rows with warm features, of 500 needed"):
        part(planted, np.arange(499))
    with pytest.raises(NotTrainable, match="5 sessions, of 15 needed"):
        part(planted, np.flatnonzero(planted.sessions < planted.sessions[0] + 7))


def test_sessions_too_few_for_its_parts_are_refused(planted: Dataset) -> None:
    one_day = planted._replace(sessions=np.zeros_like(planted.sessions))
    with pytest.raises(InputError, match="sessions"):
        refit(one_day, PLAN)
