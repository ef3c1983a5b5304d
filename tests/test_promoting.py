"""Challengers of a real desk: judged by their predictions on record, given a place by the desk itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.events import ModelOffered
from sidecar.domain.models import LabelKind, ModelLine, ModelRole
from sidecar.domain.records import OutcomeRecorded, PredictionRecorded
from sidecar.domain.signals import SignalType
from sidecar.features.labels import LabelSpec
from sidecar.features.matrix import FEATURE_HASH, NAMES
from sidecar.learning.promotion import SHADOW_SESSIONS
from sidecar.learning.registry import MODEL_FILE, Registry
from sidecar.promoting import promote
from sidecar.run import Sidecar
from tests.learning import models
from tests.learning.predicting import trained
from tests.store.build import NOW
from tests.store.learnt import became, prediction
from tests.wiring import small, started, until

FAMILY = "NIFTY fixed_horizon 15"


def model(folder: Path, name: str, role: ModelRole, depth: int) -> ModelLine:
    """A model of the program's own features on disk; another depth is another spec."""
    spec = LabelSpec(LabelKind.FIXED_HORIZON, 15)
    origin = models.origin(name, names=NAMES, feature_hash=FEATURE_HASH, spec=spec)
    made = trained()._replace(parameters={"max_depth": depth})
    return replace(Registry(folder / "models").keep(made, origin), role=role)


def record(sidecar: Sidecar, sessions: int) -> None:
    """Predictions that have matured: the champion's without an opinion, the challenger's mostly right."""
    said = {"m1": (ModelRole.CHAMPION, (0.34, 0.33, 0.33)), "m2": (ModelRole.CHALLENGER, (0.2, 0.2, 0.6))}
    rows: list[PredictionRecorded | OutcomeRecorded] = []
    for number in range(sessions * 4):
        at = NOW + (number // 4) * DAY + (number % 4) * MINUTE
        for name, (role, chances) in said.items():
            # What a session's luck adds, or a paired test would have no error to hold the gain against.
            p = (chances[0] - number % 3 / 100, chances[1] + number % 3 / 100, chances[2])
            told = {"model_id": name, "family": FAMILY, "role": role, "probabilities": p}
            key = f"P{number}-{name}"
            rows.append(PredictionRecorded(at, prediction(key, at, **told)))
            rows.append(OutcomeRecorded(at, became(key, at=at, label=SignalType.BUY)))
    sidecar.live.keep(rows).result(timeout=20)
    until(lambda: len(sidecar.reader.scored()["id"]) == 2 * sessions * 4, what="the record")


@pytest.mark.parametrize(
    ("sessions", "damaged", "crowned"),
    [(SHADOW_SESSIONS, False, "m2"), (SHADOW_SESSIONS - 1, False, "m1"), (SHADOW_SESSIONS, True, "m1")],
)
def test_a_challenger_is_promoted_once_it_has_shown_itself_and_only_if_it_can_be_scored_with(
    tmp_path: Path, sessions: int, damaged: bool, crowned: str
) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        started(sidecar)
        live, reader, registry = sidecar.live, sidecar.reader, Registry(tmp_path / "models")
        for line in (model(tmp_path, "m1", ModelRole.CHAMPION, 2), model(tmp_path, "m2", ModelRole.CHALLENGER, 3)):
            live.inbox.put(ModelOffered(live.now(), line))
        until(lambda: live.latest is not None and len(live.latest.report.models) == 2, what="the models")
        record(sidecar, sessions)
        if damaged:
            (tmp_path / "models" / "m2" / MODEL_FILE).write_bytes(b"{}")
        promote(live, reader, registry, sidecar.state.calendar)

        def champion() -> str:
            assert live.latest is not None
            return next(one.id for one in live.latest.report.models if one.role is ModelRole.CHAMPION)

        if crowned == "m2":
            until(lambda: champion() == "m2", what="the new champion")
        seq = live.latest.report.seq if live.latest else 0
        until(lambda: live.latest is not None and live.latest.report.seq > seq + 2, what="two reports")
        assert champion() == crowned
