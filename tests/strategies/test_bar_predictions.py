"""A rule that looks at a model is asked once it is known what the model says of the bar, or that it says nothing."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest
from msgspec.structs import replace

from sidecar.domain.clock import MINUTE
from sidecar.domain.events import AnyEvent, Beat, Forecast, ModelOffered
from sidecar.domain.models import ModelRole
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.rules import ClosedBar, Stepper, stepped
from tests.desk.learnt import expected, line
from tests.desk.world import FUTURE, World
from tests.strategies.bar_world import Minutes

EXPECTED = expected(World().begin())


class Likelier:
    """Long where a rise is likelier than a fall, flat on no prediction."""

    name = "likelier"
    needs_model = True
    batch = stepped

    def __init__(self) -> None:
        self.bars: list[ClosedBar] = []

    def stepper(self) -> Stepper:
        def step(bar: ClosedBar) -> float:
            self.bars.append(bar)
            return 1.0 if bar.p_buy > bar.p_sell else 0.0

        return step


class Learnt(Minutes):
    """With a champion, and the rule trading on what it says."""

    def __init__(self, patience: int | None = None, *models: Any) -> None:
        super().__init__()
        self.rule = Likelier()
        self.drive.strategies = [BarStrategy(self.rule, "mine", "main", "NIFTY", patience=patience)]
        for model in models or (line(),):
            self.drive.handle(ModelOffered(self.at, model))

    def said(self, model_id: str = "m1", **changes: Any) -> AnyEvent:
        """A prediction on the bar that closes next, or on the one that has just closed where ``bar_at`` is given."""
        at = changes.pop("bar_at", self.at + MINUTE)
        told = replace(EXPECTED, model_id=model_id, bar_at=at, known_at=at, due_at=at + 15 * MINUTE, **changes)
        return Forecast(max(at, self.at), (told,))

    @property
    def wanted(self) -> int:
        return len(self.sent)


@pytest.mark.parametrize("patience", [None, 1, 5])
def test_it_acts_on_the_champions_prediction_of_the_very_bar(patience: int | None) -> None:
    room = Learnt(patience)
    room.bar(extra=(room.said(),))
    (bar,) = room.rule.bars
    assert (bar.closes_at, bar.p_sell, bar.p_hold, bar.p_buy) == (room.at, *EXPECTED.probabilities)
    assert room.wanted == 1
    room.bar(extra=(room.said(),))
    assert room.held == {FUTURE.id: 1}


def test_it_waits_for_the_prediction_until_the_next_bar_closes_and_then_sees_none() -> None:
    room = Learnt()
    room.bar()
    first = room.at
    for _ in range(20):
        room.drive.handle(Beat(room.at))
    assert room.rule.bars == []
    room.drive.handle(room.said(bar_at=first))
    room.drive.handle(Beat(room.at))
    assert (len(room.rule.bars), room.wanted) == (1, 1)
    room.bar()
    room.bar(extra=(room.said(),))
    assert [bar.closes_at for bar in room.rule.bars] == [first, first + MINUTE, first + 2 * MINUTE]
    assert [isnan(bar.p_buy) for bar in room.rule.bars] == [False, True, False]


def test_where_it_need_not_be_patient_a_bar_without_a_prediction_is_decided_at_its_own_second_report() -> None:
    room = Learnt(1)
    room.bar(extra=(room.said(),))
    room.bar()
    assert len(room.rule.bars) == 1
    room.drive.handle(Beat(room.at))
    assert isnan(room.rule.bars[1].p_buy)
    assert room.wanted == 2, "no opinion, nothing held"
    assert room.sent[-1].created_at == room.at


@pytest.mark.parametrize(
    "changes",
    [{"model_id": "m2", "role": ModelRole.CHALLENGER}, {"bar_at": 0}],
    ids=["a challenger's", "of another bar"],
)
def test_a_prediction_that_is_not_the_champions_on_this_bar_is_none(changes: dict[str, Any]) -> None:
    room = Learnt(1, line(), line("m2", ModelRole.CHALLENGER))
    if "bar_at" in changes:
        room.bar()
        changes = {"bar_at": room.at}
    room.bar(extra=(room.said(**changes),))
    assert isnan(room.rule.bars[-1].p_buy)
    assert room.wanted == 0


def test_of_two_champions_the_first_family_by_name_counts() -> None:
    other = line("m0", family="NIFTY a", horizon=15)
    room = Learnt(1, line(), other)
    asked = (room.said(), room.said("m0", family="NIFTY a", probabilities=(0.6, 0.2, 0.2)))
    room.bar(extra=asked)
    assert room.rule.bars[-1].p_sell == 0.6


def test_a_rule_that_looks_at_no_model_waits_for_none() -> None:
    room = Learnt()
    room.rule.needs_model = False
    room.bar()
    assert len(room.rule.bars) == 1
