"""The words of learning: a model and its place, a prediction, what became of it, and a run of the training."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from sidecar.domain.signals import SignalType

#: The classes that a model tells apart, in the order of its probabilities.
CLASSES = (SignalType.SELL, SignalType.HOLD, SignalType.BUY)


class LabelKind(StrEnum):
    """What a model learns: direction after costs over a fixed horizon, which barrier is touched first, or whether a
    strategy's trade wins (``is_winner``).
    """

    FIXED_HORIZON = "fixed_horizon"
    TRIPLE_BARRIER = "triple_barrier"
    TRADE_OUTCOME = "trade_outcome"


class ModelRole(StrEnum):
    """A model's place. One ``champion`` a family gives signals; a ``challenger`` predicts beside it and gives none.

    ``refused`` models have a damaged file or another feature set; they are never scored with.
    """

    CANDIDATE = "candidate"
    CHAMPION = "champion"
    CHALLENGER = "challenger"
    RETIRED = "retired"
    REFUSED = "refused"


class Verdict(StrEnum):
    """What validation says of a model: ``leak suspected`` where it is better than an honest one can be."""

    SKILL = "skill"
    NO_SKILL = "no skill"
    LEAK = "leak suspected"


class ModelLine(msgspec.Struct, frozen=True):
    """A model as the desk knows it. Its file, manifest and whole scorecard stand in ``models/<id>/``.

    ``family`` is what it is a newer version of: symbol, label and horizon, as ``NIFTY fixed_horizon 15``; a metric's
    ``model`` label. Hashes are SHA-256 in hex; ``manifest_hash`` covers everything else. ``trained_from`` and
    ``trained_to`` are the closes of its first and last bar. ``accuracy`` and what follows are validation's: unknown is
    None. ``before`` is the champion that it followed. ``reason`` is why it has its role, ``actor`` who gave it.
    """

    id: str
    family: str
    symbol: str
    label: LabelKind
    horizon: int
    role: ModelRole
    verdict: Verdict
    trained_at: int
    trained_from: int
    trained_to: int
    rows: int
    simulated: bool
    feature_hash: str
    model_hash: str
    manifest_hash: str
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    majority_accuracy: float | None = None
    auc: float | None = None
    brier_skill: float | None = None
    log_loss: float | None = None
    before: str = ""
    reason: str = ""
    actor: str = "training"


class ModelAction(StrEnum):
    """What a person may do with a model. ``roll_back`` gives the place back to the champion before."""

    PROMOTE = "promote"
    CHALLENGE = "challenge"
    ROLL_BACK = "roll_back"
    RETIRE = "retire"


class Prediction(msgspec.Struct, frozen=True):
    """What a model expects, on record before the outcome can be known; times are microseconds UTC.

    It rests on the bar that closed at ``bar_at`` and was complete at ``known_at``; ``decided_at`` is when the desk put
    it on record, ``due_at`` when its horizon of ``horizon`` bars ends. ``features`` is the vector that was scored
    (None is unknown) and ``vector_hash`` the SHA-256 of its float32 bytes; ``feature_hash`` names the feature set.
    ``probabilities`` are calibrated and in the order of :data:`CLASSES`; ``confidence`` is that of the ``signal``.
    ``abstained`` says why it holds although a side may look likelier, empty where it does not. ``expected_value`` is
    the better side's after costs, a fraction. ``explained`` are its greatest SHAP contributions to buy less sell,
    greatest first. ``replayed`` rows count in no live number.
    """

    model_id: str
    family: str
    role: ModelRole
    symbol: str
    bar_at: int
    known_at: int
    due_at: int
    horizon: int
    feature_hash: str
    vector_hash: str
    features: tuple[float | None, ...]
    probabilities: tuple[float, float, float]
    signal: SignalType
    confidence: float
    price: float
    abstained: str = ""
    expected_value: float | None = None
    explained: tuple[tuple[str, float], ...] = ()
    simulated: bool = False
    replayed: bool = False
    id: str = ""
    decided_at: int = 0


class PredictionOutcome(msgspec.Struct, frozen=True):
    """What became of a prediction, by the label that its model learnt; a late correction is another ``version``.

    ``label`` is None where it can never be known (a gap, the session's end), and ``note`` says why. ``move`` is the
    price's change over the horizon, a fraction. ``correct`` compares the likeliest class with the label.
    """

    prediction_id: str
    label: SignalType | None
    move: float | None = None
    entry_price: float | None = None
    exit_price: float | None = None
    correct: bool | None = None
    note: str = ""
    version: int = 0
    matured_at: int = 0


class RunResult(StrEnum):
    """How a training run ended: a model, a failure, or nothing to do; the three are never taken for one another."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class TrainingRun(msgspec.Struct, frozen=True):
    """One run of the training. ``kind`` is ``daily``, ``first`` or ``asked``; ``session`` the trading day (ISO) that a
    daily run belongs to, empty for the others. ``reason`` says why it failed or was skipped; ``late`` that it was
    caught up after its hour. ``trials`` is how many fits saw the data. ``seconds`` is wall time.
    """

    id: str
    kind: str
    session: str
    family: str
    actor: str
    result: RunResult
    started_at: int
    ended_at: int
    seconds: float
    reason: str = ""
    model_id: str = ""
    trials: int = 0
    late: bool = False
