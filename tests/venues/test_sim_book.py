from datetime import date

import numpy as np
import pytest

from sidecar.domain.calendar import Calendar
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.events import Listed, Quote
from sidecar.domain.reference import Reference
from sidecar.venues.sim_book import Book
from sidecar.venues.sim_path import draw, opening, seconds
from sidecar.venues.sim_surface import Surface
from sidecar.venues.simulated import SimulatedMarket

DAY = date(2026, 11, 20)
STEPS = [0, 5, 600, 9_000, 23_099]


@pytest.fixture(scope="module")
def book(reference: Reference, calendar: Calendar) -> Book:
    listed = next(SimulatedMarket(reference, calendar, seed=3, start=DAY, strikes_each_side=50).events())
    assert isinstance(listed, Listed)
    options: list[Contract] = [contract for contract in listed.contracts if contract.kind is Kind.OPTION]
    session = calendar.session(DAY)
    assert session is not None
    path = draw(3, "NIFTY", session, opening("NIFTY"))
    surface = Surface.of(options, ("NIFTY",), [path], seconds(session), calendar, DAY)
    return Book(options, surface, seed=3, day=DAY)


def all_quotes(book: Book, start: int, count: int, rounds: int = 1, stride: int = 1) -> list[Quote]:
    found: list[Quote] = []
    for number, (_, quotes) in enumerate(book.quotes(start, rounds=rounds, stride=stride)):
        if number == count:
            break
        found += quotes
    return found


@pytest.mark.parametrize("step", STEPS)
def test_bid_is_below_ask_and_the_model_price_lies_between(book: Book, step: int) -> None:
    ticks, values = book.ticks(step)
    assert np.all(ticks.bid < ticks.ask)
    assert np.all(ticks.bid * 0.05 <= values.price)
    assert np.all(values.price <= ticks.ask * 0.05)


@pytest.mark.parametrize("step", STEPS)
def test_put_call_parity_holds_within_the_spread(book: Book, step: int) -> None:
    ticks, values = book.ticks(step)
    surface = book.surface
    calls, puts = np.flatnonzero(surface.call), np.flatnonzero(~surface.call)
    parity = values.price[calls] - values.price[puts]
    assert np.all(0.05 * (ticks.bid[calls] - ticks.ask[puts]) <= parity)
    assert np.all(parity <= 0.05 * (ticks.ask[calls] - ticks.bid[puts]))


def test_spreads_widen_away_from_the_money_and_at_the_open(book: Book) -> None:
    early, values = book.ticks(0)
    late, _ = book.ticks(12_000)
    near = values.distance < 0.5
    far = (values.distance > 2.0) & (values.price > 400.0)
    assert np.median((late.ask - late.bid)[far]) > 3.0 * np.median((late.ask - late.bid)[near])
    assert np.mean((early.ask - early.bid)[near]) > 1.5 * np.mean((late.ask - late.bid)[near])


def test_nobody_bids_for_what_is_nearly_worthless_and_somebody_offers_it(book: Book) -> None:
    ticks, values = book.ticks(20_000)
    worthless = values.price < 0.01
    assert worthless.any()
    assert np.all(ticks.bid[worthless] == 0)
    assert np.all(ticks.ask[worthless] >= 1)
    found = [quote for quote in all_quotes(book, 20_000, 3) if quote.bid != quote.bid]
    assert found
    assert all(quote.bid_size == 0.0 and quote.ask >= 0.05 for quote in found)


def test_prices_are_exact_multiples_of_the_tick_and_sizes_of_the_lot(book: Book) -> None:
    for quote in all_quotes(book, 7_000, 5):
        for price in (quote.bid, quote.ask, quote.last):
            assert price != price or price == round(round(price / 0.05) * 0.05, 2)
        for size in (quote.bid_size, quote.ask_size, quote.volume, quote.open_interest):
            assert size % 65 == 0.0
            assert size >= 0.0


def test_volume_never_falls_and_the_last_price_changes_only_with_a_trade(book: Book) -> None:
    held: dict[str, Quote] = {}
    traded = 0
    for quote in all_quotes(book, 0, 120):
        before = held.get(quote.symbol, quote)
        assert quote.volume >= before.volume
        traded += quote.volume > before.volume
        if quote.volume == before.volume and before.last == before.last:
            assert quote.last == before.last
        held[quote.symbol] = quote
    assert traded > 500


def test_a_contract_waits_three_seconds_at_most_for_its_next_quote(book: Book) -> None:
    for rounds, stride in ((1, 1), (3, 1), (1, 3), (1, 2)):
        seen: dict[str, int] = {}
        longest = 0
        for quote in all_quotes(book, 10_000, 20, rounds, stride):
            longest = max(longest, quote.at - seen.get(quote.symbol, quote.at))
            seen[quote.symbol] = quote.at
        assert len(seen) == 2 * 101 * 2
        assert longest <= 3_000_000


def test_more_looks_a_second_give_more_quotes_and_turns_give_fewer(book: Book) -> None:
    plain, thrice, turns = (len(all_quotes(book, 10_000, 9, *how)) for how in ((1, 1), (3, 1), (1, 3)))
    assert thrice > 1.5 * plain
    assert turns == 3 * 404


@pytest.mark.parametrize("start", [1, 2, 1_000, 23_000])
@pytest.mark.parametrize("rounds", [1, 2])
def test_a_book_taken_up_in_the_middle_shows_what_it_would_have_shown(book: Book, start: int, rounds: int) -> None:
    begun = max(start - 40, 0)
    before = sum(len(quotes) for step, quotes in _until(book, begun, start, rounds))
    whole = all_quotes(book, begun, start - begun + 30, rounds)[before:]
    assert [repr(quote) for quote in all_quotes(book, start, 30, rounds)] == [repr(quote) for quote in whole]


def _until(book: Book, begun: int, end: int, rounds: int) -> list[tuple[int, list[Quote]]]:
    found = []
    for step, quotes in book.quotes(begun, rounds=rounds):
        if step == end:
            break
        found.append((step, quotes))
    return found
