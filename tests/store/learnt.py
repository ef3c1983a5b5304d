"""Bars, predictions and what became of them, models, training runs and backtests, as the desk makes them."""

from datetime import date
from typing import Any

from sidecar.domain import clock
from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState
from sidecar.domain.bars import Bar
from sidecar.domain.models import (
    LabelKind,
    ModelLine,
    ModelRole,
    Prediction,
    PredictionOutcome,
    RunResult,
    TrainingRun,
    Verdict,
)
from sidecar.domain.signals import SignalType
from tests.store.build import NOW


def bar(number: int = 0, symbol: str = "NIFTY", close: float = 24_600.0, **changes: Any) -> Bar:
    """The bar of minute ``number`` from :data:`NOW`."""
    at = NOW + number * clock.MINUTE
    fields: dict[str, Any] = {"known_at": at + clock.MINUTE, "source": "live", "simulated": True} | changes
    fields = {"open": close, "high": close + 1.0, "low": close - 1.0, "session": 1.0, "vix": 13.5} | fields
    return Bar(symbol, at, at + clock.MINUTE, close=close, **fields)


def prediction(name: str = "P1", at: int = NOW, **changes: Any) -> Prediction:
    fields: dict[str, Any] = {
        "model_id": "m1", "family": "NIFTY fixed_horizon 15", "role": ModelRole.CHAMPION, "symbol": "NIFTY",
        "bar_at": at, "known_at": at, "due_at": at + 15 * clock.MINUTE, "horizon": 15, "feature_hash": "f0",
        "vector_hash": "v0", "features": (0.1, None), "probabilities": (0.2, 0.3, 0.5), "signal": SignalType.BUY,
        "confidence": 0.5, "price": 24_600.0, "explained": (("ret_5", 0.25),), "id": name, "decided_at": at,
    }  # fmt: skip
    return Prediction(**(fields | changes))


def became(name: str = "P1", version: int = 1, at: int = NOW, **changes: Any) -> PredictionOutcome:
    fields: dict[str, Any] = {
        "label": SignalType.BUY, "move": 0.01, "entry_price": 1.0, "exit_price": 2.0, "correct": True
    } | changes  # fmt: skip
    return PredictionOutcome(name, version=version, matured_at=at, **fields)


def model(name: str = "m1", role: ModelRole = ModelRole.CHAMPION, **changes: Any) -> ModelLine:
    fields: dict[str, Any] = {
        "family": "NIFTY fixed_horizon 15", "symbol": "NIFTY", "label": LabelKind.FIXED_HORIZON, "horizon": 15,
        "verdict": Verdict.NO_SKILL, "trained_at": NOW, "trained_from": NOW - clock.DAY, "trained_to": NOW,
        "rows": 1_000, "simulated": True, "feature_hash": "f0", "model_hash": "a0", "manifest_hash": "b0",
    } | changes  # fmt: skip
    return ModelLine(name, role=role, **fields)


def run(name: str = "T1", at: int = NOW, result: RunResult = RunResult.DONE, **changes: Any) -> TrainingRun:
    fields: dict[str, Any] = {"started_at": at - 9 * clock.SECOND, "seconds": 9.0, "model_id": "m1"} | changes
    return TrainingRun(name, "daily", "2026-08-18", "NIFTY fixed_horizon 15", "desk", result, ended_at=at, **fields)


def backtest(name: str = "B1", at: int = NOW, **changes: Any) -> BacktestJob:
    """A backtest that is over."""
    request = BacktestRequest(("NIFTY",), "sma_cross", date(2026, 8, 3), date(2026, 8, 17), parameters={"fast": 5.0})
    fields: dict[str, Any] = {
        "state": BacktestState.DONE, "fraction": 1.0, "asked_at": at - 2, "started_at": at - 1, "ended_at": at,
        "seconds": 1.5, "hash": "h0", "total_return": 0.01, "sharpe_ratio": None, "max_drawdown": 0.02,
        "total_trades": 3, "simulated": True,
    }  # fmt: skip
    return BacktestJob(name, "ann", request, **(fields | changes))
