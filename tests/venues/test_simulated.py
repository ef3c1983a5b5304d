from collections.abc import Callable
from datetime import date
from itertools import islice, pairwise, takewhile

import numpy as np
import pytest

from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Kind
from sidecar.domain.errors import InputError
from sidecar.domain.events import FeedState, Listed, MarketEvent, Quote, Settlement
from sidecar.domain.reference import Reference
from sidecar.venues.simulated import VOLATILITY_INDEX, SimulatedMarket
from tests.venues.contract import check_feed

EXPIRY = date(2026, 11, 23)
MUHURAT = date(2025, 10, 21)
TWO_PARTS = date(2024, 3, 2)

Make = Callable[..., SimulatedMarket]


@pytest.fixture(scope="session")
def market(reference: Reference, calendar: Calendar) -> Make:
    def make(start: date, *, seed: int = 5, strikes_each_side: int = 2, **how: object) -> SimulatedMarket:
        return SimulatedMarket(
            reference,
            calendar,
            seed=seed,
            start=start,
            strikes_each_side=strikes_each_side,
            **how,  # type: ignore[arg-type]
        )

    return make


@pytest.fixture(scope="module")
def expiry_day(market: Make) -> list[MarketEvent]:
    """A whole expiry day, and the listing of the day after."""
    found: list[MarketEvent] = []
    for event in market(EXPIRY, strikes_each_side=1).events():
        found.append(event)
        if isinstance(event, Listed) and len(found) > 1:
            break
    return found


def last_values(events: list[MarketEvent], symbol: str) -> list[Quote]:
    return [event for event in events if isinstance(event, Quote) and event.symbol == symbol]


def test_it_keeps_the_contract_of_a_feed(market: Make) -> None:
    check_feed(lambda: market(EXPIRY), 2_000)


def test_contracts_are_listed_one_second_before_the_open_and_labelled_simulated(
    expiry_day: list[MarketEvent], calendar: Calendar
) -> None:
    first, session = expiry_day[0], calendar.session(EXPIRY)
    assert isinstance(first, Listed)
    assert session is not None
    assert first.at == session.open_at - SECOND
    assert (first.source, first.simulated) == ("simulated", True)
    assert [contract.id for contract in first.contracts[:2]] == ["NIFTY", VOLATILITY_INDEX]
    options = [contract for contract in first.contracts if contract.kind is Kind.OPTION]
    assert len(options) == 2 * 3 * 2
    assert {option.lot_size for option in options} == {65}


def test_the_index_is_quoted_once_a_second_of_the_whole_session(
    expiry_day: list[MarketEvent], calendar: Calendar
) -> None:
    session = calendar.session(EXPIRY)
    assert session is not None
    for symbol in ("NIFTY", VOLATILITY_INDEX):
        times = [quote.at for quote in last_values(expiry_day, symbol)]
        assert times == list(range(session.open_at, session.close_at, SECOND))


def test_a_whole_day_is_in_order_uncrossed_and_never_silent_about_a_contract(expiry_day: list[MarketEvent]) -> None:
    seen: dict[str, int] = {}
    assert all(one.at <= two.at for one, two in pairwise(expiry_day))
    for event in expiry_day:
        if isinstance(event, Quote):
            assert not event.bid >= event.ask
            assert event.at - seen.get(event.symbol, event.at) <= 3 * SECOND
            seen[event.symbol] = event.at
    assert len(seen) == 2 + 1 + 12


def test_expiring_contracts_settle_at_the_last_index_value_when_trading_ends(
    expiry_day: list[MarketEvent], calendar: Calendar
) -> None:
    session = calendar.session(EXPIRY)
    assert session is not None
    settlements = [event for event in expiry_day if isinstance(event, Settlement)]
    final = last_values(expiry_day, "NIFTY")[-1]
    assert settlements == [Settlement(session.close_at, "NIFTY", "20261123", final.last, final.at)]


def test_the_next_day_opens_with_a_gap_lists_anew_and_drops_what_expired(
    expiry_day: list[MarketEvent], market: Make, calendar: Calendar
) -> None:
    listed, following = expiry_day[-1], calendar.next_session(EXPIRY)
    assert isinstance(listed, Listed)
    assert listed.at == following.open_at - SECOND
    expiries = {contract.expiry for contract in listed.contracts if contract.kind is Kind.OPTION}
    assert expiries == {date(2026, 12, 1), date(2026, 12, 8)}
    first = expiry_day[0]
    assert isinstance(first, Listed)
    still = {contract.id for contract in first.contracts if contract.expiry == date(2026, 12, 1)}
    assert still <= {contract.id for contract in listed.contracts}  # a listed strike stays until it expires
    quote = next(
        event for event in market(EXPIRY, strikes_each_side=1, resume_at=listed.at).events() if isinstance(event, Quote)
    )
    assert quote.at == following.open_at
    assert 0.0 < abs(quote.last - last_values(expiry_day, "NIFTY")[-1].last) < 0.06 * quote.last


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(market: Make) -> None:
    one, two, other = (
        [repr(event) for event in islice(market(EXPIRY, seed=seed).events(), 3_000)] for seed in (5, 5, 6)
    )
    assert one == two
    assert one != other


@pytest.mark.parametrize("after", [0, 1, 999_999, 1_800_000_000, 1_800_400_001, 3_599_000_000, 3_600_000_000])
def test_a_market_resumed_in_the_middle_goes_on_as_if_it_had_never_stopped(
    festive: list[MarketEvent], market: Make, calendar: Calendar, after: int
) -> None:
    session = calendar.session(MUHURAT)
    assert session is not None
    resume_at = session.open_at + after
    whole = [repr(event) for event in festive[1:] if event.at >= resume_at][:10_000]
    resumed = market(MUHURAT, strikes_each_side=1, resume_at=resume_at).events()
    listed = next(resumed)
    assert isinstance(listed, Listed)
    assert listed.at == resume_at
    assert [repr(event) for event in islice(resumed, len(whole))] == whole
    assert whole


@pytest.fixture(scope="module")
def festive(market: Make, calendar: Calendar) -> list[MarketEvent]:
    """The Muhurat hour, and the first seconds of the next session."""
    end = calendar.next_session(MUHURAT).open_at + 5 * SECOND
    return list(takewhile(lambda event: event.at < end, market(MUHURAT, strikes_each_side=1).events()))


def test_a_muhurat_hour_is_one_hour_and_nothing_settles_in_it(festive: list[MarketEvent], calendar: Calendar) -> None:
    session = calendar.session(MUHURAT)
    assert session is not None
    index = [quote for quote in last_values(festive, "NIFTY") if quote.at < session.close_at]
    assert len(index) == 3_600
    assert not [event for event in festive if isinstance(event, Settlement)]


def test_several_days_later_a_resumed_market_is_still_the_same_one(market: Make, calendar: Calendar) -> None:
    session = calendar.session(date(2026, 11, 20))
    assert session is not None
    early, late = (
        [repr(e) for e in islice(market(date(2026, 11, 2), resume_at=session.open_at + s * SECOND).events(), 4_000)]
        for s in (100, 120)
    )
    place = early.index(late[1])
    assert 500 < place < 2_000
    assert early[place:] == late[1 : 1 + len(early) - place]


def test_a_session_in_two_parts_is_silent_in_its_break(market: Make, calendar: Calendar) -> None:
    session = calendar.session(TWO_PARTS)
    assert session is not None
    events = list(
        takewhile(
            lambda event: event.at <= session.close_at, market(TWO_PARTS, strikes_each_side=1, expiries=1).events()
        )
    )
    index = last_values(events, "NIFTY")
    assert len(index) == 105 * 60
    assert all(session.is_open(event.at) for event in events[1:])


def test_a_start_on_a_closed_day_begins_with_the_next_session(market: Make, calendar: Calendar) -> None:
    first = next(market(date(2026, 11, 21)).events())
    assert first.at == calendar.next_session(date(2026, 11, 21)).open_at - SECOND


def test_the_market_ends_with_the_table_and_says_so(market: Make, calendar: Calendar) -> None:
    resume_at = calendar.sessions[-1].close_at + 1
    events = list(market(date(2026, 12, 28), resume_at=resume_at).events())
    assert len(events) == 1
    assert isinstance(events[0], FeedState)
    assert not events[0].up
    assert events[0].detail == "the sessions table ends on 2026-12-31"


def test_more_underlyings_share_one_feed(market: Make) -> None:
    feed = market(EXPIRY, underlyings=("NIFTY", "BANKNIFTY"), expiries=1)
    events = list(islice(feed.events(), 400))
    symbols = {event.symbol for event in events if isinstance(event, Quote)}
    assert {"NIFTY", "BANKNIFTY", VOLATILITY_INDEX} <= symbols
    assert any(symbol.startswith("BANKNIFTY-") for symbol in symbols)


def test_the_volatility_index_is_plausible_all_day(expiry_day: list[MarketEvent]) -> None:
    values = np.array([quote.last for quote in last_values(expiry_day, VOLATILITY_INDEX)])
    assert 8.0 < values.min() < values.max() < 40.0


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"seed": -1}, "seed"),
        ({"underlyings": ()}, "underlyings"),
        ({"underlyings": ("NIFTY", "NIFTY")}, "underlyings"),
        ({"underlyings": ("GOLD",)}, "underlyings"),
        ({"strikes_each_side": 0}, "strikes_each_side"),
        ({"expiries": 0}, "expiries"),
        ({"quotes_per_second": 0.0}, "quotes_per_second"),
        ({"quotes_per_second": float("nan")}, "quotes_per_second"),
    ],
)
def test_a_market_that_cannot_be_is_refused_with_the_name_of_the_setting(
    market: Make, how: dict[str, object], field: str
) -> None:
    with pytest.raises(InputError) as refused:
        market(EXPIRY, **how)
    assert refused.value.field == field
