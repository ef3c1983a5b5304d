"""Models and their places: one champion a family, challengers beside it; every change of place is on record.

Where a champion gives way, the record of the one that comes is written first: a crash in between leaves the family with
the new one, never with none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite

from msgspec.structs import replace

from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ChangeModel
from sidecar.domain.events import ModelOffered, ModelRefused, TrainingEnded
from sidecar.domain.models import ModelAction, ModelLine, ModelRole, TrainingRun
from sidecar.domain.records import ModelRecorded, TrainingRecorded
from sidecar.domain.report import OutcomeStatus

_DESK = "desk"


def offer(state: DeskState, event: ModelOffered) -> None:
    """Take a new model in the place that its promotion rule gave it; one that is known already is not taken again."""
    model = event.model
    if model.id in state.models.by_id:
        return
    if model.role is ModelRole.CHAMPION:
        _crown(state, model, model.reason, model.actor)
    else:
        _keep(state, model)


def refuse(state: DeskState, event: ModelRefused) -> None:
    """Take a model that cannot be used out of its place. A champion's goes back to the one before, if there is one."""
    model = state.models.by_id.get(event.model_id)
    if model is None or model.role is ModelRole.REFUSED:
        return
    before = state.models.before(model, ModelRole.RETIRED) if model.role is ModelRole.CHAMPION else None
    _keep(state, replace(model, role=ModelRole.REFUSED, reason=event.reason, actor=_DESK))
    state.say(f"the model {model.id} is refused: {event.reason}")
    if before is not None:
        _keep(state, replace(before, role=ModelRole.CHAMPION, reason=f"{model.id} was refused", actor=_DESK))


def change(state: DeskState, command: ChangeModel) -> None:
    """Give a model the place that a person asks for, or say why not."""
    model = state.models.by_id.get(command.model_id)
    if model is None:
        state.answer(command, OutcomeStatus.NOT_FOUND, f"there is no model {command.model_id!r}")
        return
    action = ModelAction(command.action)
    may, does = _CHANGES[action]
    if model.role not in may:
        state.answer(command, OutcomeStatus.CONFLICT, _conflict(model, action), model=model)
        return
    problem, changed = does(state, model, command)
    if problem:
        state.answer(command, OutcomeStatus.CONFLICT, problem, model=model)
        return
    message = f"{changed.id} is {_A[changed.role]} of {changed.family}"
    if not state.models.champion(changed.family):
        message += ", for which no model gives signals now"
    state.answer(command, OutcomeStatus.DONE, message, model=changed)


def ended(state: DeskState, event: TrainingEnded) -> None:
    """Put the end of a training run on record, once."""
    run = event.run
    if not isfinite(run.seconds):
        run = replace(run, seconds=(run.ended_at - run.started_at) / SECOND)
    if state.models.ended(run):
        state.pending.records.append(TrainingRecorded(state.now, run))


def lines(state: DeskState) -> tuple[ModelLine, ...]:
    """The models that a report tells of; the same tuple as long as none has changed."""
    return state.models.lines


def runs(state: DeskState) -> tuple[TrainingRun, ...]:
    """The newest runs of the training, newest first."""
    return state.models.run_lines


def fold_model(state: DeskState, record: ModelRecorded) -> None:
    """Take up a model from the record, after a restart. A champion is the only one, whatever was still to be said."""
    model = record.model
    before = state.models.champion(model.family)
    if model.role is ModelRole.CHAMPION and before is not None and before.id != model.id:
        state.models.keep(replace(before, role=ModelRole.RETIRED, reason=f"followed by {model.id}", actor=model.actor))
    state.models.keep(model)


def fold_run(state: DeskState, record: TrainingRecorded) -> None:
    """Take up a run of the training from the record, after a restart."""
    state.models.ended(record.run)


def _keep(state: DeskState, model: ModelLine) -> ModelLine:
    state.models.keep(model)
    state.pending.records.append(ModelRecorded(state.now, model))
    return model


def _crown(state: DeskState, model: ModelLine, reason: str, actor: str) -> ModelLine:
    """Make a model the champion of its family; who was it is retired."""
    before = state.models.champion(model.family)
    after = before.id if before else model.before
    crowned = _keep(state, replace(model, role=ModelRole.CHAMPION, reason=reason, actor=actor, before=after))
    if before is not None:
        _keep(state, replace(before, role=ModelRole.RETIRED, reason=f"followed by {model.id}", actor=actor))
    return crowned


_Changed = tuple[str, ModelLine]


def _promote(state: DeskState, model: ModelLine, command: ChangeModel) -> _Changed:
    return "", _crown(state, model, command.reason, command.actor)


def _challenge(state: DeskState, model: ModelLine, command: ChangeModel) -> _Changed:
    return "", _keep(state, replace(model, role=ModelRole.CHALLENGER, reason=command.reason, actor=command.actor))


def _retire(state: DeskState, model: ModelLine, command: ChangeModel) -> _Changed:
    return "", _keep(state, replace(model, role=ModelRole.RETIRED, reason=command.reason, actor=command.actor))


def _roll_back(state: DeskState, model: ModelLine, command: ChangeModel) -> _Changed:
    before = state.models.before(model, ModelRole.RETIRED, ModelRole.CHALLENGER, ModelRole.CANDIDATE)
    if before is None:
        return f"before {model.id} there was no champion that could take the place back", model
    told = {"reason": command.reason, "actor": command.actor}
    back = _keep(state, replace(before, role=ModelRole.CHAMPION, **told))
    _keep(state, replace(model, role=ModelRole.RETIRED, **told))
    return "", back


def _conflict(model: ModelLine, action: ModelAction) -> str:
    words = f"{model.id} is {_A[model.role]}"
    if model.role is ModelRole.REFUSED:
        return f"{words} ({model.reason}): it can have no place"
    if action is ModelAction.ROLL_BACK:
        return f"{words}, not the champion: only a champion can be rolled back"
    if action is ModelAction.CHALLENGE and model.role is ModelRole.CHAMPION:
        return f"{words}: roll it back or promote another model first"
    return f"{words} already"


_A = {
    ModelRole.CANDIDATE: "a candidate",
    ModelRole.CHAMPION: "the champion",
    ModelRole.CHALLENGER: "a challenger",
    ModelRole.RETIRED: "retired",
    ModelRole.REFUSED: "refused",
}
_Does = Callable[[DeskState, ModelLine, ChangeModel], _Changed]

#: The roles that a model may have for each action, and what does it.
_CHANGES: Mapping[ModelAction, tuple[tuple[ModelRole, ...], _Does]] = {
    ModelAction.PROMOTE: ((ModelRole.CANDIDATE, ModelRole.CHALLENGER, ModelRole.RETIRED), _promote),
    ModelAction.CHALLENGE: ((ModelRole.CANDIDATE, ModelRole.RETIRED), _challenge),
    ModelAction.ROLL_BACK: ((ModelRole.CHAMPION,), _roll_back),
    ModelAction.RETIRE: ((ModelRole.CANDIDATE, ModelRole.CHALLENGER, ModelRole.CHAMPION), _retire),
}
