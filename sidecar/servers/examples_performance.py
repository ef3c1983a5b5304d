"""One worked example of how the funds do and of their money, for the API's document."""

from __future__ import annotations

from typing import Any

from sidecar.servers.shapes import Maybe

AT = "2025-11-24T06:30:00+00:00"
LINE: dict[str, Any] = {
    "fund_id": "main",
    "timestamp": AT,
    "portfolio_value": 1_000_228.75,
    "total_return": 0.00022875,
    "daily_return": 0.0002,
    "active_positions": 1,
    "sharpe_ratio": 1.8,
    "sortino_ratio": 2.6,
    "volatility": 0.09,
    "drawdown": 0.0008,
    "max_drawdown": 0.004,
    "win_rate": 0.6,
    "profit_factor": 1.4,
    "trades": 5,
    "interval": "1min",
    "periods_per_year": 97_020.0,
    "observations": 180,
}
PERFORMANCE: dict[str, Any] = {
    "performance": [LINE],
    "count": 1,
    "next_cursor": Maybe("1763965800000000~main"),
    "as_of": Maybe(AT),
}
_CAPITAL: dict[str, Any] = {
    "fund_id": "main",
    "capital": 1_000_000.0,
    "portfolio_value": 1_000_228.75,
    "used_margin": 184_000.0,
    "available_margin": 816_000.0,
    "capital_utilization": 0.184,
    "realized_pnl": -1_228.75,
    "unrealized_pnl": 228.75,
    "fees": 40.12,
    "quality": "live",
}
CAPITAL: dict[str, Any] = {
    "funds": [_CAPITAL],
    "total": {**_CAPITAL, "fund_id": "*"},
    "currency": "INR",
    "simulated": True,
    "timestamp": AT,
}
_MONEY: dict[str, Any] = {
    **_CAPITAL,
    "daily_pnl": -1_000.0,
    "daily_pnl_percent": -0.001,
    "peak_value": 1_001_000.0,
    "drawdown": 0.0008,
    "max_drawdown": 0.004,
    "total_positions": 1,
    "trades": 5,
    "winning_trades": 3,
}
FUNDS: dict[str, Any] = {"funds": [_MONEY], "timestamp": AT}
_POINT: dict[str, Any] = {
    "timestamp": AT,
    "fund_id": "main",
    "portfolio_value": 1_000_228.75,
    "low": 999_900.0,
    "high": 1_000_300.0,
    "daily_pnl": -1_000.0,
    "drawdown": 0.0008,
}
EQUITY: dict[str, Any] = {"items": [_POINT], "count": 1}
