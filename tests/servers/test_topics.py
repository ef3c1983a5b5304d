"""The table of topics, against the contract's names and fields."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sidecar.domain import wire
from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.clock import to_datetime
from sidecar.domain.contracts import Contract, Right
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import (
    AlertRecorded,
    AnyRecord,
    Audited,
    BreakerRecorded,
    Entry,
    Halted,
    OrderRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    SignalRecorded,
)
from sidecar.domain.report import DeskReport
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType
from sidecar.servers import topics
from sidecar.servers.channel import Channel
from sidecar.servers.prepared import payload_of
from sidecar.servers.topics import EMERGENCY, TOPICS, Kind
from tests.desk.world import option
from tests.servers.desk import T0, report
from tests.store.learnt import became, prediction

BY_NAME = {topic.name: topic for topic in TOPICS}
ORDER = Order(
    "O1", OrderRequest("NIFTY-20251125-26150-CE", Side.BUY, 75, Decimal("83.4")), OrderState.OPEN, "a", T0, T0
)
EVENT = BreakerEvent("triggered", BreakerStatus.TRIPPED, "daily_loss_limit", "desk", T0, 1, "daily_loss", 0.03, 0.031)
#: topic → (type, kind, fields), to the letter of the contract.
CONTRACT = {
    "positions": ("position_update", "latest", """id symbol underlying expiry strike option_type quantity
        entry_price current_price unrealized_pnl pnl_percent strategy fund_id delta gamma theta vega iv updated_at"""),
    "pnl": ("pnl_update", "latest", "fund_id daily_pnl daily_pnl_percent realized_pnl unrealized_pnl"),
    "greeks": ("greeks_update", "latest", "underlying delta gamma vega theta rho"),
    "market": ("market_condition", "latest",
               "symbol spot_price forward vix atm_iv pcr max_pain condition timestamp"),
    "data_quality": ("data_quality", "latest", "symbol score age_s"),
    "breaker": ("circuit_breaker_event", "every", "event state reason actor limit value halt_seq"),
    "orders": ("order_update", "every", "id state symbol side quantity filled remaining"),
    "alerts": ("alert", "every", """id type level severity title message timestamp source resolved acknowledged_by
        details count"""),
    "trading": ("trading_signal", "every",
                "timestamp symbol signal_type confidence price quantity strategy model_id"),
    "predictions": ("prediction", "every", "id timestamp"),
    "training": ("training_progress", "latest", ""),
    "backtests": ("backtest_progress", "latest", "id state fraction"),
    "audit": ("audit_record", "every", "seq timestamp actor action outcome detail request_id"),
    "performance": ("performance_update", "latest", """timestamp fund_id total_return daily_return portfolio_value
        active_positions sharpe_ratio max_drawdown"""),
    "status": ("system_status", "latest", """timestamp api_status ml_models active_traders portfolios total_trades
        system_load memory_usage cpu_usage"""),
    "heartbeat": ("heartbeat", "clock", ""),
}  # fmt: skip
ALERT = Alert("A1", "limits:breach:x", "limits", "breach", AlertType.ERROR, AlertLevel.ERROR, 4, "t", "m", T0, T0)
SIGNAL = Signal("S1", SignalRequest("NIFTY", SignalType.BUY, 0.6, 60.0), "ann", T0, 26_000.0, T0 + 60_000_000)
PREDICTION = prediction("P1", T0)
OUTCOME = became("P1", 1, PREDICTION.due_at)
PERFORMANCE = PerformanceLine("*", to_datetime(T0), *(0.0,) * 3, 1, *(0.0,) * 7, 1, "1min", 1.0, 2)
#: Topics of which no source speaks in a report.
OUTSIDE = {"heartbeat", "status", "training", "backtests", "audit"}


def full() -> DeskReport:
    state = BreakerState(BreakerStatus.TRIPPED, (), T0, 1)
    return report(
        orders=(ORDER,), breaker=state, breaker_events=(EVENT,), alerts=(ALERT,), signals=(SIGNAL,),
        performance=(PERFORMANCE,), predictions=(PREDICTION,),
    )  # fmt: skip


def contract() -> Contract:
    return option(26_150.0, Right.CALL)


RECORDS: tuple[AnyRecord, ...] = (
    BreakerRecorded(T0, EVENT, BreakerState(BreakerStatus.TRIPPED, (), T0, 1)),
    OrderRecorded(T0, ORDER, contract()),
    AlertRecorded(T0, ALERT),
    SignalRecorded(T0, SIGNAL),
    PredictionRecorded(T0, PREDICTION),
    OutcomeRecorded(T0, OUTCOME),
    Halted(T0, "ann", "the loop hangs", "watchdog"),
    Audited(T0, "ann", "stop", "done", "enough", "r1"),
)


def told(name: str, records: Sequence[AnyRecord] = RECORDS) -> list[dict[str, Any]]:
    """What a topic tells of records."""
    tells = BY_NAME[name].told
    entries = [(seq, Entry(T0 + 1, record)) for seq, record in enumerate(records, 1)]
    return [tells[type(entry.record)](seq, entry) for seq, entry in entries if type(entry.record) in tells]


@pytest.mark.parametrize("name", list(CONTRACT))
def test_each_topic_has_the_contracts_type_kind_and_fields(name: str) -> None:
    kind_of, kind, fields = CONTRACT[name]
    topic = BY_NAME[name]
    assert (topic.type, topic.kind.value) == (kind_of, kind)
    rows = list(topic.rows(full())) if topic.rows is not None else []
    assert rows or name in OUTSIDE
    for row in wire.builtins([*rows, *told(name)]):
        assert set(fields.split()) | set(topic.key) <= set(row)
    assert told(name) or topic.kind is not Kind.EVERY


def test_there_is_no_topic_beside_the_contracts() -> None:
    assert set(BY_NAME) == set(CONTRACT) > set(EMERGENCY)
    assert len(EMERGENCY) == 8


def test_each_record_is_told_by_its_own_topic_and_by_the_audit() -> None:
    assert {name: len(told(name)) for name in BY_NAME if told(name)} == {
        "breaker": 2, "orders": 1, "alerts": 1, "trading": 1, "predictions": 2, "audit": 8,
    }  # fmt: skip
    assert [row["seq"] for row in told("audit")] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert told("audit")[-1] | {"timestamp": "", "recorded_at": ""} == {
        "seq": 8, "timestamp": "", "recorded_at": "", "kind": "audited", "actor": "ann", "action": "stop",
        "outcome": "done", "detail": "enough", "request_id": "r1",
    }  # fmt: skip


def test_a_stop_beside_a_hanging_loop_is_told_without_the_number_that_it_has_not_got_yet() -> None:
    row = told("breaker")[1]
    assert (row["event"], row["state"], row["actor"]) == ("triggered", "emergency_stop", "ann")
    assert row["halt_seq"] is None


def test_an_alert_that_is_resolved_and_a_signal_that_is_scored_leave_the_state() -> None:
    alerts, trading = BY_NAME["alerts"], BY_NAME["trading"]
    resolved = msgspec.structs.replace(ALERT, resolved=True, resolved_by="ann", resolved_at=T0)
    (row,) = told("alerts", [AlertRecorded(T0, resolved)])
    assert (row["removed"], alerts.type_of(row), alerts.types) == (True, "alert_resolved", ("alert", "alert_resolved"))
    scored = msgspec.structs.replace(SIGNAL, status=SignalStatus.SCORED, correct=True)
    (row,) = told("trading", [SignalRecorded(T0, scored)])
    assert (row["removed"], trading.type_of(row), trading.types) == (True, "trading_signal", ("trading_signal",))


def test_a_prediction_is_told_without_the_vector_that_was_scored_and_its_outcome_takes_it_away() -> None:
    made, ended = told("predictions")
    assert (made["id"], made["timestamp"], made["removed"]) == ("P1", "2025-11-24T06:30:00+00:00", False)
    assert [made[name] for name in ("p_sell", "p_hold", "p_buy")] == [0.2, 0.3, 0.5]
    assert (made["due_at"], made["explained"]) == ("2025-11-24T06:45:00+00:00", (("ret_5", 0.25),))
    assert not {"features", "probabilities", "decided_at"} & set(made)
    assert ended == {
        "id": "P1", "timestamp": "2025-11-24T06:45:00+00:00", "label": "buy", "move": 0.01, "entry_price": 1.0,
        "exit_price": 2.0, "correct": True, "note": "", "version": 1, "removed": True,
    }  # fmt: skip
    channel = Channel(BY_NAME["predictions"], "e1", 10)
    channel.changes([made], "t")
    assert channel.changes([ended], "t")[0].passes({"symbol": "NIFTY"})
    assert b'"rows":[]' in channel.snapshot({}, "t").frame


def test_positions_and_pnl_are_told_four_times_a_second_at_most() -> None:
    assert {BY_NAME[name].per_second for name in ("positions", "pnl")} == {4.0}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_rows_of_a_topic_have_different_keys(topic: object) -> None:
    found = BY_NAME[topic.name]  # type: ignore[attr-defined]
    keys = [found.key_of(row) for row in (found.rows or (lambda _: ()))(full())]
    assert len(keys) == len(set(keys))


def test_a_breaker_without_history_tells_its_state_and_cause() -> None:
    cause = Cause(Trigger.EMERGENCY_STOP, T0, "ann", "enough")
    stopped = report(breaker=BreakerState(BreakerStatus.EMERGENCY_STOP, (cause,), T0, 4))
    (row,) = topics.breaker(stopped)
    assert (row["state"], row["reason"], row["actor"], row["halt_seq"]) == (
        "emergency_stop",
        "emergency_stop",
        "ann",
        4,
    )


def test_an_order_that_has_ended_says_removed() -> None:
    ended = msgspec.structs.replace(ORDER, state=OrderState.FILLED)
    rows = told("orders", [OrderRecorded(T0, order, contract()) for order in (ORDER, ended)])
    assert [row["removed"] for row in rows] == [False, True]


def test_the_golden_frame_of_a_pnl_update() -> None:
    topic = BY_NAME["pnl"]
    assert topic.kind is Kind.LATEST
    (ready,) = Channel(topic, "e1", 10).state(topics.pnl(report()), "2025-11-24T06:30:00+00:00")
    assert payload_of(ready.frame).decode() == (
        '{"type":"pnl_update","topic":"pnl","epoch":"e1","seq":1,"timestamp":"2025-11-24T06:30:00+00:00",'
        '"data":{"available_margin":816000.0,"capital":1000000,"capital_utilization":0.184,"daily_pnl":-1000.0,'
        '"daily_pnl_percent":-0.001,"drawdown":0.0008,"fees":40.12,"fund_id":"*","max_drawdown":0.004,'
        '"peak_value":1001000.0,"portfolio_value":1000228.75,"quality":"live","realized_pnl":-1228.75,'
        '"total_positions":1,"trades":5,"unrealized_pnl":228.75,"used_margin":184000.0,"winning_trades":3}}'
    )
