"""The catalogue: the contract's names and labels, every one fed, few enough series, and what promtool says of them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sidecar.strategies.iron_condor import _STOP
from sidecar.telemetry.buckets import BOUNDS
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.exposition import PREFIX
from sidecar.telemetry.measured import STOP_LOSS
from sidecar.telemetry.readers import Kind
from tests.telemetry.scraping import busy, crowded

#: Section 7 of the contract, whole: gauges and counters, then histograms.
NUMBERS = """
trades_total{strategy,side,status} trades_profit_total{strategy} trades_loss_total{strategy} positions_open{strategy}
positions_value{strategy} daily_pnl daily_pnl_percent unrealized_pnl realized_pnl capital_total capital_used
capital_available capital_utilization margin_used margin_available circuit_breaker_active
circuit_breaker_triggers_total{reason} max_drawdown stop_losses_triggered_total{strategy}
risk_limit_breaches_total{limit_type} market_vix market_condition{condition} market_data_updates_total{symbol}
market_data_stale orders_submitted_total{strategy,side,order_type} orders_filled_total{strategy,side}
orders_rejected_total{strategy,reason} orders_cancelled_total{strategy,reason} strategy_win_rate{strategy}
strategy_avg_pnl{strategy} strategy_sharpe_ratio{strategy} strategy_trades_today{strategy} ml_model_accuracy{model}
ml_predictions_total{model,prediction} ml_last_training_timestamp system_uptime_seconds
system_errors_total{component,severity} websocket_connections api_requests_total{endpoint,method,status}
portfolio_delta{underlying} portfolio_gamma{underlying} portfolio_vega{underlying} portfolio_theta{underlying}
portfolio_rho{underlying} var_95 expected_shortfall_975 limit_utilization_ratio{limit_type}
circuit_breaker_state{state} override_active underlying_price{symbol} atm_iv{symbol} put_call_ratio{symbol}
days_to_expiry{symbol} alerts_total{level} alerts_active{level} websocket_messages_sent_total{type}
websocket_messages_conflated_total{topic} websocket_slow_consumers_total report_seq
job_last_success_timestamp_seconds{job} job_failures_total{job} ml_auc{model} ml_brier_score{model} ml_psi{model}
store_queue_depth store_rows{table} store_size_bytes feed_reconnects_total{venue} auth_failures_total
heartbeat_age_seconds{client} fund_value{fund_id} fund_drawdown{fund_id} ticks_rejected_total{reason}
feed_gaps_total{symbol} audit_head_seq drill_age_seconds build_info{version,config}
"""
HISTOGRAMS = """
trades_pnl{strategy} market_data_age_seconds{symbol} order_fill_time_seconds{strategy} ml_training_duration_seconds
api_request_duration_seconds{endpoint,method} option_spread_ratio{symbol} websocket_send_seconds
tick_to_report_seconds store_commit_seconds emergency_stop_seconds loop_lag_seconds journal_sync_seconds
"""
#: What of the contract's names promtool dislikes, and why it stays: the contract names it so.
DISLIKED = {
    "trading_capital_total": 'non-counter metrics should not have "_total" suffix',
    "trading_days_to_expiry": 'use base unit "seconds" instead of "days"',
}


def named() -> dict[str, Kind]:
    """Every name with its labels, as the contract writes it."""
    return {m.name + ("{" + ",".join(m.labels) + "}" if m.labels else ""): m.kind for m in CATALOGUE}


@pytest.mark.parametrize("name", NUMBERS.split())
def test_every_number_of_the_contract_is_in_the_catalogue_with_its_labels(name: str) -> None:
    counts = name.split("{")[0].endswith("_total") and not name.startswith("capital")
    assert named().get(name) is (Kind.COUNTER if counts else Kind.GAUGE)


@pytest.mark.parametrize("name", HISTOGRAMS.split())
def test_every_histogram_of_the_contract_is_in_the_catalogue_with_its_labels(name: str) -> None:
    assert named().get(name) is Kind.HISTOGRAM
    assert name.split("{")[0] in BOUNDS


def test_what_runs_is_told_with_its_version_first() -> None:
    (row,) = [metric for metric in CATALOGUE if metric.name == "system_info"]
    assert row.labels[0] == "version"


def test_no_name_stands_twice_and_there_are_more_than_sixty() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize(("ratio", "percent"), [("daily_pnl_ratio", "daily_pnl_percent"),
                                                ("capital_utilization_ratio", "capital_utilization")])  # fmt: skip
def test_a_name_in_per_cent_has_its_fraction_beside_it(ratio: str, percent: str) -> None:
    values = busy().samples()
    assert values[PREFIX + percent] == pytest.approx(100.0 * values[PREFIX + ratio])


def test_every_family_is_fed() -> None:
    families = {family.name: family for family in text_string_to_metric_families(busy().text())}
    for metric in CATALOGUE:
        name = PREFIX + (metric.name.removesuffix("_total") if metric.kind is Kind.COUNTER else metric.name)
        if metric.name == "system_tasks":
            continue  # counted where a loop runs: see the test of the scrape over the door
        assert families[name].samples, f"{name} has no sample"
        assert families[name].type == metric.kind.value


def test_the_process_itself_is_told_under_the_names_that_every_process_has() -> None:
    names = set(busy().samples())
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"} <= names


def test_twenty_strategies_and_fifty_underlyings_make_at_most_two_thousand_series() -> None:
    bench = crowded(strategies=20, underlyings=50)
    samples = bench.samples()
    assert sum('le="+Inf",strategy' in name and "trades_pnl" in name for name in samples) == 20
    assert sum(name.startswith("trading_portfolio_delta") for name in samples) == 50
    assert 1_500 < len(samples) <= 2_000


def test_a_hundred_strategies_make_hardly_more_series_than_fifty() -> None:
    few, many = crowded(strategies=50, underlyings=5), crowded(strategies=100, underlyings=5)
    assert len(many.samples()) - len(few.samples()) < 50


def test_promtool_complains_of_two_names_that_the_contract_fixed_and_of_no_other() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=busy().text(), text=True, capture_output=True, check=False, timeout=30
    )
    complaints = [line.split(" ", 1) for line in (checked.stdout + checked.stderr).splitlines() if line.strip()]
    assert dict(complaints) == DISLIKED


def test_the_catalogues_strategy_says_of_its_stop_what_is_counted_as_one() -> None:
    assert _STOP.startswith(STOP_LOSS)
