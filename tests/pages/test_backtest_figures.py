"""Pictures of backtests: an account beside its benchmark, runs from a common 100, signed parts, costs step by step."""

from __future__ import annotations

from typing import Any

from pages.parts import backtest_figures

AT = ("2025-11-24T04:00:00+00:00", "2025-11-24T05:00:00+00:00")


def run(*values: float | None, simulated: bool = True) -> dict[str, Any]:
    points = [{"timestamp": at, "equity": value, "drawdown": 0.1} for at, value in zip(AT, values, strict=False)]
    return {"equity_curve": points, "benchmark_curve": points[:1], "simulated": simulated}


def test_the_account_stands_beside_its_benchmark_and_over_its_drawdown() -> None:
    figure = backtest_figures.equity(run(100.0, None), "INR", "B1")
    account, benchmark, depth = figure.data
    assert list(account.y) == [100.0, None]
    assert account.x[0].strftime("%H:%M") == "09:30"
    assert benchmark.line.dash != account.line.dash
    assert list(depth.y) == [-10.0, -10.0]
    assert "SIMULATED" in figure.layout.xaxis2.title.text


def test_runs_begin_at_a_hundred_and_one_that_is_empty_is_left_out() -> None:
    first, second = backtest_figures.overlay({"<b>a": run(200.0, 220.0), "b": run(50.0, 25.0), "c": run()}).data
    assert list(first.y) == [100.0, 110.0]
    assert list(second.y) == [100.0, 50.0]
    assert first.line.dash != second.line.dash
    assert first.name == "&lt;b&gt;a (simulated)"


def test_a_loss_is_told_by_its_sign_and_its_pattern() -> None:
    (bars,) = backtest_figures.parts(
        [{"name": "2025", "net_profit": 10.0, "trades": 2}, {"name": "2026", "net_profit": -4.0}], "INR", "years"
    ).data
    assert list(bars.y) == [10.0, -4.0]
    assert list(bars.marker.pattern.shape) == ["", "/"]


def test_costs_lead_from_before_them_to_the_net_and_what_is_unknown_is_not_drawn() -> None:
    metrics = {"net_profit": -5.0, "total_commission": 3.0, "total_slippage": 1.0}
    (steps,) = backtest_figures.costs(metrics, "INR").data
    assert list(steps.y) == [-1.0, -1.0, -3.0, -5.0]
    assert not backtest_figures.costs({**metrics, "total_slippage": None}, "INR").data
