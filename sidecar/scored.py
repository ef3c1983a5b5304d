"""What the doors are shown of the learning: models on disk, predictions on record, how right they were, drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from sidecar.domain import wire
from sidecar.domain.errors import ModelRejected
from sidecar.domain.models import ModelLine, ModelRole
from sidecar.features.columns import FEATURES
from sidecar.features.matrix import FEATURE_HASH
from sidecar.learning import abstention, promotion
from sidecar.learning.live_scores import FamilyScore
from sidecar.learning.manifest import Manifest
from sidecar.learning.record import SPAN, Record, family_of
from sidecar.learning.registry import Registry
from sidecar.learning.standing import Standings, standing
from sidecar.servers.models import Models
from sidecar.servers.predictions import Learnt
from sidecar.store.reader import Reader
from sidecar.telemetry.scene import ModelFacts

#: What a manifest holds that its page does not show: what drift is measured by and pairs are compared on.
_INSIDE = ("drift", "losses", "calibration")


def models_of(reader: Reader, registry: Registry) -> Models:
    """Where the doors read models."""

    def problem(line: ModelLine) -> str:
        try:
            registry.load(line)
        except ModelRejected as error:
            return str(error)
        return ""

    return Models(reader.models, lambda line: shown(registry.manifest(line)), problem, promotion.RULE)


def shown(manifest: Manifest) -> Mapping[str, Any]:
    """What of a manifest is shown, by name; times stay microseconds UTC, as in its file."""
    return {name: value for name, value in wire.fields(manifest).items() if name not in _INSIDE}


def learnt_of(reader: Reader, record: Record, standings: Standings | None) -> Learnt:
    """Where the doors read predictions and their scores; ``standings`` is None where learning is turned off."""

    def drift() -> tuple[int | None, Sequence[Any]]:
        if standings is not None and standings.latest.at:
            return standings.latest.at, standings.latest.drift
        made = standing(record)
        return made.at, made.drift

    return Learnt(
        predictions=reader.predictions,
        prediction=reader.prediction,
        accuracy=lambda family, by, since: accuracy(record, standings, family, by, since),
        drift=drift,
        features=feature_rows(),
        feature_hash=FEATURE_HASH,
        rule=abstention.RULE,
    )


def accuracy(
    record: Record, standings: Standings | None, family: str, by: str, since: int | None
) -> Sequence[FamilyScore]:
    """The live record of ``family``, or of each that has a champion; what is asked whole is the newest measurement."""
    if since is None and not by and standings is not None and standings.latest.at:
        return [one for one in standings.latest.families if family in ("", one.family)]
    champions = {one.family: one for one in record.models() if one.role is ModelRole.CHAMPION}
    names = [family] if family else sorted(champions)
    at = record.now() - SPAN if since is None else since
    return [family_of(record, name, _manifest(record, champions.get(name)), at, by) for name in names]


def facts_of(standings: Standings) -> Sequence[ModelFacts]:
    """What a scrape reads of the models; what was not measured is NaN and has no sample."""
    worst = {one.model_id: one.worst for one in standings.latest.drift}
    return [
        ModelFacts(
            family=one.family,
            accuracy=_number(one.total.scores.accuracy),
            auc=_number(one.total.scores.auc),
            brier=_number(one.total.scores.brier),
            psi=_number(line.psi if (line := worst.get(one.champion)) is not None else None),
        )
        for one in standings.latest.families
    ]


def feature_rows() -> tuple[Mapping[str, Any], ...]:
    """The feature table as it is told, in the vector's order."""
    return tuple(
        {
            "name": each.name,
            "formula": each.formula,
            "unit": each.unit,
            "rule": each.rule,
            "clock": each.clock,
            "warmup": each.warmup,
            "sessions": each.sessions,
        }
        for each in FEATURES
    )


def _number(value: float | None) -> float:
    return nan if value is None else value


def _manifest(record: Record, line: ModelLine | None) -> Manifest | None:
    try:
        return record.manifest(line) if line is not None else None
    except ModelRejected:
        return None
