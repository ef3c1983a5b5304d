from __future__ import annotations

from collections.abc import Callable

from sidecar.domain.events import (
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.orders import Order
from sidecar.venues.faults import Fault, Faults, Row, parse
from sidecar.venues.faulty import UNREACHABLE, FaultyBroker
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from tests.venues.contract import check_broker
from tests.venues.orders import CALL, at, order, quote


def paper() -> PaperBroker:
    return PaperBroker(seed=1, settings=PaperSettings(latency_us=0))


def faulty(fault: Fault | None = None, *, text: str = "", seed: int = 1) -> FaultyBroker:
    faults = parse(text) if fault is None else Faults(script=(Row(fault),))
    return FaultyBroker(paper(), faults, seed=seed)


def book(venue: FaultyBroker, second: float, *orders: Order) -> VenueBook:
    told = venue.book(at(second), orders)
    assert told is not None
    return told


def day(venue: FaultyBroker, one: Order | None = None) -> list[VenueEvent]:
    """One order sent and the market that fills it; all that the desk hears."""
    said = [*venue.on_market(quote(0, 99.0, 99.5)), *venue.send(one or order(), CALL, at(0))]
    said += venue.on_market(quote(1, 99.0, 99.5))
    return [*said, *venue.on_time(at(2))]


ACCEPTED = OrderAccepted(at(0), "o1", "PAPER-o1")
FILLED = OrderFilled(at(1), "o1", "P-o1-1", 65, "99.50")


def test_without_faults_it_keeps_the_contract_and_says_what_the_venue_inside_says() -> None:
    makes: list[Callable[[], PaperBroker | FaultyBroker]] = [paper, faulty]
    assert check_broker(makes[0]) == check_broker(makes[1])
    assert faulty().name == "paper with faults"


def test_a_rejected_order_never_comes_to_the_venue() -> None:
    venue = faulty(Fault.REJECT)
    (said,) = day(venue)
    assert isinstance(said, OrderRejected)
    assert book(venue, 3, order()) == VenueBook(at(3), {}, ())
    assert venue.drawn == {"reject": 1}


def test_a_request_lost_on_its_way_never_comes_to_the_venue_and_nobody_says_so() -> None:
    venue = faulty(Fault.UNSENT)
    assert day(venue) == []
    assert book(venue, 3, order()) == VenueBook(at(3), {}, ())
    assert venue.cancel(order(), at(4)) == (OrderCancelled(at(4), "o1", "not at the venue"),)


def test_an_order_that_times_out_is_worked_in_silence_and_told_when_asked() -> None:
    venue = faulty(Fault.TIMEOUT)
    assert day(venue) == []
    assert book(venue, 3, order()) == VenueBook(at(3), {CALL.id: 65}, (), (FILLED,))


def test_of_a_lost_reply_the_rest_is_told_and_the_seed_says_which_is_lost() -> None:
    heard = {tuple(day(faulty(Fault.LOSE, seed=seed))) for seed in range(20)}
    assert heard == {(ACCEPTED,), (FILLED,)}


def test_a_duplicate_says_everything_twice_under_one_id() -> None:
    assert day(faulty(Fault.DUPLICATE)) == [ACCEPTED, ACCEPTED, FILLED, FILLED]


def test_a_partial_fill_fills_half_says_so_and_falls_silent() -> None:
    venue = faulty(Fault.PARTIAL)
    said = day(venue, order(lots=5))
    assert [event.quantity for event in said if isinstance(event, OrderFilled)] == [130]
    assert venue.cancel(order(lots=5), at(3)) == ()
    told = book(venue, 3, order(lots=5))
    assert (told.positions, told.open_orders) == ({CALL.id: 130}, ())
    venue = faulty(Fault.PARTIAL)
    assert day(venue) == [ACCEPTED, FILLED], "of one lot there is no half"


def test_a_late_fill_is_told_after_the_cancel() -> None:
    venue = faulty(Fault.LATE)
    assert day(venue) == [ACCEPTED]
    assert venue.cancel(order(), at(3)) == (OrderCancelled(at(3), "o1", "by request"), FILLED)
    assert venue.cancel(order(), at(4)) == ()
    venue = faulty(Fault.LATE)
    large = order(lots=20, price="99.50")
    assert day(venue, large) == [ACCEPTED]
    cancelled, *filled = venue.cancel(large, at(3))
    assert cancelled == OrderCancelled(at(3), "o1", "by request")
    assert sum(fill.quantity for fill in filled if isinstance(fill, OrderFilled)) == 650


def test_a_delayed_reply_comes_in_order_and_late() -> None:
    venue = faulty(Fault.DELAY)
    assert day(venue) == [ACCEPTED], "told at 2 s what was said at 0 s"
    assert venue.on_time(at(2.9)) == ()
    assert venue.on_market(quote(3, 99.0, 99.5)) == (FILLED,)


def test_a_deaf_venue_ignores_three_cancels() -> None:
    venue = faulty(Fault.DEAF)
    resting = order(price="90.00")
    venue.send(resting, CALL, at(0))
    assert [venue.cancel(resting, at(second)) for second in (1, 2, 3)] == [()] * 3
    assert venue.cancel(resting, at(4)) == (OrderCancelled(at(4), "o1", "by request"),)


def test_a_stranger_is_an_answer_about_an_order_that_was_never_sent() -> None:
    said = faulty(Fault.STRANGER).send(order(), CALL, at(0))
    assert [event.order_id for event in said if isinstance(event, OrderAccepted)] == ["o1", "stranger-o1"]


def test_while_it_is_out_of_reach_nothing_gets_there_nothing_comes_back_and_the_market_goes_on() -> None:
    venue = faulty(text="disconnect=60s@300s")
    venue.on_time(at(0))
    resting, other = order("rests", price="99.00"), order("other")
    assert len(venue.send(resting, CALL, at(1))) == 1
    assert venue.on_time(at(300)) == ()
    assert venue.send(other, CALL, at(301)) == (OrderUnknown(at(301), "other", UNREACHABLE),)
    assert venue.cancel(resting, at(302)) == ()
    assert book(venue, 303, resting) == VenueBook(at(303), {}, (), problem=UNREACHABLE)
    assert venue.on_market(quote(310, 98.0, 98.5)) == (), "it fills, and the report is lost"
    told = book(venue, 360, resting, other)
    assert (told.positions, told.open_orders, len(told.fills), told.problem) == ({CALL.id: 65}, (), 1, "")
    assert venue.drawn["disconnect"] == 4


def test_what_was_delayed_into_an_outage_is_lost() -> None:
    venue = faulty(text="delay=1@5s disconnect=60s@300s")
    venue.on_time(at(0))
    venue.send(order(price="90.00"), CALL, at(298))
    assert venue.on_time(at(304)) == ()
    assert venue.on_time(at(361)) == ()


def test_the_same_seed_and_orders_meet_the_same_faults() -> None:
    def run(seed: int) -> list[VenueEvent]:
        venue = faulty(text="reject=0.2 lose=0.2 duplicate=0.2 partial=0.2", seed=seed)
        return [event for number in range(40) for event in venue.send(order(f"o{number}"), CALL, at(number))]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_positions_of_an_earlier_run_are_handed_on() -> None:
    venue = faulty(Fault.TIMEOUT)
    venue.restore({CALL.id: -65})
    assert book(venue, 0).positions == {CALL.id: -65}
