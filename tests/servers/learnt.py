"""Models and predictions behind the doors: what was kept, and a desk that gives models their places."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from starlette.testclient import TestClient

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import ChangeModel, CommandEvent
from sidecar.domain.errors import ModelDamaged
from sidecar.domain.models import (
    LabelKind,
    ModelAction,
    ModelLine,
    ModelRole,
    Prediction,
    PredictionOutcome,
    Verdict,
)
from sidecar.domain.report import Outcome, OutcomeStatus, Published
from sidecar.domain.signals import SignalType
from sidecar.servers import models, predictions
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.predictions import Judged
from tests.servers.desk import EMPTY, QUICK, T0, Desk, report

FAMILY = "NIFTY fixed_horizon 15"
LINE = ModelLine(
    "m1", FAMILY, "NIFTY", LabelKind.FIXED_HORIZON, 15, ModelRole.CHAMPION, Verdict.NO_SKILL, T0, T0 - 2, T0 - 1, 500,
    True, "f" * 64, "a" * 64, "b" * 64, accuracy=0.5, before="m0",
)  # fmt: skip
PREDICTION = Prediction(
    "m1", FAMILY, ModelRole.CHAMPION, "NIFTY", T0, T0 + SECOND, T0 + 15 * MINUTE, 15, "f" * 64, "c" * 64, (0.1, None),
    (0.2, 0.5, 0.3), SignalType.HOLD, 0.5, 26_120.0, "no skill", -0.0004, (("ret_1", 0.2),), True,
    id="P251124063001-00001", decided_at=T0 + SECOND,
)  # fmt: skip
OUTCOME = PredictionOutcome(PREDICTION.id, SignalType.HOLD, 0.0002, 26_121.0, 26_126.0, True, "", 1, T0 + 16 * MINUTE)
ACTIONS = {"promote": ModelAction.PROMOTE, "challenge": ModelAction.CHALLENGE, "roll-back": ModelAction.ROLL_BACK,
           "retire": ModelAction.RETIRE}  # fmt: skip


class LearntDesk:
    """Doors of the learning with a key of each role. ``damaged`` are models whose files are not what was written."""

    def __init__(self, folder: Path) -> None:
        self.lines = [LINE, msgspec.structs.replace(LINE, id="m0", role=ModelRole.RETIRED, trained_at=T0 - 9)]
        self.newer: tuple[ModelLine, ...] = ()
        self.judged: list[Judged] = [(PREDICTION, OUTCOME)]
        self.damaged: set[str] = set()
        self.commands: list[ChangeModel] = []
        self.asked: list[tuple[Any, ...]] = []
        self.failure = ""
        keys = KeyStore(folder)
        self.secrets = {role: keys.add(role, f"test-{role}") for role in Role}
        ports = replace(
            Desk().ports(),
            submit=self.submit,
            latest=lambda: Published(report(models=self.newer), EMPTY),
            record_failure=lambda: self.failure,
        )
        kept = models.Models(
            lambda: self.lines, self.manifest, lambda line: "damaged" if line.id in self.damaged else ""
        )
        learnt = predictions.Learnt(
            self.predictions,
            lambda name: next((one for one in self.judged if one[0].id == name), None),
            self.accuracy,
            lambda: (T0, [{"model_id": "m1", "suspended": (), "lines": [{"name": "ret_1", "psi": float("nan")}]}]),
            [{"name": name, "formula": "f", "unit": "1"} for name in ("ret_1", "rv_60")],
            "f" * 64,
            "a rule",
        )
        routers = (models.router(ports, keys, kept, QUICK), predictions.router(ports, keys, learnt))
        self.client = TestClient(create_app(ports, keys, QUICK, routers), base_url="http://127.0.0.1:8000")

    def manifest(self, line: ModelLine) -> dict[str, Any]:
        if line.id in self.damaged:
            raise ModelDamaged(line.id, "manifest.json is not what was written")
        return {"id": line.id, "trials": 6}

    def submit(self, command: CommandEvent) -> Future[Outcome]:
        assert isinstance(command, ChangeModel)
        self.commands.append(command)
        future: Future[Outcome] = Future()
        breaker = report().breaker
        made = msgspec.structs.replace(LINE, id=command.model_id, reason=command.reason)
        conflict = command.reason == "conflict"
        status = OutcomeStatus.CONFLICT if conflict else OutcomeStatus.DONE
        future.set_result(Outcome(command.request_id, status, "it cannot" if conflict else "done", breaker, model=made))
        return future

    def predictions(self, *asked: Any) -> list[Judged]:
        self.asked.append(asked)
        limit, before, model_id, _, _ = asked
        rows = sorted(self.judged, key=predictions.place_of, reverse=True)
        rows = [one for one in rows if model_id in ("", one[0].model_id)]
        return [one for one in rows if before is None or predictions.place_of(one) < before][:limit]

    def accuracy(self, *asked: Any) -> list[dict[str, Any]]:
        self.asked.append(asked)
        return [{"family": FAMILY, "flag": "green", "total": {"accuracy": float("nan")}}]

    def ask(self, method: str, path: str, body: Any = None, role: Role | None = Role.ADMIN, **headers: str) -> Any:
        key = {"X-API-Key": self.secrets[role]} if role else {}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, f"/api/v1/ml/{path}", json=body, headers=key | more)

    def told(self, path: str) -> Any:
        answer = self.ask("GET", path, role=Role.VIEWER)
        assert answer.status_code == 200, answer.text
        return answer.json()
