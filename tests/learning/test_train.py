from __future__ import annotations

import msgspec
import numpy as np
import pytest

from sidecar.domain.errors import InputError
from sidecar.domain.models import Verdict
from sidecar.learning.dataset import Dataset, build, build_trades
from sidecar.learning.fit import margins
from sidecar.learning.plan import Plan, Progress
from sidecar.learning.scorecard import Scorecard
from sidecar.learning.splits import walk_forward
from sidecar.learning.train import train
from sidecar.learning.trained import Trained
from tests.learning.market import FIXED, market
from tests.learning.test_dataset import BARS, trades

PLAN = Plan(folds=4, rounds=60, patience=10, draws=200)


@pytest.fixture(scope="module")
def noise() -> Dataset:
    return build(market(5, 24).columns, FIXED)


@pytest.fixture(scope="module")
def told() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def trained(noise: Dataset, told: list[Progress]) -> Trained:
    return train(noise, PLAN, told.append)


def test_noise_has_no_skill_and_the_scorecard_says_why(trained: Trained) -> None:
    card = trained.scorecard

    assert card.verdict is Verdict.NO_SKILL
    assert "does not stand above 0" in card.why
    assert all(canary.passed for canary in card.canaries)
    assert card.skill is not None
    assert card.skill.low <= 0


def test_a_planted_signal_is_found(trained: Trained) -> None:
    planted = market(3, 45, accuracy=0.65, cost=0.0)

    card = train(build(planted.columns, FIXED), msgspec.structs.replace(PLAN, folds=2)).scorecard

    assert card.scores.auc is not None
    assert card.scores.auc >= 0.54
    assert card.skill is not None
    assert card.skill.low > 0
    assert card.chance_p is not None
    assert card.chance_p < 0.02
    assert card.verdict is Verdict.SKILL or "right in at least" in card.why


def test_the_same_data_and_plan_give_the_same_bytes_whatever_the_threads(noise: Dataset) -> None:
    first, again = (train(noise, msgspec.structs.replace(PLAN, folds=1, threads=threads)) for threads in (1, 2))

    assert again.model == first.model
    assert msgspec.json.encode(again.scorecard) == msgspec.json.encode(first.scorecard)
    assert again.calibration == first.calibration


def test_another_seed_gives_another_model(noise: Dataset, trained: Trained) -> None:
    assert train(noise, msgspec.structs.replace(PLAN, seed=8, folds=1)).model != trained.model


def test_every_step_is_told_and_the_last_is_the_whole(trained: Trained, told: list[Progress]) -> None:
    assert [each.done for each in told] == list(range(1, len(told) + 1))
    assert told[-1].done == told[-1].total
    assert told[-1].note.startswith("no skill: ")


def test_every_baseline_stands_beside_the_model_on_the_same_rows(trained: Trained) -> None:
    card = trained.scorecard

    assert [part.name for part in card.baselines] == ["majority", "persistence", "logistic"]
    assert {part.scores.n for part in card.baselines} == {card.scores.n}
    assert card.scores.n == sum(fold.scores.n for fold in card.folds) == sum(hour.scores.n for hour in card.hours)
    assert card.baselines[0].scores.direction_brier_skill == pytest.approx(0.0)


def test_folds_end_before_their_test_begins(noise: Dataset, trained: Trained) -> None:
    for fold in trained.scorecard.folds:
        assert fold.trained_to < fold.tested_from
    assert trained.trained_to <= trained.labels_to
    assert trained.labels_to == noise.ends.max()


def test_every_fit_is_counted(trained: Trained) -> None:
    # A fit, a calibration and three baselines a fold; three canaries; the last fit and its calibration.
    assert trained.trials == trained.scorecard.trials == 4 * 5 + 3 + 2


def test_calibration_rests_on_rows_that_the_trees_never_saw(noise: Dataset, trained: Trained) -> None:
    for fold in walk_forward(noise.begins, noise.ends, noise.sessions, 4, 1):
        assert noise.ends[fold.fit].max() < noise.begins[fold.stop].min()
        assert noise.ends[np.r_[fold.stop, fold.calibrate]].max() < noise.begins[fold.test].min()
    assert 0 < trained.calibration.rows < trained.rows / 3


def test_it_carries_what_drift_and_the_next_model_need(noise: Dataset, trained: Trained) -> None:
    assert [feature.name for feature in trained.drift.features] == list(noise.names)
    assert trained.drift.score is not None
    assert len(trained.losses) == trained.scorecard.sessions
    assert sum(trained.base) == pytest.approx(1.0)
    assert trained.moves[0] < 0 < trained.moves[2]


def test_a_search_is_counted_and_its_overfitting_told(noise: Dataset) -> None:
    plan = msgspec.structs.replace(PLAN, search=2, folds=2, rounds=15)

    result = train(noise, plan)

    assert result.trials == 2 * 2 + 2 * 4 + 3 + 2
    assert result.scorecard.verdict is Verdict.NO_SKILL


def test_a_scorecard_survives_its_file(trained: Trained) -> None:
    assert msgspec.json.decode(msgspec.json.encode(trained.scorecard), type=Scorecard) == trained.scorecard


def test_a_strategys_trades_give_a_model_that_knows_no_hold() -> None:
    dataset = build_trades(BARS, trades(600))

    result = train(dataset, msgspec.structs.replace(PLAN, folds=2))

    p = result.calibration.apply(margins(result.model, dataset.x))
    assert np.all(p[:, 1] == 0)
    assert np.isnan(result.moves[1])
    assert result.scorecard.verdict is Verdict.NO_SKILL


def test_too_few_sessions_for_a_fold_are_refused(noise: Dataset) -> None:
    first = noise.sessions < noise.sessions[0] + 4
    few = noise._replace(
        **{
            name: getattr(noise, name)[first]
            for name in ("x", "y", "closes", "begins", "ends", "sessions", "weights", "move", "cost", "hours", "place")
        }
    )

    with pytest.raises(InputError, match="sessions"):
        train(few, PLAN)
