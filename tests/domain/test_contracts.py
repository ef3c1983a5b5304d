"""Contracts by name: ids, short forms, and a universe whose rows never move."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.contracts import Contract, Kind, Parts, Right, Universe, contract_id, parse_id
from sidecar.domain.errors import InputError, UnknownContract

NEAR, FAR = date(2025, 11, 25), date(2025, 12, 30)
UNDERLYINGS = st.sampled_from(["NIFTY", "BANKNIFTY", "M&M", "NIFTY50", "BAJAJ_AUTO"])
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
STRIKES = st.integers(1, 10_000_000).map(lambda paise: paise / 100)


def call(expiry: date, strike: float = 24_600.0, right: Right = Right.CALL, closes: int = 100) -> Contract:
    return Contract("NIFTY", Kind.OPTION, expiry, strike, right, closes)


@given(UNDERLYINGS, DAYS, STRIKES, st.sampled_from(Right))
def test_an_id_says_all_that_it_was_made_of(underlying: str, expiry: date, strike: float, right: Right) -> None:
    assert parse_id(contract_id(underlying, expiry, strike, right)) == Parts(underlying, expiry, strike, right)
    assert parse_id(contract_id(underlying, expiry)) == Parts(underlying, expiry)
    assert parse_id(underlying) == Parts(underlying)


@pytest.mark.parametrize(
    "text",
    ["", "nifty", "NIFTY-20251325-FUT", "NIFTY-20251125-24600", "NIFTY-20251125-24600-XX", "NIFTY-2025-1-CE", "-"],
)
def test_what_is_no_id_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"^symbol: "):
        parse_id(text)


def test_a_contract_keeps_its_row_when_more_are_listed() -> None:
    first = Universe([call(NEAR), call(FAR)])
    more = first.extended([call(FAR), call(NEAR, 24_700.0)])
    assert [more.rows[one.id] for one in first] == [0, 1]
    assert len(more) == 3
    assert first.extended([call(NEAR)]) is first
    assert len(first) == 2, "the old one stays as it was"


def test_the_short_form_means_the_nearest_live_expiry() -> None:
    universe = Universe([call(FAR, closes=200), call(NEAR, closes=100)])
    assert universe.resolve("NIFTY24600CE", 50).expiry == NEAR
    assert universe.resolve("NIFTY24600CE", 100).expiry == FAR, "what has expired is not meant"
    assert universe.resolve(call(NEAR).id, 150).expiry == NEAR, "a whole id means itself"


def test_a_short_form_that_the_nearest_expiry_does_not_list_names_the_candidates() -> None:
    universe = Universe([call(FAR, closes=200), call(NEAR, 24_700.0, closes=100)])
    with pytest.raises(UnknownContract) as refused:
        universe.resolve("NIFTY24600CE", 50)
    assert refused.value.candidates == (call(FAR).id,)
    for wrong in ("NIFTY1PE", "BANKNIFTY24600CE", "hello"):
        with pytest.raises(UnknownContract, match="see the chain"):
            universe.resolve(wrong, 50)
