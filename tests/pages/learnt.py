"""What the app's desk knows of models, in tests: change it, and the next page tells so."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import msgspec
from fastapi import APIRouter

from sidecar.domain.commands import ChangeModel, CommandEvent
from sidecar.domain.models import ModelLine, ModelRole, Prediction, PredictionOutcome
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.servers import models, predictions, training
from sidecar.servers.examples_models import ACCURACY, DRIFT
from sidecar.servers.shapes import plain
from sidecar.trainings import Trainings
from tests.pages.proved import Proved
from tests.servers.desk import QUICK, T0, Desk, Stand
from tests.servers.learnt import LINE, OUTCOME, PREDICTION

CANARY = {"name": "shuffled labels", "passed": True, "value": 0.501, "limit": 0.53, "says": "labels without meaning"}
FEATURES = [{"name": "ret_1", "formula": "ln(C / C[t-1])", "unit": "log return"}, {"name": "rv_60", "formula": "f"}]
CARD = {
    "verdict": "no skill",
    "why": "the interval of its skill holds 0",
    "trials": 12,
    "scores": {"accuracy": 0.562, "log_loss": 0.94},
    "baselines": [{"name": "majority", "scores": {"accuracy": 0.561, "log_loss": 0.94}}],
    "canaries": [CANARY],
}


class Learnt:
    """Nothing is learnt yet until ``learn``; ``trainings`` is the trainer's own book."""

    def __init__(self) -> None:
        self.families: list[dict[str, Any]] = []
        self.models: list[ModelLine] = []
        self.judged: list[tuple[Prediction, PredictionOutcome | None]] = []
        self.drift: list[dict[str, Any]] = []
        self.card: dict[str, Any] = CARD
        self.problem = ""
        self.trainings = Trainings(lambda: T0, lambda _: None)
        self.proved = Proved()
        self.placed: list[ChangeModel] = []

    def learn(self) -> dict[str, Any]:
        """A champion with a record; its row of the record can be changed."""
        told, moved = plain(ACCURACY), plain(DRIFT)
        self.families, self.drift = told["families"], moved["models"]
        self.families[0]["champion"] = self.drift[0]["model_id"] = LINE.id
        self.models = [LINE]
        self.judged = [(PREDICTION, OUTCOME)]
        return self.families[0]

    def routers(self, desk: Desk, stand: Stand) -> list[APIRouter]:
        """The doors of the learning."""
        ports, keys = desk.ports(), stand.keys
        manifest = {"bars": 22_500, "sessions": 60, "simulated": True}
        seen = training.Training(lambda *_: [], self.trainings.ask, self.trainings.job, self.trainings.standing)
        kept = models.Models(
            lambda: self.models,
            lambda line: {**manifest, "id": line.id, "scorecard": self.card},
            lambda _: self.problem,
            "a rule",
        )
        learnt = predictions.Learnt(
            lambda *_: self.judged,
            lambda name: next((one for one in self.judged if one[0].id == name), None),
            lambda *_: self.families,
            lambda: (T0, self.drift),
            FEATURES,
            "",
            "a rule",
        )
        return [
            training.router(ports, keys, seen),
            models.router(replace(ports, submit=self._place), keys, kept, QUICK),
            predictions.router(ports, keys, learnt),
            self.proved.router(ports, keys),
        ]

    def _place(self, command: CommandEvent) -> Future[Outcome]:
        """As the desk answers: the model that changes is told with its new role."""
        assert isinstance(command, ChangeModel)
        self.placed.append(command)
        role = {"promote": ModelRole.CHAMPION, "challenge": ModelRole.CHALLENGER}.get(command.action, ModelRole.RETIRED)
        made = msgspec.structs.replace(LINE, id=command.model_id, role=role, reason=command.reason)
        future: Future[Outcome] = Future()
        future.set_result(
            Outcome(command.request_id, OutcomeStatus.DONE, "as asked", Desk().report.breaker, model=made)
        )
        return future
