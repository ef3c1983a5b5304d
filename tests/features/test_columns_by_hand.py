"""Each feature on bars so plain that its value can be worked out on paper."""

from collections.abc import Callable
from math import cos, log, pi, sin, sqrt

import numpy as np
import pytest

from sidecar.domain.bars import INPUTS
from sidecar.features.matrix import NAMES, batch
from tests.features.drawn import Array, put

LAST = 399  # the bar that is looked at, of a session of 800
S20 = sqrt(399.0 / 12.0)  # the population deviation of twenty numbers in a row
UP = log(101.0 / 100.0)


def plain(bars: int = LAST + 1) -> Array:
    """Nothing moves: close 100, a rupee high and low, 10 units a bar, a chain that stands still."""
    rows = np.zeros((bars, len(INPUTS)))
    m = np.arange(bars)
    columns = {
        "open": 100.0, "high": 101.0, "low": 99.0, "close": 100.0, "volume": 10.0, "minute": m, "minutes": 800.0,
        "session": 1.0, "dte": 3.0, "is_expiry": 0.0, "expiry": 20260101.0, "t1": 15 / 365, "t2": 45 / 365,
        "atm_iv": 0.1, "atm_iv2": 0.2, "rr25": -0.02, "bf25": 0.005, "oi_put": 300.0, "oi_call": 400.0,
        "volume_put": 2.0 * m + 2.0, "volume_call": 4.0 * m + 4.0, "gamma_oi": 5e4, "max_pain": 98.0, "vix": 12.0,
        "future": 101.0, "future_t": 0.1,
    }  # fmt: skip
    for name, values in columns.items():
        put(rows, name, values)
    return rows


def rising() -> Array:
    """A rupee a bar: close 1,000 to 1,399, high a rupee above, low two below."""
    rows, close = plain(), 1_000.0 + np.arange(LAST + 1)
    for name, away in (("open", -1.0), ("high", 1.0), ("low", -2.0), ("close", 0.0)):
        put(rows, name, close + away)
    return rows


def swinging() -> Array:
    """100, 101, 100, 101, ...: at the last bar 101. Ten units are traded on a fall and a thousand on a rise."""
    rows, odd = plain(), np.arange(LAST + 1) % 2
    put(rows, "close", 100.0 + odd)
    put(rows, "volume", np.where(odd, 1_000.0, 10.0))
    return rows


def fifteen_ago() -> Array:
    """Volatility up by a point and open interest from 350 to 700 in the last fifteen bars."""
    rows = plain()
    put(rows[:-1], "atm_iv", 0.09)
    put(rows[:-1], "oi_put", 150.0)
    put(rows[:-1], "oi_call", 200.0)
    return rows


def daily() -> Array:
    """Twenty-one sessions of three bars, closes a per cent up and down in turn; then two bars at 110."""
    rows = np.concatenate([plain(3) for _ in range(21)] + [plain(2)])
    day = np.repeat(np.arange(22), 3)[:-1]
    put(rows, "session", day)
    put(rows, "close", np.where(day == 21, 110.0, 100.0 + day % 2))
    put(rows, "open", np.where(day == 21, 103.0, 100.0))
    put(
        rows, "atm_iv", np.where(day < 21, 0.1 + 0.001 * (day - 10), 0.1)
    )  # of days 1 to 20 nine are below 0.1, one is it
    put(rows, "vix", np.where(day < 21, 10.0, 12.0))
    return rows


CASES = {
    plain: {
        "ret_1": 0.0, "rv_15": 0.0, "bb_pctb": 0.5, "bb_width": 0.0, "rsi_14": 50.0, "donch_20": 0.5, "slope_20": 0.0,
        "park_30": log(101 / 99) / sqrt(4 * log(2)), "natr_14": 0.02, "v_ratio20": 1.0, "sv_20": 0.0, "d_vwap": 0.0,
        "tod_sin": sin(2 * pi * 399 / 800), "tod_cos": cos(2 * pi * 399 / 800), "to_close": 0.5, "dte": 3.0,
        "is_expiry": 0.0, "atm_iv": 0.1, "d_atm_iv_15": 0.0, "iv_term": log(2.0), "rr25": -0.02, "bf25": 0.005,
        "iv30": sqrt((0.01 * 15 + 0.04 * 45) / 2 / 30), "pcr_oi": 0.75, "pcr_vol": 0.5, "oi_chg_15": 0.0,
        "max_pain_dist": log(100 / 98), "vix": 12.0, "basis": 0.1, "amihud_60": 0.0,
    },
    rising: {
        "ret_5": log(1399 / 1394), "ret_60": log(1399 / 1339), "ret_open": log(1399 / 999),
        "d_sma20": 1399 / 1389.5 - 1, "d_sma50": 1399 / 1374.5 - 1, "macd_hist": 0.0, "rsi_14": 100.0,
        "d_ema20": 1399 / 1389.5 - 1, "d_ema50": 1399 / 1374.5 - 1, "natr_14": 3 / 1399,
        "bb_pctb": (9.5 + 2 * S20) / (4 * S20), "bb_width": 4 * S20 / 1389.5, "donch_20": 21 / 22,
        "slope_20": 1 / 1399, "sv_20": 1.0, "d_vwap": 1399 / (1199.5 - 1 / 3) - 1,
    },
    swinging: {
        "ret_1": UP, "ret_15": UP, "ret_60": 0.0, "rv_15": sqrt(15) * UP, "rv_60": sqrt(60) * UP,
        "rv_375": sqrt(375) * UP, "vol_ratio": 1.0, "skew_60": 0.0, "ac1_60": -1.0, "v_z60": 1.0,
        "v_ratio20": 1000 / 505, "sv_20": 990 / 1010, "rsi_14": 100 * 14 / 27,
        "amihud_60": (UP / (100 * 10) + UP / (101 * 1000)) / 2 * 1e9,
    },
    fifteen_ago: {"d_atm_iv_15": 0.01, "oi_chg_15": log(2.0)},
    daily: {
        "gap": log(103 / 100), "ret_open": log(110 / 103), "iv_rank": 9.5 / 20, "vix_chg": log(1.2),
        "vrp": 0.12**2 - 252 * UP**2, "gex_n": 5e4 / (30 * 110),
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_last_bar_has_the_value_worked_out_by_hand(case: Callable[[], Array]) -> None:
    vector = dict(zip(NAMES, batch(case())[-1].tolist(), strict=True))
    expected = CASES[case]
    assert {name: vector[name] for name in expected} == pytest.approx(expected, rel=3e-6, abs=1e-7)


def test_no_feature_is_left_out() -> None:
    assert {name for expected in CASES.values() for name in expected} == set(NAMES)
