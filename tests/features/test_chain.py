"""The chain's fields of a bar: invariants of a smile that is known, and NaN where nothing can be known."""
# ruff: noqa: N806

from __future__ import annotations

from collections.abc import Callable
from math import exp, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS
from sidecar.domain.clock import DAY
from sidecar.features.chain import FIELDS, Expiry, chain_inputs, smile_of, wings
from sidecar.pricing import black

Array = NDArray[np.float64]
SPOT, RATE, CARRY = 24_613.0, 0.06, 0.052
STRIKES: Array = np.arange(22_600.0, 26_601.0, 50.0)
AT = 20_000 * DAY


def flat(_: Array) -> Array:
    return np.full(STRIKES.shape, 0.14)


def listed(days: float, smile: Callable[[Array], Array] = flat, day: int = 20_251_125, **changes: Any) -> Expiry:
    """An expiry whose middles are Black's at the smile in k = ln(K/F), with spreads of one part in a hundred."""
    T = max(days, 0.0) / 365.0
    F = SPOT * exp(CARRY * T)
    volatility = smile(np.log(STRIKES / F))
    call, put = (black.price(F, STRIKES, T, volatility, exp(-RATE * T), call=side) for side in (True, False))
    held: Array = np.linspace(1_000.0, 9_000.0, STRIKES.size)
    told = Expiry(
        day, AT + int(days * DAY), STRIKES, 0.99 * call, 1.01 * call, call, 0.99 * put, 1.01 * put, put,
        held, held, 2.0 * held, held, 0.05,
    )  # fmt: skip
    return told._replace(**changes)


def fields(*expiries: Expiry, **changes: Any) -> dict[str, float]:
    asked: dict[str, Any] = {"at": AT, "spot": SPOT, "rate": RATE, "session": 739_000, **changes}
    return chain_inputs(expiries=expiries, **asked)


def test_a_flat_smile_is_recovered_with_no_skew_no_curvature_and_no_slope() -> None:
    found = fields(listed(14.0, day=20_251_202), listed(7.0))
    assert found["atm_iv"] == pytest.approx(0.14, abs=1e-8)
    assert found["atm_iv2"] == pytest.approx(0.14, abs=1e-8)
    assert found["rr25"] == pytest.approx(0.0, abs=1e-8)
    assert found["bf25"] == pytest.approx(0.0, abs=1e-8)
    assert (found["t1"], found["t2"], found["dte"]) == (7.0 / 365.0, 14.0 / 365.0, 7.0)
    assert (found["expiry"], found["is_expiry"]) == (20_251_125.0, 0.0)
    assert found["gamma_oi"] == 0.0


def test_the_names_are_fields_of_a_bar() -> None:
    assert set(FIELDS) == set(fields(listed(7.0)))
    assert set(FIELDS) <= set(INPUTS)


def test_the_forward_is_that_of_parity_and_not_the_spot() -> None:
    smile = smile_of(listed(30.0), 30.0 / 365.0, RATE)
    assert smile.forward == pytest.approx(SPOT * exp(CARRY * 30.0 / 365.0), abs=1e-6)


def test_a_skewed_smile_has_the_risk_reversal_and_the_butterfly_of_its_formula() -> None:
    def curved(k: Array) -> Array:
        return 0.14 - 0.25 * k + 1.5 * k * k

    T = 21.0 / 365.0
    F = SPOT * exp(CARRY * T)
    fine = np.linspace(-0.15, 0.15, 300_001)
    volatility = curved(fine)
    deviation = volatility * T**0.5
    delta = black.greeks(F, F * np.exp(fine), T, volatility, 0.0, call=True).delta
    assert deviation.min() > 0
    right, left = (volatility[int(np.argmin(np.abs(delta - share)))] for share in (0.25, 0.75))
    found = fields(listed(21.0, curved))
    # Linear between strikes 50 points apart: 2e-5 of a volatility is a fiftieth of a point.
    assert found["atm_iv"] == pytest.approx(0.14, abs=2e-5)
    assert found["rr25"] == pytest.approx(right - left, abs=2e-5)
    assert found["bf25"] == pytest.approx(0.5 * (right + left) - 0.14, abs=2e-5)


@given(st.floats(0.05, 0.6), st.floats(2.0, 60.0))
def test_any_flat_smile_is_recovered_where_its_strikes_reach(level: float, days: float) -> None:
    found = fields(listed(days, lambda _: np.full(STRIKES.shape, level)))
    assert found["atm_iv"] == pytest.approx(level, abs=1e-8)
    for name in ("rr25", "bf25"):
        assert isnan(found[name]) or found[name] == pytest.approx(0.0, abs=1e-8)


def test_gamma_interest_is_a_sum_by_hand() -> None:
    one = STRIKES == 24_600.0
    chain = listed(7.0, call_oi=np.where(one, 5_000.0, 0.0), put_oi=np.where(one, 2_000.0, 0.0))
    T = 7.0 / 365.0
    gamma = black.greeks(SPOT * exp(CARRY * T), 24_600.0, T, 0.14, RATE, call=True, spot=SPOT).gamma
    assert fields(chain)["gamma_oi"] == pytest.approx(float(gamma) * 3_000.0 * SPOT**2 * 0.01, rel=1e-6)
    more = chain._replace(call_oi=2.0 * chain.call_oi, put_oi=2.0 * chain.put_oi)
    assert fields(more)["gamma_oi"] == pytest.approx(2.0 * fields(chain)["gamma_oi"], rel=1e-12)


def test_open_interest_counts_within_a_tenth_of_the_money_and_volume_everywhere() -> None:
    ones = np.ones(STRIKES.shape)
    found = fields(listed(7.0, call_oi=ones, put_oi=2.0 * ones, call_volume=ones, put_volume=ones), spot=22_700.0)
    near = float(np.count_nonzero(np.abs(np.log(STRIKES / 22_700.0)) < 0.10))
    assert 0 < near < STRIKES.size
    assert (found["oi_call"], found["oi_put"]) == (near, 2.0 * near)
    assert found["volume_call"] == STRIKES.size


def test_a_strike_counts_only_where_both_sides_are_known() -> None:
    half = np.where(np.arange(STRIKES.size) % 2 == 0, 10.0, nan)
    found = fields(listed(7.0, call_oi=half, put_oi=np.full(STRIKES.shape, 10.0)))
    assert found["oi_call"] == found["oi_put"]


def test_max_pain_is_where_the_holders_get_least() -> None:
    calls, puts = (np.where(np.isin(STRIKES, at), 100.0, 0.0) for at in ((24_500.0, 24_900.0), (24_300.0, 24_700.0)))
    pains = {
        strike: sum(
            calls[i] * max(strike - K, 0.0) + puts[i] * max(K - strike, 0.0) for i, K in enumerate(STRIKES.tolist())
        )
        for strike in STRIKES.tolist()
    }
    found = fields(listed(7.0, call_oi=calls, put_oi=puts))["max_pain"]
    assert pains[found] == min(pains.values())
    assert isnan(fields(listed(7.0, call_oi=0.0 * calls, put_oi=0.0 * puts))["max_pain"])


def test_an_expired_chain_is_passed_over_and_the_day_of_expiry_is_told() -> None:
    ordinal = 739_580  # 2025-11-25
    found = fields(listed(-0.1, day=20_251_118), listed(0.2), session=ordinal)
    assert (found["expiry"], found["is_expiry"]) == (20_251_125.0, 1.0)
    assert isnan(found["t2"])
    assert isnan(found["atm_iv2"])


def test_nothing_listed_is_nothing_known() -> None:
    assert all(isnan(value) for value in fields().values())
    assert all(isnan(value) for value in fields(listed(-1.0)).values())


def test_without_bids_and_asks_in_the_whole_source_the_last_trades_speak() -> None:
    none = np.full(STRIKES.shape, nan)
    chain = listed(7.0, call_bid=none, call_ask=none, put_bid=none, put_ask=none)
    assert fields(chain)["atm_iv"] == pytest.approx(0.14, abs=1e-8)
    assert isnan(fields(chain._replace(call_bid=listed(7.0).call_bid))["atm_iv"])  # one side's last is no other's quote
    one = none.copy()
    one[3] = 1.0
    assert isnan(fields(chain._replace(call_bid=one, put_bid=one))["atm_iv"])


@pytest.mark.parametrize(
    ("bid", "ask", "usable"),
    [(90.0, 109.9, True), (89.9, 110.1, False), (0.0, 100.0, False), (100.0, 99.0, False), (0.05, 0.15, True),
     (0.05, 0.2, False), (nan, 100.0, False), (-1.0, 100.0, False)],
)  # fmt: skip
def test_a_quote_is_usable_within_two_ticks_or_a_fifth(bid: float, ask: float, *, usable: bool) -> None:
    at = 40
    columns: dict[str, Any] = {}
    for name, value in (("call_bid", bid), ("call_ask", ask)):
        columns[name] = np.full(STRIKES.shape, nan)
        columns[name][at] = value
    known = smile_of(listed(7.0, **columns), 7.0 / 365.0, RATE).forward > 0.0
    assert known is usable


def test_volatility_is_not_carried_beyond_its_strikes() -> None:
    far = slice(0, 30)  # strikes far below the money
    cut = {name: getattr(listed(7.0), name)[far] for name in Expiry._fields[2:-1]}
    found = fields(listed(7.0)._replace(**cut))
    assert isnan(found["atm_iv"])
    assert isnan(found["rr25"])


def test_the_crossing_of_25_delta_nearest_the_money_counts() -> None:
    def rough(k: Array) -> Array:
        return np.where(np.abs(k) > 0.09, 0.9, 0.14)

    right, left = wings(smile_of(listed(7.0, rough), 7.0 / 365.0, RATE))
    assert (right, left) == pytest.approx((0.14, 0.14), abs=1e-8)


@given(st.lists(st.tuples(st.sampled_from(Expiry._fields[3:-1]), st.integers(0, 80)), max_size=200))
def test_unknown_quotes_never_raise_and_never_become_zero(holes: list[tuple[str, int]]) -> None:
    chain = listed(7.0)
    columns = {name: getattr(chain, name).copy() for name in Expiry._fields[3:-1]}
    for name, at in holes:
        columns[name][at] = nan
    found = fields(chain._replace(**columns))
    for name in ("atm_iv", "rr25", "bf25"):
        assert isnan(found[name]) or abs(found[name] - 0.14 * (name == "atm_iv")) < 1e-8


@pytest.mark.parametrize("spot", [nan, 0.0, -1.0])
def test_what_needs_a_spot_is_unknown_without_one(spot: float) -> None:
    found = fields(listed(7.0), spot=spot)
    assert all(isnan(found[name]) for name in ("oi_put", "oi_call", "gamma_oi"))
    assert found["atm_iv"] == pytest.approx(0.14, abs=1e-8)
