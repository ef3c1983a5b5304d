"""One model's prediction on one bar."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from sidecar.domain.clock import DAY, MINUTE, SECOND
from sidecar.domain.models import Verdict
from sidecar.domain.signals import SignalType
from sidecar.features.matrix import NAMES
from sidecar.learning.drift import reference
from sidecar.learning.forecast import Place, forecast, sessions_old, unknown_share
from sidecar.learning.registry import Registry
from tests.learning.predicting import kept
from tests.learning.test_maturing import bar
from tests.learning.watched import CALENDAR, OPEN

BAR = msgspec.structs.replace(bar(OPEN), close=26_100.0, cost=0.0004, known_at=OPEN + MINUTE + SECOND)
PLACE = Place(OPEN + 3 * MINUTE, 1)


def test_a_prediction_says_all_that_it_rests_on(tmp_path: Path) -> None:
    model = Registry(tmp_path).load(kept(tmp_path))
    vector = np.zeros(len(NAMES), dtype=np.float32)
    vector[0], vector[4] = 2.0, np.nan
    found = forecast(model, BAR, vector, PLACE)
    assert (found.bar_at, found.known_at, found.due_at) == (OPEN + MINUTE, OPEN + MINUTE + SECOND, OPEN + 3 * MINUTE)
    assert (found.model_id, found.role, found.price, found.simulated) == ("m1", "champion", 26_100.0, True)
    assert found.vector_hash == sha256(vector.tobytes()).hexdigest()
    assert (found.features[0], found.features[4], len(found.features)) == (2.0, None, len(NAMES))
    assert found.feature_hash == model.manifest.feature_hash
    assert found.probabilities == model.score(vector).probabilities
    assert (found.signal, found.confidence, found.abstained) == (SignalType.BUY, found.probabilities[2], "")
    assert found.explained[0][0] == "ret_1"
    assert (found.id, found.decided_at, found.replayed) == ("", 0, False)
    assert forecast(model, BAR, vector, PLACE) == found


def test_what_holds_it_back_is_told(tmp_path: Path) -> None:
    vector = np.full(len(NAMES), 2.0, dtype=np.float32)
    model = Registry(tmp_path).load(kept(tmp_path))
    for place in (PLACE._replace(suspended="drift"), PLACE._replace(sessions_old=9)):
        assert forecast(model, BAR, vector, place).abstained
    blind = forecast(model, BAR, np.full(len(NAMES), np.nan, dtype=np.float32), PLACE)
    assert blind.abstained == "100% of the features are unknown"
    doubtful = Registry(tmp_path).load(kept(tmp_path, "m2", verdict=Verdict.NO_SKILL))
    assert forecast(doubtful, BAR, vector, PLACE).signal is SignalType.HOLD
    assert forecast(model, BAR, vector, PLACE._replace(replayed=True)).replayed


def test_a_feature_that_training_never_knew_is_not_missed() -> None:
    x = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]])
    told = reference(x, np.arange(3), ("a", "b"))
    assert unknown_share(told, np.array([1.0, np.nan], dtype=np.float32)) == 0.0
    assert unknown_share(told, np.array([np.nan, 1.0], dtype=np.float32)) == 1.0
    assert unknown_share(reference(np.full((3, 1), np.nan), np.arange(3), ("a",)), np.zeros(1, np.float32)) == 1.0


def test_a_models_age_counts_sessions_not_days() -> None:
    assert sessions_old(CALENDAR, OPEN, OPEN) == 0
    assert sessions_old(CALENDAR, OPEN - 3 * DAY, OPEN) == 1  # Friday to Monday
    assert sessions_old(CALENDAR, OPEN - 4 * DAY, OPEN) == 2
    assert sessions_old(CALENDAR, 0, OPEN) > 200  # before the table
