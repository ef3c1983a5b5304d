"""``/api/v1/ml/train`` and ``/ml/jobs``: trainings asked for, watched, and on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.clock import iso
from sidecar.domain.models import TrainingRun
from sidecar.domain.training import TrainingJob, job_of
from sidecar.servers import bodies, learning
from sidecar.servers import examples_training as e
from sidecar.servers.auth import Auth, caller
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import Ports
from sidecar.servers.problems import Problem
from sidecar.servers.repeats import Repeats
from sidecar.servers.rest import Cursor, PageSize, page, page_query, recorded
from sidecar.servers.routes import Row, answer, mount
from sidecar.servers.words import Name

JobId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$", examples=["T251124063000-3f2a9c"])]
#: Runs on record that one is looked for among.
_LOOKED_THROUGH = 1_000
_NOT_YET = 10**17


@dataclass(frozen=True)
class Training:
    """The trainer as the doors see it; all but ``runs`` answer at once. Where learning is off only they are there.

    ``ask`` takes the actor, ``search`` and ``seed`` (None as set), and a strategy (empty for the market). ``runs`` is
    keyed by (``ended_at``, ``id``).
    """

    runs: Callable[[int, tuple[int, str] | None], Sequence[TrainingRun]]  # reads
    ask: Callable[[str, int | None, int | None, str], TrainingJob] | None = None
    job: Callable[[str], TrainingJob | None] = lambda _: None
    standing: Callable[[], TrainingJob | None] = lambda: None


class TrainBody(bodies.Body):
    """How this one training is to differ from the settings; needs no body where it is not.

    ``search`` is how many parameter sets are tried; each one counts against what the result is worth. With a
    ``strategy`` it is learnt whether this strategy's trades win, from what was known when each was entered.
    """

    search: Annotated[int, Field(ge=1, le=200)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    strategy: Name | None = None


class Trainings:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, training: Training) -> None:
        self._ports = ports
        self._training = training
        self.repeats = Repeats()

    async def train(self, request: Request) -> Response:
        """Train now, beside the desk, on the bars that are on record. Follow `ml/jobs/{id}`, or the topic `training`.

        Needs no body. While a training is queued or running its id is the answer: two would only slow each other. The
        promotion rule decides what place the new model takes. With `strategy` it learns whether that strategy's trades
        win; a model of that predicts nothing live. 409 where learning is turned off.
        """
        asked = await bodies.read(request, TrainBody)
        if self._training.ask is None:
            raise Problem(409, "learning is turned off: set learning.enabled and start again")
        made = self._training.ask(caller(request).actor, asked.search, asked.seed, asked.strategy or "")
        return answer({"job_id": made.id, "job": learning.training(made)}, 202)

    async def jobs(self, limit: PageSize = 100, cursor: Cursor = "") -> Response:
        """Trainings, newest first by when they ended; in front of them the one that is queued or running.

        `done` made a model, `failed` says why in `reason`, `skipped` found nothing that could be learnt from. Times are
        the market's, `seconds` the wall's. Of a run before this start the last step is not known.
        """
        query = page_query(limit, cursor, "", "")
        runs = await recorded(self._ports, lambda: self._training.runs(query.limit, query.before))
        standing = self._training.standing() if query.before is None else None
        rows = [*([standing] if standing else []), *(job_of(run) for run in runs)]
        return page("jobs", rows, limit, _place, learning.training, iso(self._ports.market_now()))

    async def job(self, job_id: JobId) -> Response:
        """One training: where it is, or what came of it."""
        found = self._training.job(job_id)
        if found is not None:
            return answer(learning.training(found))
        runs = await recorded(self._ports, lambda: self._training.runs(_LOOKED_THROUGH, None))
        run = next((one for one in runs if one.id == job_id), None)
        if run is None:
            raise Problem(404, f"there is no training {job_id}")
        return answer(learning.training(job_of(run)))


def _place(job: TrainingJob) -> tuple[int, str]:
    """Where a page goes on; what has not ended comes before all that has."""
    return (job.ended_at, job.id) if job.state.over else (_NOT_YET, job.id)


def router(ports: Ports, keys: KeyStore, training: Training) -> APIRouter:
    """The routes, for ``create_app(…, routers=[…])``."""
    at = Trainings(ports, training)
    rows = (
        Row("POST", "/train", Role.TRADER, at.train, "Train now", TrainBody, e.TRAIN_ASKED, e.TRAIN, status=202,
            fails=(409,), repeats=at.repeats),
        Row("GET", "/jobs", Role.VIEWER, at.jobs, "Trainings", answers=e.JOBS, fails=(422, 503)),
        Row("GET", "/jobs/{job_id}", Role.VIEWER, at.job, "One training", answers=e.JOB, fails=(404, 422, 503)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1/ml", tags=["learning"]), rows, Auth(keys, ports))
