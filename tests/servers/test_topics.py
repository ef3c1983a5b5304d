"""The table of topics, against the contract's names and fields."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from sidecar.domain import wire
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.domain.records import BreakerRecorded
from sidecar.domain.report import DeskReport
from sidecar.servers.channel import Channel
from sidecar.servers.topics import EMERGENCY, TOPICS, Kind
from tests.servers.desk import T0, report

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
    "heartbeat": ("heartbeat", "clock", ""),
}  # fmt: skip


def full() -> DeskReport:
    state = BreakerState(BreakerStatus.TRIPPED, (), T0, 1)
    return report(
        orders=(ORDER,), order_updates=(ORDER,), breaker=state, breaker_events=(EVENT,),
        records=(BreakerRecorded(T0, EVENT, state),),
    )  # fmt: skip


@pytest.mark.parametrize("name", list(CONTRACT))
def test_each_topic_has_the_contracts_type_kind_and_fields(name: str) -> None:
    kind_of, kind, fields = CONTRACT[name]
    topic = BY_NAME[name]
    assert (topic.type, topic.kind.value) == (kind_of, kind)
    for rows in (topic.rows, *([topic.changes] if topic.changes else [])):
        for row in wire.builtins(list(rows(full()))):
            assert set(fields.split()) | set(topic.key) <= set(row)
    assert name == "heartbeat" or list(topic.rows(full()))


def test_there_is_no_topic_beside_the_contracts() -> None:
    assert set(BY_NAME) == set(CONTRACT) == set(EMERGENCY)
    assert len(EMERGENCY) == 8


def test_positions_and_pnl_are_told_four_times_a_second_at_most() -> None:
    assert {BY_NAME[name].per_second for name in ("positions", "pnl")} == {4.0}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_rows_of_a_topic_have_different_keys(topic: object) -> None:
    found = BY_NAME[topic.name]  # type: ignore[attr-defined]
    keys = [found.key_of(row) for row in found.rows(full())]
    assert len(keys) == len(set(keys))


def test_only_the_events_of_this_report_are_changes() -> None:
    changes = BY_NAME["breaker"].changes
    assert changes is not None
    assert list(changes(report(breaker_events=(EVENT, EVENT)))) == []
    assert [row["halt_seq"] for row in changes(full())] == [1]


def test_a_breaker_without_history_tells_its_state_and_cause() -> None:
    cause = Cause(Trigger.EMERGENCY_STOP, T0, "ann", "enough")
    stopped = report(breaker=BreakerState(BreakerStatus.EMERGENCY_STOP, (cause,), T0, 4))
    (row,) = BY_NAME["breaker"].rows(stopped)
    assert (row["state"], row["reason"], row["actor"], row["halt_seq"]) == (
        "emergency_stop",
        "emergency_stop",
        "ann",
        4,
    )


def test_an_order_that_has_ended_says_removed() -> None:
    ended = msgspec.structs.replace(ORDER, state=OrderState.FILLED)
    changes = BY_NAME["orders"].changes
    assert changes is not None
    assert [row["removed"] for row in changes(report(order_updates=(ORDER, ended)))] == [False, True]


def test_the_golden_frame_of_a_pnl_update() -> None:
    topic = BY_NAME["pnl"]
    assert topic.kind is Kind.LATEST
    (ready,) = Channel(topic, "e1", 10).state(topic.rows(report()), "2025-11-24T06:30:00+00:00")
    assert ready.text == (
        '{"type":"pnl_update","topic":"pnl","epoch":"e1","seq":1,"timestamp":"2025-11-24T06:30:00+00:00",'
        '"data":{"available_margin":816000.0,"capital":1000000,"capital_utilization":0.184,"daily_pnl":-1000.0,'
        '"daily_pnl_percent":-0.001,"drawdown":0.0008,"fees":40.12,"fund_id":"*","max_drawdown":0.004,'
        '"peak_value":1001000.0,"portfolio_value":1000228.75,"quality":"live","realized_pnl":-1228.75,'
        '"total_positions":1,"trades":5,"unrealized_pnl":228.75,"used_margin":184000.0,"winning_trades":3}}'
    )
