"""Predictions: on record before their outcome can be known, matured when their horizon has ended, never rewritten.

What is not so is refused and counted by reason. A champion's prediction gives a trading signal too.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from msgspec.structs import replace

from sidecar.desk import signalling
from sidecar.desk.prediction_book import MOST_OPEN
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND, to_datetime
from sidecar.domain.commands import SendSignal
from sidecar.domain.errors import InputError
from sidecar.domain.events import Forecast, Matured
from sidecar.domain.models import CLASSES, ModelLine, ModelRole, Prediction, PredictionOutcome
from sidecar.domain.records import OutcomeRecorded, PredictionRecorded
from sidecar.domain.signals import SignalRequest, SignalType

#: The strategy and the actor that a champion's signals have.
MODEL = "model"
_ROLES = (ModelRole.CHAMPION, ModelRole.CHALLENGER)
_SUM = 1e-6
_LONGEST = 500


def take(state: DeskState, event: Forecast) -> None:
    """Put predictions on record, each by itself, and a champion's signal with it.

    A model predicts once on a bar: a repeat is counted and changes nothing.
    """
    for prediction in event.predictions:
        if state.predictions.has(prediction.model_id, prediction.bar_at):
            state.refused_predictions["repeated"] += 1
        elif reason := _refusal(state, prediction):
            _refuse(state, reason, f"a prediction of {prediction.model_id} is refused: {reason}")
        else:
            _record(state, prediction)


def mature(state: DeskState, event: Matured) -> None:
    """Put on record what became of predictions whose horizon has ended.

    The same outcome once more changes nothing; another one is the next version, beside those that are on record.
    """
    for outcome in event.outcomes:
        if reason := _early(state, outcome):
            _refuse(state, reason, f"what became of {outcome.prediction_id} is refused: {reason}")
            continue
        done = state.predictions.done.get(outcome.prediction_id)
        newest = done.outcome if done else PredictionOutcome(outcome.prediction_id, None)
        if done is None or replace(outcome, version=newest.version, matured_at=newest.matured_at) != newest:
            told = replace(outcome, version=newest.version + 1, matured_at=state.now)
            state.predictions.conclude(told)
            state.pending.records.append(OutcomeRecorded(state.now, told))


def lines(state: DeskState) -> tuple[Prediction, ...]:
    """The predictions whose outcome is open, oldest first; the same tuple as long as none has changed."""
    return state.predictions.lines


def fold_prediction(state: DeskState, record: PredictionRecorded) -> None:
    """Take up a prediction from the record, after a restart."""
    state.predictions.keep(record.prediction)


def fold_outcome(state: DeskState, record: OutcomeRecorded) -> None:
    """Take up what became of a prediction from the record, after a restart."""
    state.predictions.conclude(record.outcome)


def _record(state: DeskState, prediction: Prediction) -> None:
    number = state.predictions.count + 1
    name = f"P{to_datetime(state.live_since):%y%m%d%H%M%S}-{number:05d}"
    prediction = replace(prediction, id=name, decided_at=state.now, signal=SignalType(prediction.signal))
    dropped = state.predictions.keep(prediction)
    if dropped is not None and state.predictions.tell(state.now, "given up"):
        state.say(f"more than {MOST_OPEN} predictions wait for their outcome: {dropped.id} is waited for no longer")
    state.counters["predictions"] += 1
    state.pending.records.append(PredictionRecorded(state.now, prediction))
    if prediction.role is ModelRole.CHAMPION:
        _signal(state, prediction)


def _signal(state: DeskState, prediction: Prediction) -> None:
    """Give a champion's prediction as a trading signal, within the limits that hold for every signal."""
    request = SignalRequest(
        symbol=prediction.symbol,
        signal_type=prediction.signal,
        confidence=prediction.confidence,
        horizon_s=(prediction.due_at - state.now) / SECOND,
        strategy=MODEL,
        model_id=prediction.model_id,
        fund_id=state.funds[0],
        reason=_reason(prediction)[:_LONGEST],
    )
    command = SendSignal(at=state.now, request_id=prediction.id, actor=MODEL, request=request)
    try:
        signalling.take(state, command)
    except InputError as error:  # the prediction stands all the same
        state.counters["signals_refused"] += 1
        if state.predictions.tell(state.now, str(error)):
            state.say(f"a prediction of {prediction.model_id} gives no signal: {error}")


def _reason(prediction: Prediction) -> str:
    if prediction.abstained:
        return prediction.abstained
    if not prediction.explained:
        return ""
    name, contribution = prediction.explained[0]
    return f"{name} {contribution:+.3g}"


def _refuse(state: DeskState, reason: str, problem: str) -> None:
    """Count it by reason, and say it once a minute: a flood of refusals may not hide what else there is to say."""
    state.refused_predictions[reason] += 1
    if state.predictions.tell(state.now, reason):
        state.say(problem)


def _refusal(state: DeskState, prediction: Prediction) -> str:
    """Why a prediction cannot go on record; empty where it can."""
    model = state.models.by_id.get(prediction.model_id)
    if model is None:
        return "its model is not known"
    conditions = (
        (prediction.due_at > state.now, "its horizon has ended"),
        (prediction.bar_at <= prediction.known_at <= state.now, "it rests on a bar that is not closed"),
        (model.role in _ROLES, "its model has no place"),
        (prediction.role == model.role, "its model has another role"),
        (_same_family(prediction, model), "its model predicts something else"),
        (prediction.feature_hash == model.feature_hash, "its features are not its model's"),
        (_distribution(prediction), "its probabilities are none"),
        (_finite(prediction), "a number of it is not finite"),
    )
    return next((otherwise for holds, otherwise in conditions if not holds), "")


def _early(state: DeskState, outcome: PredictionOutcome) -> str:
    """Why an outcome cannot go on record; empty where it can."""
    prediction = state.predictions.open.get(outcome.prediction_id)
    if prediction is None and outcome.prediction_id not in state.predictions.done:
        return "its prediction is not known"
    if prediction is not None and state.now < prediction.due_at:
        return "its horizon has not ended"
    if not _known((outcome.move, outcome.entry_price, outcome.exit_price)):
        return "its number is not finite"
    return ""


def _known(numbers: Iterable[float | None]) -> bool:
    return all(number is None or isfinite(number) for number in numbers)


def _same_family(prediction: Prediction, model: ModelLine) -> bool:
    told = (prediction.family, prediction.symbol, prediction.horizon)
    return told == (model.family, model.symbol, model.horizon)


def _distribution(prediction: Prediction) -> bool:
    shares = prediction.probabilities
    known = len(shares) == len(CLASSES) and all(0.0 <= share <= 1.0 for share in shares)
    return known and abs(sum(shares) - 1.0) <= _SUM


def _finite(prediction: Prediction) -> bool:
    """Whether the journal, which is JSON, can hold every number."""
    explained = (contribution for _, contribution in prediction.explained)
    numbers = (*prediction.features, *explained, prediction.price, prediction.expected_value)
    return _known(numbers) and 0.0 <= prediction.confidence <= 1.0
