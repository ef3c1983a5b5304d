from collections.abc import Iterator
from datetime import date
from itertools import islice

import pytest

from sidecar.domain.calendar import Calendar
from sidecar.domain.commands import Stop
from sidecar.domain.errors import FileRefused
from sidecar.domain.events import AnyEvent, Beat, FeedState, Listed, OrderAccepted, QuoteRefused, TradingHalt
from sidecar.domain.reference import Reference
from sidecar.venues.replay import Recorded
from sidecar.venues.simulated import SimulatedMarket
from tests.venues.contract import check_feed


@pytest.fixture(scope="module")
def tape(reference: Reference, calendar: Calendar) -> list[AnyEvent]:
    """A recorded minute of a desk at work: the market, and everything else that went through the inbox."""
    market = SimulatedMarket(reference, calendar, seed=1, start=date(2026, 11, 20), strikes_each_side=2)
    found: list[AnyEvent] = []
    for event in islice(market.events(), 500):
        found += [event, Beat(event.at)]
    at = found[-1].at
    return [
        *found,
        Stop(at=at, request_id="r", actor="someone", reason="drill"),
        OrderAccepted(at, "o", "v"),
        QuoteRefused(at, "NIFTY", "crossed"),
        FeedState(at, "simulated", False, "the recording ends"),
    ]


def test_it_keeps_the_contract_of_a_feed(tape: list[AnyEvent]) -> None:
    check_feed(lambda: Recorded("tape", lambda: iter(tape), simulated=True), 10_000)


def test_only_the_market_comes_off_the_tape_in_its_recorded_order(tape: list[AnyEvent]) -> None:
    events = list(Recorded("tape", lambda: iter(tape), simulated=True).events())
    assert len(events) == 502
    assert isinstance(events[0], Listed)
    assert events == [event for event in tape if not isinstance(event, Beat | Stop | OrderAccepted)]


def test_a_recording_of_an_exchange_is_not_labelled_simulated(tape: list[AnyEvent]) -> None:
    assert not Recorded("nse", lambda: iter(tape)).simulated


def test_a_tape_that_begins_with_a_quote_is_refused(tape: list[AnyEvent]) -> None:
    with pytest.raises(FileRefused, match="listed contracts"):
        next(Recorded("tape", lambda: iter(tape[2:])).events())


def test_a_tape_without_a_market_is_refused_rather_than_shown_as_a_quiet_day() -> None:
    with pytest.raises(FileRefused, match="listed contracts"):
        list(Recorded("tape", lambda: iter([Beat(1), Beat(2)])).events())


def test_a_reader_that_finds_the_tape_truncated_is_heard(tape: list[AnyEvent]) -> None:
    def read() -> Iterator[AnyEvent]:
        yield from tape[:10]
        raise FileRefused("tape", "ends in the middle of a record", row=10)

    with pytest.raises(FileRefused, match="row 10"):
        list(Recorded("tape", read).events())


def test_a_halt_of_the_exchange_comes_off_the_tape(tape: list[AnyEvent]) -> None:
    halt = TradingHalt(tape[-1].at, "NSE", True)
    assert list(Recorded("tape", lambda: iter([*tape, halt])).events())[-1] == halt
