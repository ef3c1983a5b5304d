"""A small model with all that belongs to it, for the tests of what is done with models."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import numpy as np
import xgboost
from numpy.typing import NDArray

from sidecar.domain.models import LabelKind, Verdict
from sidecar.features.labels import LabelSpec
from sidecar.learning.calibration import Calibration
from sidecar.learning.drift import reference, score_reference
from sidecar.learning.manifest import Origin
from sidecar.learning.pairing import session_losses
from sidecar.learning.scorecard import Canary, Interval, Money, Part, Scorecard
from sidecar.learning.scores import Scores
from sidecar.learning.trained import Trained

NAMES = ("ret_1", "rv_15", "gap")
FEATURE_HASH = "f" * 64
NOW = 1_700_000_000_000_000
ROWS = 600


def rows(seed: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Rows (n, 3) and outcomes: ``ret_1`` far below 0 is sell, far above is buy; some values are unknown."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, len(NAMES))).astype(np.float32)
    y = np.digitize(x[:, 0], [-0.6, 0.6]).astype(np.int8)
    x[rng.random(x.shape) < 0.03] = np.nan
    return x, y


@cache
def booster_bytes(classes: int = 3, rounds: int = 20) -> bytes:
    """XGBoost's JSON of a model of :func:`rows`; of two classes it tells losers from winners."""
    x, y = rows()
    known = y != 1 if classes == 2 else np.ones(len(y), dtype=bool)
    coded = (y[known] > 1).astype(np.int8) if classes == 2 else y
    data = xgboost.DMatrix(x[known], coded, feature_names=list(NAMES), nthread=1)
    settings = {"objective": "multi:softprob", "num_class": classes, "max_depth": 2, "nthread": 1, "seed": 1}
    return bytes(xgboost.train(settings, data, rounds).save_raw("json"))


def card(verdict: Verdict = Verdict.NO_SKILL, *, canary: bool = True, brier_skill: float | None = 0.01) -> Scorecard:
    """A scorecard of numbers that are no model's."""
    scores = Scores(500, accuracy=0.52, auc=0.53, direction_brier_skill=brier_skill, log_loss=1.05)
    return Scorecard(
        verdict=verdict,
        why="a test's",
        scores=scores,
        sessions=20,
        base=(0.3, 0.4, 0.3),
        accuracy=Interval(0.49, 0.55),
        effective_rows=200.0,
        direction_accuracy=0.53,
        direction=Interval(0.5, 0.56),
        skill=Interval(-0.01, 0.02),
        chance=Interval(0.47, 0.53),
        chance_p=0.2,
        expected_edge=0.016,
        required=7750,
        trials=6,
        money=Money(0, 0.0, None, None, None),
        folds=(),
        hours=(),
        baselines=(Part("majority", Scores(500, accuracy=0.45)),),
        reliability=(),
        canaries=(Canary("shuffled labels", canary, 0.5, 0.55, "at chance" if canary else "0.70 on shuffled labels"),),
    )


def trained(classes: int = 3, scorecard: Scorecard | None = None) -> Trained:
    """What a training would give."""
    x, y = rows()
    sessions = np.repeat(np.arange(20), ROWS // 20)
    p = np.full((ROWS, 3), 1 / 3)
    drift = msgspec.structs.replace(reference(x, sessions, NAMES), score=score_reference(p[:, 2] - p[:, 0], sessions))
    biases = (0.1, 0.0, -0.1) if classes == 3 else (0.1, None, -0.1)
    return Trained(
        model=booster_bytes(classes),
        calibration=Calibration(0.8, biases, ROWS),
        scorecard=scorecard or card(),
        drift=drift,
        parameters={"max_depth": 2, "eta": 0.3},
        rounds=20,
        base=(0.3, 0.4, 0.3),
        moves=(-0.001, float("nan"), 0.001),
        trained_from=NOW - 2000,
        trained_to=NOW - 1000,
        labels_to=NOW - 900,
        rows=ROWS,
        trials=6,
        losses=session_losses(np.arange(ROWS), sessions, y, p),
    )


def origin(model_id: str = "nifty-1", **changes: Any) -> Origin:
    """Where that model would come from."""
    spec = LabelSpec(LabelKind.FIXED_HORIZON, 15)
    made = Origin(
        id=model_id,
        symbol="NIFTY",
        spec=spec,
        names=NAMES,
        feature_hash=FEATURE_HASH,
        source="history",
        simulated=True,
        bars=ROWS,
        sessions=20,
        seed=7,
        search=1,
        code="0.1.0",
        libraries={"xgboost": xgboost.__version__},
        run="run-1",
        created_at=NOW,
    )
    return made._replace(**changes)
