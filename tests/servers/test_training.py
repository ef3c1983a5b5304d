from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as replaced
from starlette.testclient import TestClient

from sidecar.domain.models import RunResult, TrainingRun
from sidecar.domain.training import JobState, TrainingJob
from sidecar.servers import training
from sidecar.servers.examples_training import JOB, JOBS, TRAIN
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.shapes import plain
from sidecar.trainings import Trainings
from tests.servers.desk import QUICK, T0, Desk

TRAIN_AT, JOBS_AT = "/api/v1/ml/train", "/api/v1/ml/jobs"


def run(number: int, result: RunResult = RunResult.DONE) -> TrainingRun:
    return TrainingRun(
        f"T{number}", "daily", "2025-11-21", "NIFTY fixed_horizon 15", "desk", result, T0 + number, T0 + number + 5,
        2.5, reason="as it was", model_id="m1" if result is RunResult.DONE else "", trials=9,
    )  # fmt: skip


class Doors:
    """The doors of the trainings over the book that the trainer keeps, and a record of runs."""

    def __init__(self, folder: Path, *, off: bool = False) -> None:
        self.trainings = Trainings(lambda: T0, lambda _: None)
        self.runs = [run(3), run(2, RunResult.FAILED), run(1, RunResult.SKIPPED)]
        keys = KeyStore(folder)
        self.secrets = {role: keys.add(role, f"test-{role}") for role in Role}
        ports = replace(Desk().ports(), market_now=lambda: T0)
        seen = training.Training(self.read, self.trainings.ask, self.trainings.job, self.trainings.standing)
        routers = [training.router(ports, keys, training.Training(self.read) if off else seen)]
        self.client = TestClient(create_app(ports, keys, QUICK, routers), base_url="http://127.0.0.1:8000")

    def read(self, limit: int, before: tuple[int, str] | None) -> list[TrainingRun]:
        return [one for one in self.runs if before is None or (one.ended_at, one.id) < before][:limit]

    def ask(self, method: str, path: str, body: Any = None, role: Role | None = Role.TRADER, key: str = "") -> Any:
        headers = {"x-api-key": self.secrets[role]} if role else {}
        return self.client.request(method, path, json=body, headers=headers | ({"idempotency-key": key} if key else {}))


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    return Doors(tmp_path)


def test_a_training_is_asked_for_and_looked_at(doors: Doors) -> None:
    told = doors.ask("POST", TRAIN_AT, {"search": 3, "seed": 11})
    assert told.status_code == 202
    assert told.json().keys() == TRAIN.keys()
    job = told.json()["job"]
    assert (job["id"], job["state"], job["kind"]) == (told.json()["job_id"], "queued", "asked")
    assert job["actor"].startswith("trader/") or "trader" in job["actor"]
    assert doors.ask("GET", f"{JOBS_AT}/{job['id']}", role=Role.VIEWER).json() == job
    assert job.keys() == plain(JOB).keys()
    taken = doors.trainings.take()
    assert taken is not None
    assert (taken.search, taken.seed) == (3, 11)


def test_a_strategy_can_be_asked_for_and_is_told_with_the_training_now_and_on_record(doors: Doors) -> None:
    job = doors.ask("POST", TRAIN_AT, {"strategy": "demo"}).json()["job"]
    assert job["strategy"] == "demo"
    doors.runs = [replaced(run(4), family="NIFTY/demo trade_outcome 1"), *doors.runs]
    told = doors.ask("GET", JOBS_AT).json()["jobs"]
    assert [one["strategy"] for one in told] == ["demo", "demo", "", "", ""]


def test_it_needs_no_body(doors: Doors) -> None:
    headers = {"x-api-key": doors.secrets[Role.TRADER]}
    assert doors.client.post(TRAIN_AT, headers=headers).status_code == 202


def test_while_one_stands_its_id_is_the_answer(doors: Doors) -> None:
    first = doors.ask("POST", TRAIN_AT, {}).json()["job_id"]
    assert doors.ask("POST", TRAIN_AT, {}).json()["job_id"] == first
    doors.trainings.take()
    assert doors.ask("POST", TRAIN_AT, {}).json()["job_id"] == first


def test_a_repeated_key_gets_the_first_answer_even_when_that_one_is_over(doors: Doors) -> None:
    first = doors.ask("POST", TRAIN_AT, {}, key="again").json()
    job = doors.trainings.take()
    assert job is not None
    doors.trainings.tell(TrainingJob(job.id, job.kind, job.actor, JobState.DONE, ended_at=T0 + 9, seconds=1.0))
    assert doors.ask("POST", TRAIN_AT, {}, key="again").json() == first
    assert doors.ask("POST", TRAIN_AT, {}).json()["job_id"] != first["job_id"]


def test_the_list_is_newest_first_with_the_one_that_stands_in_front(doors: Doors) -> None:
    standing = doors.ask("POST", TRAIN_AT, {}).json()["job_id"]
    told = doors.ask("GET", JOBS_AT).json()
    assert told.keys() == JOBS.keys()
    assert [(job["id"], job["state"]) for job in told["jobs"]] == [
        (standing, "queued"), ("T3", "done"), ("T2", "failed"), ("T1", "skipped"),
    ]  # fmt: skip
    assert told["jobs"][0]["ended_at"] is told["jobs"][0]["seconds"] is None
    assert (told["jobs"][1]["model_id"], told["jobs"][1]["seconds"], told["jobs"][1]["trials"]) == ("m1", 2.5, 9)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_hold_every_training_once(doors: Doors, limit: int) -> None:
    standing = doors.ask("POST", TRAIN_AT, {}).json()["job_id"]
    seen, cursor = [], ""
    while True:
        told = doors.ask("GET", f"{JOBS_AT}?limit={limit}&cursor={cursor}").json()
        seen += [job["id"] for job in told["jobs"]]
        cursor = told["next_cursor"]
        if cursor is None:
            break
    assert seen == [standing, "T3", "T2", "T1"]


def test_one_before_this_start_is_found_on_record_and_an_unknown_one_is_404(doors: Doors) -> None:
    assert doors.ask("GET", f"{JOBS_AT}/T2").json()["reason"] == "as it was"
    assert doors.ask("GET", f"{JOBS_AT}/T9").status_code == 404


def test_who_may(doors: Doors) -> None:
    assert [doors.ask("POST", TRAIN_AT, {}, role).status_code for role in (None, *Role)] == [401, 403, 202, 202]
    for path in (JOBS_AT, f"{JOBS_AT}/T1"):
        assert [doors.ask("GET", path, role=role).status_code for role in (None, *Role)] == [401, 200, 200, 200]


@pytest.mark.parametrize(
    "body",
    [
        {"search": 0},
        {"search": 201},
        {"search": "3"},
        {"search": 1.5},
        {"seed": -1},
        {"seed": True},
        {"x": 1},
        [],
        {"strategy": ""},
        {"strategy": "a/b"},
        {"strategy": 3},
    ],
)
def test_a_body_that_cannot_be_meant_is_refused_by_its_field(doors: Doors, body: Any) -> None:
    told = doors.ask("POST", TRAIN_AT, body)
    assert told.status_code in (400, 422)
    assert told.headers["content-type"] == "application/problem+json"
    assert doors.trainings.standing() is None


def test_where_learning_is_off_none_can_be_asked_for_and_those_on_record_are_told(tmp_path: Path) -> None:
    doors = Doors(tmp_path, off=True)
    refused = doors.ask("POST", TRAIN_AT)
    assert refused.status_code == 409
    assert "set learning.enabled" in refused.json()["detail"]
    assert [row["id"] for row in doors.ask("GET", JOBS_AT).json()["jobs"]] == ["T3", "T2", "T1"]
    assert doors.ask("GET", f"{JOBS_AT}/T1").json()["state"] == "skipped"
