from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from sidecar.domain.calendar import Calendar
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.events import (
    FeedState,
    Listed,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    Settlement,
    TradingHalt,
    VenueEvent,
)
from sidecar.domain.orders import Side
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from sidecar.venues.port import Broker
from tests.venues.contract import check_broker
from tests.venues.orders import CALL, CLOSE, PUT, at, order, quote


def broker(calendar: Calendar | None = None, seed: int = 1, **settings: float) -> PaperBroker:
    return PaperBroker(seed=seed, settings=PaperSettings(**{"latency_us": 0, **settings}), calendar=calendar)  # type: ignore[arg-type]


def fills(events: tuple[VenueEvent, ...]) -> list[tuple[int, str]]:
    return [(event.quantity, event.price) for event in events if isinstance(event, OrderFilled)]


def reasons(events: tuple[VenueEvent, ...]) -> list[str]:
    return [event.reason for event in events if isinstance(event, OrderRejected | OrderCancelled)]


def test_it_is_a_broker() -> None:
    venue: Broker = broker()
    assert venue.name == "paper"
    assert venue.on_market(Listed(at(0), (CALL,), "simulated", True)) == ()
    assert venue.on_market(FeedState(at(0), "simulated", True)) == ()
    assert venue.on_time(at(1)) == ()


@pytest.mark.parametrize("latency_us", [0, 50_000])
def test_it_keeps_the_contract_of_a_broker(latency_us: int) -> None:
    check_broker(lambda: broker(latency_us=latency_us))


def test_an_accepted_order_fills_at_the_ask_of_the_next_quote_with_ids_that_never_change() -> None:
    venue = broker()
    venue.on_market(quote(0, 80.3, 80.35))
    assert venue.send(order(price="80.35"), CALL, at(0)) == (OrderAccepted(at(0), "o1", "PAPER-o1"),)
    assert venue.on_market(quote(1, 80.25, 80.3)) == (OrderFilled(at(1), "o1", "P-o1-1", 65, "80.30"),)
    assert venue.book(at(1)).positions == {CALL.id: 65}
    assert venue.book(at(1)).open_orders == ()


def test_the_quote_of_the_decision_itself_never_fills_it_not_even_on_a_later_beat() -> None:
    venue = broker()
    venue.on_market(quote(0, 99.0, 99.5))
    venue.send(order(), CALL, at(0))
    assert venue.on_time(at(0.5)) == ()
    assert fills(venue.on_market(quote(0.6, 99.0, 99.5))) == [(65, "99.50")]


def test_latency_is_market_time_and_a_beat_after_it_sees_the_newest_quote() -> None:
    venue = broker(latency_us=50_000)
    venue.on_market(quote(0, 99.0, 99.5))
    venue.send(order(), CALL, at(0))
    assert venue.on_market(quote(0.04, 99.0, 99.6)) == ()
    assert venue.on_time(at(0.045)) == ()
    assert fills(venue.on_time(at(0.1))) == [(65, "99.60")]


def test_more_than_is_shown_pays_worse_prices_level_by_level_up_to_the_limit() -> None:
    venue = broker()
    venue.send(order(lots=20, price="100.50"), CALL, at(0))
    found = venue.on_market(quote(1, 99.8, 100.2, ask_size=325.0))
    assert fills(found) == [(325, "100.20"), (325, "100.40")]  # 100.60 would be beyond the limit
    assert venue.book(at(1)).open_orders == ("o1",)
    assert fills(venue.on_market(quote(2, 99.8, 100.2, ask_size=6_500.0))) == [(650, "100.20")]


def test_depth_ends_and_the_rest_waits_for_the_next_quote() -> None:
    venue = broker(depth_levels=1)
    venue.send(order(lots=10, price="200.00"), CALL, at(0))
    assert fills(venue.on_market(quote(1, 99.95, 100.0, ask_size=130.0))) == [(130, "100.00"), (130, "100.05")]
    assert venue.on_time(at(2)) == ()  # the same quote cannot be taken twice
    assert fills(venue.on_market(quote(3, 99.95, 100.0, ask_size=650.0))) == [(390, "100.00")]


def test_two_orders_share_what_one_quote_shows() -> None:
    venue = broker(depth_levels=0)
    venue.send(order("a", lots=6), CALL, at(0))
    venue.send(order("b", lots=6), CALL, at(0))
    found = venue.on_market(quote(1, 99.0, 99.5, ask_size=650.0))
    assert [(e.order_id, e.quantity) for e in found if isinstance(e, OrderFilled)] == [("a", 390), ("b", 260)]


def test_a_sell_mirrors_a_buy() -> None:
    venue = broker()
    venue.send(order(side=Side.SELL, lots=4, price="99.00"), CALL, at(0))
    assert fills(venue.on_market(quote(1, 99.4, 99.5, bid_size=130.0))) == [(130, "99.40"), (130, "99.35")]
    assert venue.book(at(1)).positions == {CALL.id: -260}


def test_an_immediate_order_cancels_its_rest() -> None:
    venue = broker(depth_levels=0)
    venue.send(order(lots=20, immediate=True), CALL, at(0))
    found = venue.on_market(quote(1, 99.0, 99.5))
    assert fills(found) == [(650, "99.50")]
    assert reasons(found) == ["immediate or cancel: the rest found no match"]


def test_an_immediate_order_that_never_sees_a_quote_does_not_wait_for_ever() -> None:
    venue = broker()
    venue.send(order(immediate=True), CALL, at(0))
    assert venue.on_time(at(10)) == ()
    assert reasons(venue.on_time(at(10.1))) == ["immediate or cancel: no fresh quote"]


def test_a_market_order_takes_any_price_there_is_and_waits_where_nobody_offers() -> None:
    venue = broker()
    venue.send(order(price=None, lots=2), CALL, at(0))
    assert venue.on_market(quote(1, 99.0, ask_size=0.0)) == ()
    assert fills(venue.on_market(quote(2, 99.0, 140.0))) == [(130, "140.00")]


def test_a_resting_order_waits_its_turn_in_the_queue() -> None:
    venue = broker()
    venue.send(order(lots=2), CALL, at(0))
    steps = [
        (quote(1, 100.0, 100.5, bid_size=650, last=100.0, volume=1_000), []),  # joins behind 650
        (quote(2, 100.0, 100.5, bid_size=650, last=100.5, volume=3_000), []),  # trades at the ask move no bid
        (quote(3, 100.0, 100.5, bid_size=650, last=100.0, volume=3_600), []),  # 600 of 650 gone
        (quote(4, 100.0, 100.5, bid_size=650, last=100.0, volume=3_730), [(65, "100.00")]),  # 50 ahead, then one lot
        (quote(5, 100.0, 100.5, bid_size=650, last=100.0, volume=9_999), [(65, "100.00")]),
    ]
    for seen, expected in steps:
        assert fills(venue.on_market(seen)) == expected


def test_a_queue_that_was_left_is_joined_again_at_its_end() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    venue.on_market(quote(1, 100.0, 100.5, last=100.0, volume=1_000))
    venue.on_market(quote(2, 100.1, 100.5, last=100.0, volume=1_600))  # others bid more
    venue.on_market(quote(3, 100.0, 100.5, last=100.0, volume=1_700))
    assert venue.on_market(quote(4, 100.0, 100.5, last=100.0, volume=2_350)) == ()  # all who were there before
    assert fills(venue.on_market(quote(5, 100.0, 100.5, last=100.0, volume=2_415))) == [(65, "100.00")]


def test_beats_between_two_quotes_do_not_count_the_same_trades_again() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    venue.on_market(quote(1, 100.0, 100.5, last=100.0, volume=1_000))
    venue.on_market(quote(2, 100.0, 100.5, last=100.0, volume=1_400))
    assert [venue.on_time(at(2.0 + beat / 10)) for beat in range(5)] == [()] * 5
    assert venue.on_market(quote(3, 100.0, 100.5, last=100.0, volume=1_650)) == ()


def test_one_trade_cannot_fill_two_resting_orders() -> None:
    venue = broker()
    venue.send(order("a"), CALL, at(0))
    venue.send(order("b"), CALL, at(0))
    venue.on_market(quote(1, 99.0, 101.0, last=99.0, volume=1_000))
    found = venue.on_market(quote(2, 99.0, 101.0, last=99.0, volume=1_065))
    assert [(e.order_id, e.quantity) for e in found if isinstance(e, OrderFilled)] == [("a", 65)]


def test_a_resting_order_that_the_market_comes_through_fills_at_its_own_limit() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    assert venue.on_market(quote(1, 100.2, 100.5)) == ()
    assert fills(venue.on_market(quote(2, 97.0, 98.0))) == [(65, "100.00")]


def test_an_order_inside_the_spread_is_first_in_line() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    assert venue.on_market(quote(1, 99.0, 101.0, last=99.0, volume=1_000)) == ()
    assert fills(venue.on_market(quote(2, 99.0, 101.0, last=99.0, volume=1_065))) == [(65, "100.00")]


def test_where_a_feed_gives_last_prices_only_a_spread_is_assumed_and_said() -> None:
    venue = broker(assumed_spread=0.01)
    venue.send(order("b", price="101.00"), CALL, at(0))
    venue.send(order("s", Side.SELL, price="99.00"), CALL, at(0))
    found = venue.on_market(quote(1, last=100.0))
    assert fills(found) == [(65, "100.50"), (65, "99.50")]
    assert {event.note for event in found if isinstance(event, OrderFilled)} == {"assumed spread"}


def test_the_assumed_spread_is_a_tick_at_least_and_rounded_against_the_order() -> None:
    venue = broker(assumed_spread=0.0)
    venue.send(order("b", price="3.00"), CALL, at(0))
    venue.send(order("s", Side.SELL, price="1.00"), CALL, at(0))
    assert fills(venue.on_market(quote(1, last=2.0))) == [(65, "2.05"), (65, "1.95")]


def test_a_contract_that_had_bids_and_has_none_now_has_no_market_rather_than_an_assumed_one() -> None:
    venue = broker()
    venue.on_market(quote(0, 99.0, 99.5, last=99.0))
    venue.send(order(), CALL, at(0))
    assert venue.on_market(quote(1, last=99.0)) == ()
    assert venue.book(at(1)).open_orders == ("o1",)


def test_without_a_quote_an_order_rests_and_a_stale_quote_fills_nothing() -> None:
    venue = broker(latency_us=1_000_000)
    venue.send(order(), CALL, at(0))
    assert venue.on_time(at(5)) == ()
    venue = broker(latency_us=20_000_000)
    venue.send(order(), CALL, at(0))
    venue.on_market(quote(1, 99.0, 99.5))
    assert venue.on_time(at(21)) == ()
    assert fills(venue.on_market(quote(22, 99.0, 99.5))) == [(65, "99.50")]


def test_nothing_fills_against_the_book_of_a_feed_that_is_down() -> None:
    venue = broker(latency_us=1_000_000)
    venue.send(order(), CALL, at(0))
    venue.on_market(quote(0.5, 99.0, 99.5))
    venue.on_market(FeedState(at(0.8), "simulated", False))
    assert venue.on_time(at(2)) == ()
    assert fills(venue.on_market(quote(3, 99.0, 99.6))) == [(65, "99.60")]


def test_nothing_fills_while_the_exchange_has_halted_trading_and_a_cancel_still_works() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    venue.send(order("other"), CALL, at(0))
    venue.on_market(TradingHalt(at(0), "NSE", True))
    assert venue.on_market(quote(1, 99.0, 99.5)) == ()
    assert reasons(venue.cancel(order("other"), at(2))) == ["by request"]
    venue.on_market(TradingHalt(at(3), "NSE", False))
    assert fills(venue.on_time(at(4))) == [(65, "99.50")]


def test_a_crossed_or_late_quote_fills_nothing_and_the_good_one_stands() -> None:
    venue = broker()
    venue.on_market(quote(1, 99.0, 100.5))
    venue.send(order(), CALL, at(1))
    assert venue.on_market(quote(2, 99.9, 99.0)) == ()
    assert venue.on_market(quote(0.5, 98.0, 98.5)) == ()
    assert venue.book(at(2)).open_orders == ("o1",)


def test_a_repeated_order_id_changes_nothing() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    assert venue.send(order(lots=5), CALL, at(0)) == ()
    assert fills(venue.on_market(quote(1, 99.0, 99.5))) == [(65, "99.50")]
    assert venue.send(order(), CALL, at(2)) == ()
    assert venue.on_market(quote(3, 99.0, 99.5)) == ()


def test_a_cancel_takes_effect_after_its_latency_and_a_fill_may_come_first() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    assert reasons(venue.cancel(order(), at(1))) == ["by request"]
    assert venue.cancel(order(), at(2)) == ()
    slow = broker(latency_us=50_000)
    slow.send(order("a"), CALL, at(0))
    slow.send(order("b"), CALL, at(0))
    assert slow.cancel(order("a"), at(1)) == ()
    assert slow.cancel(order("a"), at(1.04)) == ()  # asking again does not put it off
    assert reasons(slow.on_time(at(1.05))) == ["by request"]
    assert slow.cancel(order("b"), at(2)) == ()
    found = slow.on_market(quote(2.01, 99.0, 99.5))
    assert fills(found) == [(65, "99.50")]
    assert slow.on_time(at(3)) == ()


def test_a_cancel_of_an_order_that_never_came_here_says_that_nothing_of_it_is_left() -> None:
    assert broker().cancel(order("before the restart"), at(0)) == (
        OrderCancelled(at(0), "before the restart", "not at the venue"),
    )


@pytest.mark.parametrize(
    ("sent", "contract", "problem"),
    [
        (order(quantity=64), CALL, "multiple of the lot of 65"),
        (order(quantity=-65), CALL, "multiple of the lot of 65"),
        (order(quantity=0), CALL, "multiple of the lot of 65"),
        (order(lots=28), CALL, "freeze quantity of 1755"),
        (order(price="100.03"), CALL, "multiple of the tick of 0.05"),
        (order(price="-1.00"), CALL, "multiple of the tick of 0.05"),
        (order(price="NaN"), CALL, "multiple of the tick of 0.05"),
        (order(), PUT, "the contract is NIFTY-20261123-24600-PE"),
        (order(contract=Contract("NIFTY", Kind.INDEX)), Contract("NIFTY", Kind.INDEX), "index cannot be traded"),
        (order(), replace(CALL, expires_at=at(0)), "the contract has expired"),
    ],
)
def test_an_order_that_no_venue_would_take_is_rejected_with_the_reason(
    sent: object, contract: Contract, problem: str
) -> None:
    venue = broker()
    found = venue.send(sent, contract, at(0))  # type: ignore[arg-type]
    assert len(found) == 1
    assert isinstance(found[0], OrderRejected)
    assert problem in found[0].reason
    assert venue.book(at(0)).open_orders == ()


def test_a_limit_order_without_a_price_is_rejected() -> None:
    without = order()
    without = replace(without, request=replace(without.request, price=None))
    assert reasons(broker().send(without, CALL, at(0))) == ["a limit order needs a price"]


def test_orders_outside_a_session_are_rejected(calendar: Calendar) -> None:
    venue = broker(calendar)
    assert reasons(venue.send(order("early"), CALL, at(-1))) == ["the session is closed"]
    assert reasons(venue.send(order("late"), CALL, CLOSE)) == ["the session is closed"]
    beyond = replace(CALL, expires_at=None)
    assert "sessions table" in reasons(venue.send(order("2030"), beyond, at(4 * 365 * 86_400)))[0]


def test_what_is_left_at_the_close_of_the_session_is_cancelled(calendar: Calendar) -> None:
    venue = broker(calendar)
    venue.send(order("a"), CALL, at(0))
    venue.send(order("b", Side.SELL, price="200.00"), CALL, at(0))
    assert venue.on_time(CLOSE - 1) == ()
    assert venue.on_time(CLOSE) == (
        OrderCancelled(CLOSE, "a", "end of session"),
        OrderCancelled(CLOSE, "b", "end of session"),
    )
    assert venue.on_time(CLOSE + 1) == ()


def test_a_quote_after_the_close_ends_an_order_and_does_not_fill_it(calendar: Calendar) -> None:
    venue = broker(calendar)
    venue.send(order(), CALL, at(0))
    late = replace(quote(0, 99.0, 99.5), at=CLOSE + 5)
    assert venue.on_market(late) == (OrderCancelled(CLOSE + 5, "o1", "end of session"),)


def test_a_settled_contract_leaves_neither_orders_nor_positions() -> None:
    venue = broker()
    venue.restore({CALL.id: -130, "NIFTY-20261201-24600-CE": 65, PUT.id: 0})
    venue.send(order(), CALL, at(0))
    found = venue.on_market(Settlement(at(9), "NIFTY", "20261123", 24_601.5, at(9)))
    assert reasons(found) == ["the contract has expired"]
    assert venue.book(at(9)).positions == {"NIFTY-20261201-24600-CE": 65}


def test_a_restarted_venue_holds_the_positions_of_before_and_no_orders() -> None:
    venue = broker()
    venue.restore({PUT.id: -65, CALL.id: 65})
    assert list(venue.book(at(0)).positions.items()) == [(CALL.id, 65), (PUT.id, -65)]
    venue.send(order("close", Side.SELL, price="99.00"), CALL, at(0))
    venue.on_market(quote(1, 99.0, 99.5))
    assert venue.book(at(1)).positions == {PUT.id: -65}


def test_random_rejects_follow_the_seed_and_the_order_not_the_sequence() -> None:
    def rejected(seed: int, names: list[str]) -> set[str]:
        venue = broker(seed=seed, reject_probability=0.3)
        return {name for name in names if reasons(venue.send(order(name), CALL, at(0)))}

    names = [f"o{number}" for number in range(200)]
    first = rejected(1, names)
    assert 30 < len(first) < 90
    assert rejected(1, names[::-1]) == first
    assert rejected(2, names) != first
    assert not {name for name in names if reasons(broker().send(order(name), CALL, at(0)))}


def test_the_expiry_close_ends_an_order_without_a_calendar() -> None:
    venue = broker()
    venue.send(order(), CALL, at(0))
    assert CALL.expires_at is not None
    assert reasons(venue.on_time(CALL.expires_at)) == ["end of session"]


def test_the_session_here_is_the_one_of_the_table(calendar: Calendar) -> None:
    session = calendar.session(date(2026, 11, 20))
    assert session is not None
    assert (session.open_at, session.close_at) == (at(0), CLOSE)
    assert CALL.tick_size == Decimal("0.05")
