"""One worked example of the emergency acts beside stop and close, of the plan of a close, the record and the log."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT, BREACH_EVENT, LIMIT_LINE
from sidecar.servers.shapes import Maybe

_GATE: dict[str, Any] = {"state": "active", "halt_seq": 0}
_CAUSE: dict[str, Any] = {
    "trigger": "daily_loss_limit",
    "at": AT,
    "actor": "desk",
    "detail": "lost 3.12%",
    "limit_name": "daily_loss",
    "limit": 0.03,
    "value": 0.0312,
    "scope": "*",
}
REFUSED: dict[str, Any] = {
    "state": "active",
    "halt_seq": 0,
    "limit": "order_lots",
    "limit_value": 5.0,
    "value_before": 0.0,
    "value_after": 6.0,
    "scope": "main",
    "largest_quantity": 375,
}
STANDING = {
    "state": "tripped",
    "halt_seq": 1,
    "causes": [_CAUSE],
    "breaches": [{**LIMIT_LINE, "value": 0.0312, "utilization": 1.04, "status": "breach", "confirmations": 3}],
}
BREACHES = {
    "now": [{**LIMIT_LINE, "value": 0.0253, "utilization": 0.843, "status": "warn"}],
    "history": [BREACH_EVENT],
    "count": 1,
    "as_of": Maybe(AT),
}
DISABLE_ASKED = {"reason": "results are out at noon"}
DISABLE: dict[str, Any] = {
    "status": "success",
    "message": "trading is disabled until a reset",
    "timestamp": AT,
    "reason": "results are out at noon",
    "state": "manual_disable",
    "halt_seq": 1,
    "orders_cancelled": {"done": 1, "asked": 1, "outstanding": [], "ended_otherwise": []},
}
_OVERRIDE = {
    "limits": ["capital_utilization"],
    "expires_at": "2025-11-24T06:35:00+00:00",
    "actor": "risk/7be1c0d2",
    "reason": "roll of the expiring leg",
}
OVERRIDE_ASKED = {"reason": "roll of the expiring leg", "expires_in_s": 300, "limits": ["capital_utilization"]}
OVERRIDE = {
    "status": "success",
    "message": "breaker is active",
    "timestamp": AT,
    "reason": "roll of the expiring leg",
    **_GATE,
    "override": Maybe(_OVERRIDE),
}
OVERRIDE_END_ASKED = {"reason": "rolled"}
OVERRIDE_END = {**OVERRIDE, "reason": "rolled", "override": None}
HEARTBEAT_ASKED = {"client": "hedger-1", "expires_in_s": 60}
HEARTBEAT = {
    "status": "success",
    "message": "hedger-1 is armed: a sign of life is due within 60 s",
    "timestamp": AT,
    "reason": "heartbeat",
    **_GATE,
    "client": "hedger-1",
    "armed": True,
    "expires_at": Maybe("2025-11-24T06:31:00+00:00"),
    "clients": Maybe([{"client": "hedger-1", "age_s": 0.0, "expires_in_s": 60.0}]),
}
_STEP: dict[str, Any] = {
    "position_id": "main/demo/NIFTY-20251125-26300-CE",
    "symbol": "NIFTY-20251125-26300-CE",
    "fund_id": "main",
    "strategy": "demo",
    "side": "buy",
    "quantity": 75,
    "limit": 41.15,
    "expected": 40.35,
    "cost": 32.4,
    "cash": -3026.25,
    "margin": 96000.0,
    "worst_loss": 61000.0,
    "starts_s": 0.0,
}
PLAN = {
    "status": "success",
    "message": "1 step for 1 position",
    "timestamp": AT,
    "plan": {
        "steps": [_STEP],
        "left_out": [{"position_id": "main/demo/NIFTY-20251125-24000-PE", "reason": "no bid"}],
        "margin": 184000.0,
        "worst_loss": 118000.0,
        "cost": 32.4,
        "fees": 21.9,
        "peak_cash": 3026.25,
        "seconds": 0.2,
        "rises": "",
    },
}
LOGS: dict[str, Any] = {
    "logs": [
        {
            "timestamp": AT,
            "level": "warning",
            "logger": "sidecar.store.writer",
            "message": "the database answers slowly",
        }
    ],
    "count": 1,
    "level_filter": "info",
}
AUDIT: dict[str, Any] = {
    "records": [
        {
            "seq": 412,
            "timestamp": AT,
            "recorded_at": AT,
            "kind": "audited",
            "actor": "trader/3f2a9c10",
            "action": "stop",
            "outcome": "done",
            "detail": "the market does not make sense",
            "request_id": "3f2a9c10d4e5b6a7.91c2d3e4",
            "payload": '{"wall_at":1763965800000000,"record":{"kind":"audited","at":1763965800000000}}',
            "digest": Maybe("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        }
    ],
    "count": 1,
    "next_cursor": Maybe("412"),
    "head": {"seq": 412, "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    "timestamp": AT,
}
