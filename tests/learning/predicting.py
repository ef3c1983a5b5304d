"""A small model of the program's own features, on disk, and what it takes to predict with it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import xgboost
from numpy.typing import NDArray

from sidecar.domain.models import LabelKind, ModelLine, ModelRole, Verdict
from sidecar.features.labels import LabelSpec
from sidecar.features.matrix import FEATURE_HASH, NAMES
from sidecar.learning.drift import DriftReference, reference, score_reference
from sidecar.learning.registry import Registry
from sidecar.learning.scorecard import Interval, Scorecard
from sidecar.learning.scores import ReliabilityBin
from sidecar.learning.trained import Trained
from tests.learning import models

ROWS = 400


@cache
def booster() -> bytes:
    """XGBoost's JSON of a model in which ``ret_1`` decides."""
    x, y = _rows()
    data = xgboost.DMatrix(x, y, feature_names=list(NAMES), nthread=1)
    settings = {"objective": "multi:softprob", "num_class": 3, "max_depth": 2, "nthread": 1, "seed": 1}
    return bytes(xgboost.train(settings, data, 10).save_raw("json"))


@cache
def drift() -> DriftReference:
    x, _ = _rows()
    days = np.repeat(np.arange(20), ROWS // 20)
    return msgspec.structs.replace(reference(x, days, NAMES), score=score_reference(x[:, 1].astype(float), days))


def card(verdict: Verdict = Verdict.SKILL) -> Scorecard:
    """A scorecard of a model that was as sure as 50 % a hundred times a bin."""
    bins = tuple(ReliabilityBin(k / 10, (k + 1) / 10, 100, (k + 0.5) / 10, (k + 0.5) / 10) for k in range(10))
    made = models.card(verdict)
    return msgspec.structs.replace(made, reliability=bins, effective_rows=900.0, skill=Interval(0.001, 0.02))


def trained(verdict: Verdict = Verdict.SKILL, trained_to: int = models.NOW) -> Trained:
    """What a training on the program's features would give."""
    return models.trained(scorecard=card(verdict))._replace(
        model=booster(), drift=drift(), moves=(-0.002, 0.0, 0.002),
        trained_from=trained_to - 1, trained_to=trained_to, labels_to=trained_to,
    )  # fmt: skip


def kept(
    folder: Path, model_id: str = "m1", *, role: ModelRole = ModelRole.CHAMPION, verdict: Verdict = Verdict.SKILL,
    horizon: int = 2, trained_to: int = models.NOW,
) -> ModelLine:  # fmt: skip
    """A model on disk, and its line in a role."""
    origin = models.origin(model_id, names=NAMES, feature_hash=FEATURE_HASH, spec=_spec(horizon), created_at=trained_to)
    line = Registry(folder).keep(trained(verdict, trained_to), origin)
    return msgspec.structs.replace(line, role=role)


def _spec(horizon: int) -> LabelSpec:
    return LabelSpec(LabelKind.FIXED_HORIZON, horizon)


def _rows() -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, len(NAMES))).astype(np.float32)
    return x, np.digitize(x[:, 0], [-0.5, 0.5]).astype(np.int8)
