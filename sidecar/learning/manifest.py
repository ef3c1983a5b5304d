"""The manifest: everything that is known of a model but the model itself, in one JSON file beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

import msgspec

from sidecar.domain.models import CLASSES, LabelKind, ModelLine, ModelRole, Verdict
from sidecar.features.labels import LabelSpec
from sidecar.learning.calibration import Calibration
from sidecar.learning.drift import DriftReference
from sidecar.learning.pairing import SessionLoss
from sidecar.learning.scorecard import Scorecard
from sidecar.learning.trained import Trained

#: The order of a model's probabilities, as the manifest writes it.
CLASS_NAMES = tuple(signal.value for signal in CLASSES)


class Origin(NamedTuple):
    """Where a model comes from: what its training was given, and what its result does not say.

    ``id`` names its folder; ``names`` and ``feature_hash`` its features in order. ``source`` is what recorded the
    bars, ``bars`` and ``sessions`` how many of them. ``search`` is how many parameter sets were tried, ``code`` the
    program's version, ``libraries`` those of what makes the numbers. ``before`` is the champion at the time, ``run``
    the training run. Times are microseconds UTC.
    """

    id: str
    symbol: str
    spec: LabelSpec
    names: tuple[str, ...]
    feature_hash: str
    source: str
    simulated: bool
    bars: int
    sessions: int
    seed: int
    search: int
    code: str
    libraries: Mapping[str, str]
    run: str
    created_at: int
    before: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model's file card. ``model_hash`` is the SHA-256 of ``model.json``; the rest as in :class:`Origin` and
    ``learning.trained.Trained``. ``spec_hash`` names the kind of model.
    ``losses`` are its newest out-of-sample sessions, for the comparison with what follows it.
    ``rounds`` trees a class are scored with. ``moves`` are the mean moves of the classes, None for one never seen.
    """

    id: str
    model_hash: str
    symbol: str
    label: LabelKind
    horizon: int
    width: float
    spec_hash: str
    classes: tuple[str, ...]
    features: tuple[str, ...]
    feature_hash: str
    dtype: str
    source: str
    simulated: bool
    bars: int
    sessions: int
    rows: int
    trained_from: int
    trained_to: int
    labels_to: int
    base: tuple[float, float, float]
    moves: tuple[float | None, float | None, float | None]
    calibration: Calibration
    parameters: dict[str, float | int | str]
    rounds: int
    seed: int
    trials: int
    scorecard: Scorecard
    losses: tuple[SessionLoss, ...]
    drift: DriftReference
    code: str
    libraries: dict[str, str]
    run: str
    before: str
    created_at: int

    @property
    def spec(self) -> LabelSpec:
        """What the model learnt to tell."""
        return LabelSpec(self.label, self.horizon, self.width)

    @property
    def family(self) -> str:
        """What it is a newer version of: ``NIFTY fixed_horizon 15``."""
        return f"{self.symbol} {self.label.value} {self.horizon}"

    @property
    def verdict(self) -> Verdict:
        """Its scorecard's."""
        return self.scorecard.verdict


def manifest_of(trained: Trained, origin: Origin) -> Manifest:
    """The manifest of a training's result."""
    spec = origin.spec
    return Manifest(
        id=origin.id,
        model_hash=digest(trained.model),
        symbol=origin.symbol,
        label=spec.kind,
        horizon=spec.horizon,
        width=spec.width,
        spec_hash=spec_hash(spec, origin.feature_hash, origin.search, trained.parameters),
        classes=CLASS_NAMES,
        features=origin.names,
        feature_hash=origin.feature_hash,
        dtype="float32",
        source=origin.source,
        simulated=origin.simulated,
        bars=origin.bars,
        sessions=origin.sessions,
        rows=trained.rows,
        trained_from=trained.trained_from,
        trained_to=trained.trained_to,
        labels_to=trained.labels_to,
        base=trained.base,
        moves=(_known(trained.moves[0]), _known(trained.moves[1]), _known(trained.moves[2])),
        calibration=trained.calibration,
        parameters=dict(trained.parameters),
        rounds=trained.rounds,
        seed=origin.seed,
        trials=trained.trials,
        scorecard=trained.scorecard,
        losses=trained.losses,
        drift=trained.drift,
        code=origin.code,
        libraries=dict(origin.libraries),
        run=origin.run,
        before=origin.before,
        created_at=origin.created_at,
    )


def encode(manifest: Manifest) -> bytes:
    """The bytes of ``manifest.json``: indented, and the same for the same manifest."""
    return msgspec.json.format(_encoder.encode(manifest), indent=1) + b"\n"


def decode(data: bytes) -> Manifest:
    """The manifest of a file's bytes. :raises msgspec.DecodeError: they are not one of this version's."""
    return _decoder.decode(data)


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def spec_hash(spec: LabelSpec, feature_hash: str, search: int, parameters: Mapping[str, float | int | str]) -> str:
    """The SHA-256 of what makes two models of a family versions of one another: label, features, parameters.

    Where sets were searched the search stands for them: the one that it ends on follows the data.
    """
    chosen = parameters if search == 1 else search
    return digest(_encoder.encode((spec, feature_hash, chosen)))


def line_of(
    manifest: Manifest, manifest_hash: str, role: ModelRole = ModelRole.CANDIDATE, reason: str = ""
) -> ModelLine:
    """The model as the desk knows it; ``brier_skill`` is the direction's, which is what a verdict rests on."""
    card = manifest.scorecard
    majority = next((part.scores for part in card.baselines if part.name == "majority"), None)
    return ModelLine(
        id=manifest.id,
        family=manifest.family,
        symbol=manifest.symbol,
        label=manifest.label,
        horizon=manifest.horizon,
        role=role,
        verdict=card.verdict,
        trained_at=manifest.created_at,
        trained_from=manifest.trained_from,
        trained_to=manifest.trained_to,
        rows=manifest.rows,
        simulated=manifest.simulated,
        feature_hash=manifest.feature_hash,
        model_hash=manifest.model_hash,
        manifest_hash=manifest_hash,
        accuracy=card.scores.accuracy,
        accuracy_low=card.accuracy.low if card.accuracy else None,
        accuracy_high=card.accuracy.high if card.accuracy else None,
        majority_accuracy=majority.accuracy if majority else None,
        auc=card.scores.auc,
        brier_skill=card.scores.direction_brier_skill,
        log_loss=card.scores.log_loss,
        before=manifest.before,
        reason=reason,
    )


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Manifest)
