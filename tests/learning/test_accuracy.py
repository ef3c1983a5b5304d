"""The live scorecard: intervals that cover, no skill without evidence, amber and red where they belong."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from sidecar.domain.models import Verdict
from sidecar.learning.accuracy import family_score, flagged, live_score
from sidecar.learning.intervals import accuracy_interval
from sidecar.learning.live_scores import FamilyScore, Flag, Outcomes, Promise
from sidecar.learning.scorecard import Interval
from sidecar.learning.scores import hits, scores

BASE = (0.3, 0.4, 0.3)
PROMISE = Promise("m1", Verdict.SKILL, 0.45, 0.42, 0.48, 0.52, 0.53, 0.004, BASE, 0.016)
DAY = 120


def outcomes(sessions: int, right: float, seed: int = 1, horizon: int = 1) -> Outcomes:
    """``sessions`` of outcomes, each of which holds for ``horizon`` bars, of a model so often right."""
    rng = np.random.default_rng(seed)
    n = sessions * DAY
    y = np.repeat(rng.choice(3, size=n // horizon + 1, p=BASE), horizon)[:n].astype(np.int8)
    correct = np.repeat(rng.random(n // horizon + 1) < right, horizon)[:n]
    guess = np.where(correct, y, 2 - y)
    p = np.full((n, 3), 0.3)
    p[np.arange(n), guess] = 0.4
    at = np.arange(n, dtype=np.int64)
    names = np.full(n, "m1", dtype=object)
    return Outcomes(names, at, p, y, np.full(n, np.nan), at // DAY, 9 + at % DAY // 20, np.full(n, "usual", object))


def told(rows: Outcomes, by: str = "", promised: Promise | None = PROMISE, **more: Any) -> FamilyScore:
    return family_score("NIFTY fixed_horizon 15", 1, rows, 4, promised, by, **more)


def test_the_numbers_are_those_of_the_scores_and_unknowable_rows_count_nowhere() -> None:
    rows = outcomes(4, 0.5)
    rows.y[:10] = -1
    found = told(rows)
    assert found.total.scores == scores(rows.y, rows.p, BASE)
    assert (found.total.matured, found.total.unknowable, found.pending) == (4 * DAY - 10, 10, 4)
    assert [part.name for part in found.total.baselines] == ["majority"]
    assert sum(one.n for one in found.total.reliability) == found.total.matured


def test_nothing_matured_is_unknown_and_not_nought() -> None:
    rows = outcomes(1, 0.5)
    found = told(rows.of(np.zeros(DAY, dtype=bool)))
    assert (found.flag, found.says, found.total.accuracy) == (Flag.UNKNOWN, "Nothing has matured yet.", None)
    assert found.total.scores.accuracy is None


def test_a_coin_has_no_evidence_of_skill_and_a_model_with_some_has() -> None:
    assert told(outcomes(20, 0.5)).says.startswith("No evidence of skill: the direction")
    assert told(outcomes(20, 0.62)).says.startswith("Skill: ")
    assert "too few sessions" in told(outcomes(1, 0.62)).says


def test_amber_where_the_promise_is_outside_the_interval_and_red_where_no_honest_model_is() -> None:
    honest = outcomes(20, 0.51)
    low, high = told(honest).total.accuracy.low, told(honest).total.accuracy.high  # type: ignore[union-attr]
    for promised, flag in ((0.5 * (low + high), Flag.GREEN), (high + 0.01, Flag.AMBER), (low - 0.01, Flag.AMBER)):
        assert flagged(told(honest).total, msgspec.structs.replace(PROMISE, accuracy=promised))[0] is flag
    assert "is below the promised" in told(honest, promised=msgspec.structs.replace(PROMISE, accuracy=high + 0.1)).says
    assert told(outcomes(4, 0.9)).flag is Flag.UNKNOWN  # one trend is no evidence
    leak = told(outcomes(20, 0.75))
    assert leak.flag is Flag.RED
    assert "look for a leak" in leak.says
    assert told(honest, promised=None).flag is Flag.UNKNOWN


def test_the_interval_rests_on_as_many_rows_as_overlapping_labels_are_worth() -> None:
    rows = outcomes(5, 0.5, horizon=15)
    found = live_score("*", rows, 15, BASE)
    low, high, worth = accuracy_interval(hits(rows.y, rows.p), 15)
    assert (found.accuracy, found.effective_n) == (Interval(low, high), worth)
    assert worth < len(rows.y) / 8
    naive = live_score("*", rows, 1, BASE).accuracy
    assert naive is not None
    assert high - low > 2.5 * (naive.high - naive.low)


def test_a_record_is_parted_by_hour_model_and_regime() -> None:
    rows = outcomes(4, 0.5)
    rows.model_id[: 2 * DAY] = "m0"
    rows.regime[::3] = "rough"
    hours, models, regimes = (told(rows, by) for by in ("hour", "model", "regime"))
    assert [part.name for part in hours.parts] == [f"{hour:02d}:00" for hour in range(9, 15)]
    assert [(part.name, part.matured) for part in models.parts] == [("m0", 2 * DAY), ("m1", 2 * DAY)]
    assert [part.name for part in regimes.parts] == ["usual", "rough"]
    assert hours.total.matured == sum(part.matured for part in hours.parts) == 2 * DAY
    assert told(rows).parts == ()


def test_persistence_names_the_side_of_the_last_move() -> None:
    rows = outcomes(4, 0.5)
    known = rows._replace(last=np.where(rows.y == 2, 0.01, -0.01))
    (persistence,) = [part for part in told(known).total.baselines if part.name == "persistence"]
    assert persistence.scores.auc is not None
    assert persistence.scores.auc > 0.99
