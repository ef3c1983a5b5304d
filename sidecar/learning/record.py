"""The live record of a family of models: where it is read, and how it becomes a scorecard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.clock import DAY, MINUTE, to_datetime
from sidecar.domain.models import ModelLine
from sidecar.learning.accuracy import family_score, promise_of
from sidecar.learning.lineage import SpecOf, lineage
from sidecar.learning.live_scores import FamilyScore, Outcomes
from sidecar.learning.manifest import Manifest

#: What a live record is taken of: the longest window of the drift, 60 sessions, with its holidays.
SPAN = 100 * DAY
#: The feature that parts a record by regime: below the training's third decile is calm, above its seventh rough.
REGIME = "rv_60"
_CALM, _ROUGH = 2, 6

Columns = Mapping[str, NDArray[Any]]
#: Of some models' predictions: ``bar_at`` (n,), features (n, F), and score p(buy) − p(sell) (n,), in order of time.
Vectors = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Record:
    """Where the live record is read. ``scored``: since (microseconds UTC) and a family, the columns of
    ``Reader.scored``. ``pending`` counts a family's predictions that wait. ``vectors``: those of some models, since.
    ``models`` are those that may be in use, ``known`` all on record; ``manifest`` raises ``ModelRejected``, ``spec`` is
    the hash of a model's spec. ``now`` is market time, ``alerts`` are the fingerprints of the models' alerts.
    """

    scored: Callable[[int, str], Columns]
    pending: Callable[[str], int]
    vectors: Callable[[Sequence[str], int], Vectors]
    models: Callable[[], tuple[ModelLine, ...]]
    known: Callable[[], Sequence[ModelLine]]
    manifest: Callable[[ModelLine], Manifest]
    spec: SpecOf
    now: Callable[[], int]
    zone: ZoneInfo
    alerts: Callable[[], Sequence[str]] = tuple


def family_of(record: Record, family: str, champion: Manifest | None, since: int, by: str = "") -> FamilyScore:
    """The live record of one family since a time (microseconds UTC), parted ``by`` hour, model, regime, or not."""
    columns = record.scored(since, family)
    horizon = champion.horizon if champion else int(columns["horizon"][-1]) if len(columns["horizon"]) else 1
    kin = _kin(record, champion)
    regime = _regimes(record, champion, kin, columns, since) if by == "regime" else None
    rows = outcomes_of(columns, record.zone, regime)
    promised = promise_of(champion) if champion else None
    return family_score(family, horizon, rows, record.pending(family), promised, by, kin)


def _kin(record: Record, champion: Manifest | None) -> tuple[str, ...]:
    """The champion and the models that it is a refresh of."""
    known = record.known()
    line = next((one for one in known if champion is not None and one.id == champion.id), None)
    return lineage(line, known, record.spec) if line is not None else ()


def outcomes_of(columns: Columns, zone: ZoneInfo, regime: NDArray[np.object_] | None = None) -> Outcomes:
    """The columns of ``Reader.scored`` as the live scorecard takes them; the hour and the day are the exchange's."""
    # The last microsecond of the bar: a bar that closes at 10:00 belongs to nine o'clock.
    local = [to_datetime(int(at) - 1).astimezone(zone) for at in columns["bar_at"]]
    return Outcomes(
        model_id=columns["model_id"],
        bar_at=columns["bar_at"],
        p=np.column_stack([columns["p_sell"], columns["p_hold"], columns["p_buy"]]),
        y=columns["label"].astype(np.int8),
        last=columns["past"],
        session=np.array([one.toordinal() for one in local], dtype=np.int64),
        hour=np.array([one.hour for one in local], dtype=np.int64),
        regime=np.full(len(local), "unknown", dtype=object) if regime is None else regime,
    )


def _regimes(
    record: Record, champion: Manifest | None, kin: Sequence[str], columns: Columns, since: int
) -> NDArray[np.object_]:
    """The regime of each row by the volatility that its prediction was made of, against the training's deciles."""
    found = np.full(len(columns["bar_at"]), "unknown", dtype=object)
    if champion is None or REGIME not in champion.features:
        return found
    place = champion.features.index(REGIME)
    edges = champion.drift.features[place].edges
    if len(edges) <= _ROUGH:
        return found
    # Predictions are made within minutes of their bars, so a little more than the span is enough.
    at, values, _ = record.vectors(kin, since - 10 * MINUTE)
    volatility = dict(zip(at.tolist(), values[:, place].tolist(), strict=True)) if len(at) else {}
    for row, bar in enumerate(columns["bar_at"].tolist()):
        value = volatility.get(bar, np.nan)
        if value == value:
            found[row] = "calm" if value <= edges[_CALM] else "rough" if value > edges[_ROUGH] else "usual"
    return found
