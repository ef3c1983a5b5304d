"""One worked example of each frame's data, and of each frame that a client sends, for the streams' description.

A time that may not have come yet is ``Maybe``.
"""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT, BREACH_EVENT, ORDER, POSITION
from sidecar.servers.examples_acts import AUDIT
from sidecar.servers.examples_learning import ROWS as LEARNING
from sidecar.servers.examples_risk import QUALITY
from sidecar.servers.shapes import Maybe, Named

Row = dict[str, Any]

EPOCH = "9c41e7d2a05b38f6"

_ALERT: Row = {
    "id": "A00000012",
    "fingerprint": "limits:breach:main daily_loss",
    "source": "limits",
    "kind": "breach",
    "type": "error",
    "level": "critical",
    "severity": 5,
    "title": "daily_loss is broken in main",
    "message": "daily_loss is 0.0312 of 0.03",
    "timestamp": AT,
    "updated_at": AT,
    "count": 3,
    "details": {"limit": "0.03", "value": "0.0312"},
    "resolved": False,
    "resolved_at": Maybe(None),
    "resolved_by": "",
    "acknowledged_by": "trader/3f2a9c10",
    "acknowledged_at": Maybe(AT),
    "escalations": 0,
    "inhibited_by": "",
    "shown": True,
    "revision": 2,
    "removed": False,
}

#: The row that each type of frame carries.
ROWS: dict[str, Row] = {
    **LEARNING,
    "circuit_breaker_event": {
        **BREACH_EVENT,
        "at": Maybe(BREACH_EVENT["at"]),
        "halt_seq": Maybe(BREACH_EVENT["halt_seq"]),
    },
    "alert": _ALERT,
    "alert_resolved": {
        **_ALERT,
        "resolved": True,
        "resolved_at": Maybe(AT),
        "resolved_by": "desk",
        "revision": 3,
        "removed": True,
    },
    "order_update": {**ORDER, "removed": False},
    "trading_signal": {
        "id": "S00000031",
        "timestamp": AT,
        "symbol": "NIFTY-20251125-26150-CE",
        "signal_type": "buy",
        "confidence": 0.72,
        "horizon_s": 900.0,
        "quantity": 75,
        "price": 83.4,
        "strategy": "demo",
        "model_id": "gap-2025-11-21",
        "fund_id": "main",
        "reason": "the forward leads the spot",
        "actor": "trader/3f2a9c10",
        "status": "scored",
        "due_at": Maybe(AT),
        "scored_at": Maybe(AT),
        "outcome_price": 85.1,
        "outcome_return": 0.0204,
        "correct": True,
        "note": "",
        "removed": True,
    },
    "audit_record": {
        name: AUDIT["records"][0][name]
        for name in ("seq", "timestamp", "recorded_at", "kind", "actor", "action", "outcome", "detail", "request_id")
    },
    "position_update": {
        **POSITION,
        "underlying": "NIFTY",
        "expiry": "2025-11-25",
        "strike": 26150.0,
        "option_type": "CE",
        "lots": 1.0,
        "realized_pnl": 0.0,
        "fees": 20.06,
        "fund_id": "main",
        "updated_at": AT,
        "quality": "live",
        "rho": 1.4,
        "iv": 0.112,
        "margin": 0.0,
        "vol_quality": "own",
    },
    "pnl_update": {
        "fund_id": "main",
        "capital": 1_000_000.0,
        "portfolio_value": 1_000_228.75,
        "daily_pnl": 228.75,
        "daily_pnl_percent": 0.0002,
        "realized_pnl": 0.0,
        "unrealized_pnl": 228.75,
        "fees": 20.06,
        "peak_value": 1_000_410.0,
        "drawdown": 0.0002,
        "max_drawdown": 0.004,
        "used_margin": 184_000.0,
        "available_margin": 816_000.0,
        "capital_utilization": 0.184,
        "total_positions": 2,
        "trades": 5,
        "winning_trades": 3,
        "quality": "live",
    },
    "greeks_update": {
        "fund_id": "main",
        "underlying": "NIFTY",
        "delta": 33.1,
        "gamma": 0.09,
        "vega": 412.0,
        "theta": -1520.0,
        "rho": 1.4,
        "delta_cash": 864_572.0,
        "quality": "live",
    },
    "market_condition": {
        "symbol": "NIFTY",
        "spot_price": 26_120.0,
        "forward": 26_131.0,
        "expiry": "2025-11-25",
        "days_to_expiry": 1.2,
        "atm_iv": 0.11,
        "pcr": 0.9,
        "max_pain": 26_100.0,
        "vix": 13.6,
        "condition": "normal",
        "timestamp": AT,
        "age_s": 0.1,
        "quality": "live",
    },
    "data_quality": {
        **QUALITY["report"]["symbols"]["NIFTY"],
        "crossed": 3,
        "out_of_order": 0,
        "gaps": 0,
        "missed": 0,
        "refused_by_reason": Named({"crossed": 3}),
        "fresh": 0.99,
        "clean": 1.0,
        "steady": 1.0,
    },
    "system_status": {
        "timestamp": AT,
        "api_status": "ok",
        "problems": [],
        "ml_models": 0,
        "active_traders": 1,
        "strategies": 1,
        "portfolios": 1,
        "total_trades": 5,
        "system_load": 0.31,
        "memory_usage": 0.42,
        "cpu_usage": 0.18,
        "process_memory_bytes": 412_000_000,
        "process_cpu": 0.09,
        "threads": 14,
        "loop_lag_s": 0.002,
        "report_age_s": 0.04,
        "uptime_s": 5_400.0,
        "active_connections": 2,
        "queues": Named({"inbox": 0, "writer": 3}),
        "feeds": Named({"simulated": "up"}),
    },
    "performance_update": {
        "fund_id": "main",
        "timestamp": AT,
        "portfolio_value": 1_000_228.75,
        "total_return": 0.0002,
        "daily_return": 0.0002,
        "active_positions": 2,
        "sharpe_ratio": 1.1,
        "sortino_ratio": 1.6,
        "volatility": 0.08,
        "drawdown": 0.0002,
        "max_drawdown": 0.004,
        "win_rate": 0.6,
        "profit_factor": 1.4,
        "trades": 5,
        "interval": "day",
        "periods_per_year": 252.0,
        "observations": 21,
    },
    "heartbeat": {"timestamp": AT, "active_connections": 2},
}

#: What the frames that answer one client alone carry.
ANSWERS: dict[str, Row] = {
    "connection": {"client_id": "5f2c01d4a9be", "role": "viewer", "epoch": EPOCH, "server_version": "0.1.0"},
    "ack": {
        "to": "subscribe",
        "topics": {"orders": {"type": "order_update", "kind": "every", "seq": 12, "start": "resumed"}},
    },
    "error": {"code": "unknown_topic", "message": "there is no topic 'order'; topics: breaker, orders, positions"},
    "pong": {},
}

#: What a client may send.
ASKED: dict[str, Row] = {
    "auth": {"type": "auth", "key": "the key that was shown once"},
    "subscribe": {
        "type": "subscribe",
        "subscriptions": ["orders", "breaker"],
        "filter": {"fund_id": "main"},
        "resume": {"epoch": EPOCH, "seq": {"orders": 12, "breaker": 3}},
    },
    "unsubscribe": {"type": "unsubscribe", "subscriptions": ["orders"]},
    "seen": {"type": "seen", "topic": "positions", "seq": 4101},
    "ping": {"type": "ping"},
}
