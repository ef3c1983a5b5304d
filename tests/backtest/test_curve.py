from __future__ import annotations

from math import isnan

import numpy as np

from sidecar.backtest.curve import curve_of, dated, day_of, days_of
from sidecar.domain.clock import DAY, MINUTE
from tests.backtest.runs import CALENDAR, FIRST, open_at, run_of


def test_days_are_the_exchanges_and_not_those_of_utc() -> None:
    midnight = open_at(1) - 555 * MINUTE
    at = np.array([midnight - 1, midnight, midnight + DAY - 1, midnight + DAY], np.int64)
    found = days_of(at, CALENDAR)
    assert list(found - FIRST.toordinal()) == [0, 1, 1, 2]
    assert [day_of(int(one), CALENDAR) for one in at] == list(found)
    assert [day.isoformat() for day in dated(found[:2])] == ["2024-01-01", "2024-01-02"]


def test_no_instants_have_no_days() -> None:
    assert days_of(np.empty(0, np.int64), CALENDAR).size == 0


def test_a_session_begins_with_what_the_one_before_left() -> None:
    curve = curve_of(run_of(equity=(110.0, 99.0, 120.0)), 100.0, CALENDAR)
    assert list(curve.base()) == [100.0, 110.0, 99.0]
    assert list(curve.last) == [0, 1, 2]


def test_after_ruin_there_is_no_return() -> None:
    returns = curve_of(run_of(equity=(-5.0, 10.0, 20.0)), 100.0, CALENDAR).returns()
    assert returns[0] == -1.05
    assert isnan(returns[1])
    assert returns[2] == 1.0
