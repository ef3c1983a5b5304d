from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk import signalling
from sidecar.desk.signal_book import NEWEST
from sidecar.domain.clock import DAY, MINUTE, SECOND
from sidecar.domain.commands import SendSignal
from sidecar.domain.events import Beat, Settlement
from sidecar.domain.records import Audited, SignalRecorded
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType
from tests.desk.test_recovery import restarted
from tests.desk.world import CALL, CLOSE, EXPIRY, LISTED, OPEN, PUT, SPOT, World, chain, index

NEXT_OPEN = OPEN + DAY
REQUEST = SignalRequest("NIFTY", SignalType.BUY, 0.6, 60.0, 75, "model", "m1", "main", "cheap")


def ask(world: World, **changes: Any) -> Outcome:
    return world.ask(SendSignal, request=replace(REQUEST, **changes))


def give(world: World, **changes: Any) -> Signal:
    outcome = ask(world, **changes)
    assert outcome.status is OutcomeStatus.DONE, outcome.message
    assert outcome.signal is not None
    return outcome.signal


def told(world: World, signal_id: str) -> list[Signal]:
    """Every state of a signal that went on record."""
    return [one.signal for one in world.records if isinstance(one, SignalRecorded) and one.signal.id == signal_id]


@pytest.fixture
def world() -> World:
    return World().begin()


def test_a_signal_is_on_record_with_the_mark_of_its_instant_before_it_has_an_outcome(world: World) -> None:
    signal = give(world)
    assert signal.id == "S260907034459-00001"
    assert (signal.price, signal.at, signal.due_at) == (SPOT, world.at, world.at + MINUTE)
    assert (signal.status, signal.actor, signal.outcome_price) == (SignalStatus.OPEN, "ann", None)
    assert told(world, signal.id) == [signal]
    assert world.report.signals == (signal,)
    audited = [one for one in world.records if isinstance(one, Audited) and one.action == "sendsignal"]
    assert [one.outcome for one in audited] == ["done"]
    assert world.report.counters.signals == 1
    assert give(world).id == "S260907034459-00002"


def test_the_short_form_names_the_contract_whose_mid_is_its_price(world: World) -> None:
    signal = give(world, symbol="NIFTY24900CE")
    last = world.state.board.last(CALL.id)
    assert last is not None
    assert signal.request.symbol == CALL.id
    assert signal.price == 0.5 * (last.bid + last.ask)


@pytest.mark.parametrize(
    ("side", "moved", "outcome", "correct"),
    [
        ("buy", 100.0, 100.0 / SPOT, True), ("buy", -100.0, -100.0 / SPOT, False), ("buy", 0.0, 0.0, False),
        ("sell", -50.0, 50.0 / SPOT, True), ("sell", 50.0, -50.0 / SPOT, False), ("hold", -50.0, -50.0 / SPOT, None),
    ],
)  # fmt: skip
def test_it_is_scored_by_the_first_trusted_mark_at_or_after_its_horizon(
    world: World, side: str, moved: float, outcome: float, correct: bool | None
) -> None:
    signal = give(world, signal_type=SignalType(side))
    world.trade(SPOT + 500.0, beats=59)
    assert world.report.signals[0].status is SignalStatus.OPEN
    world.trade(SPOT + moved)
    world.trade(SPOT - 900.0, beats=3)
    scored = world.report.signals[0]
    assert (scored.status, scored.scored_at) == (SignalStatus.SCORED, signal.due_at)
    assert (scored.outcome_price, scored.correct, scored.note) == (SPOT + moved, correct, "")
    assert scored.outcome_return == pytest.approx(outcome, abs=1e-12)
    assert told(world, signal.id) == [signal, scored]


def test_without_a_trusted_price_at_the_start_it_says_that_it_can_never_be_scored() -> None:
    unseen = World()
    unseen.take(LISTED, index(unseen.at), Beat(unseen.at))
    closed = World(at=CLOSE + SECOND).begin()
    stale = World().begin()
    stale.beat(10.0)
    for world, symbol in ((unseen, CALL.id), (closed, "NIFTY"), (stale, "NIFTY")):
        signal = give(world, symbol=symbol)
        assert (signal.price, signal.status) == (None, SignalStatus.UNSCORED)
        assert signal.note == "no trusted price when it was given"
        world.trade(beats=70)
        assert told(world, signal.id) == [signal]


def test_a_stale_mark_does_not_score_and_a_later_trusted_one_does(world: World) -> None:
    give(world)
    for _ in range(6):
        world.beat(20.0)
    assert world.report.signals[0].status is SignalStatus.OPEN
    world.trade(SPOT + 10.0)
    assert world.report.signals[0].outcome_price == SPOT + 10.0


def test_ten_minutes_of_trading_without_a_trusted_mark_leave_it_unscored(world: World) -> None:
    signal = give(world)
    world.at = signal.due_at + 10 * MINUTE - SECOND
    world.beat()
    assert world.report.signals[0].status is SignalStatus.OPEN
    world.trade(SPOT)
    unscored = world.report.signals[0]
    assert (unscored.status, unscored.outcome_price, unscored.correct) == (SignalStatus.UNSCORED, None, None)
    assert "ten minutes" in unscored.note
    assert told(world, signal.id) == [signal, unscored]


def test_the_hours_when_the_exchange_is_closed_do_not_count_as_waiting() -> None:
    world = World(at=CLOSE - MINUTE).begin()
    signal = give(world, horizon_s=3_600.0)
    world.at = NEXT_OPEN
    world.beat()
    assert world.report.signals[0].status is SignalStatus.OPEN
    world.at = NEXT_OPEN + 9 * MINUTE
    world.trade(SPOT + 40.0)
    scored = world.report.signals[0]
    assert (scored.status, scored.outcome_price) == (SignalStatus.SCORED, SPOT + 40.0)
    assert scored.scored_at > signal.due_at


def test_an_expired_contract_is_judged_by_what_it_settled_at_and_never_by_its_last_mark() -> None:
    closes = CALL.expires_at or 0
    world = World(at=closes - 30 * SECOND).begin()
    call, put = give(world, symbol=CALL.id, horizon_s=MINUTE / SECOND), give(world, symbol=PUT.id, signal_type="sell")
    assert call.due_at == put.due_at == closes, "a horizon ends with its contract"
    world.trade(beats=29)
    world.at = closes
    world.beat(0.0)
    assert {one.status for one in world.report.signals} == {SignalStatus.OPEN}
    world.take(Settlement(closes, "NIFTY", f"{EXPIRY:%Y%m%d}", 24_912.8, closes))
    world.beat()
    scored = {one.id: one for one in world.report.signals}
    assert scored[call.id].outcome_price == 12.8
    assert (scored[put.id].outcome_price, scored[put.id].outcome_return, scored[put.id].correct) == (0.0, 1.0, True)
    assert scored[put.id].note == "settled at expiry"


def test_a_contract_that_expired_without_a_closing_value_leaves_it_unscored() -> None:
    closes = CALL.expires_at or 0
    world = World(at=closes - 30 * SECOND).begin()
    signal = give(world, symbol=CALL.id)
    world.at = closes + DAY
    world.take(Beat(world.at))
    assert [one.status for one in told(world, signal.id)] == [SignalStatus.OPEN, SignalStatus.UNSCORED]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"symbol": "NIFTY25555CE"}, "symbol"), ({"symbol": "WHO"}, "symbol"), ({"symbol": 5}, "symbol"),
        ({"signal_type": "short"}, "signal_type"), ({"signal_type": None}, "signal_type"),
        ({"signal_type": []}, "signal_type"),
        ({"confidence": nan}, "confidence"), ({"confidence": 1.01}, "confidence"), ({"confidence": -0.1}, "confidence"),
        ({"confidence": "0.5"}, "confidence"), ({"confidence": True}, "confidence"),
        ({"horizon_s": 0.0}, "horizon_s"), ({"horizon_s": 0.9}, "horizon_s"), ({"horizon_s": inf}, "horizon_s"),
        ({"horizon_s": 30 * 86_400.0 + 1}, "horizon_s"), ({"horizon_s": None}, "horizon_s"),
        ({"quantity": -1}, "quantity"), ({"quantity": 2**60}, "quantity"), ({"quantity": 1.5}, "quantity"),
        ({"strategy": ""}, "strategy"), ({"strategy": "*"}, "strategy"), ({"strategy": "a/b"}, "strategy"),
        ({"strategy": "x" * 65}, "strategy"), ({"strategy": None}, "strategy"), ({"model_id": "x" * 101}, "model_id"),
        ({"reason": "x" * 501}, "reason"), ({"reason": b"x"}, "reason"),
        ({"fund_id": "other"}, "fund_id"), ({"fund_id": None}, "fund_id"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_by_the_fields_name_and_changes_nothing(
    world: World, change: dict[str, Any], field: str
) -> None:
    outcome = ask(world, **change)
    assert outcome.status is OutcomeStatus.INVALID
    assert outcome.message.startswith(f"{field}: ")
    assert outcome.signal is None
    assert world.report.signals == ()
    assert not [one for one in world.records if isinstance(one, SignalRecorded)]
    assert give(world).id.endswith("-00001")


def test_an_expired_contract_takes_no_signal(world: World) -> None:
    world.at = (CALL.expires_at or 0) + SECOND
    world.take(Beat(world.at))
    assert ask(world, symbol=CALL.id).message.startswith("symbol: ")


def test_a_strategy_that_floods_is_refused_and_the_journal_stays_dry(world: World) -> None:
    for _ in range(signalling.MOST_A_MINUTE):
        give(world)
    before = len(world.records)
    for _ in range(200):
        assert ask(world).status is OutcomeStatus.REFUSED
    assert len(world.records) == before + 1
    assert world.report.counters.signals_refused == 200
    assert [note for note in world.report.notes if "model has given 60 signals" in note]
    give(world, strategy="calm")
    world.beat(60.0)
    give(world)


def test_all_strategies_together_have_a_bound_whatever_they_call_themselves(world: World) -> None:
    for number in range(signalling.MOST_OF_ALL):
        give(world, strategy=f"s{number}")
    before = len(world.records)
    outcomes = [ask(world, strategy=f"t{number}") for number in range(50)]
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.REFUSED}
    assert len(world.records) == before + 1


def test_only_so_many_wait_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalling, "MOST_OPEN", 3)
    for _ in range(3):
        give(world)
    assert "3 signals wait" in ask(world).message
    world.trade(beats=60)
    give(world)


def test_the_report_carries_the_newest_and_the_same_tuple_while_none_changes(world: World) -> None:
    given = [give(world, strategy=f"s{number}", horizon_s=3_600.0).id for number in range(NEWEST + 10)]
    assert [one.id for one in world.report.signals] == given[::-1][:NEWEST]
    lines = world.report.signals
    assert world.trade().signals is lines
    give(world)
    assert world.report.signals is not lines


def test_a_restart_takes_up_what_is_open_and_scores_it_once(world: World) -> None:
    scored = give(world, horizon_s=5.0)
    open_one = give(world, horizon_s=60.0)
    world.trade(SPOT + 5.0, beats=10)
    again = World(restarted(world), at=world.at)
    assert again.state.signals.lines == world.state.signals.lines
    assert again.state.signals.count == 2
    again.begin()
    again.trade(SPOT + 20.0, beats=120)
    assert told(again, scored.id) == []
    (done,) = told(again, open_one.id)
    assert (done.status, done.scored_at, done.outcome_price) == (SignalStatus.SCORED, open_one.due_at, SPOT + 20.0)
    assert give(again).id.endswith("-00003")
    third = restarted(again)
    assert third.signals.open.keys() == {again.report.signals[0].id}


def test_a_desk_that_was_away_when_a_horizon_passed_does_not_score_it_by_a_price_of_another_time(world: World) -> None:
    signal = give(world)
    again = World(restarted(world), at=world.at + 20 * MINUTE).begin()
    (unscored,) = told(again, signal.id)
    assert unscored.status is SignalStatus.UNSCORED


def test_an_option_that_expired_while_the_desk_was_away_is_unscored() -> None:
    world = World(at=(CALL.expires_at or 0) - 30 * SECOND).begin()
    signal = give(world, symbol=CALL.id)
    again = World(restarted(world), at=(CALL.expires_at or 0) + DAY - 6 * 3_600 * SECOND)
    again.take(Beat(again.at))
    assert [one.status for one in told(again, signal.id)] == [SignalStatus.UNSCORED]


def test_a_settlement_that_is_still_known_scores_a_contract_that_is_listed_no_more() -> None:
    closes = CALL.expires_at or 0
    world = World(at=closes - 30 * SECOND).begin()
    signal = give(world, symbol=CALL.id)
    again = World(restarted(world), at=NEXT_OPEN + DAY)
    again.take(Settlement(again.at, "NIFTY", f"{EXPIRY:%Y%m%d}", 24_950.0, closes))
    again.beat()
    assert [one.outcome_price for one in told(again, signal.id)] == [50.0]


def test_beyond_the_sessions_table_nothing_is_waited_for_longer_than_the_patience(world: World) -> None:
    last = world.state.calendar.sessions[-1]
    beyond = signalling._traded_until(world.state, last.close_at - MINUTE)
    assert beyond == last.close_at - MINUTE + signalling.PATIENCE


@dataclass
class Step:
    seconds: int
    spot: float
    horizon: float | None


moves = st.builds(
    Step, st.integers(1, 90), st.floats(24_500.0, 24_900.0), st.none() | st.floats(1.0, 200.0)
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(moves, min_size=1, max_size=25))
def test_every_signal_ends_once_at_the_first_price_after_its_horizon(steps: list[Step]) -> None:
    world, prices = World().begin(), []
    for step in [*steps, Step(200, SPOT, None)]:
        world.at += step.seconds * SECOND
        world.take(*chain(world.at, step.spot), Beat(world.at))
        prices.append((world.at, step.spot))
        if step.horizon is not None:
            give(world, horizon_s=step.horizon)
    first = [one.signal for one in world.records if isinstance(one, SignalRecorded)]
    for signal_id in {one.id for one in first}:
        given_as, ended = told(world, signal_id)
        assert (ended.scored_at, ended.outcome_price) == next(row for row in prices if row[0] >= given_as.due_at)
    assert not world.state.signals.open
