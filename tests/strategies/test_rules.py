"""What every rule of the catalogue must keep to: step by step and all at once are the same, and nothing is foreseen."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.strategies.catalogue import CATALOGUE
from sidecar.strategies.rules import ClosedBar, Rule, stepped

RULES = [name for name, entry in CATALOGUE.items() if entry.rule is not None]
Bars = dict[str, NDArray[np.float64]]


def rule_named(name: str) -> Rule:
    make = CATALOGUE[name].rule
    assert make is not None
    return make({})


def walk(seed: int, n: int = 600) -> Bars:
    """A seeded walk on the tick grid with quiet stretches, sessions of 75 bars, and a model that is often silent."""
    rng = np.random.default_rng(seed)
    moves = rng.integers(-400, 401, n) * (rng.random(n) < rng.choice([0.05, 0.5, 1.0]))
    close = np.round(24_000.0 + np.cumsum(moves) * 0.05, 2)
    p = rng.dirichlet((2.0, 2.0, 2.0), n)
    p[rng.random(n) < 0.2] = nan
    return {
        "close": close,
        "first": (np.arange(n) % 75 == 0).astype(np.float64),
        "p_sell": p[:, 0],
        "p_hold": p[:, 1],
        "p_buy": p[:, 2],
    }


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(6))
def test_bar_by_bar_and_all_at_once_want_the_same_to_the_last_bit(name: str, seed: int) -> None:
    rule, bars = rule_named(name), walk(seed)
    assert stepped(rule, bars).tobytes() == rule.batch(bars).tobytes()


@pytest.mark.parametrize("name", RULES)
def test_what_comes_later_changes_nothing_that_was_wanted_before(name: str) -> None:
    rule, bars, other = rule_named(name), walk(11), walk(12)
    wanted = rule.batch(bars)
    for cut in (1, 49, 50, 137, 599):
        scrambled = {key: np.concatenate([bars[key][:cut], other[key][cut:]]) for key in bars}
        assert rule.batch(scrambled)[:cut].tobytes() == wanted[:cut].tobytes()
        shorter = {key: column[:cut] for key, column in bars.items()}
        assert rule.batch(shorter).tobytes() == wanted[:cut].tobytes()


@pytest.mark.parametrize("name", RULES)
def test_a_target_is_a_share_of_the_size_or_nothing_at_all(name: str) -> None:
    found = np.concatenate([rule_named(name).batch(walk(seed)) for seed in range(4)])
    known = found[np.isfinite(found)]
    assert known.size > 1_000
    assert set(np.unique(known)) <= {-1.0, 0.0, 1.0}
    assert 1.0 in known, "a rule that never buys is none"


@pytest.mark.parametrize("name", RULES)
def test_two_runs_of_a_rule_share_nothing(name: str) -> None:
    rule, bars = rule_named(name), walk(3)
    one, two = rule.stepper(), rule.stepper()
    rows = [ClosedBar(0, *row) for row in zip(*(bars[key].tolist() for key in bars), strict=True)]
    first = [one(row) for row in rows]
    for row in rows[:100]:
        two(row._replace(close=row.close / 2))
    assert np.array([rule.stepper()(row) for row in rows[:1]]).tobytes() == np.array(first[:1]).tobytes()
    assert np.array(first).tobytes() == rule.batch(bars).tobytes()


@pytest.mark.parametrize("name", RULES)
def test_no_bars_are_no_targets(name: str) -> None:
    assert rule_named(name).batch({key: column[:0] for key, column in walk(1).items()}).shape == (0,)
