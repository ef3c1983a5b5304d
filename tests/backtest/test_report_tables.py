from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sidecar.backtest import report_tables
from sidecar.backtest.wording import change, earned, percent, ratio
from sidecar.domain.backtest_result import Estimate, Trial
from tests.backtest.results import result
from tests.backtest.runs import ZONE, grown


def test_every_figure_at_the_head_has_its_value_interval_and_benchmark() -> None:
    found = result()
    text = report_tables.headline(found)
    assert text.count("<tr>") == len(report_tables.HEADLINE) + 1
    assert found.benchmark is not None
    assert change(found.benchmark.total_return) in text
    assert report_tables.interval(found.uncertainty["volatility"], percent) in text


def test_an_interval_that_is_not_known_is_a_dash() -> None:
    assert report_tables.interval(Estimate(1.0), ratio) == "–"
    assert report_tables.interval(None, ratio) == "–"
    assert report_tables.interval(Estimate(1.0, 0.5, 2.0), ratio) == "0.50 to 2.00"


def test_months_are_those_of_their_sessions_and_make_the_year() -> None:
    days = [date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2025, 3, 3)]
    text = report_tables.months(days, np.array([0.1, -0.05, 0.02, -0.01]))
    assert text.count(">+4.5<") == 1
    assert text.count(">+2.0<") == 1
    assert text.count(">+6.6<") == 1
    assert text.count(">−1.0<") == 2  # March, and so the year


def test_only_the_first_trades_are_listed() -> None:
    found = result()
    assert report_tables.trades(found.trades * 100, ZONE).count("<tr>") == report_tables.LISTED + 1


def test_a_window_without_a_session_has_dashes_for_figures() -> None:
    found = result()
    with_part = report_tables.windows(found.windows, found.window_parts, ZONE)
    without = report_tables.windows(found.windows, (), ZONE)
    assert "2024-01-01 to 2024-02-29" in with_part
    assert without.count("<td>–</td>") == 4
    assert with_part.count("<td>–</td>") == 0


def test_trials_are_ranked_and_an_unknown_ratio_comes_last() -> None:
    tried = [Trial({"fast": 1.0}, 0.0, float("nan"), 0), Trial({"fast": 2.0}, 0.0, 1.0, 5), Trial({}, 0.0, 2.0, 5)]
    text = report_tables.trials(tried)
    assert text.index("as it comes") < text.index("fast 2") < text.index("fast 1")


def test_money_before_costs_is_the_gross_and_what_slippage_took() -> None:
    found = result()
    gross = sum(trade.gross_pnl for trade in found.trades)
    text = report_tables.money_table(gross, found)
    assert earned(float(gross) + found.performance_metrics.total_slippage) in text
    assert earned(found.performance_metrics.net_profit) in text


@pytest.mark.parametrize("shown", [report_tables.headline, report_tables.traded])
def test_tables_of_a_run_that_never_traded_are_dashes_and_no_error(shown: object) -> None:
    assert callable(shown)
    text = shown(result(grown([0.0] * 5)))
    assert "–" in text
    assert "nan" not in text
