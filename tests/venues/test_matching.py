"""Laws of the paper venue over random markets and orders: stateful runs against a plain account of what happened."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from math import nan
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import ConfigurationError
from sidecar.domain.events import (
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    Quote,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.orders import Order, Side
from sidecar.domain.quotes import defect
from sidecar.venues.matching import PaperSettings
from sidecar.venues.paper import PaperBroker
from tests.venues.orders import CALL, PUT, at, order, quote

CONTRACTS = {CALL.id: CALL, PUT.id: PUT}
END = CALL.expires_at or 0


@dataclass
class Account:
    """What a careful clerk writes down beside the venue."""

    last_only: str = ""  # the contract whose feed gives last prices only
    two_sided: set[str] = field(default_factory=set)
    orders: dict[str, Order] = field(default_factory=dict)
    sent_at: dict[str, int] = field(default_factory=dict)
    seen_at_send: dict[str, Quote | None] = field(default_factory=dict)
    quotes: dict[str, Quote] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    volumes: Counter[str] = field(default_factory=Counter)
    positions: Counter[str] = field(default_factory=Counter)
    ended: dict[str, str] = field(default_factory=dict)
    fill_ids: set[str] = field(default_factory=set)
    taken: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)

    def note(self, events: tuple[VenueEvent, ...], latency: int, levels: int) -> None:
        for event in events:
            assert not isinstance(event, VenueBook | OrderUnknown)
            assert event.order_id not in self.ended, "nothing follows the end of an order"
            match event:
                case OrderFilled():
                    self._fill(event, latency, levels)
                case OrderCancelled() | OrderRejected():
                    self.ended[event.order_id] = event.reason
                case OrderAccepted():
                    pass

    def _fill(self, event: OrderFilled, latency: int, levels: int) -> None:
        sent, now, price = self.orders[event.order_id], self.quotes, Decimal(event.price)
        request, seen = sent.request, now[sent.request.symbol]
        sign = request.side.sign
        best, own = (seen.ask, seen.bid) if sign > 0 else (seen.bid, seen.ask)
        assert event.at >= self.sent_at[event.order_id] + latency
        assert seen is not self.seen_at_send[event.order_id], "never the quote of the decision"
        assert event.quantity > 0
        assert event.quantity % 65 == 0
        assert price > 0
        assert price % Decimal("0.05") == 0
        assert request.price is None or sign * (request.price - price) >= 0, "never beyond the limit"
        if event.note == "assumed spread":
            assert sign * (float(price) - seen.last) > 0.0
            assert request.symbol not in self.two_sided
        elif event.note == "":
            assert request.symbol in self.two_sided
            assert sign * (float(price) - best) >= -1e-9, "never better than the quote"
            shown = (seen.ask_size if sign > 0 else seen.bid_size) * (levels + 1)
            taken = (seen.symbol, self.numbers[seen.symbol], sign)
            self.taken[taken] += event.quantity
            assert self.taken[taken] <= shown
        else:
            assert price == request.price
            assert own != own or sign * (float(price) - own) >= -1e-9
            assert best != best or sign * (best - float(price)) > 0.0
        self.filled[event.order_id] += event.quantity
        assert event.fill_id not in self.fill_ids
        self.fill_ids.add(event.fill_id)
        self.positions[request.symbol] += sign * event.quantity
        assert self.filled[event.order_id] <= request.quantity
        if self.filled[event.order_id] == request.quantity:
            self.ended[event.order_id] = "filled"


prices = st.integers(1_980, 2_020).map(lambda ticks: ticks * 5)  # hundredths: 99.00 to 101.00
lots = st.integers(0, 12).map(lambda count: count * 65.0)
symbols = st.sampled_from(sorted(CONTRACTS))
moments = st.sampled_from([0, 10_000, 100_000, 1_000_000, 4_000_000, 12_000_000])


class Shown(NamedTuple):
    symbol: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    last: float
    traded: float


class Wanted(NamedTuple):
    symbol: str
    side: Side
    lots: int
    price: str | None
    immediate: bool


class Cancel(NamedTuple):
    number: int


class Pause(NamedTuple):
    repeat: bool


Move = Shown | Wanted | Cancel | Pause
Script = list[tuple[int, Move]]


@st.composite
def shown(draw: st.DrawFn) -> Shown:
    bid, width = draw(prices), draw(st.integers(0, 40)) * 5
    bid_there, ask_there, last_there = draw(st.tuples(*[st.integers(0, 9)] * 3))
    return Shown(
        draw(symbols),
        bid / 100 if bid_there else nan,
        (bid + width) / 100 if ask_there else nan,
        draw(lots),
        draw(lots),
        (bid + draw(st.sampled_from([0, width]))) / 100 if last_there else nan,
        draw(st.integers(0, 20)) * 65.0,
    )


limits = st.one_of(st.none(), prices.map(lambda cents: f"{cents / 100:.2f}"))
wanted = st.builds(Wanted, symbols, st.sampled_from(Side), st.integers(1, 27), limits, st.booleans())
others = st.one_of(st.builds(Cancel, st.integers(0, 30)), st.builds(Pause, st.booleans()))
scripts = st.lists(st.tuples(moments, st.one_of(shown(), shown(), wanted, others)), min_size=20, max_size=60)


def run(
    script: Script, latency: int, levels: int, last_only: str = ""
) -> tuple[PaperBroker, Account, list[VenueEvent]]:
    venue = PaperBroker(seed=1, settings=PaperSettings(latency_us=latency, depth_levels=levels))
    account, now = Account(last_only), at(0)
    everything: list[VenueEvent] = []
    for pause, move in script:
        now += pause
        events = play(venue, account, move, now)
        account.note(events, latency, levels)
        everything += events
        book = venue.book(now)
        assert book.open_orders == tuple(name for name in account.orders if name not in account.ended)
        assert book.positions == {symbol: held for symbol, held in sorted(account.positions.items()) if held}
    last = venue.on_time(END)
    account.note(last, latency, levels)
    return venue, account, [*everything, *last]


def play(venue: PaperBroker, account: Account, move: Move, now: int) -> tuple[VenueEvent, ...]:
    """One move against the venue, and what the clerk must know of it before the answer is looked at."""
    match move:
        case Shown(symbol, bid, ask, bid_size, ask_size, last, traded):
            if symbol == account.last_only:
                bid, ask = nan, nan
            account.volumes[symbol] += int(traded)
            volume = float(account.volumes[symbol])
            found = Quote(symbol, now, now, bid, ask, bid_size, ask_size, last, volume)
            if defect(found) is None:
                account.quotes[symbol] = found
                account.numbers[symbol] += 1
                if bid == bid or ask == ask:
                    account.two_sided.add(symbol)
            return venue.on_market(found)
        case Wanted(symbol, side, count, price, immediate):
            name = f"o{len(account.orders)}"
            sent = order(name, side, count, price, immediate=immediate, contract=CONTRACTS[symbol])
            account.orders[name], account.sent_at[name] = sent, now
            account.seen_at_send[name] = account.quotes.get(symbol)
            return venue.send(sent, CONTRACTS[symbol], now)
        case Cancel(number) if account.orders:
            return venue.cancel(list(account.orders.values())[number % len(account.orders)], now)
        case Pause(True):
            for sent in account.orders.values():
                assert venue.send(sent, CONTRACTS[sent.request.symbol], now) == ()
    return venue.on_time(now)


@settings(max_examples=100, deadline=None)
@given(script=scripts, latency=st.sampled_from([0, 50_000, 1_500_000]), levels=st.integers(0, 4), last_only=symbols)
def test_no_fill_is_better_than_the_quote_beyond_the_limit_or_more_than_is_there(
    script: Script, latency: int, levels: int, last_only: str
) -> None:
    venue, account, _ = run(script, latency, levels, last_only)
    assert set(account.ended) == set(account.orders), "every order ends exactly once"
    assert venue.book(END).open_orders == ()


@settings(max_examples=25, deadline=None)
@given(script=scripts)
def test_the_same_market_and_orders_give_the_same_answers(script: Script) -> None:
    assert run(script, 50_000, 2)[2] == run(script, 50_000, 2)[2]


@settings(max_examples=50, deadline=None)
@given(cents=st.integers(1, 4_000_000), side=st.sampled_from(Side))
def test_a_price_that_misses_its_tick_is_rounded_against_the_order(cents: int, side: Side) -> None:
    price = cents / 100
    venue = PaperBroker(seed=1, settings=PaperSettings(latency_us=0))
    venue.send(order(side=side, price=None), CALL, at(0))
    bid, ask = (nan, price) if side is Side.BUY else (price, nan)
    found = [event for event in venue.on_market(quote(1, bid, ask)) if isinstance(event, OrderFilled)]
    if side is Side.SELL and cents < 5:
        assert not found
        return
    assert 0 <= side.sign * (Decimal(found[0].price) - Decimal(cents) / 100) < Decimal("0.05")
    assert Decimal(found[0].price) % Decimal("0.05") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latency_us", -1),
        ("stale_after_us", -1),
        ("depth_levels", -1),
        ("assumed_spread", nan),
        ("assumed_spread", -0.1),
        ("assumed_depth_lots", -1),
        ("reject_probability", 1.5),
        ("reject_probability", nan),
    ],
)
def test_a_setting_out_of_its_range_is_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(ConfigurationError) as refused:
        PaperSettings(**{field: value})  # type: ignore[arg-type]
    assert refused.value.field == field
