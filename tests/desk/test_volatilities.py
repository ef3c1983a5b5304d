from math import isnan, nan

import pytest

from sidecar.desk.volatilities import Level, Volatilities, level
from sidecar.domain.clock import DAY, MINUTE, SECOND


def told(*values: float, expiry: str = "e", every: int = SECOND) -> Volatilities:
    found = Volatilities()
    for number, value in enumerate(values):
        found.look({"N": (expiry, 2 * DAY, value)}, (number + 1) * every, is_open=True)
    return found


@pytest.mark.parametrize(
    ("expiries", "expected"),
    [
        ([], None),
        ([("a", DAY, 0.2), ("b", 2 * DAY, 0.3), ("c", 3 * DAY, 0.4)], "b"),
        ([("b", DAY, 0.3), ("a", DAY // 2, 0.2)], "b"),
    ],
)
def test_the_expiry_watched_is_the_nearest_that_is_not_about_to_end(
    expiries: list[Level], expected: str | None
) -> None:
    found = level(expiries)
    assert (found[0] if found else None) == expected


def test_a_jump_and_a_fall_are_shocks_against_the_farthest_level_of_the_window() -> None:
    assert told(0.2, 0.2, 0.2, 0.2).shock(["N"]) == 0.0
    assert told(0.2, 0.2, 0.2, 0.3).shock(["N"]) == pytest.approx(0.5)
    assert told(0.2, 0.2, 0.2, 0.1).shock(["N"]) == pytest.approx(0.5)
    assert told(*[0.2] * 3, *[0.3] * 3, 0.25).shock(["N"]) == pytest.approx(0.25)


def test_one_wrong_level_among_right_ones_is_no_level_to_compare_with() -> None:
    assert told(0.2, 0.2, 0.2, 0.01, 0.2, 0.2, 0.2).shock(["N"]) == 0.0
    assert told(0.2, 0.2, 0.2, nan, 0.2).shock(["N"]) == 0.0
    assert told(0.2, 0.2, 0.2, 0.0, -1.0, 0.2).shock(["N"]) == 0.0


def test_until_there_is_something_to_compare_with_nothing_has_changed_and_what_is_unknown_is_unknown() -> None:
    assert told(0.2, 0.9).shock(["N"]) == 0.0
    assert isnan(told(nan).shock(["N"]))
    assert isnan(told(0.2, 0.2, 0.2, nan).shock(["N"]))
    assert told(0.2).shock(["other"]) == 0.0
    both = told(0.2, 0.2, 0.2)
    both.look({"N": ("e", 2 * DAY, 0.3), "M": ("e", 2 * DAY, nan), "X": None}, 9 * SECOND, is_open=True)
    assert both.shock(["N", "X"]) == pytest.approx(0.5)
    assert isnan(both.shock(["N", "M"]))


def test_what_is_older_than_five_minutes_is_forgotten() -> None:
    found = told(*[0.2] * 3, *[0.3] * 3)
    at = 6 * SECOND + 5 * MINUTE
    for step in range(1, 4):
        found.look({"N": ("e", 2 * DAY, 0.3)}, at + step * SECOND, is_open=True)
    assert found.shock(["N"]) == 0.0


def test_a_level_is_noted_once_a_second() -> None:
    fast = told(0.2, 0.2, 0.2, 0.3, every=SECOND // 10)
    assert fast.shock(["N"]) == 0.0


def test_another_expiry_and_a_closed_session_begin_anew() -> None:
    found = told(0.2, 0.2, 0.2)
    found.look({"N": ("f", 2 * DAY, 0.4)}, 9 * SECOND, is_open=True)
    assert found.shock(["N"]) == 0.0
    found = told(0.2, 0.2, 0.2)
    found.look({"N": ("e", 2 * DAY, 0.4)}, 9 * SECOND, is_open=False)
    assert found.shock(["N"]) == 0.0
