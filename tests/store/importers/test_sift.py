"""Every row is taken as it is or refused with one reason; the vectorised checks agree with the desk's own."""

from datetime import date
from math import inf, nan
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain import clock
from sidecar.domain.contracts import Kind
from sidecar.domain.events import Quote
from sidecar.domain.quotes import Defect, defect
from sidecar.domain.reference import Reference
from sidecar.store.importers.rows import COLUMNS, INDIA, Options, Rows, zone_named
from sidecar.store.importers.sift import Sifted, _defects, sift

AT = clock.at_local(date(2025, 2, 12), 10, 0, zone_named(INDIA))
GOOD: dict[str, Any] = {
    "underlying": "NIFTY",
    "expiry": "20250213",
    "strike": 23000.0,
    "right": "CE",
    "at": AT,
    "bid": 100.0,
    "ask": 101.0,
    "bid_size": 75.0,
    "ask_size": 75.0,
    "last": 100.5,
    "volume": 2.0,
    "open_interest": 3.0,
    "reason": "",
    "file": "made_up.csv",
    "row": 1,
}
_prices = st.sampled_from([nan, inf, -inf, -1.0, 0.0, 1.0, 2.0])
_sizes = st.sampled_from([nan, inf, -1.0, 0.0, 5.0])


def _sifted(reference: Reference, *changes: dict[str, Any], in_lots: tuple[str, ...] = ()) -> Sifted:
    frame = pd.DataFrame([GOOD | {"row": number} | change for number, change in enumerate(changes, 1)])
    return sift(Rows(frame[list(COLUMNS)], in_lots=in_lots), Options(reference))


@settings(max_examples=300, deadline=None)
@given(st.tuples(_prices, _prices, _prices), st.tuples(_sizes, _sizes, _sizes, _sizes))
def test_the_vectorised_defects_are_those_of_a_single_quote(
    prices: tuple[float, float, float], sizes: tuple[float, float, float, float]
) -> None:
    bid, ask, last = prices
    bid_size, ask_size, volume, interest = sizes
    quote = Quote("X", 1, 1, bid, ask, bid_size, ask_size, last, volume, interest)
    row = GOOD | {"bid": bid, "ask": ask, "last": last, "bid_size": bid_size, "ask_size": ask_size}
    frame = pd.DataFrame([row | {"volume": volume, "open_interest": interest}])
    found = next((why for why, mask in _defects(frame) if mask[0]), None)
    known = defect(quote)
    if found is Defect.NOT_FINITE and inf in sizes:  # the desk has one word for what no size can be
        assert known in (None, Defect.NEGATIVE_SIZE, Defect.NOT_FINITE)
    elif known is None and found is Defect.NEGATIVE_SIZE:  # the desk's fast path does not look at volume and interest
        assert volume < 0 or interest < 0
    else:
        assert found == known


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"at": -1}, "unknown_time"),
        ({"bid": inf}, "not_finite"),
        ({"last": -5.0}, "not_positive"),
        ({"bid": 102.0}, "crossed"),
        ({"bid": nan, "ask": nan, "last": nan}, "empty"),
        ({"open_interest": -1.0}, "negative_size"),
        ({"expiry": "20250211"}, "expired"),
        ({"expiry": "20250215"}, "unknown_contract"),  # a closed Saturday
        ({"expiry": ""}, "unknown_contract"),
        ({"expiry": "20350213"}, "outside_calendar"),
        ({"right": "CA"}, "unknown_contract"),
        ({"strike": -5.0}, "malformed"),
        ({"strike": 0.0}, "malformed"),
        ({"strike": nan}, "malformed"),
        ({"strike": inf}, "malformed"),
        ({"strike": -inf}, "malformed"),
        ({"strike": inf, "right": ""}, "malformed"),
        ({"volume": inf}, "not_finite"),
        ({"open_interest": inf}, "not_finite"),
        ({"bid_size": -inf}, "not_finite"),
        ({"underlying": "NOBODY"}, "unknown_contract"),
        ({"underlying": ""}, "unknown_contract"),
        ({"at": clock.at_local(date(2025, 2, 12), 9, 14, zone_named(INDIA))}, "out_of_session"),
        ({"at": clock.at_local(date(2025, 2, 12), 15, 30, zone_named(INDIA))}, "out_of_session"),
        ({"at": clock.at_local(date(2025, 2, 9), 11, 0, zone_named(INDIA))}, "out_of_session"),
        ({"at": clock.at_local(date(2012, 2, 13), 11, 0, zone_named(INDIA))}, "outside_calendar"),
        ({"reason": "malformed", "bid": 102.0}, "malformed"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_good_one_beside_it_is_taken(
    reference: Reference, change: dict[str, Any], reason: str
) -> None:
    sifted = _sifted(reference, {}, change)
    assert [(one.reason, one.count, one.first_rows) for one in sifted.refused] == [(reason, 1, ("made_up.csv row 2",))]
    assert sum(len(day.quotes) for day in sifted.days) == 1


def test_of_rows_with_the_same_contract_and_instant_only_the_first_is_taken(reference: Reference) -> None:
    sifted = _sifted(reference, {}, {"bid": 99.0}, {"at": AT + 1})
    assert [(one.reason, one.count) for one in sifted.refused] == [("duplicate", 1)]
    assert sifted.days[0].quotes["bid"].tolist() == [100.0, 100.0]


def test_a_refused_row_does_not_make_its_correction_a_duplicate(reference: Reference) -> None:
    sifted = _sifted(reference, {"bid": 102.0}, {})
    assert [one.reason for one in sifted.refused] == ["crossed"]


def test_an_unchanged_quote_at_a_later_instant_is_kept_because_it_is_fresh(reference: Reference) -> None:
    assert len(_sifted(reference, {}, {"at": AT + clock.MINUTE}).days[0].quotes) == 2


def test_lots_become_units_by_the_lot_of_the_day(reference: Reference) -> None:
    row = _sifted(reference, {}, in_lots=("volume",)).days[0].quotes.iloc[0]
    assert row["volume"] == 2 * reference.lot_size("NIFTY", date(2025, 2, 13), date(2025, 2, 12))
    assert row["open_interest"] == 3.0


def test_a_day_lists_its_index_first_and_quotes_come_by_time_then_listing(reference: Reference) -> None:
    index = {"expiry": "", "strike": nan, "right": "", "bid": nan, "ask": nan, "last": 23000.0}
    sifted = _sifted(reference, {"right": "PE"}, {}, index, {"at": AT - 1, "strike": 23100.0})
    (day,) = sifted.days
    assert day.contracts[0].kind is Kind.INDEX
    assert [contract.id for contract in day.contracts] == [
        "NIFTY",
        "NIFTY-20250213-23000-CE",
        "NIFTY-20250213-23000-PE",
        "NIFTY-20250213-23100-CE",
    ]
    assert day.quotes["symbol"].tolist() == [
        "NIFTY-20250213-23100-CE",
        "NIFTY",
        "NIFTY-20250213-23000-CE",
        "NIFTY-20250213-23000-PE",
    ]


def test_a_contract_carries_what_the_reference_says_of_the_day(reference: Reference) -> None:
    option = _sifted(reference, {}).days[0].contracts[1]
    day, expiry = date(2025, 2, 12), date(2025, 2, 13)
    assert option.lot_size == reference.lot_size("NIFTY", expiry, day)
    assert option.tick_size == reference.tick_size("NIFTY", day)
    assert option.freeze_quantity == reference.freeze_quantity("NIFTY", day)
    assert option.expires_at == reference.expiry_close("NIFTY", expiry)


def test_nothing_at_all_is_no_day_and_no_refusal(reference: Reference) -> None:
    frame = pd.DataFrame([GOOD])[list(COLUMNS)].iloc[:0]
    assert sift(Rows(frame), Options(reference)) == Sifted((), ())
