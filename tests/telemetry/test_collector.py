"""What a scrape says: the contract's names and labels, nothing latched, nothing invented."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from math import nan
from typing import Any

import msgspec
import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from sidecar.book.positions import RoundTrip
from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.analytics import TailLine
from sidecar.domain.breaker import BreakerState, BreakerStatus
from sidecar.domain.clock import SECOND
from sidecar.domain.orders import Fill, Order, OrderRequest, OrderState, Side
from sidecar.domain.records import AlertRecorded, FillRecorded
from sidecar.domain.report import Chain, DeskReport, HeartbeatLine, LimitLine, LimitStatus, Published
from sidecar.servers.stream_settings import Counts
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.collector import PREFIX, scraper
from sidecar.telemetry.measured import BOUNDS, Telemetry
from sidecar.telemetry.readers import Kind
from sidecar.telemetry.scene import Facts, StoreFacts
from sidecar.telemetry.trips import Trips
from tests.servers.desk import CALL, EMPTY, T0, fund, report

#: Names and labels of the contract that exist so far.
CONTRACT = """
daily_pnl daily_pnl_percent unrealized_pnl realized_pnl capital_total capital_used capital_available
capital_utilization margin_used margin_available max_drawdown fund_value{fund_id} fund_drawdown{fund_id}
positions_open{strategy} positions_value{strategy} portfolio_delta{underlying} portfolio_gamma{underlying}
portfolio_vega{underlying} portfolio_theta{underlying} portfolio_rho{underlying} circuit_breaker_active
circuit_breaker_state{state} circuit_breaker_triggers_total{reason} override_active
limit_utilization_ratio{limit_type} risk_limit_breaches_total{limit_type} var_95 expected_shortfall_975 market_vix
market_condition{condition} market_data_updates_total{symbol} market_data_stale
market_data_age_seconds{symbol} underlying_price{symbol} atm_iv{symbol} put_call_ratio{symbol}
days_to_expiry{symbol} ticks_rejected_total{reason} feed_gaps_total{symbol} report_seq
orders_submitted_total{strategy,side,order_type} orders_filled_total{strategy,side}
orders_rejected_total{strategy,reason} orders_cancelled_total{strategy,reason}
order_fill_time_seconds{strategy} websocket_connections websocket_messages_sent_total{type}
websocket_messages_conflated_total{topic} websocket_slow_consumers_total websocket_send_seconds
api_requests_total{endpoint,method,status} api_request_duration_seconds{endpoint,method} auth_failures_total
emergency_stop_seconds loop_lag_seconds tick_to_report_seconds journal_sync_seconds audit_head_seq
store_commit_seconds store_queue_depth store_rows{table} store_size_bytes
system_errors_total{component,severity} system_uptime_seconds build_info{version,config} drill_age_seconds
heartbeat_age_seconds{client} trades_total{strategy,side,status} trades_pnl{strategy}
trades_profit_total{strategy} trades_loss_total{strategy} strategy_win_rate{strategy}
strategy_avg_pnl{strategy} strategy_sharpe_ratio{strategy} strategy_trades_today{strategy}
alerts_total{level} alerts_active{level} feed_reconnects_total{venue} option_spread_ratio{symbol}
job_last_success_timestamp_seconds{job} job_failures_total{job}
"""


@dataclass
class Bench:
    """A scrape of settable things."""

    report: DeskReport | None = field(default_factory=report)
    age_s: float = 0.1
    told: Telemetry = field(default_factory=Telemetry)
    trips: list[RoundTrip] = field(default_factory=list)

    def __post_init__(self) -> None:
        facts = Facts(
            "0.1.0", "abc", lambda: Published(self.report, EMPTY) if self.report else None, lambda: self.age_s,
            lambda: 12.5, lambda: Counts(2, Counter(pnl_update=7), Counter(pnl=3), 1),
            lambda: StoreFacts(4, 8_192, {"orders": 9}), lambda: 77, Trips(lambda: self.trips), {"python": "3.11"},
        )  # fmt: skip
        self.scrape = scraper(facts, self.told, CollectorRegistry())

    def text(self) -> str:
        return self.scrape()[0].decode()

    def samples(self) -> dict[str, float]:
        lines = (line.rsplit(" ", 1) for line in self.text().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in lines}


def tail(fund_id: str, var_95: float, es_975: float) -> TailLine:
    return TailLine(fund_id, var_95, nan, es_975, nan, nan, nan, "implied", 500, nan, "")


def trip(strategy: str, net: float, closed_at: int = T0) -> RoundTrip:
    return RoundTrip("main", strategy, CALL.id, T0 - 60 * SECOND, closed_at, Decimal(str(net)), Decimal(0))


def quoted(bid: float, ask: float) -> Chain:
    prices: dict[str, Any] = {"bid": np.array([bid]), "ask": np.array([ask]), "at": np.array([T0])}
    return dataclasses.replace(EMPTY, contracts=(CALL,), rows={CALL.id: 0}, **prices)


def busy() -> Bench:
    """A bench on which every family has something to say."""
    bench = Bench()
    told = bench.told
    told.on_request("/emergency/status", "GET", 200, 0.004)
    told.on_auth_failure("wrong")
    for tell in (told.on_commit, told.on_beat, told.on_stop, told.on_send, told.on_tick):
        tell(0.003)
    told.on_sync(0.002, 3)
    told.on_error("store", "error")
    told.on_job("system", done=False)
    told.on_report(Published(report(feed_up=False), quoted(80.0, 82.0)))
    bench.trips += [trip("demo", 120.0), trip("demo", -40.0)]
    fill = FillRecorded(T0, Fill("F1", "filled", CALL.id, "main", "demo", 75, Decimal(80), Decimal(20), T0))
    kind = ("limits", "breach", AlertType.ERROR, AlertLevel.ERROR)
    alert = Alert("A1", "limits:breach:main", *kind, 4, "Limit", "over", T0, T0)
    states = (OrderState.PENDING, OrderState.FILLED, OrderState.REJECTED, OrderState.CANCELLED)
    orders = tuple(Order(s, OrderRequest("X", Side.BUY, 75), s, "a", T0, T0) for s in states)
    counters = msgspec.structs.replace(report().counters, breaker_triggers={"vix_spike": 1})
    limits = (*report().limits, LimitLine("var_95", "*", 0.05, 0.01, 5.0, LimitStatus.BREACH))
    lines = (tail("*", 5_000.0, 7_000.0),)
    news = {"records": (fill, AlertRecorded(T0, alert)), "alerts": (alert,)}
    parts = {"order_updates": orders, **news, "counters": counters, "limits": limits, "tail": lines}
    armed = (HeartbeatLine("bot", 3.0, 60.0),)
    bench.report = report(**parts, last_drill_at=report().timestamp, heartbeats=armed)
    told.on_report(Published(bench.report, EMPTY))
    return bench


def test_the_catalogue_has_the_contracts_names_and_labels() -> None:
    known = {m.name + ("{" + ",".join(m.labels) + "}" if m.labels else "") for m in CATALOGUE}
    assert set(CONTRACT.split()) - known == set()
    extra = known - set(CONTRACT.split())
    twins = {"daily_pnl_ratio", "capital_utilization_ratio", "time_to_expiry_seconds"}
    assert {name.split("{")[0] for name in extra} == {*twins, "system_info"}
    assert len(CATALOGUE) >= 60


def test_every_family_is_fed() -> None:
    text = busy().text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for metric in CATALOGUE:
        name = PREFIX + metric.name.removesuffix("_total") if metric.kind is Kind.COUNTER else PREFIX + metric.name
        assert families[name].samples, f"{name} has no sample"
        assert families[name].type == metric.kind.value


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


def test_promtool_complains_of_the_names_that_the_contract_fixed_and_of_no_other() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=busy().text(), text=True, capture_output=True, check=False, timeout=30
    )
    complaints = [line for line in (checked.stdout + checked.stderr).splitlines() if line.strip()]
    assert {line.split()[0] for line in complaints} <= {"trading_capital_total", "trading_days_to_expiry"}, complaints


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


def test_alerts_that_are_over_are_not_active() -> None:
    bench = busy()
    assert bench.samples()['trading_alerts_active{level="error"}'] == 1.0
    assert bench.samples()['trading_alerts_active{level="critical"}'] == 0.0
    assert bench.report is not None
    over = msgspec.structs.replace(bench.report.alerts[0], resolved=True)
    bench.report = msgspec.structs.replace(bench.report, alerts=(over,))
    assert bench.samples()['trading_alerts_active{level="error"}'] == 0.0
    assert bench.samples()['trading_alerts_total{level="error"}'] == 1.0
