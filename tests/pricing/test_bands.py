from dataclasses import replace

import numpy as np
import pytest

from sidecar.pricing.bands import Band, Quotes, bands
from sidecar.pricing.black import price

STRIKES = np.arange(80.0, 121.0, 5.0)


def quotes(volatility: float = 0.2, half: float = 0.01, years: float = 0.5) -> Quotes:
    low, high = volatility - half, volatility + half
    values = [price(100.0, STRIKES, years, v, 0.98, call=call) for call in (True, False) for v in (low, high)]
    return Quotes(years, 100.0, 0.1, 0.98, STRIKES, *values)


def only(each: Quotes) -> Band:
    (band,) = bands([each])
    return band


def test_the_volatilities_that_made_the_quotes_come_back() -> None:
    band = only(quotes())
    np.testing.assert_allclose(band.low, 0.19, rtol=1e-9)
    np.testing.assert_allclose(band.high, 0.21, rtol=1e-9)
    assert band.refused == ()


def test_the_out_of_the_money_side_is_read() -> None:
    made = quotes()
    junk = np.full(STRIKES.size, 1e-3)
    inside = replace(
        made,
        call_bid=np.where(STRIKES < 100, junk, made.call_bid),
        put_ask=np.where(STRIKES >= 100, junk, made.put_ask),
    )
    np.testing.assert_array_equal(only(inside).low, only(made).low)
    np.testing.assert_array_equal(only(inside).high, only(made).high)


def test_each_fault_is_counted_by_its_name() -> None:
    made = quotes()
    bid, ask = made.call_bid.copy(), made.call_ask.copy()
    bid[4], ask[4] = np.nan, 0.0  # 100: nobody quotes
    bid[5], ask[5] = ask[5], bid[5]  # 105: crossed
    bid[6] = np.nan  # 110: an ask alone
    bid[7], ask[7] = 99.0, 99.5  # 115: dearer than the forward
    band = only(replace(made, call_bid=bid, call_ask=ask))
    assert dict(band.refused) == {"unquoted": 1, "crossed": 1, "no_volatility": 1, "one_sided": 1}
    assert np.isnan(band.low[band.strikes == 110.0])
    assert not {100.0, 105.0, 115.0} & set(band.strikes.tolist())


def test_a_quote_no_cheaper_than_one_nearer_the_money_says_nothing() -> None:
    made = quotes()
    bid, ask = made.put_bid.copy(), made.put_ask.copy()
    bid[0], ask[0] = bid[1], ask[1]  # 80 at the price of 85: the least tick
    band = only(replace(made, put_bid=bid, put_ask=ask))
    assert dict(band.refused) == {"no_cheaper": 1}
    assert band.strikes[0] == 85.0


def test_an_unknown_forward_or_no_time_gives_an_empty_band_that_says_why() -> None:
    for bad in (replace(quotes(), forward=np.nan), replace(quotes(), years=0.0), replace(quotes(), years=-1.0),
                replace(quotes(), discount=np.nan)):  # fmt: skip
        band = only(bad)
        assert band.strikes.size == 0
        assert dict(band.refused) == {"unpriced": STRIKES.size}


def test_an_empty_chain_and_no_chain_are_empty() -> None:
    nothing = np.zeros(0)
    assert bands([]) == ()
    assert only(Quotes(0.5, 100.0, 0.1, 1.0, nothing, nothing, nothing, nothing, nothing)).strikes.size == 0


def test_the_order_of_the_quotes_does_not_matter() -> None:
    made, turn = quotes(), np.random.default_rng(3).permutation(STRIKES.size)
    sides = (made.call_bid, made.call_ask, made.put_bid, made.put_ask)
    shuffled = Quotes(0.5, 100.0, 0.1, 0.98, *(column[turn] for column in (STRIKES, *sides)))
    np.testing.assert_array_equal(only(made).low, only(shuffled).low)
    np.testing.assert_array_equal(only(made).strikes, only(shuffled).strikes)


def test_expiries_keep_their_own_quotes() -> None:
    near, far = bands([quotes(0.2), quotes(0.3, years=1.0)])
    np.testing.assert_allclose(near.low, 0.19, rtol=1e-9)
    np.testing.assert_allclose(far.low, 0.29, rtol=1e-9)


def test_columns_of_unlike_length_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^put_ask must be 1-D"):
        replace(quotes(), put_ask=np.zeros(2))
