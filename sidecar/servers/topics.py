"""What can be subscribed to: one function and one row a topic.

A topic is a table of rows. Its state is told by a ``snapshot`` and kept true by changes: each change is one row, which
replaces the row of the same key, or takes it away when it says ``removed``. A ``latest`` topic follows the reports; an
``every`` topic follows the journal, one frame for each of its records once that is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, get_args

from sidecar.domain import audit, wire
from sidecar.domain.alerts import Alert
from sidecar.domain.breaker import BreakerEvent, BreakerStatus
from sidecar.domain.clock import iso
from sidecar.domain.models import Prediction
from sidecar.domain.orders import WORKING, Order
from sidecar.domain.records import (
    AlertRecorded,
    AnyRecord,
    BreakerRecorded,
    Entry,
    Halted,
    OrderRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    SignalRecorded,
)
from sidecar.domain.report import DeskReport
from sidecar.domain.signals import Signal, SignalStatus
from sidecar.servers import answers, learning, monitoring
from sidecar.servers.keys import Role

Row = dict[str, Any]
Rows = Callable[[DeskReport], Iterable[Row]]
#: (number of the journal record, the entry) to its row.
Told = Callable[[int, Entry], Row]
Tells = Mapping[type[AnyRecord], Told]


class Kind(StrEnum):
    """``latest`` may be conflated for a slow reader; ``every`` never skips; ``clock`` is the hub's own."""

    LATEST = "latest"
    EVERY = "every"
    CLOCK = "clock"


@dataclass(frozen=True)
class Topic:
    """One topic. ``key`` are the fields that name a row, none for a topic of one row.

    ``rows`` is the whole state in a report; None where it is not the report's to say. Of an ``every`` topic ``told``
    has the kinds of record that make a frame, each with its row; ``ended`` is the type of a frame that says
    ``removed``, where it has one of its own.
    """

    name: str
    type: str
    kind: Kind
    key: tuple[str, ...]
    rows: Rows | None = None
    told: Tells = field(default_factory=dict)
    ended: str = ""
    per_second: float = 4.0
    role: Role = Role.VIEWER

    def key_of(self, row: Row) -> tuple[str, ...]:
        """The name of a row within its topic."""
        return tuple(str(row[field]) for field in self.key)

    def type_of(self, row: Row) -> str:
        """The type of the frame of a row."""
        return self.ended if self.ended and row.get("removed") else self.type

    @property
    def types(self) -> tuple[str, ...]:
        """Every type that its changes have."""
        return (self.type, self.ended) if self.ended else (self.type,)


def positions(report: DeskReport) -> Iterable[Row]:
    """Every open position."""
    return [answers.position(line) for line in report.positions]


def pnl(report: DeskReport) -> Iterable[Row]:
    """The money of each fund; ``*`` is all of them."""
    return [wire.fields(line) for line in report.funds]


def greeks(report: DeskReport) -> Iterable[Row]:
    """Position Greeks by fund and underlying."""
    return [wire.fields(line) for line in report.greeks]


def market(report: DeskReport) -> Iterable[Row]:
    """The state of each underlying."""
    return [wire.fields(line) for line in report.markets]


def data_quality(report: DeskReport) -> Iterable[Row]:
    """How complete and fresh each underlying's data is."""
    return [wire.fields(line) for line in report.data_quality]


def performance(report: DeskReport) -> Iterable[Row]:
    """How each fund has done; ``*`` is the desk."""
    return [monitoring.performance(line) for line in report.performance]


def breaker(report: DeskReport) -> Iterable[Row]:
    """The breaker's newest event; before the first one, its state in an event's shape."""
    if report.breaker_events and report.breaker_events[-1].state is report.breaker.status:
        return [answers.breaker_event(report.breaker_events[-1])]
    state = report.breaker
    cause = state.causes[-1] if state.causes else None
    told = BreakerEvent(
        event="state",
        state=state.status,
        reason=cause.trigger if cause else "",
        actor=cause.actor if cause else "",
        at=state.since,
        halt_seq=state.halt_seq,
        limit_name=cause.limit_name if cause else "",
        limit=cause.limit if cause else None,
        value=cause.value if cause else None,
        trigger=cause.trigger if cause else "",
    )
    return [answers.breaker_event(told)]


def _breaker(record: BreakerRecorded) -> Row:
    return answers.breaker_event(record.event)


def _halted(record: Halted) -> Row:
    """A stop beside a loop that hangs is told at once; its number comes when the loop is back."""
    state = BreakerStatus.EMERGENCY_STOP
    event = BreakerEvent("triggered", state, record.reason, record.actor, record.at, 0, trigger=state)
    return {**answers.breaker_event(event), "halt_seq": None}


def _order(order: Order) -> Row:
    return {**answers.order(order), "removed": order.state not in WORKING}


def orders(report: DeskReport) -> Iterable[Row]:
    """Every working order."""
    return [_order(order) for order in report.orders if order.state in WORKING]


def _alert(alert: Alert) -> Row:
    return {**monitoring.alert(alert), "removed": alert.resolved}


def alerts(report: DeskReport) -> Iterable[Row]:
    """Every alert that stands, those held back too."""
    return [_alert(alert) for alert in report.alerts if not alert.resolved]


def _signal(signal: Signal) -> Row:
    return {**monitoring.signal(signal), "removed": signal.status is not SignalStatus.OPEN}


def trading(report: DeskReport) -> Iterable[Row]:
    """Every signal whose horizon has not passed, of the newest."""
    return [_signal(signal) for signal in report.signals if signal.status is SignalStatus.OPEN]


def _prediction(made: Prediction) -> Row:
    return {**learning.prediction(made), "removed": False}


def predictions(report: DeskReport) -> Iterable[Row]:
    """Every prediction whose outcome is open."""
    return [_prediction(made) for made in report.predictions]


def _outcome(record: OutcomeRecorded) -> Row:
    """What became of a prediction ends it; it is told again where a later version corrects it."""
    return {**learning.outcome(record.outcome), "removed": True}


def _audit(seq: int, entry: Entry) -> Row:
    """The audit line of a record: ``seq`` is its number in the journal."""
    times = {"timestamp": iso(entry.record.at), "recorded_at": iso(entry.wall_at)}
    return {"seq": seq, **times, **audit.line(entry.record)._asdict()}


def _of(row: Callable[[Any], Row]) -> Told:
    """What tells of a record, whatever its number."""
    return lambda _, entry: row(entry.record)


_BREAKER: Tells = {BreakerRecorded: _of(_breaker), Halted: _of(_halted)}
_ALERTS: Tells = {AlertRecorded: _of(lambda record: _alert(record.alert))}
_ORDERS: Tells = {OrderRecorded: _of(lambda record: _order(record.order))}
_TRADING: Tells = {SignalRecorded: _of(lambda record: _signal(record.signal))}
_PREDICTIONS: Tells = {
    PredictionRecorded: _of(lambda record: _prediction(record.prediction)),
    OutcomeRecorded: _of(_outcome),
}
_ALL: Tells = dict.fromkeys(get_args(AnyRecord), _audit)

TOPICS: tuple[Topic, ...] = (
    Topic("breaker", "circuit_breaker_event", Kind.EVERY, (), breaker, _BREAKER),
    Topic("alerts", "alert", Kind.EVERY, ("id",), alerts, _ALERTS, ended="alert_resolved"),
    Topic("orders", "order_update", Kind.EVERY, ("id",), orders, _ORDERS),
    Topic("trading", "trading_signal", Kind.EVERY, ("id",), trading, _TRADING),
    Topic("predictions", "prediction", Kind.EVERY, ("id",), predictions, _PREDICTIONS),
    Topic("audit", "audit_record", Kind.EVERY, (), told=_ALL),
    Topic("positions", "position_update", Kind.LATEST, ("id",), positions),
    Topic("pnl", "pnl_update", Kind.LATEST, ("fund_id",), pnl),
    Topic("greeks", "greeks_update", Kind.LATEST, ("fund_id", "underlying"), greeks),
    Topic("market", "market_condition", Kind.LATEST, ("symbol",), market),
    Topic("data_quality", "data_quality", Kind.LATEST, ("symbol",), data_quality, per_second=1.0),
    Topic("performance", "performance_update", Kind.LATEST, ("fund_id",), performance),
    Topic("status", "system_status", Kind.LATEST, ()),
    Topic("training", "training_progress", Kind.LATEST, ()),
    Topic("backtests", "backtest_progress", Kind.LATEST, ("id",)),
    Topic("heartbeat", "heartbeat", Kind.CLOCK, ()),
)

#: What ``/emergency/ws`` starts subscribed to: the eight types of the emergency stream.
EMERGENCY: tuple[str, ...] = (
    "positions",
    "pnl",
    "greeks",
    "market",
    "data_quality",
    "breaker",
    "orders",
    "heartbeat",
)
