from __future__ import annotations

from math import nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk import forecasting, prediction_book
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import ChangeModel
from sidecar.domain.events import Beat, Forecast, Listed
from sidecar.domain.models import ModelAction, ModelRole, Prediction
from sidecar.domain.records import OutcomeRecorded, PredictionRecorded, SignalRecorded
from sidecar.domain.signals import SignalType
from tests.desk.learnt import became, expected, learning, line, outcome, predict, wait
from tests.desk.test_recovery import on_disk, restarted
from tests.desk.world import OPEN, SPOT, VIX, World, config


@pytest.fixture
def world() -> World:
    return learning()


def said(world: World) -> list[Prediction]:
    return [one.prediction for one in world.records if isinstance(one, PredictionRecorded)]


def outcomes(world: World) -> list[Any]:
    return [one.outcome for one in world.records if isinstance(one, OutcomeRecorded)]


def refused(world: World) -> dict[str, int]:
    return dict(world.report.counters.predictions_refused)


def test_a_prediction_is_on_record_with_its_number_and_time_before_its_outcome_can_be_known(world: World) -> None:
    asked = expected(world)
    (told,) = predict(world, asked)
    assert told == replace(asked, id="P260907034459-00001", decided_at=world.at)
    assert said(world) == [told]
    assert list(world.report.predictions) == [told]
    assert (world.report.counters.predictions, refused(world)) == (1, {})
    world.trade()
    (other,) = predict(world, expected(world))
    assert other.id == "P260907034459-00002"
    assert list(world.report.predictions) == [told, other]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_id": "m9"}, "its model is not known"),
        ({"due_at": 0}, "its horizon has ended"),
        ({"known_at": OPEN * 2}, "it rests on a bar that is not closed"),
        ({"known_at": 0}, "it rests on a bar that is not closed"),
        ({"role": ModelRole.CHALLENGER}, "its model has another role"),
        ({"family": "other"}, "its model predicts something else"),
        ({"horizon": 16}, "its model predicts something else"),
        ({"feature_hash": "f1"}, "its features are not its model's"),
        ({"probabilities": (0.2, 0.3, 0.4)}, "its probabilities are none"),
        ({"probabilities": (-0.1, 0.6, 0.5)}, "its probabilities are none"),
        ({"probabilities": (nan, 0.5, 0.5)}, "its probabilities are none"),
        ({"probabilities": (0.5, 0.5)}, "its probabilities are none"),
        ({"confidence": nan}, "a number of it is not finite"),
        ({"confidence": 1.1}, "a number of it is not finite"),
        ({"features": (0.1, nan)}, "a number of it is not finite"),
        ({"price": float("inf")}, "a number of it is not finite"),
        ({"explained": (("ret_5", nan),)}, "a number of it is not finite"),
        ({"expected_value": nan}, "a number of it is not finite"),
    ],
)
def test_what_may_not_stand_is_refused_counted_and_said_and_the_others_stand(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    good = expected(world)
    told = predict(world, expected(world, **changes), good)
    assert [one.bar_at for one in told] == [good.bar_at]
    assert refused(world) == {reason: 1}
    assert [note for note in world.report.notes if note.endswith(f"is refused: {reason}")]


@pytest.mark.parametrize("role", [ModelRole.CANDIDATE, ModelRole.RETIRED])
def test_a_model_without_a_place_predicts_nothing(role: ModelRole) -> None:
    world = learning(line(role=role))
    assert predict(world, expected(world, role=role)) == ()
    assert refused(world) == {"its model has no place": 1}


def test_a_refusal_is_said_once_a_minute_and_counted_each_time(world: World) -> None:
    for _ in range(3):
        predict(world, expected(world, model_id="m9"))
    assert sum("m9 is refused" in note for note in world.report.notes) == 1
    assert refused(world) == {"its model is not known": 3}
    world.trade(seconds=60.0)
    predict(world, expected(world, model_id="m9"))
    assert sum("m9 is refused" in note for note in world.report.notes) == 2


def test_a_model_predicts_once_on_a_bar_also_after_a_restart(world: World) -> None:
    asked = expected(world)
    (told,) = predict(world, asked, asked)
    assert predict(world, replace(asked, price=SPOT + 1.0)) == ()
    assert refused(world) == {"repeated": 2}
    again = World(restarted(world), at=world.at)
    again.take(Forecast(again.at, (asked,)))
    assert again.report.predictions == (told,)
    assert said(again) == []
    later = replace(asked, bar_at=asked.bar_at + 1, known_at=asked.known_at + 1)
    again.at += SECOND
    (third,) = predict(again, later)
    assert third.id.endswith("-00002")


def test_a_champions_prediction_is_a_trading_signal_and_a_challengers_is_none() -> None:
    world = learning(line(), line("m2", ModelRole.CHALLENGER))
    world.at += SECOND
    due = expected(world).due_at + SECOND // 2
    predict(world, expected(world, due_at=due), expected(world, "m2", ModelRole.CHALLENGER))
    (signal,) = [one.signal for one in world.records if isinstance(one, SignalRecorded)]
    asked = signal.request
    assert (signal.actor, asked.strategy, asked.model_id, asked.symbol) == ("model", "model", "m1", "NIFTY")
    assert (asked.signal_type, asked.confidence, asked.reason) == (SignalType.BUY, 0.55, "ret_5 +0.25")
    assert (asked.horizon_s, signal.due_at, signal.price) == ((due - world.state.now) / SECOND, due, SPOT)
    assert world.report.signals == (signal,)


def test_a_prediction_that_abstains_gives_a_hold_that_says_why(world: World) -> None:
    predict(world, expected(world, signal=SignalType.HOLD, confidence=0.25, abstained="inside the band"))
    asked = world.report.signals[0].request
    assert (asked.signal_type, asked.confidence, asked.reason) == (SignalType.HOLD, 0.25, "inside the band")


def test_a_prediction_stands_where_its_signal_is_refused() -> None:
    world = learning(line(symbol="BANKNIFTY"))
    (told,) = predict(world, expected(world, symbol="BANKNIFTY"))
    assert world.report.signals == ()
    assert world.report.counters.signals_refused == 1
    assert any("gives no signal: symbol: 'BANKNIFTY'" in note for note in world.report.notes)
    assert said(world) == [told]


def test_the_signals_of_models_obey_the_limit_of_every_strategy(world: World) -> None:
    for number in range(70):
        world.take(Forecast(world.at, (expected(world, bar_at=world.state.now - number),)))
    assert len(said(world)) == 70
    assert world.report.counters.signals == 60
    assert world.report.counters.signals_refused == 10


def test_the_first_fund_gets_the_signals_where_none_is_called_main() -> None:
    capital = config().capital["main"]
    world = learning(capital={"second": capital})
    predict(world, expected(world))
    assert world.report.signals[0].request.fund_id == "second"


def test_an_outcome_is_on_record_once_the_horizon_has_ended_and_no_earlier(world: World) -> None:
    (told,) = predict(world, expected(world))
    world.at = told.due_at - 1
    became(world, outcome(told.id))
    assert (outcomes(world), refused(world)) == ([], {"its horizon has not ended": 1})
    world.at += 1
    became(world, outcome(told.id), outcome("P9"))
    assert outcomes(world) == [outcome(told.id, version=1, matured_at=told.due_at)]
    assert refused(world) == {"its horizon has not ended": 1, "its prediction is not known": 1}
    assert world.report.predictions == ()
    assert said(world) == [told]


def test_the_same_outcome_again_changes_nothing_and_another_is_the_next_version(world: World) -> None:
    (told,) = predict(world, expected(world))
    wait(world)
    first = outcome(told.id)
    became(world, first)
    world.trade()
    became(world, first)
    assert len(outcomes(world)) == 1
    late = outcome(told.id, SignalType.SELL, move=-0.01)
    became(world, late)
    became(world, late)
    assert [(one.version, one.label) for one in outcomes(world)] == [(1, SignalType.BUY), (2, SignalType.SELL)]
    again = World(restarted(world), at=world.at)
    became(again, late)
    assert outcomes(again) == []
    became(again, first)
    assert [(one.version, one.label) for one in outcomes(again)] == [(3, SignalType.BUY)]


def test_what_can_never_be_known_is_an_outcome_and_a_number_that_is_none_is_refused(world: World) -> None:
    (told,) = predict(world, expected(world))
    wait(world)
    became(world, outcome(told.id, move=nan))
    assert refused(world) == {"its number is not finite": 1}
    unknown = outcome(told.id, None, move=None, entry_price=None, exit_price=None, correct=None, note="a gap")
    became(world, unknown)
    (record,) = [one for one in world.records if isinstance(one, OutcomeRecorded)]
    assert record.outcome == replace(unknown, version=1, matured_at=world.at)
    assert on_disk([record]) == [record]


def test_open_predictions_survive_a_restart_and_mature_after_it(world: World) -> None:
    (first,) = predict(world, expected(world))
    world.trade()
    (second,) = predict(world, expected(world, bar_at=world.state.now - 1))
    wait(world)
    became(world, outcome(first.id))
    again = World(restarted(world), at=world.at)
    again.beat()
    assert list(again.report.predictions) == [second]
    became(again, outcome(second.id))
    assert not again.report.predictions


def test_the_lines_of_a_report_are_the_same_as_long_as_nothing_has_changed(world: World) -> None:
    predict(world, expected(world))
    lines, models, runs = world.report.predictions, world.report.models, world.report.training
    world.trade()
    assert world.report.predictions is lines
    assert world.report.models is models
    assert world.report.training is runs


def test_beyond_what_may_be_open_the_oldest_is_waited_for_no_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_book, "MOST_OPEN", 3)
    bars = [expected(world, bar_at=world.state.now - number) for number in range(5)]
    world.take(Forecast(world.at, tuple(bars)))
    assert [one.bar_at for one in world.report.predictions] == [one.bar_at for one in bars[2:]]
    assert world.state.predictions.given_up == 2
    assert sum("is waited for no longer" in note for note in world.report.notes) == 1
    wait(world)
    became(world, outcome(said(world)[0].id))
    assert refused(world) == {"its prediction is not known": 1}


def test_after_a_roll_back_the_next_prediction_is_the_old_models(world: World) -> None:
    world = learning(line(), line("m2"))
    predict(world, expected(world, "m2"))
    world.ask(ChangeModel, model_id="m2", action=ModelAction.ROLL_BACK, reason="it drifts")
    world.trade()
    assert predict(world, expected(world, "m2")) == ()
    (told,) = predict(world, expected(world, "m1"))
    assert world.report.signals[0].request.model_id == told.model_id == "m1"


def test_a_replayed_prediction_says_so_on_record(world: World) -> None:
    (told,) = predict(world, expected(world, replayed=True))
    assert told.replayed
    assert said(world) == [told]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["predict", "mature", "correct", "wait"]), st.integers(0, 5)), max_size=12))
def test_no_order_of_events_rewrites_what_is_on_record(acts: list[tuple[str, int]]) -> None:
    world = learning()
    for act, number in acts:
        known = said(world)
        match act:
            case "predict":
                predict(world, expected(world, bar_at=world.state.now - number * MINUTE))
            case "wait":
                wait(world, number)
            case _ if known:
                chosen = known[number % len(known)]
                label = SignalType.BUY if act == "mature" else SignalType.SELL
                became(world, outcome(chosen.id, label))
    first = said(world)
    assert len({one.id for one in first}) == len(first) == len({one.bar_at for one in first})
    by_id = {one.id: one for one in first}
    versions: dict[str, int] = {}
    for record in world.records:
        if isinstance(record, OutcomeRecorded):
            told = record.outcome
            assert told.version == versions.get(told.prediction_id, 0) + 1
            assert told.matured_at >= by_id[told.prediction_id].due_at > by_id[told.prediction_id].decided_at
            versions[told.prediction_id] = told.version
    state = restarted(world)
    assert forecasting.lines(state) == world.report.predictions
    assert state.predictions.done == world.state.predictions.done


def test_a_desk_that_has_listed_nothing_takes_a_prediction_and_gives_no_signal() -> None:
    world = World()
    world.take(Listed(world.at, (VIX,), "test", True), Beat(world.at))
    learnt = learning()
    world.state.models = learnt.state.models
    (told,) = predict(world, expected(world))
    assert told.decided_at == world.at
    assert world.report.signals == ()
