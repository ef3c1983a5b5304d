"""What a scrape says: the contract's names and labels, nothing latched, nothing invented."""

from __future__ import annotations

import re
from datetime import timedelta
from math import nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.models import RunResult
from sidecar.domain.records import TrainingRecorded
from sidecar.domain.report import LimitLine, LimitStatus, Published
from sidecar.telemetry.buckets import BOUNDS
from sidecar.telemetry.exposition import exposition
from sidecar.telemetry.scene import ModelFacts
from tests.servers.desk import EMPTY, T0, fund, report
from tests.telemetry.families import by_the_library
from tests.telemetry.scraping import FAMILY, RUN, Bench, busy, crowded, tail, trip


def test_values_are_the_reports_and_per_cent_where_the_name_says_so() -> None:
    samples = Bench().samples()
    assert samples["trading_daily_pnl"] == -1_000.0
    assert samples["trading_daily_pnl_percent"] == pytest.approx(-0.1)
    assert samples["trading_capital_utilization"] == pytest.approx(18.4)
    assert samples["trading_capital_utilization_ratio"] == pytest.approx(0.184)
    assert samples['trading_positions_value{strategy="demo"}'] == pytest.approx(75 * 83.4)
    assert samples['trading_portfolio_delta{underlying="NIFTY"}'] == 33.1
    assert samples['trading_ticks_rejected_total{reason="crossed"}'] == 3
    assert samples["trading_websocket_slow_consumers_total"] == 1
    assert samples["trading_auth_failures_total"] == 0
    assert samples["trading_audit_head_seq"] == 77


def test_the_tail_is_the_desks_own_in_account_currency_and_has_no_sample_while_it_is_unknown() -> None:
    both = ("trading_var_95", "trading_expected_shortfall_975")
    bench = Bench(report(tail=(tail("main", 1.0, 2.0), tail("*", 5_000.0, 7_000.0))))
    assert [bench.samples()[name] for name in both] == [5_000.0, 7_000.0]
    for lines in ((), (tail("main", 1.0, 2.0),), (tail("*", nan, nan),)):
        bench.report = report(tail=lines)
        assert not set(both) & set(bench.samples())


def test_nothing_is_latched() -> None:
    bench = Bench()
    assert bench.samples()["trading_circuit_breaker_active"] == 0
    bench.report = report(breaker=BreakerState(BreakerStatus.TRIPPED), positions=())
    samples = bench.samples()
    assert samples["trading_circuit_breaker_active"] == 1
    assert samples['trading_circuit_breaker_state{state="tripped"}'] == 1
    assert sum(v for name, v in samples.items() if name.startswith("trading_circuit_breaker_state{")) == 1
    assert not [name for name in samples if name.startswith("trading_positions_open")]


@pytest.mark.parametrize("changes", [{"report": None}, {"age_s": 5.1}, {"age_s": nan}])
def test_a_desk_that_is_silent_has_no_numbers_rather_than_old_ones(changes: dict[str, Any]) -> None:
    bench = Bench()
    for name, value in changes.items():
        setattr(bench, name, value)
    samples = bench.samples()
    assert "trading_daily_pnl" not in samples
    assert "trading_circuit_breaker_active" not in samples
    assert samples["trading_system_uptime_seconds"] == 12.5


def test_an_unknown_number_has_no_sample() -> None:
    bench = Bench(report(funds=(fund(daily_pnl=nan, max_drawdown=nan),), limits=(
        LimitLine("vix", "*", nan, 40.0, nan, LimitStatus.UNKNOWN),)))  # fmt: skip
    samples = bench.samples()
    assert "trading_daily_pnl" not in samples
    assert 'trading_limit_utilization_ratio{limit_type="vix"}' not in samples
    assert "NaN" not in bench.text()


def test_histograms_are_cumulative_and_there_is_no_created_series() -> None:
    text = busy().text()
    assert "_created" not in text
    bounds = BOUNDS["loop_lag_seconds"]
    counts = re.findall(r'^trading_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$', text, re.MULTILINE)
    assert len(counts) == len(bounds) + 1
    assert [float(count) for _, count in counts] == sorted(float(count) for _, count in counts)
    assert counts[-1] == ("+Inf", "1.0")


def test_a_hostile_label_stays_one_label() -> None:
    bench = Bench()
    bench.told.on_error('x"} 1\ntrading_daily_pnl 9', "error")
    assert bench.samples()["trading_daily_pnl"] == -1_000.0


@pytest.mark.parametrize(
    "bench", [Bench(), Bench(report=None), busy(), crowded(3, 2)], ids=["quiet", "silent", "busy", "many"]
)
def test_the_text_is_the_client_librarys_to_the_byte(bench: Bench) -> None:
    assert exposition(bench.seen()) == by_the_library(bench.seen())


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20))
def test_every_number_and_every_label_is_written_as_the_library_writes_it(value: float, label: str) -> None:
    bench = Bench(report(funds=(fund(daily_pnl=value, portfolio_value=value),)))
    bench.told.on_error(label, label)
    assert exposition(bench.seen()) == by_the_library(bench.seen())


def test_a_drill_has_an_age_and_one_that_never_was_has_no_sample() -> None:
    bench = Bench()
    assert "trading_drill_age_seconds" not in bench.samples()
    assert bench.report is not None
    bench.report = report(last_drill_at=bench.report.timestamp - timedelta(minutes=5))
    assert bench.samples()["trading_drill_age_seconds"] == 300.0


def test_round_trips_feed_what_a_strategy_earned_and_today_begins_at_the_sessions_open() -> None:
    bench = Bench()
    assert not [name for name in bench.samples() if name.startswith(("trading_strategy", "trading_trades_p"))]
    bench.trips += [trip("demo", 100.0, T0 - SECOND), trip("demo", -50.0), trip("demo", 250.0), trip("other one", 5.0)]
    samples = bench.samples()
    assert samples['trading_trades_profit_total{strategy="demo"}'] == 350.0
    assert samples['trading_trades_loss_total{strategy="demo"}'] == 50.0
    assert samples['trading_strategy_win_rate{strategy="demo"}'] == pytest.approx(2 / 3)
    assert samples['trading_strategy_avg_pnl{strategy="demo"}'] == pytest.approx(100.0)
    assert samples['trading_strategy_sharpe_ratio{strategy="demo"}'] == pytest.approx(100.0 / 150.0)
    assert 'trading_strategy_sharpe_ratio{strategy="other one"}' not in samples  # one says nothing of its deviation
    assert samples['trading_strategy_trades_today{strategy="demo"}'] == 2.0
    assert samples['trading_trades_pnl_bucket{le="-10000.0",strategy="demo"}'] == 0.0
    assert samples['trading_trades_pnl_bucket{le="0.0",strategy="demo"}'] == 1.0
    assert samples['trading_trades_pnl_bucket{le="+Inf",strategy="demo"}'] == 3.0
    assert "trading_trades_pnl_sum" not in bench.text()
    bench.report = report(session_open_at=None)
    assert not [name for name in bench.samples() if name.startswith("trading_strategy_trades_today")]


def test_what_holds_trading_off_is_told_by_cause_and_by_part_and_no_person_is_a_label() -> None:
    bench = Bench()
    assert not [name for name in bench.samples() if name.startswith("trading_circuit_breaker_cause")]
    halts = [(Trigger.EMERGENCY_STOP, "watchdog"), (Trigger.EMERGENCY_STOP, "ann"), (Trigger.EMERGENCY_STOP, "bob"),
             (Trigger.VIX_SPIKE, "desk")]  # fmt: skip
    held = BreakerState(BreakerStatus.EMERGENCY_STOP, tuple(Cause(trigger, T0, who, "") for trigger, who in halts))
    bench.report = report(breaker=held)
    prefix = "trading_circuit_breaker_cause"
    assert {name: value for name, value in bench.samples().items() if name.startswith(prefix)} == {
        f'{prefix}{{by="watchdog",reason="emergency_stop"}}': 1.0,
        f'{prefix}{{by="person",reason="emergency_stop"}}': 1.0,
        f'{prefix}{{by="desk",reason="vix_spike"}}': 1.0,
    }


def test_what_the_rules_ask_is_the_reports_own() -> None:
    bench = Bench()
    samples = bench.samples()
    assert samples["trading_report_timestamp_seconds"] == T0 / 1e6
    assert samples["trading_session_close_timestamp_seconds"] == T0 / 1e6 + 3_600
    assert samples["trading_calendar_left_seconds"] == 400 * 86_400
    assert samples['trading_feed_up{venue="simulated"}'] == samples["trading_session_open"] == 1
    quiet = ("trading_orders_unconfirmed", "trading_pnl_residual_active", "trading_market_blind")
    assert [samples[name] for name in quiet] == [0, 0, 0]
    bench.report = report(unconfirmed=("O1", "O2"), explain_alarm="a leg", blind=True, feed_up=False,
                          session_open=False, session_close_at=None)  # fmt: skip
    samples = bench.samples()
    assert [samples[name] for name in quiet] == [2, 1, 1]
    assert samples['trading_feed_up{venue="simulated"}'] == samples["trading_session_open"] == 0
    assert "trading_session_close_timestamp_seconds" not in samples


def test_alerts_that_are_over_are_not_active() -> None:
    bench = busy()
    assert bench.samples()['trading_alerts_active{level="error"}'] == 1.0
    assert bench.samples()['trading_alerts_active{level="critical"}'] == 0.0
    assert bench.report is not None
    over = msgspec.structs.replace(bench.report.alerts[0], resolved=True)
    bench.report = msgspec.structs.replace(bench.report, alerts=(over,))
    assert bench.samples()['trading_alerts_active{level="error"}'] == 0.0
    assert bench.samples()['trading_alerts_total{level="error"}'] == 1.0


def test_a_familys_numbers_have_no_sample_until_they_are_measured() -> None:
    bench = Bench()
    assert not [name for name in bench.samples() if name.startswith("trading_ml_")]
    bench.models.append(ModelFacts(FAMILY, 0.55, nan, nan, nan))
    assert bench.samples()[f'trading_ml_model_accuracy{{model="{FAMILY}"}}'] == 0.55
    assert not [name for name in bench.samples() if name.startswith(("trading_ml_auc", "trading_ml_psi"))]


def test_a_training_counts_by_how_it_ended_and_one_that_was_skipped_does_not() -> None:
    bench = Bench()
    runs = [msgspec.structs.replace(RUN, result=result) for result in (RunResult.FAILED, RunResult.SKIPPED)]
    bench.told.on_report(Published(report(records=tuple(TrainingRecorded(T0, run) for run in runs)), EMPTY))
    bench.report = report(training=tuple(runs))
    samples = bench.samples()
    assert samples["trading_ml_training_duration_seconds_count"] == 1
    assert samples['trading_job_failures_total{job="training"}'] == 1
    assert not [name for name in samples if name.startswith("trading_ml_last_training")]
    bench.report = report(training=(*runs, RUN))
    assert bench.samples()["trading_ml_last_training_timestamp_seconds"] == T0 / 1e6


def test_predictions_count_by_family_and_by_what_they_signal() -> None:
    assert busy().samples()[f'trading_ml_predictions_total{{model="{FAMILY}",prediction="hold"}}'] == 1
