from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.backtest import plots
from sidecar.backtest.wording import moment
from tests.backtest.results import result, traded
from tests.backtest.runs import ZONE, run_of


def parts(figure: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


def test_the_equity_picture_holds_the_curve_the_benchmark_the_trades_and_the_drawdown() -> None:
    found = result()
    drawn = parts(plots.equity(found, ZONE))
    assert list(drawn["this strategy"].y) == [point.equity for point in found.equity_curve]
    assert list(drawn["drawdown"].y) == [-100 * point.drawdown for point in found.equity_curve]
    assert len(drawn["bought and held"].y) == len(found.benchmark_curve)
    assert len(drawn["trade won"].x) == found.winning_trades
    assert len(drawn["trade lost"].x) == found.losing_trades
    assert drawn["trade won"].marker.symbol != drawn["trade lost"].marker.symbol


def test_sessions_stand_side_by_side_and_their_marks_in_order() -> None:
    figure = plots.equity(result(), ZONE)
    x = np.array(parts(figure)["this strategy"].x)
    assert (np.diff(x) > 0).all()
    assert list(np.unique(np.floor(x))) == list(range(60))
    assert "IST" in figure.layout.xaxis2.title.text
    assert figure.layout.xaxis2.ticktext[0] == "01 Jan<br>2024"
    assert len(figure.layout.xaxis2.ticktext) <= 8


def test_a_trade_stands_on_the_line_where_it_ended() -> None:
    found = result()
    drawn = parts(plots.equity(found, ZONE))
    first = next(trade for trade in sorted(found.trades, key=lambda one: -abs(one.net_pnl)) if trade.net_pnl > 0)
    assert drawn["trade won"].text[0] == moment(first.closed_at, ZONE)
    at = [point.at for point in found.equity_curve]
    assert drawn["trade won"].y[0] == np.interp(first.closed_at, at, [point.equity for point in found.equity_curve])


def test_only_the_largest_trades_are_drawn() -> None:
    found = result()
    many = found.trades * 100
    drawn = parts(plots.equity(msgspec.structs.replace(found, trades=many), ZONE))
    assert len(drawn["trade won"].x) + len(drawn["trade lost"].x) <= plots.MARKED


@pytest.mark.parametrize("run", [run_of(), run_of(equity=[1_000_000.0])])
def test_a_picture_of_next_to_nothing_is_no_error(run: Any) -> None:
    assert parts(plots.equity(result(run), ZONE))["this strategy"].y is not None


def test_every_session_is_in_one_bar_and_none_straddles_nothing() -> None:
    returns = np.r_[np.random.default_rng(1).normal(0, 0.01, 200), np.zeros(50)]
    drawn = parts(plots.returns(returns, 0.02))
    below, above = drawn["below 0"], drawn["0 or above"]
    assert sum(below.y) == (returns < 0).sum()
    assert sum(above.y) == (returns >= 0).sum()
    assert below.marker.pattern.shape == "/"


@pytest.mark.parametrize("returns", [np.zeros(3), np.array([0.01]), np.array([-0.02, -0.02])])
def test_few_or_equal_returns_have_a_histogram(returns: np.ndarray) -> None:
    drawn = parts(plots.returns(returns, float("nan")))
    assert sum(drawn["below 0"].y) + sum(drawn["0 or above"].y) == returns.size


def test_costs_fall_from_before_any_to_the_net() -> None:
    (drawn,) = plots.costs(100.0, 30.0, 5.0).data
    assert list(drawn.y) == [105.0, -5.0, -30.0, 70.0]
    assert list(drawn.measure) == ["absolute", "relative", "relative", "total"]
    assert list(drawn.text) == ["+105", "−5", "−30", "+70"]


def test_every_axis_has_a_title_with_its_unit() -> None:
    for figure in (plots.equity(result(traded()), ZONE), plots.returns(np.array([0.01]), 0.01)):
        titles = [axis.title.text for axis in (*figure.select_yaxes(), *figure.select_xaxes())]
        assert sum(title is not None for title in titles) >= len(titles) - 1  # the upper time axis is the lower one
