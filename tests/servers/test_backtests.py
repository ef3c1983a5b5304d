"""Backtests over REST: asked for, watched, cancelled, read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as replaced
from starlette.testclient import TestClient

from sidecar.domain import wire
from sidecar.domain.backtests import BacktestJob, BacktestRequest, BacktestState, Engine, StrategyLine
from sidecar.domain.errors import InputError
from sidecar.proving.jobs import MOST_WAITING, Backtests
from sidecar.servers import backtests
from sidecar.servers.examples_backtests import BACKTEST, BACKTESTS, JOB, RUN, RUN_ASKED, STRATEGIES
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.shapes import plain
from tests.servers.desk import QUICK, T0, Desk
from tests.store.learnt import backtest

AT = "/api/v1/backtest"
LINE = StrategyLine("sma_cross", "Crossing averages", "…", (Engine.VECTORISED, Engine.EVENT), {"fast": 10.0})


def over(number: int, state: BacktestState = BacktestState.DONE, **changes: Any) -> BacktestJob:
    return backtest(f"B25112406300{number}-00000{number}", T0 + number, state=state, **changes)


class Doors:
    """The doors of the backtests over the book that the backtester keeps, and a record of those that are over."""

    def __init__(self, folder: Path) -> None:
        keys = KeyStore(folder)
        self.secrets = {role: keys.add(role, f"test-{role}") for role in Role}
        ports = replace(Desk().ports(), market_now=lambda: T0)
        testing = backtests.Testing(
            self.take, self.cancel, self.job, lambda: self.jobs.standing(), self.read, lambda: (LINE,), self.file,
            self.file,
        )  # fmt: skip
        routers = [backtests.router(ports, keys, testing)]
        self.app = create_app(ports, keys, QUICK, routers)
        self.client = TestClient(self.app, base_url="http://127.0.0.1:8000")

    def begin(self) -> None:
        self.jobs = Backtests(lambda: T0)
        self.recorded = [over(3), over(2, BacktestState.FAILED, reason="no data"), over(1, BacktestState.CANCELLED)]
        self.files: dict[str, bytes] = {self.recorded[0].id: b'{"total_return":null,"trades":[]}'}
        self.asked: list[str] = []

    def take(self, actor: str, request: BacktestRequest) -> BacktestJob | None:
        if request.strategy != "sma_cross":
            raise InputError("strategy", f"{request.strategy!r} is not known", "use sma_cross")
        made = self.jobs.made(actor, request)
        return made if self.jobs.queue(made) else None

    def cancel(self, job_id: str, actor: str) -> BacktestJob | None:
        found = self.jobs.cancel(job_id, actor)
        return found and self.jobs.tell(replaced(found, state=BacktestState.CANCELLED, reason=f"cancelled by {actor}"))

    def job(self, job_id: str) -> BacktestJob | None:
        self.asked.append(job_id)
        return self.jobs.job(job_id) or next((one for one in self.recorded if one.id == job_id), None)

    def read(self, limit: int, before: tuple[int, str] | None) -> list[BacktestJob]:
        return [one for one in self.recorded if before is None or (one.ended_at, one.id) < before][:limit]

    def file(self, job_id: str) -> bytes | None:
        self.asked.append(job_id)
        return self.files.get(job_id)

    def ask(self, method: str, path: str, body: Any = None, role: Role | None = Role.TRADER, key: str = "") -> Any:
        headers = {"x-api-key": self.secrets[role]} if role else {}
        more = {"idempotency-key": key} if key else {}
        return self.client.request(method, f"{AT}{path}", json=body, headers=headers | more)

    def run(self) -> dict[str, Any]:
        told: dict[str, Any] = self.ask("POST", "/run", RUN_ASKED).json()["job"]
        return told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Doors:
    return Doors(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def doors(made: Doors) -> Doors:
    made.begin()
    return made


def test_one_is_asked_for_with_the_fields_of_the_contract_and_followed(doors: Doors) -> None:
    more = {
        "symbols": ["NIFTY", "BANKNIFTY"], "initial_capital": 1_500_000.25, "commission": 0.0003, "slippage": None,
        "mode": "fixed_window", "train_window_days": 30, "test_window_days": 10, "retrain_frequency_days": 5,
        "seed": 11, "model_id": "nifty-1", "engine": "event", "instrument": "atm_options", "source": "archive",
        "sweep": {"fast": [5, 10.5]}, "resets": True,
    }  # fmt: skip
    told = doors.ask("POST", "/run", RUN_ASKED | more)
    assert told.status_code == 202
    assert told.json().keys() == RUN.keys()
    job = told.json()["job"]
    assert job.keys() == plain(JOB).keys()
    assert (job["id"], job["state"], job["actor"].partition("/")[0]) == (told.json()["job_id"], "queued", "test-trader")
    assert job["started_at"] is job["ended_at"] is job["seconds"] is job["total_return"] is None
    taken = doors.jobs.take()
    assert taken is not None
    asked = taken.request
    assert (asked.symbols, asked.start_date) == (("NIFTY", "BANKNIFTY"), date(2025, 8, 1))
    assert asked.initial_capital == Decimal("1500000.25")
    assert asked.sweep == {"fast": (5.0, 10.5)}
    assert wire.builtins(asked) == plain(RUN_ASKED) | more
    told = doors.ask("GET", f"/{job['id']}", role=Role.VIEWER).json()
    assert (told["job"]["state"], told["result"], told["why"]) == ("running", None, "it is running")


def test_what_is_left_out_is_as_the_domain_has_it(doors: Doors) -> None:
    needed = {name: RUN_ASKED[name] for name in ("symbols", "strategy", "start_date", "end_date")}
    doors.ask("POST", "/run", needed)
    (job,) = doors.jobs.standing()
    assert job.request == BacktestRequest(("NIFTY",), "sma_cross", date(2025, 8, 1), date(2025, 11, 21))


def test_what_cannot_be_asked_is_refused_by_its_field_and_nothing_waits(doors: Doors) -> None:
    for wrong, field in (({"seed": -1}, "seed"), ({"strategy": "own.py"}, "strategy"), ({"file": "own.py"}, "file")):
        told = doors.ask("POST", "/run", RUN_ASKED | wrong)
        assert told.status_code == 422
        assert told.headers["content-type"] == "application/problem+json"
        assert [row["field"] for row in told.json()["errors"]] == [field]
    assert doors.jobs.standing() == ()


def test_a_repeated_key_gets_the_first_answer_and_one_backtest(doors: Doors) -> None:
    first = doors.ask("POST", "/run", RUN_ASKED, key="again").json()
    assert doors.ask("POST", "/run", RUN_ASKED, key="again").json() == first
    assert len(doors.jobs.standing()) == 1
    assert doors.ask("POST", "/run", RUN_ASKED | {"seed": 8}, key="again").status_code == 409


def test_where_too_many_wait_one_more_is_429(doors: Doors) -> None:
    for _ in range(MOST_WAITING):
        doors.run()
    told = doors.ask("POST", "/run", RUN_ASKED)
    assert (told.status_code, told.json()["title"]) == (429, "Too much was asked at once")


def test_the_list_has_those_that_stand_in_front_and_then_the_newest(doors: Doors) -> None:
    first, second = doors.run()["id"], doors.run()["id"]
    told = doors.ask("GET", "", role=Role.VIEWER).json()
    assert told.keys() == BACKTESTS.keys()
    assert {row["id"] for row in told["backtests"][:2]} == {first, second}
    assert [row["state"] for row in told["backtests"]] == ["queued", "queued", "done", "failed", "cancelled"]
    done = told["backtests"][2]
    assert (done["total_return"], done["sharpe_ratio"], done["total_trades"], done["seconds"]) == (0.01, None, 3, 1.5)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_hold_every_backtest_once(doors: Doors, limit: int) -> None:
    every = {doors.run()["id"] for _ in range(3)} | {one.id for one in doors.recorded}
    seen, cursor = [], ""
    while cursor is not None:
        told = doors.ask("GET", f"?limit={limit}&cursor={cursor}").json()
        seen += [row["id"] for row in told["backtests"]]
        cursor = told["next_cursor"]
    assert len(seen) == len(every) == 6
    assert set(seen) == every


def test_a_result_is_told_with_its_job_and_one_that_is_gone_says_why(doors: Doors) -> None:
    done, failed, cancelled = doors.recorded
    told = doors.ask("GET", f"/{done.id}", role=Role.VIEWER).json()
    assert told.keys() == BACKTEST.keys()
    assert (told["result"], told["why"]) == ({"total_return": None, "trades": []}, None)
    doors.files.clear()
    told = doors.ask("GET", f"/{done.id}").json()
    assert (told["job"]["state"], told["result"], told["why"]) == ("done", None, "its files are no longer kept")
    assert doors.ask("GET", f"/{failed.id}").json()["why"] == "no data"
    assert doors.ask("GET", f"/{cancelled.id}").json()["result"] is None


def test_a_report_is_a_page_that_may_load_nothing_and_is_saved_under_a_name_of_ours(doors: Doors) -> None:
    done, failed, _ = doors.recorded
    doors.files[done.id] = b"<!doctype html>"
    told = doors.ask("GET", f"/{done.id}/report", role=Role.VIEWER)
    assert (told.status_code, told.content) == (200, b"<!doctype html>")
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert told.headers["content-disposition"] == f'attachment; filename="backtest-{done.id}.html"'
    assert told.headers["x-content-type-options"] == "nosniff"
    policy = dict(part.strip().split(" ", 1) for part in told.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == "'unsafe-inline'"
    assert "connect-src" not in policy
    assert "allow-same-origin" not in policy["sandbox"]
    refused = doors.ask("GET", f"/{failed.id}/report")
    assert (refused.status_code, "no data" in refused.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fkeys.json", "B251124063000-3f2a9c%2f..%2f..", "B251124063000-3F2A9C", "B25112406300-3f2a9c",
     "B251124063000-3f2a9c%00", "b1", "run", "B٢51124063000-3f2a9c", "...", "B251124063000-3f2a9c%0a"],
)  # fmt: skip
def test_only_an_id_is_ever_made_into_a_path(doors: Doors, name: str) -> None:
    for method, path in (("GET", f"/{name}"), ("GET", f"/{name}/report"), ("POST", f"/{name}/cancel")):
        assert doors.ask(method, path).status_code in (404, 405, 422)
    assert doors.asked == []


def test_one_that_stands_is_cancelled_and_one_that_is_over_is_409(doors: Doors) -> None:
    job = doors.run()
    told = doors.ask("POST", f"/{job['id']}/cancel")
    assert (told.status_code, told.json()["state"]) == (200, "cancelled")
    assert told.json()["reason"].startswith("cancelled by test-trader/")
    for name in (job["id"], doors.recorded[0].id):
        assert doors.ask("POST", f"/{name}/cancel").status_code == 409
    assert doors.ask("POST", "/B251124063000-ffffff/cancel").status_code == 404


def test_what_can_be_tested_is_told_and_is_no_id(doors: Doors) -> None:
    told = doors.ask("GET", "/strategies", role=Role.VIEWER).json()
    assert told.keys() == STRATEGIES.keys()
    assert told["strategies"][0].keys() == plain(STRATEGIES)["strategies"][0].keys()
    assert told["strategies"][0]["engines"] == ["vectorised", "event"]


def test_who_may(doors: Doors) -> None:
    done = doors.recorded[0].id
    assert [doors.ask("POST", "/run", RUN_ASKED, role).status_code for role in (None, *Role)] == [401, 403, 202, 202]
    answers = [doors.ask("POST", f"/{done}/cancel", role=role).status_code for role in (None, *Role)]
    assert answers == [401, 403, 409, 409]
    for path in ("", "/strategies", f"/{done}", f"/{done}/report"):
        assert [doors.ask("GET", path, role=role).status_code for role in (None, *Role)] == [401, 200, 200, 200]
