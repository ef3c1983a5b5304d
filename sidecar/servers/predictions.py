"""``/api/v1/ml``: predictions that were on record before their outcome, how right they were, and drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from sidecar.domain.clock import iso, parse
from sidecar.domain.models import Prediction, PredictionOutcome
from sidecar.servers import examples_models as e
from sidecar.servers import learning
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.models import FamilyName
from sidecar.servers.ports import Ports
from sidecar.servers.problems import Problem
from sidecar.servers.rest import Cursor, PageSize, page, page_query, reading, recorded
from sidecar.servers.routes import Row, answer, mount
from sidecar.servers.witness import Since, Until

PredictionId = Annotated[
    str, Path(max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$", examples=["P251124034500-00001"])
]  # fmt: skip
ByModel = Annotated[str, Query(max_length=100, pattern=r"^[A-Za-z0-9_-]*$", description="One model's alone")]
Parts = Annotated[Literal["none", "hour", "model", "regime"], Query(description="What the record is parted by")]

Judged = tuple[Prediction, PredictionOutcome | None]


@dataclass(frozen=True)
class Learnt:
    """Where predictions and their scores are read; all but ``drift`` and ``features`` read the record.

    ``predictions`` takes limit, before, model id, since, until. ``accuracy`` takes a family (empty: each that has a
    champion), what to part it by (empty: nothing) and since, and gives a score a family. ``drift`` gives the market
    time of the measurement, None before the first, and the drift of each model in use. ``features`` are the rows of
    the feature table, in the vector's order.
    """

    predictions: Callable[[int, tuple[int, str] | None, str, int | None, int | None], Sequence[Judged]]
    prediction: Callable[[str], Judged | None]
    accuracy: Callable[[str, str, int | None], Sequence[Any]]
    drift: Callable[[], tuple[int | None, Sequence[Any]]]
    features: Sequence[Mapping[str, Any]]
    feature_hash: str
    rule: str


class LearntRoutes:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, kept: Learnt) -> None:
        self._ports = ports
        self._kept = kept

    async def predictions(
        self, limit: PageSize = 100, cursor: Cursor = "", model_id: ByModel = "", since: Since = None,
        until: Until = None,
    ) -> Response:  # fmt: skip
        """Predictions, newest first by when they were put on record; `from` and `to` bound that.

        Each was written before its outcome could be known and never changes. `abstained` says why it holds although a
        side may look likelier. `outcome` is null until `due_at`; its `label` is null where it can never be known.
        """
        before = page_query(limit, cursor, "", "").before
        bounds = [None if text is None else parse(text, name) for name, text in (("from", since), ("to", until))]
        rows = await recorded(self._ports, lambda: self._kept.predictions(limit + 1, before, model_id, *bounds))
        return page("predictions", rows, limit, place_of, shown, self._as_of())

    async def prediction(self, prediction_id: PredictionId) -> Response:
        """One prediction with its reasons: `explained` are its greatest SHAP contributions to ln(p buy / p sell),
        greatest first, and `features` all that it looked at.
        """
        found = await recorded(self._ports, lambda: self._kept.prediction(prediction_id))
        if found is None:
            raise Problem(404, f"there is no prediction {prediction_id}")
        return answer(explained(found, [row["name"] for row in self._kept.features]))

    async def accuracy(self, family: FamilyName = "", by: Parts = "none", since: Since = None) -> Response:
        """How right the champions' predictions were, of those whose outcome is known, beside what validation promised.

        Intervals are of 95 % and rest on `effective_n`: labels overlap, so `matured` rows are worth fewer. Unless
        `skill` lies above 0, `says` that there is no evidence. `flag` is `amber` where the promised accuracy is outside
        the live interval and `red` where it is better than an honest model can be. `pending` wait and count nowhere.
        `from` bounds when they were made; without it the last hundred days count.
        """
        at = None if since is None else parse(since, "from")
        parts = "" if by == "none" else by
        rows = await recorded(self._ports, lambda: self._kept.accuracy(family, parts, at))
        return answer({"families": list(rows), "count": len(rows), "as_of": self._as_of()})

    async def drift(self) -> Response:
        """Whether the models in use see what they learnt from: PSI of every feature and of the score.

        A feature alarms above its own `threshold`, what 99 of 100 windows of training stay below; `enough` is false
        while there are fewer sessions than its `window`, and then it never does. `suspended` says why a model's
        signals are held back now; `rule` when they are.
        """
        at, rows = await reading(self._kept.drift)
        told = {"models": list(rows), "count": len(rows), "rule": self._kept.rule}
        return answer({**told, "as_of": None if at is None else iso(at)})

    async def features(self) -> Response:
        """What models look at, in the order of their vector: formula, unit, when it is known, and by which clock."""
        rows = list(self._kept.features)
        return answer({"features": rows, "count": len(rows), "feature_hash": self._kept.feature_hash})

    def _as_of(self) -> str | None:
        published = self._ports.latest()
        return published.report.timestamp.isoformat() if published else None


def shown(row: Judged) -> dict[str, Any]:
    """One prediction as a list has it, with what became of it: null while it waits."""
    return {**learning.prediction(row[0]), "outcome": learning.outcome(row[1]) if row[1] else None}


def explained(row: Judged, names: Sequence[str]) -> dict[str, Any]:
    """One prediction with every feature by name; a vector of another set of features has no names here."""
    values = row[0].features
    named = names if len(names) == len(values) else [f"feature {place}" for place in range(len(values))]
    return {**shown(row), "features": dict(zip(named, values, strict=True))}


def place_of(row: Judged) -> tuple[int, str]:
    """Where a prediction stands in the list."""
    return row[0].decided_at, row[0].id


def router(ports: Ports, keys: KeyStore, kept: Learnt) -> APIRouter:
    """The routes of predictions and their scores, for ``create_app(…, routers=[…])``."""
    at = LearntRoutes(ports, kept)
    rows = (
        Row("GET", "/predictions", Role.VIEWER, at.predictions, "Predictions", answers=e.PREDICTIONS, fails=(422, 503)),
        Row("GET", "/predictions/{prediction_id}", Role.VIEWER, at.prediction, "One prediction, explained",
            answers=e.EXPLAINED, fails=(404, 422, 503)),
        Row("GET", "/accuracy", Role.VIEWER, at.accuracy, "How right predictions were", answers=e.ACCURACY,
            fails=(422, 503)),
        Row("GET", "/drift", Role.VIEWER, at.drift, "Drift", answers=e.DRIFT, fails=(503,)),
        Row("GET", "/features", Role.VIEWER, at.features, "The features", answers=e.FEATURES),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1/ml", tags=["learning"]), rows, Auth(keys, ports))
