"""One worked example of every body and answer about signals and round trips."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT
from sidecar.servers.shapes import Maybe

SIGNAL_ASKED: dict[str, Any] = {
    "symbol": "NIFTY26150CE",
    "signal_type": "buy",
    "confidence": 0.62,
    "horizon_s": 900,
    "quantity": 75,
    "strategy": "outside",
    "model_id": "gbm-12",
    "reason": "implied volatility is below what was realised",
}
SIGNAL: dict[str, Any] = {
    "id": "S251124034500-00001",
    "symbol": "NIFTY-20251125-26150-CE",
    "signal_type": "buy",
    "confidence": 0.62,
    "horizon_s": 900.0,
    "quantity": 75,
    "strategy": "outside",
    "model_id": "gbm-12",
    "fund_id": "main",
    "reason": "implied volatility is below what was realised",
    "actor": "trader/3f2a9c10",
    "timestamp": AT,
    "price": 83.4,
    "due_at": Maybe("2025-11-24T06:45:00+00:00"),
    "status": "open",
    "scored_at": Maybe("2025-11-24T06:45:00+00:00"),
    "outcome_price": None,
    "outcome_return": None,
    "correct": Maybe(True),
    "note": "",
}
_SCORED = {
    **SIGNAL,
    "status": "scored",
    "outcome_price": 85.1,
    "outcome_return": 0.0204,
}
SIGNALS: dict[str, Any] = {
    "signals": [_SCORED],
    "count": 1,
    "next_cursor": Maybe("1763965800000000~S251124034500-00001"),
    "as_of": Maybe(AT),
}
_SCORE: dict[str, Any] = {
    "strategy": "*",
    "signals": 14,
    "open": 2,
    "unscored": 1,
    "scored": 11,
    "directional": 10,
    "correct": 8,
    "hit_rate": 0.8,
    "hit_rate_low": 0.4902,
    "hit_rate_high": 0.9433,
    "mean_return": 0.0031,
}
SCORES: dict[str, Any] = {"scores": [_SCORE], "count": 1, "signals": 14, "complete": True, "as_of": Maybe(AT)}
TRADE: dict[str, Any] = {
    "id": "T00000001",
    "fund_id": "main",
    "strategy": "demo",
    "symbol": "NIFTY-20251125-26150-CE",
    "opened_at": AT,
    "closed_at": "2025-11-24T07:02:11.250000+00:00",
    "realized": 228.75,
    "fees": 40.12,
    "net": 188.63,
}
TRADES: dict[str, Any] = {
    "trades": [TRADE],
    "count": 1,
    "next_cursor": Maybe("1763967731250000~T00000001"),
    "as_of": Maybe(AT),
}
