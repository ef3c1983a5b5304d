"""One worked example of every body and answer about backtests."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT
from sidecar.servers.shapes import Maybe, Named

_ID = "B251124063000-3f2a9c"
_END = "2025-11-24T06:30:08+00:00"
RUN_ASKED: dict[str, Any] = {
    "symbols": ["NIFTY"],
    "strategy": "sma_cross",
    "start_date": "2025-08-01",
    "end_date": "2025-11-21",
    "initial_capital": 2_000_000,
    "parameters": {"fast": 10, "slow": 30},
}
_REQUEST: dict[str, Any] = {
    "symbols": ["NIFTY"],
    "strategy": "sma_cross",
    "start_date": "2025-08-01",
    "end_date": "2025-11-21",
    "initial_capital": 2_000_000,
    "model_id": "",
    "commission": Maybe(0.0003),
    "slippage": Maybe(0.0001),
    "mode": "walk_forward",
    "train_window_days": 60,
    "test_window_days": 20,
    "retrain_frequency_days": 20,
    "seed": 7,
    "engine": "auto",
    "instrument": "future",
    "source": "auto",
    "parameters": Named({"fast": 10.0, "slow": 30.0}),
    "sweep": Named({"fast": [5.0, 10.0]}),
    "resets": False,
}
JOB: dict[str, Any] = {
    "id": _ID,
    "actor": "trader/3f2a9c10",
    "request": _REQUEST,
    "state": "running",
    "step": "window 2 of 5",
    "note": "14 trades",
    "fraction": 0.42,
    "asked_at": AT,
    "started_at": Maybe(AT),
    "ended_at": Maybe(_END),
    "seconds": Maybe(8.1),
    "reason": "",
    "hash": "",
    "total_return": -0.031,
    "sharpe_ratio": -0.8,
    "max_drawdown": 0.052,
    "total_trades": 212,
    "simulated": Maybe(True),
}
_DONE = JOB | {"state": "done", "fraction": 1.0, "hash": "9c40…"}
RUN: dict[str, Any] = {"job_id": _ID, "job": JOB | {"state": "queued", "fraction": 0.0, "step": "", "note": ""}}
BACKTESTS: dict[str, Any] = {
    "backtests": [_DONE],
    "count": 1,
    "next_cursor": Maybe(f"1763965808000000~{_ID}"),
    "as_of": Maybe(AT),
}
STRATEGIES: dict[str, Any] = {
    "strategies": [
        {
            "name": "sma_cross",
            "title": "Crossing averages",
            "description": "Long while the fast average of the closes is above the slow one, short while below.",
            "engines": ["vectorised", "event"],
            "parameters": Named({"fast": 10.0, "slow": 30.0}),
            "needs_model": False,
        }
    ],
    "count": 1,
}
_FIGURES: dict[str, Any] = {
    "total_return": -0.031,
    "annualized_return": -0.1,
    "volatility": 0.12,
    "sharpe_ratio": -0.8,
    "sortino_ratio": -1.1,
    "calmar_ratio": -1.9,
    "max_drawdown": 0.052,
    "sessions": 76,
    "exposure": 0.97,
    "turnover": 41.0,
    "var_95": 0.012,
    "expected_shortfall_975": 0.017,
    "skew": -0.2,
    "kurtosis": 4.1,
    "longest_drawdown": 51,
    "best_session": 0.021,
    "worst_session": -0.019,
}
_PART: dict[str, Any] = {"name": "2025", "figures": _FIGURES, "trades": 212, "net_profit": -62_000.5}
_TRADE: dict[str, Any] = {
    "symbol": "NIFTY-20251125-FUT",
    "strategy": "sma_cross",
    "side": "buy",
    "quantity": 75,
    "opened_at": AT,
    "closed_at": _END,
    "entry_price": 26_120.0,
    "exit_price": 26_110.5,
    "gross_pnl": -712.5,
    "fees": 301.2,
    "net_pnl": -1_013.7,
    "slippage": 7.5,
    "exit": "order",
    "confidence": 0.4,
    "model_id": "",
}
RESULT: dict[str, Any] = {
    "total_return": -0.031,
    "annualized_return": -0.1,
    "volatility": 0.12,
    "sharpe_ratio": -0.8,
    "max_drawdown": 0.052,
    "win_rate": 0.31,
    "total_trades": 212,
    "winning_trades": 66,
    "losing_trades": 146,
    "avg_win": 2_410.0,
    "avg_loss": -1_510.0,
    "profit_factor": 0.72,
    "calmar_ratio": -1.9,
    "sortino_ratio": -1.1,
    "trades": [_TRADE],
    "equity_curve": [{"timestamp": AT, "equity": 2_000_000.0, "drawdown": 0.0}],
    "benchmark_curve": [{"timestamp": AT, "equity": 2_000_000.0, "drawdown": 0.0}],
    "performance_metrics": {
        "gross_profit": 159_060.0,
        "gross_loss": 221_060.5,
        "net_profit": -62_000.5,
        "total_commission": 63_854.4,
        "total_slippage": 1_590.0,
        "avg_confidence": 0.4,
        "best_trade": 9_120.0,
        "worst_trade": -7_340.0,
    },
    "benchmark": Maybe(_FIGURES),
    "deflated_sharpe": 0.02,
    "config": _REQUEST,
    "figures": _FIGURES,
    "uncertainty": Named({"sharpe_ratio": {"value": -0.8, "low": -4.1, "high": 2.6}}),
    "selection": {"trials": 1, "deflated_sharpe": 0.02, "overfitting_probability": 0.4, "note": "one trial"},
    "engine": "vectorised",
    "simulated": True,
    "source": "bars",
    "hash": "9c40…",
    "years": [_PART],
    "regimes": [_PART | {"name": "calm"}],
    "windows": [
        {
            "test_from": "2025-08-01",
            "test_to": "2025-08-29",
            "train_from": Maybe("2025-05-06"),
            "train_to": Maybe("2025-07-30"),
            "model_id": "",
            "labels_to": Maybe("2025-07-30T10:00:00+00:00"),
            "note": "",
        }
    ],
    "window_parts": [_PART | {"name": "2025-08-01 to 2025-08-29"}],
    "trials": [{"parameters": Named({"fast": 10.0}), "total_return": -0.031, "sharpe_ratio": -0.8, "trades": 212}],
    "refused": [{"reason": "margin_utilization", "count": 3, "first_at": AT, "last_at": _END}],
    "lookahead": {"cuts": 8, "changed": 0, "first": "", "note": ""},
    "data": [{"kind": "gap", "count": 2, "detail": "2 minutes missing, first on 2025-08-04"}],
    "assumptions": ["the future trades at the index's own level"],
    "ended_early": "",
    "bars": 28_500,
    "events": 0,
    "seconds": 4.2,
}
BACKTEST: dict[str, Any] = {"job": _DONE, "result": Maybe(RESULT), "why": Maybe("its files are no longer kept")}
