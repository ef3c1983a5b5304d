from __future__ import annotations

from math import nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.domain.clock import SECOND
from sidecar.domain.commands import ChangeModel
from sidecar.domain.events import ModelRefused, TrainingEnded
from sidecar.domain.models import ModelAction, ModelLine, ModelRole, RunResult, TrainingRun
from sidecar.domain.records import Audited, ModelRecorded, TrainingRecorded
from sidecar.domain.report import Outcome, OutcomeStatus
from tests.desk.learnt import FAMILY, learning, line, offer
from tests.desk.test_recovery import restarted
from tests.desk.world import World, fresh

CANDIDATE, CHAMPION, CHALLENGER, RETIRED, REFUSED = ModelRole
PROMOTE, CHALLENGE, ROLL_BACK, RETIRE = ModelAction


def roles(world: World) -> dict[str, ModelRole]:
    return {one.id: one.role for one in world.state.models.by_id.values()}


def model(world: World, name: str) -> ModelLine:
    return world.state.models.by_id[name]


def said(world: World) -> list[ModelLine]:
    return [one.model for one in world.records if isinstance(one, ModelRecorded)]


def ask(world: World, name: str, action: ModelAction, reason: str = "as agreed") -> Outcome:
    return world.ask(ChangeModel, model_id=name, action=action, reason=reason, actor="root")


def refuse(world: World, name: str, reason: str = "its file is damaged") -> None:
    world.take(ModelRefused(world.at, name, reason))


def run(name: str = "T1", result: RunResult = RunResult.DONE, **changes: Any) -> TrainingRun:
    at = World().at
    return replace(TrainingRun(name, "daily", "2026-09-07", FAMILY, "desk", result, at, at + SECOND, 1.0), **changes)


def test_a_new_champion_takes_the_place_of_the_one_before_who_is_retired_in_the_same_report() -> None:
    world = learning(line())
    assert world.report.models == (line(),)
    offer(world, line("m2"))
    assert [(one.id, one.role, one.reason, one.before) for one in said(world)] == [
        ("m1", CHAMPION, "the first one", ""),
        ("m2", CHAMPION, "the first one", "m1"),
        ("m1", RETIRED, "followed by m2", ""),
    ]
    assert [one.id for one in world.report.models] == ["m2", "m1"]
    assert len([one for one in world.report.records if isinstance(one, ModelRecorded)]) == 2


def test_families_have_champions_of_their_own() -> None:
    world = learning(line(), line("b1", family="BANKNIFTY triple_barrier 30"))
    assert set(roles(world).values()) == {CHAMPION}


def test_candidates_and_challengers_stand_beside_the_champion_and_a_known_model_is_not_taken_again() -> None:
    world = learning(line(), line("m2", CHALLENGER), line("m3", CANDIDATE))
    offer(world, line("m1", CANDIDATE), line("m3"))
    assert roles(world) == {"m1": CHAMPION, "m2": CHALLENGER, "m3": CANDIDATE}
    assert len(said(world)) == 3


def test_a_refused_champion_gives_the_place_back_to_the_newest_retired_one_before_it() -> None:
    world = learning(line("m1"), line("m2"), line("m3"))
    refuse(world, "m2")
    assert (roles(world)["m2"], roles(world)["m3"]) == (REFUSED, CHAMPION)
    refuse(world, "m3")
    assert roles(world) == {"m1": CHAMPION, "m2": REFUSED, "m3": REFUSED}
    assert (model(world, "m3").reason, model(world, "m3").actor) == ("its file is damaged", "desk")
    assert (model(world, "m1").reason, model(world, "m1").actor) == ("m3 was refused", "desk")
    assert "the model m3 is refused: its file is damaged" in world.report.notes
    refuse(world, "m1")
    assert set(roles(world).values()) == {REFUSED}
    count = len(said(world))
    refuse(world, "m1")
    refuse(world, "m9")
    assert len(said(world)) == count


def test_a_refused_challenger_leaves_the_champion_where_it_is() -> None:
    world = learning(line(), line("m2", CHALLENGER))
    refuse(world, "m2")
    assert roles(world) == {"m1": CHAMPION, "m2": REFUSED}


def test_a_promotion_retires_the_champion_and_is_on_record_with_who_and_why() -> None:
    world = learning(line(), line("m2", CHALLENGER))
    outcome = ask(world, "m2", PROMOTE, "better in shadow")
    assert (outcome.status, outcome.message) == (OutcomeStatus.DONE, f"m2 is the champion of {FAMILY}")
    assert outcome.model == model(world, "m2")
    promoted = model(world, "m2")
    assert (promoted.role, promoted.reason, promoted.actor) == (CHAMPION, "better in shadow", "root")
    assert promoted.before == "m1"
    assert roles(world)["m1"] is RETIRED
    audited = [one for one in world.records if isinstance(one, Audited) and one.action == "changemodel"]
    assert [(one.actor, one.outcome) for one in audited] == [("root", "done")]


def test_a_roll_back_gives_the_place_to_the_champion_before_in_one_report() -> None:
    world = learning(line(), line("m2"))
    outcome = ask(world, "m2", ROLL_BACK, "it drifts")
    assert (outcome.status, outcome.model) == (OutcomeStatus.DONE, model(world, "m1"))
    assert roles(world) == {"m1": CHAMPION, "m2": RETIRED}
    assert {one.model.reason for one in world.report.records if isinstance(one, ModelRecorded)} == {"it drifts"}
    again = ask(world, "m1", ROLL_BACK)
    assert again.status is OutcomeStatus.CONFLICT
    assert again.message == "before m1 there was no champion that could take the place back"


def test_a_roll_back_passes_over_a_refused_champion() -> None:
    world = learning(line(), line("m2"), line("m3"))
    refuse(world, "m2")
    assert ask(world, "m3", ROLL_BACK).model == model(world, "m1")


def test_promotions_back_and_forth_leave_a_line_that_ends() -> None:
    world = learning(line(), line("m2"))
    ask(world, "m1", PROMOTE)
    assert (model(world, "m1").before, model(world, "m2").before) == ("m2", "m1")
    refuse(world, "m2")
    assert ask(world, "m1", ROLL_BACK).status is OutcomeStatus.CONFLICT
    refuse(world, "m1")
    assert set(roles(world).values()) == {REFUSED}


def test_a_retired_champion_leaves_its_family_without_one_which_the_answer_says() -> None:
    world = learning()
    outcome = ask(world, "m1", RETIRE)
    assert outcome.message == f"m1 is retired of {FAMILY}, for which no model gives signals now"
    assert ask(world, "m1", CHALLENGE).model == model(world, "m1")
    assert roles(world) == {"m1": CHALLENGER}


@pytest.mark.parametrize(
    ("role", "action", "words"),
    [
        (CHAMPION, PROMOTE, "m2 is the champion already"),
        (CHAMPION, CHALLENGE, "m2 is the champion: roll it back or promote another model first"),
        (CHALLENGER, CHALLENGE, "m2 is a challenger already"),
        (CHALLENGER, ROLL_BACK, "m2 is a challenger, not the champion: only a champion can be rolled back"),
        (RETIRED, RETIRE, "m2 is retired already"),
        *((REFUSED, action, "m2 is refused (the first one): it can have no place") for action in ModelAction),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason_and_changes_nothing(
    role: ModelRole, action: ModelAction, words: str
) -> None:
    world = learning(line("m2", role))
    outcome = ask(world, "m2", action)
    assert (outcome.status, outcome.message, outcome.model) == (OutcomeStatus.CONFLICT, words, model(world, "m2"))
    assert len(said(world)) == 1
    unknown = ask(world, "m9", action)
    assert (unknown.status, unknown.message) == (OutcomeStatus.NOT_FOUND, "there is no model 'm9'")


def test_a_run_of_the_training_is_on_record_once_and_the_newest_twenty_are_told_newest_first() -> None:
    world = learning()
    failed = run("T0", RunResult.FAILED, seconds=nan, reason="one class")
    world.take(TrainingEnded(world.at, failed), TrainingEnded(world.at, failed))
    assert world.report.training == (replace(failed, seconds=1.0),)
    for number in range(1, 25):
        world.take(TrainingEnded(world.at, run(f"T{number}")))
    assert [one.id for one in world.report.training] == [f"T{number}" for number in range(24, 4, -1)]
    assert len([one for one in world.records if isinstance(one, TrainingRecorded)]) == 25
    assert restarted(world).models.run_lines == world.report.training


def test_the_newest_of_the_retired_are_told_behind_those_that_have_a_place() -> None:
    world = learning(*(line(f"m{number}") for number in range(30)), line("m30", CHALLENGER))
    assert [one.id for one in world.report.models] == ["m30", "m29", *(f"m{number}" for number in range(28, 8, -1))]


def test_a_restart_between_the_records_of_a_change_has_one_champion_the_newer() -> None:
    world = learning(line(), line("m2"))
    world.records = [one for one in world.records if not (isinstance(one, ModelRecorded) and one.model.role is RETIRED)]
    state = restarted(world)
    assert {one.id: one.role for one in state.models.by_id.values()} == {"m1": RETIRED, "m2": CHAMPION}
    assert restarted(learning()).models.lines == (line(),)
    assert fresh().models.lines == ()


_NAMES = st.sampled_from(["m1", "m2", "m3"])
_ACTS = st.tuples(st.sampled_from(["offer", "refuse", *ModelAction]), _NAMES, st.sampled_from(ModelRole))


@settings(max_examples=60, deadline=None)
@given(st.lists(_ACTS, max_size=15))
def test_no_order_of_changes_leaves_two_champions_promotes_a_refused_model_or_is_forgotten(
    acts: list[tuple[str, str, ModelRole]],
) -> None:
    world = learning(line("m0"))
    refused: set[str] = set()
    for act, name, role in acts:
        match act:
            case "offer":
                offer(world, line(name, role))
            case "refuse":
                refuse(world, name)
            case _:
                ask(world, name, ModelAction(act))
        assert sum(one is CHAMPION for one in roles(world).values()) <= 1
        refused |= {one for one, now in roles(world).items() if now is REFUSED}
        assert all(roles(world)[one] is REFUSED for one in refused)
    assert restarted(world).models.by_id == world.state.models.by_id
    assert restarted(world).models.lines == world.report.models
