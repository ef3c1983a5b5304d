from __future__ import annotations

import pytest

from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CancelOrder, Stop
from sidecar.domain.events import FeedState, OrderAccepted, OrderCancelled, OrderFilled, OrderUnknown, VenueBook
from sidecar.domain.orders import Order, OrderState
from sidecar.domain.report import AskVenue, CancelAtVenue, DeskReport
from tests.desk.world import CALL, LOT, PUT, World


@pytest.fixture
def world() -> World:
    return World().begin()


def placed(world: World, **more: object) -> Order:
    return world.place(**more).orders[0]  # type: ignore[arg-type]


def resting(world: World) -> Order:
    order = placed(world)
    world.take(OrderAccepted(world.at, order.id, "V1"))
    return order


def state_of(world: World, order: Order) -> OrderState:
    return world.state.orders[order.id].state


def asks(report: DeskReport) -> list[AskVenue]:
    return [action for action in report.actions if isinstance(action, AskVenue)]


def cancels(report: DeskReport) -> list[str]:
    return [action.order.id for action in report.actions if isinstance(action, CancelAtVenue)]


def silence(world: World, seconds: int) -> list[tuple[int, DeskReport]]:
    """Beats of a second with a market and without a word of the venue."""
    return [(second, world.trade()) for second in range(1, seconds + 1)]


def test_an_order_without_an_answer_is_unknown_after_its_time_and_the_venue_is_asked(world: World) -> None:
    order = placed(world)
    world.trade(beats=4)
    assert state_of(world, order) is OrderState.PENDING
    report = world.trade()
    assert state_of(world, order) is OrderState.UNKNOWN
    assert world.state.orders[order.id].note == "no answer within 5 s"
    assert [ask.orders[0].id for ask in asks(report)] == [order.id]
    assert report.unconfirmed == (order.id,)


def test_it_still_counts_against_the_limits_and_nothing_is_sent_again(world: World) -> None:
    order = placed(world)
    actions = [action for _, report in silence(world, 120) for action in report.actions]
    assert [action for action in actions if not isinstance(action, AskVenue)] == []
    assert world.state.working[order.id].remaining == LOT


def test_while_the_venue_is_silent_the_pause_between_questions_doubles_up_to_half_a_minute(world: World) -> None:
    placed(world)
    asked = [second for second, report in silence(world, 130) if asks(report)]
    assert asked == [5, 7, 11, 19, 35, 65, 95, 125]


def test_a_venue_that_answers_is_asked_again_after_the_short_pause(world: World) -> None:
    order = placed(world)
    silence(world, 40)
    world.take(VenueBook(world.at, {}, (order.id,)))
    assert state_of(world, order) is OrderState.OPEN
    world.take(OrderUnknown(world.at, order.id, "lost again"))
    asked = [second for second, report in silence(world, 7) if asks(report)]
    assert asked == [1, 3, 7]


def test_an_unknown_order_that_never_arrived_is_over_and_one_that_works_is_open(world: World) -> None:
    one, two = placed(world), placed(world, contract=PUT)
    world.trade(beats=5)
    world.take(VenueBook(world.at, {}, (two.id,)))
    assert (state_of(world, one), state_of(world, two)) == (OrderState.CANCELLED, OrderState.OPEN)
    assert world.state.orders[one.id].note == "it never arrived at the venue"
    assert world.report.unconfirmed == ()
    assert world.state.breaker.active


def test_an_order_sent_after_the_question_is_not_ended_by_its_answer(world: World) -> None:
    lost = placed(world)
    world.trade(beats=5)
    asked_at = world.at
    new = placed(world, contract=PUT)
    accepted = placed(world, price=None, contract=CALL, lots=2)
    world.take(OrderAccepted(world.at, accepted.id, "V"))
    world.take(VenueBook(asked_at, {}, ()))
    assert state_of(world, lost) is OrderState.CANCELLED
    assert (state_of(world, new), state_of(world, accepted)) == (OrderState.PENDING, OrderState.OPEN)


def test_an_order_that_was_heard_of_since_the_question_is_not_ended_by_its_answer(world: World) -> None:
    order = placed(world)
    world.trade(beats=5)
    asked_at = world.at
    world.take(OrderAccepted(world.at, order.id, "V"))
    world.take(VenueBook(asked_at, {}, ()))
    assert state_of(world, order) is OrderState.OPEN
    world.take(OrderFilled(world.at, order.id, "F1", LOT, "21.40"))
    assert world.state.breaker.active


def test_a_fill_that_the_desk_heard_after_the_question_is_no_difference(world: World) -> None:
    order = resting(world)
    (ask,) = [ask for _, report in silence(world, 60) for ask in asks(report)]
    assert ask.orders == (world.state.orders[order.id],)
    asked_at = world.at
    world.take(OrderFilled(world.at, order.id, "F1", LOT, "21.40"))
    world.take(VenueBook(asked_at, {}, (order.id,)))
    assert world.state.breaker.active
    assert state_of(world, order) is OrderState.FILLED


def test_an_answer_to_an_older_question_tells_fills_and_nothing_else(world: World) -> None:
    order = placed(world)
    world.trade(beats=7)  # asked at 5 s and again at 7 s
    fill = OrderFilled(world.at - SECOND, order.id, "F1", LOT, "21.40")
    world.take(VenueBook(world.at - SECOND, {PUT.id: 5 * LOT}, (), (fill,)))
    assert state_of(world, order) is OrderState.FILLED
    assert world.state.breaker.active


def test_a_second_answer_to_one_question_ends_nothing_and_differs_in_nothing_new(world: World) -> None:
    order = placed(world)
    world.trade(beats=5)
    asked_at = world.at
    world.take(VenueBook(asked_at, {}, (order.id,)))
    world.take(VenueBook(asked_at, {}, ()))
    assert state_of(world, order) is OrderState.OPEN
    assert world.state.breaker.active


def test_a_cancel_that_is_not_confirmed_is_sent_again_with_a_doubling_pause_and_the_venue_asked(world: World) -> None:
    order = resting(world)
    world.ask(CancelOrder, order_id=order.id)
    heard = silence(world, 65)
    assert [second for second, report in heard if cancels(report)] == [2, 6, 14, 30, 60]
    assert [second for second, report in heard if asks(report)] == [2, 4, 8, 16, 32, 62]
    world.take(OrderCancelled(world.at, order.id, "by request"))
    assert [report for _, report in silence(world, 59) if report.actions] == []


def test_a_cancel_confirmed_at_once_is_neither_repeated_nor_asked_about(world: World) -> None:
    order = resting(world)
    world.ask(CancelOrder, order_id=order.id)
    world.take(OrderCancelled(world.at, order.id, "by request"))
    assert [report for _, report in silence(world, 30) if report.actions] == []


def test_a_cancel_whose_confirmation_was_lost_is_found_over(world: World) -> None:
    order = resting(world)
    world.ask(CancelOrder, order_id=order.id)
    world.trade(beats=2)
    world.take(VenueBook(world.at, {}, ()))
    assert state_of(world, order) is OrderState.CANCELLED
    assert world.report.unconfirmed == ()


def test_a_stop_says_how_many_the_venue_has_not_confirmed_until_it_has(world: World) -> None:
    known, unknown = resting(world), placed(world, contract=PUT)
    world.take(OrderUnknown(world.at, unknown.id, "lost"))
    outcome = world.ask(Stop, reason="now")
    assert outcome.message == "stopped; 2 cancels asked; stopped here, venue unconfirmed: 1"
    assert "stopped here, venue unconfirmed: 2" in world.report.notes
    report = world.take(OrderCancelled(world.at, known.id, "by request"))
    assert "stopped here, venue unconfirmed: 1" in report.notes
    report = world.take(OrderCancelled(world.at, unknown.id, "not at the venue"))
    assert not any("unconfirmed" in note for note in report.notes)


def test_what_is_held_or_works_is_compared_with_the_venue_once_a_minute(world: World) -> None:
    assert [report for _, report in silence(world, 130) if asks(report)] == [], "nothing is held, nothing works"
    world.trade_lots()
    asked = []
    for second, report in ((second, world.trade()) for second in range(1, 200)):
        if asks(report):
            asked.append(second)
            kept = world.take(VenueBook(world.at, {CALL.id: -LOT}, ())).records
            assert kept == (), "an agreement that was expected leaves no record"
    assert asked == [1, 61, 121, 181]


def test_a_feed_that_is_back_has_the_venue_asked_at_once(world: World) -> None:
    world.trade_lots()
    world.trade()
    world.take(VenueBook(world.at, {CALL.id: -LOT}, ()))
    world.trade(beats=5)
    world.state.asking.soon()
    assert asks(world.trade())
    world.take(VenueBook(world.at, {CALL.id: -LOT}, ()))
    world.take(FeedState(world.at, "test", False))
    assert not asks(world.trade(seconds=3))
    world.take(FeedState(world.at, "test", True))
    assert asks(world.trade())


def test_an_answer_with_a_problem_is_asked_for_again(world: World) -> None:
    world.take(VenueBook(world.at, {}, (), problem="out of reach"))
    assert asks(world.trade())
    world.take(VenueBook(world.at, {}, (), problem="out of reach"))
    assert [second for second, report in silence(world, 8) if asks(report)] == [2, 6]
    world.take(VenueBook(world.at, {}, ()))
    assert not [report for _, report in silence(world, 30) if asks(report)]


def test_the_venues_clock_does_not_carry_the_desks_away_with_an_answer(world: World) -> None:
    placed(world)
    world.trade(beats=5)
    world.take(VenueBook(world.at + 3_600 * SECOND, {}, ()))
    assert world.state.now <= world.at + SECOND
