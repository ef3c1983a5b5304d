"""What of a report is counted."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.orders import Fill, Order, OrderRequest, OrderState, Side
from sidecar.domain.records import AlertRecorded, AnyRecord, Audited, FillRecorded, SignalRecorded
from sidecar.domain.report import DeskReport
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType
from sidecar.telemetry.news import PERFORMANCE, SIGNALS, news
from tests.servers.desk import CALL, T0, report

FILL = Fill("F1", "O1", CALL.id, "main", "demo", 75, Decimal(80), Decimal(20), T0)
ALERT = Alert("A1", "f", "limits", "breach", AlertType.ERROR, AlertLevel.ERROR, 4, "t", "m", T0, T0)
SIGNAL = Signal("S1", SignalRequest(CALL.id, SignalType.BUY, 0.7, 60.0), "a", T0, 80.0, T0 + 1)


def told(before: DeskReport | None = None, *records: AnyRecord, **changes: Any) -> Counter[tuple[str, ...]]:
    made = report(records=records, **changes)
    return Counter(
        (name, *labels) for name, labels in news(made, before, lambda strategy: strategy[:4], lambda family: family[:4])
    )


@pytest.mark.parametrize(
    ("fill", "labels"),
    [
        (FILL, ("demo", "buy", "partially_filled")),
        (msgspec.structs.replace(FILL, quantity=-75, order_id="O9"), ("demo", "sell", "filled")),
        (msgspec.structs.replace(FILL, order_id="settle-x", note="settlement"), ("demo", "buy", "settled")),
    ],
)
def test_a_fill_is_a_trade_by_side_and_by_what_its_order_then_was(fill: Fill, labels: tuple[str, ...]) -> None:
    request = OrderRequest(CALL.id, Side.BUY, 150)
    order = Order("O1", request, OrderState.PARTIALLY_FILLED, "a", T0, T0)
    assert told(None, FillRecorded(T0, fill), order_updates=(order,)) == {("trades_total", *labels): 1}


def test_an_alert_counts_when_it_is_raised_and_not_when_it_changes() -> None:
    again = msgspec.structs.replace(ALERT, revision=2, count=7)
    found = told(None, AlertRecorded(T0, ALERT), AlertRecorded(T0, again), Audited(T0, "a", "b", "done"))
    assert found == {("alerts_total", "error"): 1}


def test_a_signal_counts_when_it_is_given_and_not_when_it_is_scored() -> None:
    scored = msgspec.structs.replace(SIGNAL, status=SignalStatus.SCORED)
    assert told(None, SignalRecorded(T0, SIGNAL), SignalRecorded(T0, scored)) == {(SIGNALS,): 1}


def test_performance_counts_when_it_is_computed_and_not_when_it_is_told_again() -> None:
    lines: Any = ("a line",)
    first = report(performance=lines)
    assert told(None, performance=lines) == {(PERFORMANCE,): 1}
    assert told(first, performance=lines) == {}
    assert told(first, performance=("another",)) == {(PERFORMANCE,): 1}


def test_a_feed_that_is_up_again_has_reconnected_and_one_that_is_up_at_last_has_not() -> None:
    down = report(feed_up=False)
    assert told(down) == {("feed_reconnects_total", "simulated"): 1}
    assert told(report()) == told(down, feed_up=False) == told(None) == {}
    assert told(report(feed_up=False, source="")) == {}
