"""Bars of a desk's reports: what was known, when, and what was too old."""

from __future__ import annotations

from datetime import date
from math import nan

import pytest

from sidecar.domain.bars import Bar
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.pricing.daycount import years
from tests.learning.watched import CLOSE, COST, EXPIRIES, OPEN, SPOT, VOLATILITY, minute, seen, watching


def bars(*reports: object) -> list[Bar]:
    watcher = watching()
    return [bar for one in reports if (bar := watcher.take(one)) is not None]  # type: ignore[arg-type]


def test_a_bar_is_told_by_the_first_report_after_its_end_with_the_chain_of_the_last_one_inside() -> None:
    inside = seen(minute(0, 50), 26_110.0, volume=300.0, vix=13.5)
    (bar,) = bars(seen(OPEN, volume=75.0), inside, seen(minute(1, 2), 26_500.0, volume=900.0, vix=20.0))
    assert (bar.at, bar.closes_at, bar.known_at) == (OPEN, OPEN + MINUTE, minute(1, 2))
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (SPOT, 26_110.0, SPOT, 26_110.0, 300.0)
    assert (bar.vix, bar.future, bar.cost, bar.source, bar.simulated) == (13.5, 26_130.0, COST, "live", True)
    assert bar.atm_iv == pytest.approx(VOLATILITY, abs=2e-3)
    assert bar.t1 == years(minute(0, 50), EXPIRIES[0][1])
    assert bar.future_t == years(minute(0, 50), EXPIRIES[1][1])
    assert (bar.oi_call, bar.oi_put, bar.volume_call) == (5 * 7_500.0, 5 * 7_500.0, 5 * 750.0)
    assert (bar.minute, bar.session, bar.expiry) == (0.0, date(2025, 11, 24).toordinal(), 20_251_125.0)


def test_a_bar_that_had_begun_before_the_first_report_is_never_told() -> None:
    late = [seen(minute(3, 20)), seen(minute(3, 50)), seen(minute(4, 1)), seen(minute(5, 1))]
    assert [bar.at for bar in bars(*late)] == [minute(4)]


def test_what_is_older_than_a_minute_is_unknown_and_open_interest_than_five() -> None:
    (bar,) = bars(
        seen(OPEN), seen(minute(0, 30), old=0), seen(minute(0, 59), 27_000.0, old=61 * SECOND), seen(minute(1))
    )
    assert bar.close == SPOT  # a stale price is none
    assert bar.atm_iv != bar.atm_iv
    assert bar.oi_call == 5 * 7_500.0
    (bar,) = bars(seen(OPEN), seen(minute(0, 59), old=301 * SECOND), seen(minute(1)))
    assert bar.oi_call != bar.oi_call
    assert bar.vix == 13.0  # of the last report that knew it


def test_the_last_bar_of_a_session_is_closed_by_the_clock() -> None:
    found = bars(seen(CLOSE - MINUTE), seen(CLOSE - SECOND, 26_120.0), seen(CLOSE, 1.0), seen(CLOSE + MINUTE, 1.0))
    assert [(bar.closes_at, bar.close, bar.known_at) for bar in found] == [(CLOSE, 26_120.0, CLOSE)]


def test_nothing_seen_makes_no_bar() -> None:
    empty = seen(minute(2, 1), nan)
    assert [bar.at for bar in bars(seen(OPEN), seen(minute(1)), empty, seen(minute(3)), seen(minute(4)))] == [
        OPEN,
        minute(1),
        minute(3),
    ]
