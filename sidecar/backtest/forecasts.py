"""What was predicted of a past, as the events that a desk takes up: a model comes into its place, then it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.models import Predicted
from sidecar.domain.events import AnyEvent, Forecast, ModelOffered
from sidecar.domain.models import CLASSES, ModelLine, ModelRole, Prediction

Columns = Mapping[str, NDArray[Any]]


def forecast_events(predicted: Predicted, columns: Columns) -> dict[int, tuple[AnyEvent, ...]]:
    """The events at each bar's close that has a prediction, by ``closes_at``, for the desk to take after that beat.

    Before the first bar of a window that has one its model is offered as the champion, which retires the one before.
    A bar counts as known at its close. The signal is the likeliest class: what live holds back for want of a validation
    or for a model's age is not held back here, where the windows say how old a model may be. Predictions are marked as
    replayed, so that they count in no live number.
    """
    made: dict[int, tuple[AnyEvent, ...]] = {}
    crowned = ""
    for row in np.flatnonzero(predicted.model >= 0).tolist():
        window = predicted.windows[int(predicted.model[row])]
        at = int(columns["closes_at"][row])
        line = predicted.lines[window.model_id]
        told: AnyEvent = Forecast(at, (_prediction(predicted, columns, row, line),))
        made[at] = (told,) if line.id == crowned else (ModelOffered(at, line), told)
        crowned = line.id
    return made


def _prediction(predicted: Predicted, columns: Columns, row: int, line: ModelLine) -> Prediction:
    vector, at = predicted.x[row], int(columns["closes_at"][row])
    sell, hold, buy = predicted.p[row].tolist()
    likeliest = int(np.argmax(predicted.p[row]))
    return Prediction(
        model_id=line.id,
        family=line.family,
        role=ModelRole.CHAMPION,
        symbol=line.symbol,
        bar_at=at,
        known_at=at,
        due_at=int(predicted.due_at[row]),
        horizon=line.horizon,
        feature_hash=line.feature_hash,
        vector_hash=sha256(vector.tobytes()).hexdigest(),
        features=tuple(value if isfinite(value) else None for value in vector.tolist()),
        probabilities=(sell, hold, buy),
        signal=CLASSES[likeliest],
        confidence=(sell, hold, buy)[likeliest],
        price=float(columns["close"][row]),
        simulated=bool(columns["simulated"][row]),
        replayed=True,
    )
