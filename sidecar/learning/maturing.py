"""What became of predictions, by the label code that their models learnt from, once their horizon has ended.

Nothing is kept here: what is open stands in the desk's report, and the bars are on record. So a restart matures what
was open before it, and a prediction of which a bar is missing is told to be unknowable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import MINUTE
from sidecar.domain.models import CLASSES, Prediction, PredictionOutcome
from sidecar.features.labels import LabelSpec, labels_of

Columns = Mapping[str, NDArray[Any]]


def due_at(calendar: Calendar, bar: Bar, horizon: int) -> int | None:
    """When the bar ``horizon`` bars after ``bar`` closes; None where its session ends before: it has no label then.

    A break of the session belongs to no bar. :raises CalendarBeyond: the sessions table does not reach the bar's day.
    """
    session = calendar.session_at(bar.at)
    left = horizon
    for opens, closes in session.intervals if session else ():
        begins = max(opens, bar.closes_at)
        bars = -((begins - closes) // MINUTE)
        if begins < closes and left <= bars:
            return min(begins + left * MINUTE, closes)
        left -= max(bars, 0)
    return None


def matured(
    predictions: Sequence[Prediction], columns: Columns, specs: Mapping[str, LabelSpec | None], now: int
) -> tuple[PredictionOutcome, ...]:
    """The outcomes of those of ``predictions`` whose horizon has ended by ``now``, microseconds UTC.

    ``columns`` are the fields of one symbol's bars by name, in order and up to now; ``specs`` the labels by model id. A
    prediction of a model that is not among them stays open; one whose label is None, since its model's files are gone,
    can never be known.
    """
    due = [one for one in predictions if one.due_at <= now and one.model_id in specs]
    found: list[PredictionOutcome] = []
    for spec in {specs[one.model_id] for one in due}:
        alike = [one for one in due if specs[one.model_id] == spec]
        if spec is None:
            found += [PredictionOutcome(one.id, None, note="its model's files are gone") for one in alike]
        else:
            found += _outcomes(alike, columns, spec)
    place = {one.id: number for number, one in enumerate(due)}
    return tuple(sorted(found, key=lambda one: place[one.prediction_id]))


def _outcomes(due: Sequence[Prediction], columns: Columns, spec: LabelSpec) -> list[PredictionOutcome]:
    closes = columns["closes_at"]
    labels = labels_of(spec, columns) if len(closes) else None
    made = []
    for one in due:
        row = int(np.searchsorted(closes, one.bar_at))
        there = row < len(closes) and int(closes[row]) == one.bar_at
        if labels is None or not there or labels.y[row] < 0:
            made.append(
                PredictionOutcome(one.id, None, note=_why(columns, row, there=there, spec=spec, due=one.due_at))
            )
            continue
        label = CLASSES[int(labels.y[row])]
        likeliest = CLASSES[int(np.argmax(one.probabilities))]
        move, entry, leave = (_known(float(column[row])) for column in (labels.move, labels.entry, labels.exit))
        made.append(PredictionOutcome(one.id, label, move, entry, leave, likeliest is label))
    return made


def _why(columns: Columns, row: int, *, there: bool, spec: LabelSpec, due: int) -> str:
    """Why a label can never be known."""
    if not there:
        return "its bar is not on record"
    if not isfinite(float(columns["cost"][row])):
        return "the cost of a trade was not known"
    closes = columns["closes_at"]
    bars = int(np.searchsorted(closes, due, side="right")) - row - 1
    if bars < spec.horizon:
        return f"only {bars} of the {spec.horizon} bars of its horizon are on record"
    return "a price or the volatility that its label needs is not known"


def _known(value: float) -> float | None:
    return value if isfinite(value) else None
