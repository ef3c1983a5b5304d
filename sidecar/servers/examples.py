"""One worked example of every body and answer, for the API's document."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples_risk import QUALITY, RISK
from sidecar.servers.shapes import Maybe, Named

__all__ = ["QUALITY", "RISK"]

AT = "2025-11-24T06:30:00+00:00"
_GATE: dict[str, Any] = {"state": "active", "halt_seq": 0}

STATUS: dict[str, Any] = {
    "status": "success",
    "data": {
        "timestamp": AT,
        "simulated": True,
        "source": "simulated",
        "circuit_breaker": {
            "status": "active",
            "trading_allowed": True,
            "market_open": True,
            "circuit_breaker_allowed": True,
            "override_enabled": False,
            "override": None,
            "triggers": [],
            "partial": [],
            "daily_loss": 0.0,
            "daily_loss_percent": 0.0,
            "halt_seq": 0,
            "since": None,
            "blind": False,
        },
        "market_condition": {
            "condition": "normal",
            "current_vix": 13.6,
            "is_market_halted": False,
            "recent_shocks": Maybe([]),
        },
        "positions": {
            "total_positions": 2,
            "used_margin": 184000.0,
            "available_margin": 816000.0,
            "capital_utilization": 0.184,
            "closing": 0,
        },
        "orders": {"working": 1, "unconfirmed": 0},
        "armed_clients": 1,
        "last_drill_at": None,
    },
}
HEALTH = {"status": "healthy", "timestamp": AT, "service": "deskwatch", "version": "0.1.0"}
STOP_ASKED = {"reason": "the market does not make sense", "flatten": False}
STOP = {
    "status": "success",
    "message": "stopped; 2 cancels asked; 1 cancels not answered yet",
    "timestamp": AT,
    "reason": "the market does not make sense",
    "state": "emergency_stop",
    "halt_seq": 1,
    "drill": False,
    "orders_cancelled": {"done": 1, "asked": 2, "outstanding": ["O00000007"], "ended_otherwise": []},
    "positions_closed": {"done": 0, "asked": 0},
    "positions": [],
    "latency_ms": 1.9,
}
RESET_ASKED = {"reason": "feed repaired, book reconciled"}
RESET = {
    "status": "success",
    "message": "breaker is active",
    "timestamp": AT,
    "reason": "feed repaired, book reconciled",
    **_GATE,
    "scope": "*",
    "partial": [],
}
POSITION: dict[str, Any] = {
    "id": "main/demo/NIFTY-20251125-26150-CE",
    "symbol": "NIFTY-20251125-26150-CE",
    "quantity": 75,
    "side": "long",
    "entry_price": 80.35,
    "current_price": 83.4,
    "unrealized_pnl": 228.75,
    "pnl_percent": 0.038,
    "strategy": "demo",
    "entry_time": AT,
    "delta": 33.1,
    "gamma": 0.09,
    "theta": -1520.0,
    "vega": 412.0,
}
POSITIONS = {
    "status": "success",
    "positions": [POSITION],
    "total_positions": 1,
    "total_unrealized_pnl": 228.75,
    "closing": [
        {
            "position_id": POSITION["id"],
            "quantity": 75,
            "actor": "trader/5f0c2a91",
            "reason": "target reached",
            "since": AT,
            "tries": 1,
            "detail": "sent",
        }
    ],
    "simulated": True,
    "timestamp": AT,
}
CLOSE_ASKED = {"symbol": "NIFTY-20251125-26150-CE", "reason": "target reached"}
CLOSE = {
    "status": "success",
    "message": "closing 1 positions",
    "timestamp": AT,
    "reason": "target reached",
    **_GATE,
    "positions": [
        {
            "position_id": POSITION["id"],
            "order_id": Maybe("O00000009"),
            "detail": "closed",
            "closed": True,
            "fill": Maybe({"quantity": -75, "price": 83.4}),
        }
    ],
    "positions_closed": {"done": 1, "asked": 1},
}
ORDER_ASKED = {
    "symbol": "NIFTY-20251125-26150-CE",
    "quantity": 75,
    "side": "buy",
    "order_type": "LIMIT",
    "price": 80.35,
    "reason": "hedge",
    "client_order_id": "hedge-2025-11-24-1",
}
ORDER: dict[str, Any] = {
    "id": "O00000008",
    **ORDER_ASKED,
    "time_in_force": "DAY",
    "fund_id": "main",
    "strategy": "manual",
    "state": "pending",
    "actor": "trader/3f2a9c10",
    "created_at": AT,
    "updated_at": AT,
    "filled": 0,
    "remaining": 75,
    "average_price": None,
    "venue_order_id": "",
    "note": "",
    "reduces_only": False,
}
MANUAL_ORDER = {
    "status": "success",
    "message": "order O00000008 sent",
    "timestamp": AT,
    "reason": "hedge",
    **_GATE,
    "order_id": "O00000008",
    "order": ORDER,
}
ORDERS = {"orders": [ORDER], "count": 1, "next_cursor": None, "as_of": Maybe(AT)}
CANCEL_ALL_ASKED = {"reason": "end of the session"}
CANCEL_ALL = {
    "status": "success",
    "message": "2 cancels asked",
    "timestamp": AT,
    "orders_cancelled": {"done": 2, "asked": 2, "outstanding": [], "ended_otherwise": []},
}
FILL = {
    "id": "F00000003",
    "order_id": "O00000008",
    "symbol": "NIFTY-20251125-26150-CE",
    "fund_id": "main",
    "strategy": "manual",
    "quantity": 75,
    "price": 80.35,
    "fees": 23.61,
    "at": AT,
    "note": "",
}
FILLS = {"fills": [FILL], "count": 1, "next_cursor": None, "as_of": Maybe(AT)}
LIMIT_LINE: dict[str, Any] = {
    "name": "daily_loss",
    "scope": "*",
    "value": 0.004,
    "limit": 0.03,
    "utilization": 0.133,
    "status": "ok",
    "confirmations": 0,
}
_SET: dict[str, Any] = {"daily_loss": 0.03, "drawdown": 0.08}
LIMITS: dict[str, Any] = {
    "fund_id": None,
    "limits": Named(_SET),
    "set": Named({"*": Named(_SET), "main/demo": Named({"daily_loss": 0.01})}),
    "lines": [LIMIT_LINE],
    "timestamp": AT,
}
LIMITS_ASKED = {"limits": {"daily_loss": 0.02}, "reason": "smaller size until the results are out"}
LIMITS_CHANGED: dict[str, Any] = {
    "status": "success",
    "message": "limits changed: daily_loss 0.03 to 0.02",
    "reason": "smaller size until the results are out",
    "fund_id": None,
    "scope": "*",
    "limits": Named({"daily_loss": 0.02, "drawdown": 0.08}),
    "timestamp": AT,
}
BREACH_EVENT: dict[str, Any] = {
    "event": "triggered",
    "state": "tripped",
    "reason": "daily_loss_limit: lost 3.12%",
    "actor": "desk",
    "at": AT,
    "halt_seq": 1,
    "limit_name": "daily_loss",
    "limit": 0.03,
    "value": 0.0312,
    "trigger": "daily_loss_limit",
    "scope": "*",
}
BREAKER_HISTORY = {"events": [BREACH_EVENT], "count": 1, "as_of": Maybe(AT)}
