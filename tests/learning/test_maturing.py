"""What became of predictions: by the label code of training, never before the horizon ends, and unknown said so."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.domain.bars import Bar
from sidecar.domain.clock import MINUTE
from sidecar.domain.models import CLASSES, LabelKind, ModelRole, Prediction
from sidecar.domain.signals import SignalType
from sidecar.features.labels import LabelSpec, labels_of
from sidecar.learning.maturing import due_at, matured
from tests.learning.market import FIXED, HORIZON, market
from tests.learning.watched import CALENDAR, CLOSE, OPEN, minute

COLUMNS = market(5, 2).columns
SPECS = {"m1": FIXED}


def bar(at: int) -> Bar:
    return Bar("NIFTY", at, at + MINUTE, at + MINUTE, "live", True, 1.0, 1.0, 1.0, 1.0)


def predicted(row: int, **changes: Any) -> Prediction:
    """A prediction on the bar of that row; the likeliest class is buy."""
    closes = int(COLUMNS["closes_at"][row])
    made = Prediction(
        "m1", "f", ModelRole.CHAMPION, "NIFTY", closes, closes, closes + HORIZON * MINUTE, HORIZON, "h", "v", (),
        (0.2, 0.3, 0.5), SignalType.HOLD, 0.3, 100.0, id=f"P{row}",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def upto(now: int, without: int = -1) -> dict[str, Any]:
    """The bars that had closed by then."""
    there = COLUMNS["closes_at"] <= now
    there[without] &= without < 0
    return {name: column[there] for name, column in COLUMNS.items()}


def test_a_horizon_ends_with_its_bar_and_one_that_leaves_the_session_has_no_end() -> None:
    assert due_at(CALENDAR, bar(OPEN), 15) == minute(16)
    assert due_at(CALENDAR, bar(CLOSE - 16 * MINUTE), 15) == CLOSE
    assert due_at(CALENDAR, bar(CLOSE - 15 * MINUTE), 15) is None
    assert due_at(CALENDAR, bar(CLOSE + MINUTE), 15) is None


def test_a_break_belongs_to_no_bar() -> None:
    session = CALENDAR.session(date(2024, 3, 2))
    assert session is not None
    (opens, breaks), (again, ends) = session.intervals
    assert due_at(CALENDAR, bar(breaks - 2 * MINUTE), 5) == again + 4 * MINUTE
    assert due_at(CALENDAR, bar(opens), 2) == opens + 3 * MINUTE
    assert due_at(CALENDAR, bar(ends - MINUTE), 1) is None


def test_an_outcome_is_trainings_own_label_of_that_bar() -> None:
    labels = labels_of(FIXED, COLUMNS)
    rows = range(40, 300, 20)
    found = matured([predicted(row) for row in rows], COLUMNS, SPECS, int(COLUMNS["closes_at"][-1]))
    assert [one.prediction_id for one in found] == [f"P{row}" for row in rows]
    for row, one in zip(rows, found, strict=True):
        assert one.label is CLASSES[labels.y[row]]
        assert (one.move, one.entry_price, one.exit_price) == (labels.move[row], labels.entry[row], labels.exit[row])
        assert one.correct == (one.label is SignalType.BUY)
    assert {one.label for one in found} == set(CLASSES)


def test_nothing_matures_before_its_horizon_has_ended_and_then_from_what_is_known_by_then() -> None:
    one = predicted(40)
    for now in (one.bar_at, one.due_at - 1):
        assert matured([one], COLUMNS, SPECS, now) == ()
    (early,) = matured([one], upto(one.due_at), SPECS, one.due_at)
    (late,) = matured([one], COLUMNS, SPECS, int(COLUMNS["closes_at"][-1]))
    assert early == late


@pytest.mark.parametrize(
    ("without", "why"),
    [(40, "its bar is not on record"), (45, "only 14 of the 15 bars"), (55, "only 14 of the 15 bars")],
)
def test_what_can_never_be_known_is_told_with_its_reason(without: int, why: str) -> None:
    one = predicted(40)
    (found,) = matured([one], upto(one.due_at, without), SPECS, one.due_at)
    assert (found.label, found.move, found.correct) == (None, None, None)
    assert why in found.note


def test_without_bars_without_a_cost_and_without_the_models_files_it_is_unknown_too() -> None:
    one = predicted(40)
    costless = {**COLUMNS, "cost": np.full(len(COLUMNS["cost"]), np.nan)}
    notes = [
        matured([one], columns, specs, one.due_at)[0].note
        for columns, specs in ((upto(0), SPECS), (costless, SPECS), (COLUMNS, {"m1": None}))
    ]
    assert [note.split()[-1] for note in notes] == ["record", "known", "gone"]
    assert matured([one], COLUMNS, {}, one.due_at) == ()


def test_models_of_other_labels_are_told_by_their_own() -> None:
    barrier = LabelSpec(LabelKind.TRIPLE_BARRIER, HORIZON, 1.0)
    both = [predicted(100), predicted(100, model_id="m2", id="Q")]
    found = matured(both, COLUMNS, {"m1": FIXED, "m2": barrier}, int(COLUMNS["closes_at"][-1]))
    expected = [CLASSES[labels_of(spec, COLUMNS).y[100]] for spec in (FIXED, barrier)]
    assert [one.label for one in found] == expected
