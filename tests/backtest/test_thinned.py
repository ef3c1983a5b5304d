from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sidecar.backtest.curve import Curve, curve_of
from sidecar.backtest.statistics import deepest_drawdown
from sidecar.backtest.thinned import MOST, equity_points
from sidecar.domain.clock import MINUTE
from tests.backtest.runs import CALENDAR, open_at, run_of


def walked(sessions: int, bars: int) -> Curve:
    rng = np.random.default_rng(sessions)
    at: Sequence[int] = [open_at(day) + bar * MINUTE for day in range(sessions) for bar in range(bars)]
    return curve_of(run_of(equity=list(100 + np.cumsum(rng.normal(0, 0.1, len(at)))), at=at), 100.0, CALENDAR)


@pytest.mark.parametrize(("sessions", "bars"), [(1, 3), (40, 375), (1000, 2), (1000, 5)])
def test_a_thinned_curve_keeps_ends_extremes_every_close_and_its_true_drawdown(sessions: int, bars: int) -> None:
    curve = walked(sessions, bars)
    points = equity_points(curve)
    shown = {point.at: point for point in points}
    assert len(points) == min(MOST, curve.at.size)
    assert [point.at for point in points] == sorted(shown)
    assert {int(curve.at[one]) for one in curve.last} <= set(shown)
    assert (points[0].at, points[-1].at) == (int(curve.at[0]), int(curve.at[-1]))
    assert max(point.equity for point in points) == curve.equity.max()
    assert min(point.equity for point in points) == curve.equity.min()
    assert max(point.drawdown for point in points) == deepest_drawdown(curve)


def test_with_more_sessions_than_points_every_second_is_kept_and_never_more_than_asked() -> None:
    points = equity_points(walked(1000, 2), 600)
    assert 500 <= len(points) <= 600


def test_no_marks_are_no_points() -> None:
    assert equity_points(curve_of(run_of(), 1.0, CALENDAR)) == ()
