"""One worked example of the risk numbers and of the data's quality, for the API's document."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples_performance import LINE
from sidecar.servers.shapes import Maybe, Named

AT = "2025-11-24T06:30:00+00:00"
RISK: dict[str, Any] = {
    "status": "success",
    "data": {
        "timestamp": AT,
        "daily_pnl": 228.75,
        "daily_pnl_percent": 0.0002,
        "drawdown": 0.0,
        "max_drawdown": 0.004,
        "sharpe_ratio": None,
        "win_rate": 0.6,
        "total_trades": 5,
        "performance": Maybe({**LINE, "fund_id": "*"}),
        "capital_utilization": 0.184,
        "largest_position_percent": 0.062,
        "var_95": 9_400.0,
        "es_975": 14_100.0,
        "tail": [
            {
                "fund_id": "*",
                "var_95": 9_400.0,
                "var_99": 16_800.0,
                "es_975": 14_100.0,
                "var_95_error": 620.0,
                "var_99_error": 1_900.0,
                "es_975_error": 1_100.0,
                "method": Maybe("filtered"),
                "days": 500,
                "worst": 118_000.0,
                "worst_case": Maybe("spot +15.0%, volatility +50%"),
            }
        ],
        "exposure_by_strategy": Named({"demo": 6255.0}),
        "total_unrealized_pnl": 228.75,
        "used_margin": 184000.0,
        "available_margin": 816000.0,
    },
}
_QUALITY_LINE: dict[str, Any] = {
    "symbol": "NIFTY",
    "contracts": 160,
    "live": 158,
    "stale": 2,
    "missing": 0,
    "updates": 91234,
    "refused": 3,
    "age_s": 0.1,
    "score": 0.98,
    "crossed": 2,
    "out_of_order": 1,
    "gaps": 0,
    "missed": 0,
    "refused_by_reason": Named({"crossed": 2, "out_of_order": 1}),
    "fresh": 0.9875,
    "clean": 0.98,
    "steady": 1.0,
}
QUALITY: dict[str, Any] = {
    "status": "success",
    "report": {
        "timestamp": AT,
        "overall_quality": 0.98,
        "symbols": Named({"NIFTY": _QUALITY_LINE}),
        "streaming_health": "up",
        "total_symbols": 1,
        "stale_count": 0,
    },
}
