"""Models, predictions and what became of them, as they come to the desk."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.events import Forecast, Matured, ModelOffered
from sidecar.domain.models import (
    LabelKind,
    ModelLine,
    ModelRole,
    Prediction,
    PredictionOutcome,
    Verdict,
)
from sidecar.domain.signals import SignalType
from tests.desk.world import SPOT, World

FAMILY = "NIFTY fixed_horizon 15"


def line(name: str = "m1", role: ModelRole = ModelRole.CHAMPION, **changes: Any) -> ModelLine:
    """A model without skill, trained the day before."""
    at = World().at - DAY
    fields: dict[str, Any] = {
        "family": FAMILY, "symbol": "NIFTY", "label": LabelKind.FIXED_HORIZON, "horizon": 15,
        "verdict": Verdict.NO_SKILL, "trained_at": at, "trained_from": at - 60 * DAY, "trained_to": at, "rows": 22_000,
        "simulated": True, "feature_hash": "f0", "model_hash": "a0", "manifest_hash": "b0", "reason": "the first one",
    } | changes  # fmt: skip
    return ModelLine(name, role=role, **fields)


def expected(world: World, model_id: str = "m1", role: ModelRole = ModelRole.CHAMPION, **changes: Any) -> Prediction:
    """What a model makes of the bar that closed just now."""
    at = world.state.now
    fields: dict[str, Any] = {
        "family": FAMILY, "symbol": "NIFTY", "bar_at": at, "known_at": at, "due_at": at + 15 * MINUTE, "horizon": 15,
        "feature_hash": "f0", "vector_hash": "v0", "features": (0.1, None), "probabilities": (0.2, 0.25, 0.55),
        "signal": SignalType.BUY, "confidence": 0.55, "price": SPOT, "explained": (("ret_5", 0.25), ("vix", -0.1)),
    } | changes  # fmt: skip
    return Prediction(model_id, role=role, **fields)


def outcome(prediction_id: str, label: SignalType | None = SignalType.BUY, **changes: Any) -> PredictionOutcome:
    told = PredictionOutcome(prediction_id, label, 0.002, SPOT, SPOT * 1.002, label is SignalType.BUY)
    return replace(told, **changes)


def learning(*models: ModelLine, **more: Any) -> World:
    """A desk that trades, with these models; the champion ``m1`` alone if none is given."""
    world = World(**more).begin()
    offer(world, *(models or (line(),)))
    return world


def offer(world: World, *models: ModelLine) -> None:
    world.take(*(ModelOffered(world.at, model) for model in models))


def predict(world: World, *predictions: Prediction) -> tuple[Prediction, ...]:
    """Those of ``predictions`` that went on record."""
    before = {one.id for one in world.report.predictions} if world.published else set()
    report = world.take(Forecast(world.at, predictions))
    return tuple(one for one in report.predictions if one.id not in before)


def became(world: World, *outcomes: PredictionOutcome) -> None:
    world.take(Matured(world.at, outcomes))


def wait(world: World, minutes: int = 15) -> None:
    """Time passes; the market is quoted at its end."""
    world.at += minutes * MINUTE
    world.trade(seconds=0.0)
