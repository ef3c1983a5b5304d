"""The simulator's futures."""

from datetime import date

import pytest

from sidecar.domain.contracts import Kind
from sidecar.domain.events import Listed, Quote
from sidecar.domain.monthly import monthly
from sidecar.reference import load_reference
from sidecar.venues.sim_futures import futures
from sidecar.venues.simulated import SimulatedMarket

REFERENCE = load_reference()
DAY = date(2026, 9, 7)


@pytest.mark.parametrize(
    ("day", "expiry"),
    [
        (date(2026, 9, 7), date(2026, 9, 29)),
        (date(2026, 9, 29), date(2026, 9, 29)),
        (date(2026, 9, 30), date(2026, 10, 27)),
    ],
)
def test_the_future_is_that_of_the_month_s_last_expiry(day: date, expiry: date) -> None:
    assert monthly(REFERENCE, "NIFTY", day) == expiry


def test_no_future_is_listed_whose_expiry_lies_beyond_the_sessions_table() -> None:
    assert futures(REFERENCE, ("NIFTY",), date(2026, 12, 31)) == ()


def test_it_trades_at_the_carry_of_the_options_and_is_never_crossed() -> None:
    market = SimulatedMarket(
        REFERENCE, REFERENCE.calendar("NSE"), seed=4, start=DAY, strikes_each_side=3, expiries=1
    ).events()
    listed = next(market)
    assert isinstance(listed, Listed)
    (contract,) = [one for one in listed.contracts if one.kind is Kind.FUTURE]
    assert contract.id == "NIFTY-20260929-FUT"
    assert contract.lot_size == 65
    spot, seen = float("nan"), 0
    for event in market:
        if isinstance(event, Quote) and event.symbol == "NIFTY":
            spot = event.last
        elif isinstance(event, Quote) and event.symbol == contract.id:
            seen += 1
            assert event.bid < event.ask <= event.bid + 1.0
            assert 1.0 < event.last / spot < 1.01
        if seen == 600:
            break


def test_a_market_that_resumes_quotes_the_same_futures() -> None:
    def of(resume_at: int | None) -> list[Quote]:
        events = SimulatedMarket(
            REFERENCE,
            REFERENCE.calendar("NSE"),
            seed=4,
            start=DAY,
            resume_at=resume_at,
            strikes_each_side=3,
            expiries=1,
        ).events()
        return [
            e for _, e in zip(range(6_000), events, strict=False) if isinstance(e, Quote) and e.symbol.endswith("FUT")
        ]

    whole = of(None)
    again = of(whole[100].at)
    assert again[:50] == whole[100:150]
