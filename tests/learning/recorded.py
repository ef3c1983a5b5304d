"""A live record of a family of models: matured predictions whose outcome is known beforehand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from sidecar.domain.models import ModelLine
from sidecar.features.matrix import NAMES
from sidecar.learning.lineage import specs_of
from sidecar.learning.record import Record
from sidecar.learning.registry import Registry
from tests.learning.watched import CALENDAR, minute

FAMILY = "NIFTY fixed_horizon 2"
N = 120


def columns(n: int = N, right: bool = True) -> dict[str, Any]:
    """The columns of the reader's ``scored``: always a buy, and always right or wrong."""
    at = np.array([minute(k + 1) for k in range(n)], dtype=np.int64)
    p = {"p_sell": np.full(n, 0.1), "p_hold": np.full(n, 0.2), "p_buy": np.full(n, 0.7)}
    label = np.full(n, 2 if right else 0, dtype=np.int8)
    names = {"model_id": np.full(n, "m1", dtype=object), "horizon": np.full(n, 2)}
    return {"bar_at": at, "label": label, "past": np.full(n, np.nan), **p, **names}


def record(folder: Path, *lines: ModelLine, right: bool = True, shift: float = 0.0, **changes: Any) -> Record:
    rng = np.random.default_rng(1)
    values = rng.normal(shift, 1.0, size=(N, len(NAMES)))
    scored = columns(right=right)
    made = Record(
        scored=lambda since, family: scored,
        pending=lambda family: 3,
        vectors=lambda model_ids, since: (scored["bar_at"], values, values[:, 1]),
        models=lambda: lines,
        known=lambda: lines,
        manifest=Registry(folder).manifest,
        spec=specs_of(Registry(folder).manifest),
        now=lambda: minute(200),
        zone=CALENDAR.zone,
    )
    return dataclasses.replace(made, **changes)
