"""Questions about learning: bars as arrays; predictions with what became of them; models; training runs.

Predictions, outcomes, models and runs are decoded from the journal's own bytes in ``audit``, so they are exact.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sidecar.domain.models import CLASSES, ModelLine, Prediction, PredictionOutcome, TrainingRun
from sidecar.domain.records import ModelRecorded, OutcomeRecorded, PredictionRecorded, TrainingRecorded
from sidecar.store.payloads import expect

Page = tuple[int, str]
Columns = dict[str, NDArray[Any]]
Judged = tuple[Prediction, PredictionOutcome | None]

_BARS = """
SELECT epoch_us(timestamp) AS "at", * EXCLUDE (timestamp)
    REPLACE (epoch_us(closes_at) AS closes_at, epoch_us(known_at) AS known_at)
FROM bars
WHERE symbol = $symbol AND ($since IS NULL OR timestamp >= make_timestamptz($since::BIGINT))
  AND ($until IS NULL OR timestamp < make_timestamptz($until::BIGINT))
ORDER BY timestamp
"""

#: The newest version of each outcome.
_NEWEST = "SELECT prediction_id, max(version) AS version FROM prediction_outcomes GROUP BY prediction_id"
_PREDICTIONS = f"""
WITH page AS (
    SELECT seq, timestamp, id FROM predictions
    WHERE ($model_id = '' OR model_id = $model_id)
      AND ($since IS NULL OR timestamp >= make_timestamptz($since::BIGINT))
      AND ($until IS NULL OR timestamp < make_timestamptz($until::BIGINT))
      AND ($id IS NULL OR (timestamp, id) < (make_timestamptz($at::BIGINT), $id))
    ORDER BY timestamp DESC, id DESC LIMIT $limit
)
SELECT told.payload, became.payload FROM page JOIN audit AS told USING (seq)
LEFT JOIN ({_NEWEST}) AS newest ON newest.prediction_id = page.id
LEFT JOIN prediction_outcomes AS outcome
    ON outcome.prediction_id = newest.prediction_id AND outcome.version = newest.version
LEFT JOIN audit AS became ON became.seq = outcome.seq
ORDER BY page.timestamp DESC, page.id DESC
"""  # noqa: S608 (no value is put into it)
_PREDICTION = """
SELECT told.payload, (
    SELECT payload FROM audit WHERE seq = (
        SELECT arg_max(seq, version) FROM prediction_outcomes WHERE prediction_id = $id
    )
) FROM predictions JOIN audit AS told USING (seq) WHERE id = $id
"""
_CLASS = "CASE {} " + " ".join(f"WHEN '{kind}' THEN {n}" for n, kind in enumerate(CLASSES)) + " ELSE -1 END::TINYINT"
#: A persistence forecast is the sign of ``past``: the move over as many bars before, within the session.
_SCORED = f"""
SELECT told.id, told.model_id, told.family, told.role, told.symbol, epoch_us(told.timestamp) AS decided_at,
    epoch_us(told.bar_at) AS bar_at, epoch_us(told.due_at) AS due_at, told.horizon, told.p_sell, told.p_hold,
    told.p_buy, {_CLASS.format("told.signal")} AS signal, told.confidence, told.abstained <> '' AS abstained,
    told.expected_value, told.price, told.simulated, {_CLASS.format("outcome.label")} AS label, outcome.move,
    coalesce(outcome.correct::TINYINT, -1::TINYINT) AS correct, outcome.entry_price, outcome.exit_price,
    outcome.version, epoch_us(outcome.timestamp) AS matured_at, bar.close / earlier.close - 1 AS past
FROM predictions AS told
JOIN ({_NEWEST}) AS newest ON newest.prediction_id = told.id
JOIN prediction_outcomes AS outcome
    ON outcome.prediction_id = newest.prediction_id AND outcome.version = newest.version
LEFT JOIN bars AS bar ON bar.symbol = told.symbol AND bar.closes_at = told.bar_at
LEFT JOIN bars AS earlier ON earlier.symbol = bar.symbol AND earlier.session = bar.session
    AND earlier.timestamp = bar.timestamp - told.horizon * (bar.closes_at - bar.timestamp)
WHERE NOT told.replayed AND ($family = '' OR told.family = $family)
  AND ($since IS NULL OR told.timestamp >= make_timestamptz($since::BIGINT))
ORDER BY told.timestamp, told.id
"""  # noqa: S608 (no value is put into it)
_VECTORS = """
SELECT epoch_us(bar_at) AS bar_at, features::DOUBLE[] AS features, p_buy - p_sell AS score
FROM predictions WHERE NOT replayed AND list_contains($model_ids::VARCHAR[], model_id)
  AND timestamp >= make_timestamptz($since::BIGINT)
ORDER BY timestamp, id
"""
_PENDING = """
SELECT count(*) FROM predictions AS told
WHERE NOT replayed AND ($family = '' OR family = $family)
  AND NOT EXISTS (SELECT 1 FROM prediction_outcomes WHERE prediction_id = told.id)
"""
_MODELS = "SELECT payload FROM audit JOIN models AS told USING (seq) ORDER BY told.timestamp DESC, told.id DESC"
_RUNS = """
SELECT payload FROM audit JOIN (
    SELECT seq, timestamp, id FROM training_runs
    WHERE $id IS NULL OR (timestamp, id) < (make_timestamptz($at::BIGINT), $id)
    ORDER BY timestamp DESC, id DESC LIMIT $limit
) AS page USING (seq) ORDER BY page.timestamp DESC, page.id DESC
"""


class Learnt(ABC):
    """The questions of :class:`~sidecar.store.reader.Reader` about bars, predictions, models and training runs.

    Instants are microseconds UTC; ``since`` (included) and ``until`` (not) bound a row's own, None is unbounded.
    ``before`` is the (instant, id) of the last row already seen.
    """

    @abstractmethod
    def _ask(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _table(self, query: str, values: dict[str, Any]) -> pa.Table: ...

    def bars(self, symbol: str, since: int | None = None, until: int | None = None) -> Columns:
        """The bars of ``symbol``, oldest first, as an array for each field of :class:`~sidecar.domain.bars.Bar`.

        Instants are int64, ``simulated`` bool, ``symbol`` and ``source`` text, all else float64, unknown NaN. The span
        bounds ``at``.
        """
        return _columns(self._table(_BARS, {"symbol": symbol, "since": since, "until": until}))

    def predictions(
        self,
        limit: int,
        before: Page | None = None,
        model_id: str = "",
        since: int | None = None,
        until: int | None = None,
    ) -> list[Judged]:
        """Predictions, each with the newest version of its outcome (None: it has none), newest first by
        (``decided_at``, ``id``).
        """
        at, last = before or (0, None)
        asked = {"limit": limit, "at": at, "id": last, "model_id": model_id, "since": since, "until": until}
        return [_judged(row) for row in self._ask(_PREDICTIONS, asked)]

    def prediction(self, prediction_id: str) -> Judged | None:
        """The prediction of that id, with the newest version of its outcome; None where there is none."""
        rows = self._ask(_PREDICTION, {"id": prediction_id})
        return _judged(rows[0]) if rows else None

    def scored(self, since: int | None = None, family: str = "") -> Columns:
        """Each prediction that has an outcome, with its newest version, oldest first; what was replayed is left out.

        ``label`` and ``signal`` are int8 in the order of :data:`~sidecar.domain.models.CLASSES`, -1 unknown;
        ``correct`` is 1, 0 or -1; numbers that are unknown are NaN. ``past`` is the move over as many bars before, for
        a persistence forecast. ``since`` bounds ``decided_at``; an empty ``family`` is any.
        """
        return _columns(self._table(_SCORED, {"since": since, "family": family}))

    def vectors(
        self, model_ids: Sequence[str], since: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """What models of one feature set have scored since ``since``, oldest first, without what was replayed:
        ``bar_at`` (n,), the features (n, F), unknown NaN, and p(buy) - p(sell) (n,).
        """
        table = self._table(_VECTORS, {"model_ids": list(model_ids), "since": since})
        features = pa.concat_arrays(table.column("features").chunks).flatten() if len(table) else pa.array([], "double")
        matrix = features.to_numpy(zero_copy_only=False).reshape(len(table), -1) if len(table) else np.empty((0, 0))
        told = _columns(table.select(["bar_at", "score"]))
        return told["bar_at"], np.array(matrix, np.float64), told["score"]

    def pending(self, family: str = "") -> int:
        """How many predictions have no outcome yet, without those that were replayed."""
        ((count,),) = self._ask(_PENDING, {"family": family})
        return int(count)

    def models(self) -> list[ModelLine]:
        """Every model in its newest role, the one trained last in front."""
        return [expect(row, ModelRecorded).model for row in self._ask(_MODELS, {})]

    def training_runs(self, limit: int, before: Page | None = None) -> list[TrainingRun]:
        """Runs of the training, newest first by (``ended_at``, ``id``)."""
        at, last = before or (0, None)
        rows = self._ask(_RUNS, {"limit": limit, "at": at, "id": last})
        return [expect(row, TrainingRecorded).run for row in rows]


def _judged(row: tuple[Any, ...]) -> Judged:
    became = expect(row[1:], OutcomeRecorded).outcome if row[1] is not None else None
    return expect(row, PredictionRecorded).prediction, became


def _columns(table: pa.Table) -> Columns:
    """Arrays by name, each the caller's own: text as objects, an unknown number NaN."""
    return {name: np.array(table.column(name).to_numpy()) for name in table.column_names}
