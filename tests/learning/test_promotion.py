from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy import stats

from sidecar.domain.models import ModelRole, Verdict
from sidecar.learning.manifest import manifest_of
from sidecar.learning.pairing import Paired
from sidecar.learning.promotion import (
    LEVEL,
    MOST_INCREASE,
    REFRESH_SESSIONS,
    RULE,
    SHADOW_SESSIONS,
    Facts,
    facts_of,
    p_value,
    place,
    upper_bound,
)
from tests.learning.models import card, origin, trained

CHAMPION = Facts("s" * 64, "f" * 64, False, Verdict.NO_SKILL, (), 0.01)
OTHER = CHAMPION._replace(spec_hash="t" * 64)


def of(increase: list[float] | np.ndarray) -> Paired:
    found = np.asarray(increase, dtype=np.float64)
    return Paired(np.arange(len(found)), found, 20 * len(found))


def noise(number: int, mean: float = 0.0, seed: int = 1) -> Paired:
    return of(np.random.default_rng(seed).normal(mean, 0.001, number))


@pytest.mark.parametrize("verdict", [Verdict.SKILL, Verdict.NO_SKILL])
def test_the_first_sound_model_is_champion_whatever_its_verdict(verdict: Verdict) -> None:
    found = place(CHAMPION._replace(verdict=verdict), None, None)
    assert found.role is ModelRole.CHAMPION
    assert verdict.value in found.reason


@pytest.mark.parametrize("champion", [None, CHAMPION])
def test_a_leak_or_a_dead_canary_is_never_scored_with(champion: Facts | None) -> None:
    for bad in (card(Verdict.LEAK), card(canary=False)):
        found = place(facts_of(manifest_of(trained(scorecard=bad), origin(simulated=False))), champion, noise(20, -1.0))
        assert found.role is ModelRole.CANDIDATE
        assert found.reason.startswith("kept, never scored with: ")


def test_the_facts_are_the_manifests() -> None:
    manifest = manifest_of(trained(), origin())
    facts = facts_of(manifest)
    assert (facts.spec_hash, facts.feature_hash, facts.simulated) == (manifest.spec_hash, manifest.feature_hash, True)
    assert (facts.verdict, facts.faults, facts.brier_skill) == (Verdict.NO_SKILL, (), 0.01)
    assert facts_of(msgspec.structs.replace(manifest, scorecard=card(brier_skill=None))).brier_skill is None


def test_a_refresh_that_is_not_worse_follows_the_champion() -> None:
    assert place(CHAMPION, CHAMPION, noise(20)).role is ModelRole.CHAMPION
    assert place(CHAMPION, CHAMPION, of([0.0] * REFRESH_SESSIONS)).role is ModelRole.CHAMPION


def test_a_refresh_that_may_be_worse_does_not() -> None:
    assert place(CHAMPION, CHAMPION, noise(20, 0.003)).role is ModelRole.CANDIDATE
    unclear = of(np.random.default_rng(2).normal(0.0, 0.02, 20))
    assert upper_bound(unclear) > MOST_INCREASE
    assert place(CHAMPION, CHAMPION, unclear).role is ModelRole.CANDIDATE


@pytest.mark.parametrize("paired", [None, of([]), noise(REFRESH_SESSIONS - 1, -1.0)])
def test_a_refresh_without_enough_sessions_to_compare_stays_a_candidate(paired: Paired | None) -> None:
    found = place(CHAMPION, CHAMPION, paired)
    assert found.role is ModelRole.CANDIDATE
    assert f"{REFRESH_SESSIONS} are needed" in found.reason


@pytest.mark.parametrize("paired", [None, of([]), noise(SHADOW_SESSIONS - 1, -1.0)])
def test_another_spec_begins_as_a_challenger(paired: Paired | None) -> None:
    found = place(OTHER, CHAMPION, paired)
    assert found.role is ModelRole.CHALLENGER
    assert f"of {SHADOW_SESSIONS} live sessions" in found.reason


def test_a_challenger_that_is_clearly_better_is_promoted() -> None:
    found = place(OTHER, CHAMPION, noise(SHADOW_SESSIONS, -0.002))
    assert found.role is ModelRole.CHAMPION
    assert "clearly better" in found.reason


@pytest.mark.parametrize("skill", [None, 0.0, -0.01])
def test_but_not_without_brier_skill(skill: float | None) -> None:
    found = place(OTHER._replace(brier_skill=skill), CHAMPION, noise(SHADOW_SESSIONS, -0.002))
    assert found.role is ModelRole.CHALLENGER
    assert "without Brier skill" in found.reason


def test_nor_at_the_usual_five_per_cent() -> None:
    paired = of(np.random.default_rng(4).normal(-0.0005, 0.001, SHADOW_SESSIONS))
    assert LEVEL < p_value(paired) < 0.05
    assert place(OTHER, CHAMPION, paired).role is ModelRole.CHALLENGER


def test_simulated_data_never_follows_recorded_data_and_recorded_data_does_at_once() -> None:
    simulated = CHAMPION._replace(simulated=True)
    assert place(simulated, CHAMPION, noise(20, -1.0)).role is ModelRole.CANDIDATE
    assert place(CHAMPION, simulated, None).role is ModelRole.CHAMPION
    assert place(OTHER, simulated, None).role is ModelRole.CHAMPION


def test_a_champion_whose_features_are_gone_is_followed_by_the_first_sound_model() -> None:
    assert place(CHAMPION, CHAMPION._replace(feature_hash="e" * 64), None).role is ModelRole.CHAMPION


def test_bound_and_p_value_are_those_of_students_test() -> None:
    paired = noise(25, -0.0001)
    theirs = stats.ttest_1samp(paired.increase, 0.0, alternative="less")
    assert p_value(paired) == pytest.approx(theirs.pvalue)
    assert upper_bound(paired) == pytest.approx(theirs.confidence_interval(0.95).high)


def test_sessions_without_a_difference_are_no_evidence() -> None:
    assert p_value(of([0.0] * 20)) == 1.0
    assert p_value(of([-0.125] * 20)) == 0.0
    assert p_value(of([0.125] * 20)) == 1.0


def promotions(seed: int, sessions: int, rule: float) -> int:
    """How often challengers of the champion's own skill take its place; each begins with an empty record."""
    rng = np.random.default_rng(seed)
    record: list[float] = []
    count = 0
    for increase in rng.normal(0.0, 0.01, sessions):
        record.append(float(increase))
        if len(record) >= SHADOW_SESSIONS and p_value(of(record)) < rule:
            record, count = [], count + 1
    return count


def test_challengers_of_equal_skill_are_promoted_less_than_once_in_250_sessions() -> None:
    found = [promotions(seed, 250, LEVEL) for seed in range(40)]
    assert np.mean(found) <= 0.5
    assert np.mean([promotions(seed, 250, 0.5) for seed in range(5)]) > 3  # "promote if better"


def test_the_rule_states_its_numbers() -> None:
    for number in (f"{LEVEL:.1%}", str(MOST_INCREASE), f"{REFRESH_SESSIONS} sessions", f"{SHADOW_SESSIONS} live"):
        assert number in RULE
