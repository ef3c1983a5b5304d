from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.domain.errors import InputError
from sidecar.learning.drift import (
    LEAST_WINDOWS,
    SCORE,
    WINDOWS,
    DriftReference,
    FeatureReference,
    drift,
    psi,
    reference,
    score_reference,
)

BARS = 75


def days(first: int, number: int) -> NDArray[np.int64]:
    """The session of every bar."""
    return np.repeat(np.arange(first, first + number), BARS)


def feature(rng: np.random.Generator, number: int, daily: float) -> NDArray[np.float64]:
    """A stationary feature of variance 1 over ``number`` sessions, a share of which is the session's own level."""
    level = np.repeat(rng.normal(size=number), BARS)
    return np.asarray(daily**0.5 * level + (1 - daily) ** 0.5 * rng.normal(size=number * BARS))


def of(values: NDArray[np.float64], first: int = 0) -> DriftReference:
    return reference(values[:, None], days(first, len(values) // BARS), ("f",))


@pytest.mark.parametrize("daily", [0.0, 0.5, 1.0])
def test_without_drift_at_most_two_in_a_hundred_windows_alarm(daily: float) -> None:
    alarms, moved = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        made, live = of(feature(rng, 500, daily)), feature(rng, 400, daily)
        for end in range(made.features[0].window, 401, 20):
            window = live[: end * BARS, None]
            alarms.append(drift(made, window, days(500, end))[0].alarm)
            moved.append(drift(made, window + 1.0, days(500, end))[0].alarm)
    assert np.mean(alarms) <= 0.02
    assert np.mean(moved) >= 0.97


@pytest.mark.parametrize("daily", [0.0, 0.5, 1.0])
def test_a_mean_that_moves_by_a_standard_deviation_alarms_within_two_windows(daily: float) -> None:
    for seed in range(12):
        rng = np.random.default_rng(100 + seed)
        made = of(feature(rng, 500, daily))
        window = made.features[0].window
        live = feature(rng, 2 * window, daily)[:, None] + 1.0
        ends = range(window, 2 * window + 1, 5)
        assert any(drift(made, live[: end * BARS], days(500, end))[0].alarm for end in ends)


def test_a_daily_feature_is_watched_over_the_longer_window() -> None:
    rng = np.random.default_rng(3)
    fast, slow = of(feature(rng, 300, 0.0)).features[0], of(feature(rng, 300, 1.0)).features[0]
    assert (fast.window, slow.window) == WINDOWS
    assert fast.threshold is not None
    assert slow.threshold is not None
    assert fast.threshold < 0.05 < slow.threshold


def test_fewer_sessions_than_the_window_are_unknown_and_no_alarm() -> None:
    rng = np.random.default_rng(4)
    made = of(feature(rng, 100, 0.0))
    short = drift(made, feature(rng, 19, 0.0)[:, None] + 5.0, days(100, 19))[0]
    assert (short.enough, short.alarm, short.sessions, short.window) == (False, False, 19, 20)
    assert short.psi is not None
    assert short.psi > 1.0
    assert drift(made, feature(rng, 20, 0.0)[:, None] + 5.0, days(100, 20))[0].alarm
    none = drift(made, np.zeros((0, 1)), np.zeros(0, dtype=np.int64))[0]
    assert (none.psi, none.alarm, none.sessions) == (None, False, 0)


def test_a_training_too_short_for_a_limit_has_none() -> None:
    rng = np.random.default_rng(5)
    made = of(feature(rng, LEAST_WINDOWS * WINDOWS[0] - 1, 0.0))
    assert made.features[0].threshold is None
    line = drift(made, feature(rng, 40, 0.0)[:, None] + 5.0, days(100, 40))[0]
    assert (line.enough, line.alarm) == (False, False)


def test_only_the_last_window_counts() -> None:
    rng = np.random.default_rng(6)
    made = of(feature(rng, 200, 0.0))
    live = feature(rng, 60, 0.0)
    live[: 40 * BARS] += 3.0
    assert not drift(made, live[:, None], days(200, 60))[0].alarm


def test_psi_is_that_of_the_textbook_formula() -> None:
    made = of(feature(np.random.default_rng(7), 100, 0.0)).features[0]
    assert len(made.edges) == 9
    assert made.shares[:-1] == pytest.approx([0.1] * 10, abs=1e-3)
    live = np.random.default_rng(8).normal(0.5, 1.0, 50_000)
    share = np.histogram(live, [-np.inf, *made.edges, np.inf])[0] / 50_000
    plain = float(((share - 0.1) * np.log(share / 0.1)).sum())
    assert psi(made, live) == pytest.approx(plain, rel=1e-3)


def test_a_shift_of_a_standard_deviation_is_about_one() -> None:
    """Jeffreys' divergence of two normals a standard deviation apart is 1; binning by deciles loses a little."""
    made = of(feature(np.random.default_rng(9), 200, 0.0)).features[0]
    found = psi(made, np.random.default_rng(10).normal(1.0, 1.0, 100_000))
    assert found is not None
    assert 0.85 < found < 1.0


def test_what_becomes_unknown_is_drift() -> None:
    rng = np.random.default_rng(11)
    made = of(feature(rng, 100, 0.0))
    live = feature(rng, 20, 0.0)
    assert not drift(made, live[:, None], days(100, 20))[0].alarm
    live[rng.random(len(live)) < 0.2] = np.nan
    assert drift(made, live[:, None], days(100, 20))[0].alarm


def test_a_feature_that_training_never_knew_drifts_when_it_becomes_known() -> None:
    made = of(np.full(100 * BARS, np.nan))
    assert made.features[0].edges == ()
    live = np.full((20 * BARS, 1), np.nan)
    assert not drift(made, live, days(100, 20))[0].alarm
    assert drift(made, np.ones((20 * BARS, 1)), days(100, 20))[0].alarm


@pytest.mark.parametrize("other", [-1.0, 2.0])
def test_a_constant_drifts_whichever_way_it_changes(other: float) -> None:
    made = of(np.ones(100 * BARS))
    assert not drift(made, np.ones((20 * BARS, 1)), days(100, 20))[0].alarm
    assert drift(made, np.full((20 * BARS, 1), other), days(100, 20))[0].alarm


def test_a_flag_has_a_bin_for_each_value() -> None:
    rng = np.random.default_rng(12)
    flag = np.repeat((rng.random(500) < 0.2).astype(float), BARS)
    made = of(flag).features[0]
    counts = [share for share in made.shares if share > 0.01]
    assert counts == pytest.approx([1 - flag.mean(), flag.mean()], abs=0.01)


def test_the_score_has_a_line_of_its_own_where_it_is_known() -> None:
    rng = np.random.default_rng(13)
    values, scores = feature(rng, 200, 0.0), feature(rng, 100, 0.0)
    made = msgspec.structs.replace(of(values), score=score_reference(scores, days(100, 100)))
    live, now = feature(rng, 40, 0.0)[:, None], feature(rng, 40, 0.0)
    now[: 10 * BARS] = np.nan  # not scored yet: neither unknown nor drift
    quiet = drift(made, live, days(200, 40), now)
    assert [(line.name, line.alarm) for line in quiet] == [("f", False), (SCORE, False)]
    assert drift(made, live, days(200, 40), now + 1.0)[-1].alarm
    assert len(drift(made, live, days(200, 40))) == 1


def test_a_reference_survives_its_file_bit_for_bit() -> None:
    made = of(feature(np.random.default_rng(14), 100, 0.5).astype(np.float32))
    assert msgspec.json.decode(msgspec.json.encode(made), type=DriftReference) == made


def test_shapes_that_do_not_fit_are_refused() -> None:
    made = of(feature(np.random.default_rng(15), 100, 0.0))
    with pytest.raises(InputError):
        drift(made, np.zeros((BARS, 2)), days(0, 1))
    with pytest.raises(InputError):
        drift(made, np.zeros((BARS, 1)), days(0, 2))
    with pytest.raises(InputError):
        drift(msgspec.structs.replace(made, score=made.features[0]), np.zeros((BARS, 1)), days(0, 1), np.zeros(3))
    with pytest.raises(InputError):
        reference(np.zeros((0, 1)), np.zeros(0, dtype=np.int64), ("f",))
    with pytest.raises(InputError):
        reference(np.zeros((3, 1)), np.zeros(3, dtype=np.int64), ("f", "g"))


def test_no_values_have_no_psi() -> None:
    assert psi(FeatureReference("f", (0.0,), (0.5, 0.498, 0.002), 20, None), np.zeros(0)) is None
