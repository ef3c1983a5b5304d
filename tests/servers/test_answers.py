import json
from math import inf, nan
from typing import Any

import msgspec
import pytest

from sidecar.domain.analytics import TailLine
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.report import Condition, LimitLine, LimitStatus
from sidecar.domain.wire import builtins
from sidecar.risk.breaker import trip
from sidecar.servers import answers, examples, quality
from sidecar.servers.shapes import plain
from tests.servers.desk import T0, fund, position, report
from tests.servers.test_performance import LINE

STATUS_SHAPE: dict[str, set[str]] = {
    "circuit_breaker": {
        "status", "trading_allowed", "market_open", "circuit_breaker_allowed", "override_enabled", "triggers",
        "daily_loss", "daily_loss_percent",
    },
    "market_condition": {"condition", "current_vix", "is_market_halted", "recent_shocks"},
    "positions": {"total_positions", "used_margin", "available_margin", "capital_utilization"},
}  # fmt: skip


def market(**changes: Any) -> Any:
    return msgspec.structs.replace(report().markets[0], **changes)


def test_the_status_has_the_shape_of_the_contract() -> None:
    told = builtins(answers.status(report()))
    for part, names in STATUS_SHAPE.items():
        assert names <= set(told[part])
    assert told["timestamp"] == "2025-11-24T06:30:00Z"
    assert told["simulated"] is True


@pytest.mark.parametrize(("pnl", "loss"), [(-1_000.0, 1_000.0), (500.0, 0.0), (0.0, 0.0), (nan, None), (-inf, None)])
def test_a_daily_loss_is_positive_zero_in_profit_and_null_when_unknown(pnl: float, loss: float | None) -> None:
    told = builtins(answers.status(report(funds=(fund(daily_pnl=pnl, daily_pnl_percent=pnl),))))
    assert told["circuit_breaker"]["daily_loss"] == loss
    assert told["circuit_breaker"]["daily_loss_percent"] == loss


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"session_open": False}, False),
        ({"blind": True}, False),
        ({"breaker": BreakerState(BreakerStatus.TRIPPED)}, False),
        ({"breaker": BreakerState(BreakerStatus.EMERGENCY_STOP)}, False),
    ],
)
def test_trading_is_allowed_only_when_breaker_market_and_sight_allow_it(changes: dict[str, Any], allowed: bool) -> None:
    assert answers.status(report(**changes))["circuit_breaker"]["trading_allowed"] is allowed


def test_the_causes_and_the_override_of_a_stopped_desk_are_told() -> None:
    cause = Cause(Trigger.DAILY_LOSS_LIMIT, T0, "desk", "3.2 %", "daily_loss", 0.03, nan)
    state = BreakerState(BreakerStatus.TRIPPED, (cause,), T0, 4, Override(("daily_loss",), T0 + 1, "asha", "test"))
    told = builtins(answers.status(report(breaker=state)))["circuit_breaker"]
    assert told["override_enabled"] is True
    assert told["halt_seq"] == 4
    assert told["since"] == "2025-11-24T06:30:00+00:00"
    assert told["triggers"][0]["trigger"] == "daily_loss_limit"
    assert told["triggers"][0]["value"] is None
    assert told["triggers"][0]["at"] == "2025-11-24T06:30:00+00:00"


def test_the_market_condition_is_the_gravest_and_unknown_is_not_normal() -> None:
    lines = (market(condition=Condition.NORMAL, vix=nan), market(condition=Condition.HIGH_STRESS, vix=44.0))
    told = builtins(answers.market_condition(report(markets=lines)))
    assert (told["condition"], told["current_vix"], told["is_market_halted"]) == ("high_stress", 44.0, False)
    told = builtins(answers.market_condition(report(markets=())))
    assert (told["condition"], told["current_vix"]) == ("unknown", None)
    mixed = (market(condition=Condition.UNKNOWN, vix=nan), market(condition=Condition.NORMAL))
    assert answers.market_condition(report(markets=mixed))["condition"] == "normal"


def test_a_halt_and_recent_shocks_are_told() -> None:
    _, shock = trip(BreakerState(), Cause(Trigger.VIX_SPIKE, T0, "desk", "41 is above 40", "vix", 40.0, 41.0))
    _, other = trip(BreakerState(), Cause(Trigger.MANUAL_TRIGGER, T0, "asha", "vix_spike: by hand"))
    halted = BreakerState(BreakerStatus.MARKET_HALT)
    told = answers.market_condition(report(breaker_events=(shock, other), breaker=halted))
    assert told["is_market_halted"] is True
    (told_shock,) = told["recent_shocks"]
    assert (told_shock["value"], told_shock["trigger"]) == (41.0, "vix_spike")


def test_an_event_of_before_it_named_its_trigger_still_decodes() -> None:
    old = b'{"event":"reset","state":"active","reason":"done","actor":"asha","at":1,"halt_seq":2}'
    assert msgspec.json.decode(old, type=BreakerEvent).trigger == ""


def test_the_positions_fields_of_the_contract_are_all_there() -> None:
    told = builtins(answers.positions(report()))
    assert set(examples.POSITION) <= set(told["positions"][0])
    assert set(examples.POSITIONS) <= set(told)


def test_the_risk_numbers_that_are_not_measured_are_null() -> None:
    told = builtins(answers.risk_metrics(report(positions=(position(), position(strategy="a")))))
    assert told["win_rate"] == 0.6
    assert told["exposure_by_strategy"] == {"a": 6255.0, "demo": 6255.0}
    for name in ("sharpe_ratio", "var_95", "es_975", "largest_position_percent"):
        assert told[name] is None
    assert set(examples.RISK["data"]) <= set(told)


def test_the_sharpe_ratio_is_the_desks_and_says_what_it_is_of() -> None:
    lines = (LINE, msgspec.structs.replace(LINE, fund_id="*", sharpe_ratio=0.7, sortino_ratio=nan))
    told = builtins(answers.risk_metrics(report(performance=lines)))
    assert told["sharpe_ratio"] == 0.7
    assert (told["performance"]["interval"], told["performance"]["observations"]) == ("1min", 180)
    assert told["performance"]["sortino_ratio"] is None
    alone = builtins(answers.risk_metrics(report(performance=(LINE,))))
    assert alone["sharpe_ratio"] is alone["performance"] is None


def test_no_trades_have_no_win_rate_and_an_unmarked_position_no_exposure() -> None:
    lines = (position(current_price=nan), position(id="other"))
    told = builtins(answers.risk_metrics(report(funds=(fund(trades=0, winning_trades=0),), positions=lines)))
    assert told["win_rate"] is None
    assert told["exposure_by_strategy"] == {"demo": None}


def tail(fund_id: str, var_95: float, es_975: float) -> TailLine:
    return TailLine(fund_id, var_95, nan, es_975, 1.0, nan, 2.0, "filtered", 500, 9e5, "spot -15.0%, volatility +50%")


def test_the_desks_tail_feeds_the_risk_numbers_in_account_currency_and_a_funds_does_not() -> None:
    limit = LimitLine("var_95", "*", 0.012, 0.05, 0.24, LimitStatus.OK)
    made = report(limits=(limit,), tail=(tail("main", 1.0, 2.0), tail("*", 12_000.5, 15_000.5)))
    told = builtins(answers.risk_metrics(made))
    assert (told["var_95"], told["es_975"]) == (12_000.5, 15_000.5)
    assert [(line["fund_id"], line["method"], line["es_975_error"]) for line in told["tail"]] == [
        ("main", "filtered", 2.0), ("*", "filtered", 2.0),
    ]  # fmt: skip


def test_a_tail_that_is_not_known_is_null_and_never_zero() -> None:
    told = builtins(answers.risk_metrics(report(tail=(tail("*", nan, nan),))))
    assert told["var_95"] is told["es_975"] is told["tail"][0]["var_99"] is None
    fresh = builtins(answers.risk_metrics(report(tail=(tail("main", 5.0, 6.0),))))
    assert fresh["var_95"] is fresh["es_975"] is None


def test_a_limits_line_is_of_its_scope() -> None:
    lines = (
        LimitLine("var_95", "main", 1.0, 9.0, 0.1, LimitStatus.OK),
        LimitLine("var_95", "*", 2.0, 9.0, 0.2, LimitStatus.OK),
    )
    assert [row["value"] for row in answers.limits(report(limits=lines), "main")] == [1.0]


def test_only_breached_limits_count_as_breaches() -> None:
    line = LimitLine("daily_loss", "*", 0.04, 0.03, 1.33, LimitStatus.BREACH)
    found = answers.breaches(report(limits=(line, msgspec.structs.replace(line, status=LimitStatus.WARN))))
    assert [row["status"] for row in found] == ["breach"]


@pytest.mark.parametrize(
    ("made", "example"),
    [
        (answers.status, examples.STATUS["data"]),
        (answers.positions, examples.POSITIONS),
        (answers.risk_metrics, examples.RISK["data"]),
        (quality.data_quality, examples.QUALITY["report"]),
    ],
)
def test_the_documents_examples_name_only_fields_that_exist(made: Any, example: Any) -> None:
    assert set(example) <= set(builtins(made(report())))
    json.dumps(plain(example), allow_nan=False)
