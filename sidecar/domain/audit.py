"""The audit line of each record: who did what, and what came of it. The database and the stream say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sidecar.domain.records import (
    AlertRecorded,
    AnyRecord,
    Audited,
    BacktestRecorded,
    BreakerRecorded,
    CloseRecorded,
    EquityMarked,
    FillRecorded,
    Halted,
    HeartbeatRecorded,
    LimitsRecorded,
    ModelRecorded,
    NoticeRecorded,
    OrderRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    SignalRecorded,
    Started,
    TrainingRecorded,
)


class AuditLine(NamedTuple):
    """One line of the audit: ``kind`` is the record's, the rest says who, what, with what outcome."""

    kind: str
    actor: str
    action: str
    outcome: str
    detail: str
    request_id: str


def line(record: AnyRecord) -> AuditLine:
    """The line of a record."""
    kind, says = _LINES[type(record)]
    return AuditLine(kind, *says(record))


def _alert(record: AlertRecorded) -> tuple[str, ...]:
    alert = record.alert
    if alert.resolved:
        return (alert.resolved_by or "desk", "resolve_alert", "resolved", f"{alert.id}: {alert.title}", "")
    if alert.acknowledged_by:
        return (alert.acknowledged_by, "alert", "acknowledged", f"{alert.id}: {alert.title}", "")
    return ("desk", "alert", alert.level, f"{alert.id}: {alert.title}", "")


def _prediction(record: PredictionRecorded) -> tuple[str, ...]:
    told = record.prediction
    return (told.model_id, "predict", told.signal, f"{told.id}: {told.symbol}", "")


def _outcome(record: OutcomeRecorded) -> tuple[str, ...]:
    told = record.outcome
    return ("desk", "mature", told.label or "unknown", f"{told.prediction_id} version {told.version}", "")


#: By record: its ``kind``, and the actor, action, outcome, detail and request id of its line.
_LINES: Mapping[type, tuple[str, Callable[[Any], tuple[str, ...]]]] = {
    Started: ("started", lambda r: ("sidecar", "start", "done", f"{r.version} on {r.market}", "")),
    OrderRecorded: ("order", lambda r: (r.order.actor, "order", r.order.state, r.order.id, "")),
    FillRecorded: ("fill", lambda r: ("venue", "fill", "done", r.fill.id, "")),
    BreakerRecorded: ("breaker", lambda r: (r.event.actor, r.event.event, r.state.status, r.event.reason, "")),
    LimitsRecorded: ("limits", lambda r: (r.actor, "change_limits", "done", r.reason, "")),
    EquityMarked: ("equity", lambda r: ("desk", "mark_equity", "done", r.day.isoformat(), "")),
    CloseRecorded: ("close", lambda r: (r.actor, "close", "wanted" if r.wanted else "ended", r.position_id, "")),
    HeartbeatRecorded: ("heartbeat", lambda r: (r.client, "heartbeat", "armed" if r.expires_in_s else "ended", "", "")),
    Halted: ("halted", lambda r: (r.actor, "stop", "done", f"{r.reason} (by the {r.source})", "")),
    Audited: ("audited", lambda r: (r.actor, r.action, r.outcome, r.detail, r.request_id)),
    AlertRecorded: ("alert", _alert),
    SignalRecorded: (
        "signal",
        lambda r: (r.signal.actor, "signal", r.signal.status, f"{r.signal.id}: {r.signal.request.symbol}", ""),
    ),
    NoticeRecorded: (
        "notice",
        lambda r: (
            "desk",
            "notice",
            "delivered" if r.delivered else "given_up",
            f"{r.alert_id} {r.detail}".strip(),
            "",
        ),
    ),
    PredictionRecorded: ("prediction", _prediction),
    OutcomeRecorded: ("outcome", _outcome),
    ModelRecorded: ("model", lambda r: (r.model.actor, "model", r.model.role, f"{r.model.id}: {r.model.reason}", "")),
    TrainingRecorded: (
        "training",
        lambda r: (r.run.actor, "train", r.run.result, f"{r.run.id} {r.run.reason or r.run.model_id}".strip(), ""),
    ),
    BacktestRecorded: (
        "backtest",
        lambda r: (r.job.actor, "backtest", r.job.state, f"{r.job.id} {r.job.reason or r.job.request.strategy}", ""),
    ),
}
