"""``/api/v1/ml/models``: the models, what validation said of each, and their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.commands import ChangeModel
from sidecar.domain.errors import ModelRejected
from sidecar.domain.models import ModelAction, ModelLine
from sidecar.servers import bodies, commands, learning
from sidecar.servers import examples_models as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.repeats import Repeats
from sidecar.servers.rest import Cursor, PageSize, page, page_query, reading, recorded
from sidecar.servers.routes import Row, answer, mount
from sidecar.servers.words import Reason

ModelId = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", examples=["nifty-251124-3f2a9c"])]
FamilyName = Annotated[
    str, Query(max_length=100, pattern=r"^[A-Za-z0-9&_ .:/-]*$", description="One family's alone, as it is told")
]
RoleName = Annotated[
    Literal["all", "candidate", "champion", "challenger", "retired", "refused"], Query(description="In one role alone")
]


@dataclass(frozen=True)
class Models:
    """Where models are read. ``known`` are those on record, the one trained last in front. ``manifest`` gives what can
    be shown of a model's own file and raises ``ModelRejected``; ``problem`` says why a model cannot be scored with,
    empty where it can. All of them read the disk. ``rule`` is the promotion rule in words.
    """

    known: Callable[[], Sequence[ModelLine]]
    manifest: Callable[[ModelLine], Mapping[str, Any]]
    problem: Callable[[ModelLine], str]
    rule: str = ""


class PlaceBody(bodies.Body):
    """Why a model is given another place: it is recorded."""

    reason: Reason


class ModelRoutes:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, models: Models, settings: HttpSettings) -> None:
        self._ports = ports
        self._models = models
        self._settings = settings
        self.repeats = Repeats()

    async def models(
        self, limit: PageSize = 100, cursor: Cursor = "", family: FamilyName = "", role: RoleName = "all"
    ) -> Response:
        """Models, the one trained last first. One champion a family gives signals, challengers predict beside it.

        Accuracy, AUC and the rest are validation's, out of sample; the `verdict` is `skill` only where the direction's
        Brier skill is above 0 with its whole interval. A `simulated` one has learnt from a made market.
        """
        before = page_query(limit, cursor, "", "").before
        rows = [one for one in await self._known() if family in ("", one.family) and role in ("all", one.role)]
        rows = [one for one in rows if before is None or place_of(one) < before]
        return page("models", rows, limit, place_of, learning.model, self._as_of())

    async def model(self, model_id: ModelId) -> Response:
        """One model with its manifest: hashes, data, parameters and the whole scorecard with its canaries.

        `problem` says why it cannot be scored with, null where it can; without a readable manifest that is null too.
        `rule` is how models get their places.
        """
        line = await self._one(model_id)
        manifest, problem = await reading(lambda: self._looked(line))
        return answer(
            {"model": learning.model(line), "manifest": manifest, "problem": problem or None, "rule": self._models.rule}
        )

    async def promote(self, request: Request, model_id: ModelId) -> Response:
        """Make it the champion of its family, whose signals count; the champion before is retired and can come back.

        Its files are verified first: 409 with the reason where they are not what was written or are of another set of
        features, and the old champion stays.
        """
        return await self._change(request, model_id, ModelAction.PROMOTE)

    async def challenge(self, request: Request, model_id: ModelId) -> Response:
        """Let it predict beside the champion, without signals. Its files are verified first, as for a promotion."""
        return await self._change(request, model_id, ModelAction.CHALLENGE)

    async def roll_back(self, request: Request, model_id: ModelId) -> Response:
        """Give the place of this champion back to the one before it, whose files are verified first."""
        return await self._change(request, model_id, ModelAction.ROLL_BACK)

    async def retire(self, request: Request, model_id: ModelId) -> Response:
        """Take it out of its place: it predicts no more. Its files and its record stay."""
        return await self._change(request, model_id, ModelAction.RETIRE)

    async def _change(self, request: Request, model_id: str, action: ModelAction) -> Response:
        asked = await bodies.read(request, PlaceBody)
        line = await self._one(model_id)
        await self._verify(line, action)
        stamp = commands.stamp(self._ports, request)
        command = ChangeModel(**stamp, model_id=model_id, action=action, reason=asked.reason)
        outcome = commands.done(await commands.ask(self._ports, command, self._settings.command_timeout_s))
        if outcome.model is None:
            raise RuntimeError("a model was given a place and not told")
        told = {"status": "success", "message": outcome.message, "reason": asked.reason}
        return answer({**told, "model": learning.model(outcome.model), "timestamp": commands.now(self._ports)})

    async def _verify(self, line: ModelLine, action: ModelAction) -> None:
        """:class:`Problem` 409 where the model that would come into the place cannot be scored with."""
        comes: ModelLine | None = line
        if action is ModelAction.RETIRE:
            return
        if action is ModelAction.ROLL_BACK:
            comes = next((one for one in await self._known() if one.id == line.before), None)
        if comes is not None and (problem := await reading(lambda: self._models.problem(comes))):
            raise Problem(409, f"{problem}; nothing was changed", model_id=comes.id)

    async def _one(self, model_id: str) -> ModelLine:
        found = next((one for one in await self._known() if one.id == model_id), None)
        if found is None:
            raise Problem(404, f"there is no model {model_id}")
        return found

    async def _known(self) -> list[ModelLine]:
        """The models on record, each as the newest report has it."""
        kept = await recorded(self._ports, self._models.known)
        published = self._ports.latest()
        newest = {one.id: one for one in kept} | {one.id: one for one in (published.report.models if published else ())}
        return sorted(newest.values(), key=place_of, reverse=True)

    def _looked(self, line: ModelLine) -> tuple[Mapping[str, Any] | None, str]:
        try:
            manifest = self._models.manifest(line)
        except ModelRejected as error:
            return None, str(error)
        return manifest, self._models.problem(line)

    def _as_of(self) -> str | None:
        published = self._ports.latest()
        return published.report.timestamp.isoformat() if published else None


def place_of(line: ModelLine) -> tuple[int, str]:
    """Where a model stands in the list."""
    return line.trained_at, line.id


def router(ports: Ports, keys: KeyStore, models: Models, settings: HttpSettings) -> APIRouter:
    """The routes of models, for ``create_app(…, routers=[…])``."""
    at = ModelRoutes(ports, models, settings)
    changes = (
        ("promote", at.promote, "Make a model the champion"),
        ("challenge", at.challenge, "Let a model predict beside the champion"),
        ("roll-back", at.roll_back, "Give a champion's place back to the one before"),
        ("retire", at.retire, "Take a model out of its place"),
    )
    rows = (
        Row("GET", "/models", Role.VIEWER, at.models, "Models", answers=e.MODELS, fails=(422, 503)),
        Row("GET", "/models/{model_id}", Role.VIEWER, at.model, "One model", answers=e.MODEL, fails=(404, 422, 503)),
        *(
            Row("POST", f"/models/{{model_id}}/{name}", Role.ADMIN, does, what, PlaceBody, e.PLACE_ASKED, e.PLACED,
                fails=(404, 409, 503, 504), repeats=at.repeats, conflict={"model_id": "nifty-251124-3f2a9c"})
            for name, does, what in changes
        ),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1/ml", tags=["learning"]), rows, Auth(keys, ports))
