"""A rule that buys options at the money: the call on a rise, the put on a fall, and nothing overnight."""

from __future__ import annotations

from decimal import Decimal

from sidecar.domain.backtests import Instrument
from sidecar.domain.contracts import Right
from sidecar.domain.orders import Side
from tests.desk.world import CLOSE, LOT, NEXT_DAY, SPOT, option
from tests.strategies.bar_world import Told, trading

CALL, PUT = (option(24_700.0, right).id for right in Right)


def test_a_rise_is_held_as_the_call_at_the_money_and_a_fall_as_the_put() -> None:
    room = trading(Told(1.0, 1.0, -1.0, 0.0), 1, Instrument.ATM_OPTIONS)
    found = []
    for _ in range(5):
        room.bar(SPOT + 2.0, SPOT)
        found.append(room.held)
    assert found == [{}, {CALL: 1}, {CALL: 1}, {PUT: 1}, {}]
    sides = [(order.request.symbol, order.request.side, order.request.quantity) for order in room.sent]
    assert sides == [
        (CALL, Side.BUY, LOT),
        (CALL, Side.SELL, LOT),
        (PUT, Side.BUY, LOT),
        (PUT, Side.SELL, LOT),
    ], "what is sold goes first"


def test_the_pair_is_chosen_at_the_sessions_first_bar_and_stays() -> None:
    room = trading(Told(0.0, 1.0), 1, Instrument.ATM_OPTIONS)
    room.bar(SPOT)
    room.bar(SPOT + 200.0)
    room.bar(SPOT + 200.0)
    assert room.held == {CALL: 1}


def test_options_are_gone_before_the_sessions_end() -> None:
    room = trading(Told(1.0), 1, Instrument.ATM_OPTIONS)
    room.to_the_last(7)
    found = []
    for _ in range(7):
        room.bar()
        found.append(room.held)
    assert found == [{}, {CALL: 1}, {CALL: 1}, {CALL: 1}, {}, {}, {}]
    assert room.at == CLOSE


def test_an_option_of_a_day_before_is_sold_at_the_first_chance() -> None:
    room = trading(Told(0.0), 1, Instrument.ATM_OPTIONS)
    other = option(24_600.0, Right.PUT)
    room.bar()
    quote = room.state.board.last(other.id)
    assert quote is not None
    room.place(strategy="mine", symbol=other.id, side=Side.BUY, price=Decimal(str(quote.ask)))
    room.bar()
    room.bar()
    assert room.held == {}
    assert room.sent[-1].request.symbol == other.id
    assert other.expiry == NEXT_DAY
