"""Where an underlying stands in the chain."""

from __future__ import annotations

import numpy as np

from sidecar.domain.clock import SECOND
from sidecar.learning.listing import expiry_of, listing_of
from tests.learning.watched import CONTRACTS, EXPIRIES, OPEN, STRIKES, chain


def test_the_rows_are_found_by_kind_and_the_nearest_two_expiries_come_first() -> None:
    listing = listing_of(CONTRACTS, "NIFTY", "INDIAVIX")
    assert (listing.level, listing.volatility) == (0, 1)
    assert listing.future(OPEN) == (2, EXPIRIES[1][1])
    assert [one.expiry for one in listing.expiries(OPEN)] == [20_251_125, 20_251_202]
    after = EXPIRIES[0][1]
    assert [one.expiry for one in listing.expiries(after)] == [20_251_202]
    assert listing.future(EXPIRIES[1][1]) is None
    first = listing.options[0]
    assert first.strike.tolist() == list(STRIKES)
    assert [CONTRACTS[row].strike for row in first.calls] == list(STRIKES)
    assert {CONTRACTS[row].right for row in first.puts} == {"PE"}


def test_a_right_that_is_not_listed_is_unknown_and_another_underlying_has_nothing() -> None:
    some = tuple(one for one in CONTRACTS if one.strike != 26_050.0 or one.right != "PE")
    options = listing_of(some, "NIFTY", "INDIAVIX").options[0]
    assert options.puts.tolist().count(-1) == 1
    found = expiry_of(chain(OPEN), options, OPEN)
    assert np.isnan(found.put_bid[1])
    assert listing_of(CONTRACTS, "BANKNIFTY", "NONE") == (-1, -1, (), ())


def test_a_quote_too_old_is_unknown_and_one_from_a_clock_ahead_is_not() -> None:
    options = listing_of(CONTRACTS, "NIFTY", "INDIAVIX").options[0]
    for old, known in ((60 * SECOND, True), (61 * SECOND, False), (-5 * SECOND, True)):
        assert np.isfinite(expiry_of(chain(OPEN, old=old), options, OPEN).call_bid).all() == known
