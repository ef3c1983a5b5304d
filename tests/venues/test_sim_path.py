import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from sidecar.domain.calendar import Calendar
from sidecar.domain.errors import InputError
from sidecar.venues.sim_path import (
    FULL_SESSION_S,
    PROFILES,
    Path,
    draw,
    expected_variance,
    opening,
    pattern,
    profile,
    seconds,
    session_length,
    smile_tilt,
)


def days(calendar: Calendar, seed: int, first: date, last: date) -> list[Path]:
    state, found = opening("NIFTY"), []
    for session in calendar.sessions_between(first, last):
        found.append(draw(seed, "NIFTY", session, state))
        state = found[-1].end
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_quarter_has_the_volatility_and_the_fat_tails_of_an_equity_index(calendar: Calendar, seed: int) -> None:
    paths = days(calendar, seed, date(2026, 1, 1), date(2026, 3, 31))
    assert len(paths) > 55
    minutes = np.concatenate([np.diff(np.log(path.spot[::60])) for path in paths])
    closes = np.log([path.spot[-1] for path in paths])
    assert 0.06 < np.sqrt(np.sum(minutes**2) / len(paths) * 252) < 0.30  # the sessions alone
    assert 0.08 < np.std(np.diff(closes)) * np.sqrt(252) < 0.35  # with the nights
    assert np.mean((minutes - minutes.mean()) ** 4) / minutes.var() ** 2 > 3.3


def test_variance_stays_positive_and_moves_against_the_price(calendar: Calendar) -> None:
    paths = days(calendar, 5, date(2026, 1, 1), date(2026, 2, 27))
    moves = np.concatenate([np.diff(np.log(path.spot)) for path in paths])
    changes = np.concatenate([np.diff(path.variance) for path in paths])
    assert min(path.variance.min() for path in paths) > 0.0
    assert np.corrcoef(moves, changes)[0, 1] < -0.3


def test_the_open_is_livelier_than_noon_and_the_pattern_averages_to_one() -> None:
    shape = pattern(FULL_SESSION_S)
    assert shape.mean() == pytest.approx(1.0)
    assert shape[:600].mean() > 2.0 * shape[10_000:12_000].mean()
    assert shape[-600:].mean() > 1.3 * shape[10_000:12_000].mean()


def test_news_jumps_happen_and_lift_variance(calendar: Calendar) -> None:
    paths = days(calendar, 4, date(2026, 1, 1), date(2026, 3, 31))
    jumps = 0
    for path in paths:
        returns = np.diff(np.log(path.spot))
        jumps += int(np.sum(np.abs(returns) > 12.0 * np.median(np.abs(returns))))
    assert 5 <= jumps <= 60


def test_a_day_is_a_function_of_seed_day_and_opening_state_alone(calendar: Calendar) -> None:
    session = calendar.session(date(2026, 8, 18))
    assert session is not None
    one, two = (draw(7, "NIFTY", session, opening("NIFTY")) for _ in range(2))
    assert one.spot.tobytes() == two.spot.tobytes()
    assert one.variance.tobytes() == two.variance.tobytes()
    assert one.skew.tobytes() == two.skew.tobytes()
    assert not np.array_equal(one.spot, draw(8, "NIFTY", session, opening("NIFTY")).spot)


def test_another_hash_seed_draws_the_same_bytes() -> None:
    program = (
        "from datetime import date\nfrom hashlib import sha256\n"
        "from sidecar.reference import load_reference\nfrom sidecar.venues.sim_path import draw, opening\n"
        "session = load_reference().calendar('NSE').session(date(2026, 11, 8))\n"
        "print(sha256(draw(7, 'NIFTY', session, opening('NIFTY')).spot.tobytes()).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_underlyings_move_together_but_not_alike(calendar: Calendar) -> None:
    session = calendar.session(date(2026, 8, 18))
    assert session is not None
    nifty, bank = (np.diff(np.log(draw(7, name, session, opening(name)).spot)) for name in ("NIFTY", "BANKNIFTY"))
    assert 0.5 < np.corrcoef(nifty, bank)[0, 1] < 0.95


def test_a_session_of_two_parts_has_no_second_in_its_break(calendar: Calendar) -> None:
    session = calendar.session(date(2024, 3, 2))
    assert session is not None
    times = seconds(session)
    assert len(times) == (45 + 60) * 60
    assert all(session.is_open(int(at)) for at in times)
    assert session_length(session) == pytest.approx(6_300 / FULL_SESSION_S)


def test_a_short_session_carries_less_variance_than_a_long_one(calendar: Calendar) -> None:
    festive = days(calendar, 3, date(2025, 10, 21), date(2025, 10, 21))[0]
    whole = days(calendar, 3, date(2025, 10, 20), date(2025, 10, 20))[0]
    assert np.sum(np.diff(np.log(festive.spot)) ** 2) < 0.5 * np.sum(np.diff(np.log(whole.spot)) ** 2)


def test_the_smile_tilts_down_always() -> None:
    tilt = smile_tilt(np.linspace(-50.0, 50.0, 101))
    assert -1.0 < tilt.min() < tilt.max() < 0.0


def test_expected_variance_rises_with_time_for_any_state() -> None:
    for variance in (0.0025, 0.02, 0.2):
        assert np.all(np.diff(expected_variance(variance, 0.013, np.linspace(0.0, 300.0, 1000))) > 0.0)


def test_an_underlying_without_a_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="NIFTY, BANKNIFTY") as refused:
        profile("GOLD")
    assert refused.value.field == "underlyings"
    assert set(PROFILES) >= {"NIFTY", "BANKNIFTY", "SENSEX"}
