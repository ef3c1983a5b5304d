from math import exp, inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from sidecar.domain.analytics import TailLine
from sidecar.pricing.black import greeks, price
from sidecar.risk import tail
from sidecar.risk.legs import Legs
from sidecar.risk.shocks import Shocks, implied
from sidecar.risk.tail import (
    contributions,
    es_error,
    expected_shortfall,
    leg_losses,
    losses,
    measure,
    unit_vectors,
    value_at_risk,
    var_error,
)

SPOT, RATE, TIME = 24_600.0, 0.065, 30 / 365
DAY = 1 / 365
samples = arrays(np.float64, 200, elements=st.floats(-1e6, 1e6))
levels = st.sampled_from([0.5, 0.9, 0.95, 0.975, 0.99])


def legs(**columns: Any) -> Legs:
    """Long one lot of a future, short a 24,600 straddle, long a 24,000 put; whole columns may be given."""
    fields: dict[str, Any] = {
        "symbol": ("F", "C", "P", "W"),
        "underlying": ("NIFTY",) * 4,
        "option": np.array([False, True, True, True]),
        "call": np.array([False, True, False, False]),
        "quantity": np.array([75.0, -75.0, -75.0, 150.0]),
        "mark": np.full(4, nan),
        "spot": np.full(4, SPOT),
        "forward": np.full(4, SPOT * exp(RATE * TIME)),
        "strike": np.array([nan, 24_600.0, 24_600.0, 24_000.0]),
        "time": np.full(4, TIME),
        "volatility": np.array([nan, 0.14, 0.14, 0.16]),
        "rate": np.full(4, RATE),
    }
    return Legs(**(fields | columns))


def moves(spot: list[float], vol: list[float] | None = None) -> Shocks:
    changes = np.array([vol if vol is not None else [0.0] * len(spot)])
    return Shocks(("NIFTY",), np.array([spot]), changes, "historical")


MODEL = implied({"NIFTY": 0.14})


def test_the_quantile_is_the_order_statistic_that_the_docstring_says() -> None:
    hundred = np.arange(1.0, 101.0)[::-1]
    assert float(value_at_risk(hundred, 0.95)) == 96  # ceil(101 x 0.95) = ceil(95.95)
    assert float(value_at_risk(hundred, 0.99)) == 100
    five_hundred = np.arange(1.0, 501.0)
    assert float(value_at_risk(five_hundred, 0.95)) == 476
    assert float(value_at_risk(five_hundred, 0.99)) == 496
    assert float(value_at_risk(np.arange(1.0, 20.0), 0.95)) == 19  # 20 x 0.95


def test_the_shortfall_is_the_mean_of_the_worst_and_counts_the_boundary_in_part() -> None:
    assert float(expected_shortfall(np.arange(1.0, 201.0), 0.975)) == pytest.approx(198.0)  # 196 to 200
    # 100 moves: 2.5 of them; (100 + 99 + 0.5 x 98) / 2.5
    assert float(expected_shortfall(np.arange(1.0, 101.0), 0.975)) == pytest.approx(99.2)


def test_too_few_moves_have_no_quantile() -> None:
    assert isnan(value_at_risk(np.arange(98.0), 0.99))
    assert float(value_at_risk(np.arange(99.0), 0.99)) == 98
    assert isnan(value_at_risk(np.arange(18.0), 0.95))
    assert isnan(expected_shortfall(np.arange(38.0), 0.975))
    assert isnan(es_error(np.arange(39.0), 0.975))
    few = measure(np.arange(50.0), "historical")
    assert (few.var_95, few.days) == (48.0, 50)
    assert isnan(few.var_99)
    assert isnan(few.var_99_error)
    assert few.es_975 > few.var_95


def test_the_next_move_exceeds_the_quantile_no_oftener_than_promised() -> None:
    drawn = np.random.default_rng(4).standard_t(4, (20_000, 101))
    for level in (0.9, 0.95, 0.99):
        beyond = np.mean(drawn[:, -1] > value_at_risk(drawn[:, :-1], level))
        assert 1 - level - 0.012 < beyond < 1 - level + 0.004


@given(samples, levels)
def test_the_shortfall_is_never_below_the_mean_of_what_lies_beyond_a_lower_level(loss: Any, level: float) -> None:
    slack = 1e-9 * (1 + np.abs(loss).max())
    assert np.mean(loss) - slack <= expected_shortfall(loss, level) <= np.max(loss) + slack
    assert expected_shortfall(loss, level) <= expected_shortfall(loss, 0.99) + slack
    assert value_at_risk(loss, level) <= value_at_risk(loss, 0.99)


@given(samples, samples, levels)
def test_shortfall_is_subadditive_on_every_sample(a: Any, b: Any, level: float) -> None:
    together = float(expected_shortfall(a + b, level))
    apart = float(expected_shortfall(a, level) + expected_shortfall(b, level))
    assert together <= apart + 1e-9 * (1 + np.abs(a).max() + np.abs(b).max())


def test_value_at_risk_is_not_subadditive_which_is_why_the_shortfall_is_there() -> None:
    a, b = np.zeros(100), np.zeros(100)
    a[:4] = 100.0
    b[4:8] = 100.0
    assert float(value_at_risk(a, 0.95) + value_at_risk(b, 0.95)) == 0
    assert float(value_at_risk(a + b, 0.95)) == 100


@given(samples, levels, st.floats(0.001, 1000), st.floats(-1e5, 1e5))
def test_scale_and_shift_pass_through(loss: Any, level: float, scale: float, shift: float) -> None:
    for number in (value_at_risk, expected_shortfall):
        slack = 1e-9 * scale * (1 + np.abs(loss).max()) + 1e-9 * abs(shift)
        assert float(number(scale * loss + shift, level)) == pytest.approx(
            scale * float(number(loss, level)) + shift, rel=1e-9, abs=slack
        )
    for error in (var_error, es_error):
        assert error(scale * loss, level) == pytest.approx(scale * error(loss, level), rel=1e-6, abs=1e-9 * scale)


@given(samples, levels, st.randoms(use_true_random=False))
def test_the_order_of_the_moves_changes_nothing(loss: Any, level: float, shuffle: Any) -> None:
    mixed = loss.tolist()
    shuffle.shuffle(mixed)
    for number in (value_at_risk, expected_shortfall, var_error, es_error):
        assert float(number(np.array(mixed), level)) == float(number(loss, level))


def test_many_books_at_once_are_measured_as_one_by_one() -> None:
    books = np.random.default_rng(1).normal(size=(3, 4, 300))
    books[1, 2, 7] = nan
    for number in (value_at_risk, expected_shortfall):
        found = number(books, 0.95)
        assert found.shape == (3, 4)
        assert_array_equal(found, [[float(number(book, 0.95)) for book in row] for row in books])
        assert np.isnan(found).sum() == 1


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5, nan])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        value_at_risk(np.zeros(100), level)


@pytest.mark.parametrize("freedom", [4, 30])
def test_standard_errors_agree_with_the_spread_of_many_samples(freedom: int) -> None:
    drawn = np.random.default_rng(21).standard_t(freedom, (1500, 500))
    found = [measure(loss, "historical") for loss in drawn]
    for number in ("var_95", "var_99", "es_975"):
        seen = np.std([getattr(one, number) for one in found])
        said = np.median([getattr(one, f"{number}_error") for one in found])
        assert 0.7 < said / seen < 1.2, number


def test_standard_errors_by_hand() -> None:
    # The middle of three: Beta(2, 2) puts 7/27, 13/27, 7/27 on 0, 1, 3; mean 34/27, mean square 76/27.
    assert var_error(np.array([3.0, 0.0, 1.0]), 0.5) == pytest.approx((896 / 729) ** 0.5, rel=1e-12)
    # 9 and 10 of 1..10: ES 9.5, VaR 8, variance 0.25; sqrt((0.25 + 0.8 x 1.5²) / (10 x 0.2)).
    assert es_error(np.arange(1.0, 11.0), 0.8) == pytest.approx(1.025**0.5, rel=1e-12)


def test_moves_laid_out_by_a_model_have_no_sampling_error() -> None:
    found = measure(losses(legs(), MODEL), "implied")
    assert found.method == "implied"
    assert isnan(found.var_95_error)
    assert isnan(found.var_99_error)
    assert isnan(found.es_975_error)
    assert 0 < found.var_95 < found.var_99


def test_an_empty_book_has_no_risk_and_is_sure_of_it() -> None:
    nothing = legs().take(np.zeros(4, dtype=bool))
    assert unit_vectors(nothing, MODEL).shape == (0, 500)
    assert measure(losses(nothing, MODEL), "historical") == (0, 0, 0, 0, 0, 0, "historical", 500)
    assert contributions(np.zeros((0, 500)), 0.975).shape == (0,)


def test_a_future_wins_what_the_spot_wins_less_the_carry_of_the_day() -> None:
    (found,) = unit_vectors(legs().take([0]), moves([0.0, 0.02, -0.05]))
    forward = SPOT * exp(RATE * TIME)
    expected = [forward * exp(move - RATE * DAY) - forward for move in (0.0, 0.02, -0.05)]
    assert_allclose(found, expected, rtol=1e-12)
    (still,) = unit_vectors(legs().take([0]), moves([0.0, 0.02]), days=0)
    assert still[0] == 0
    assert still[1] == pytest.approx(forward * (exp(0.02) - 1))


def test_an_option_is_revalued_whole_one_by_one_in_the_plain_way() -> None:
    book, shocks = legs(), moves([0.0, 0.03, -0.04], [0.0, -0.1, 0.35])
    found = unit_vectors(book, shocks)
    left = TIME - DAY
    for row in (1, 2, 3):
        strike, vol, call = book.strike[row], book.volatility[row], bool(book.call[row])
        now = float(price(SPOT * exp(RATE * TIME), strike, TIME, vol, exp(-RATE * TIME), call=call))
        for column in range(3):
            spot, sigma = SPOT * exp(shocks.spot[0, column]), vol * (1 + shocks.vol[0, column])
            then = float(price(spot * exp(RATE * left), strike, left, sigma, exp(-RATE * left), call=call))
            assert found[row, column] == pytest.approx(then - now, abs=1e-8)


def test_a_small_move_is_worth_what_the_greeks_say() -> None:
    book = legs().take([1, 3])
    greek = greeks(book.forward, book.strike, book.time, book.volatility, book.rate, call=book.call, spot=book.spot)
    step = SPOT * (exp(1e-4) - 1)
    (up, down), (vol,) = (
        unit_vectors(book, moves([1e-4, -1e-4]), days=0).T,
        unit_vectors(book, moves([0.0], [0.001]), days=0).T,
    )
    assert_allclose(up, greek.delta * step + greek.gamma * step**2 / 2, rtol=1e-5)
    assert_allclose(up - down, greek.delta * 2 * step, rtol=2e-4)
    assert_allclose(vol, greek.vega * book.volatility * 0.1, rtol=1e-3)
    assert_allclose(unit_vectors(book, moves([0.0]))[:, 0], greek.theta, rtol=0.02)


def test_put_call_parity_holds_in_every_move() -> None:
    found = unit_vectors(legs(), MODEL)
    forward = SPOT * exp(RATE * TIME)
    now, then = exp(-RATE * TIME), exp(-RATE * (TIME - DAY))
    synthetic = then * (forward + found[0] - 24_600) - now * (forward - 24_600)
    assert_allclose(found[1] - found[2], synthetic, atol=1e-8)


def test_an_option_that_expires_within_the_horizon_ends_at_its_intrinsic_value() -> None:
    short = np.full(4, DAY / 4)
    book = legs(time=short, forward=np.full(4, SPOT + 5.0))
    found = unit_vectors(book, moves([0.0, 0.02, -0.03], [0.5, 0.5, 0.5]))
    spots = SPOT * np.exp([0.0, 0.02, -0.03])
    assert_allclose(found[0], spots - (SPOT + 5.0), rtol=1e-9)  # the basis is gone at expiry
    discount = np.exp(-RATE * short)
    now = price(book.forward, book.strike, short, book.volatility, discount, call=book.call)
    assert_allclose(found[1] + now[1], np.maximum(spots - 24_600, 0), atol=1e-8)
    assert_allclose(found[3] + now[3], np.maximum(24_000 - spots, 0), atol=1e-8)


def test_an_expired_leg_is_worth_its_intrinsic_value_before_and_after() -> None:
    found = unit_vectors(legs(time=np.zeros(4), forward=np.full(4, SPOT)), moves([0.01, -0.01]))
    assert_allclose(found[1], np.maximum(SPOT * np.exp([0.01, -0.01]) - 24_600, 0), atol=1e-9)


def test_time_passes_a_calendar_day_unless_another_horizon_is_asked_for() -> None:
    book, calm = legs().take([1]), moves([0.0])
    day, none, weekend = (unit_vectors(book, calm, days=days)[0, 0] for days in (1.0, 0.0, 3.0))
    assert unit_vectors(book, calm)[0, 0] == day
    assert none == 0
    assert weekend < 2 * day < day < 0
    with pytest.raises(ValueError, match="days must not be negative"):
        unit_vectors(book, calm, days=-1)


def test_an_order_is_judged_by_adding_its_unit_vector() -> None:
    book = legs()
    base = losses(book, MODEL)
    units = unit_vectors(book, MODEL)
    more = book.held(book.quantity + np.array([0.0, 0.0, 300.0, 0.0]))
    assert_allclose(base - 300.0 * units[2], losses(more, MODEL), atol=1e-6)


def test_losses_scale_with_quantity_and_turn_with_its_sign() -> None:
    book = legs()
    base = losses(book, MODEL)
    assert_allclose(losses(book.held(book.quantity * 3), MODEL), 3 * base, rtol=1e-12, atol=1e-6)
    assert_allclose(losses(book.held(-book.quantity), MODEL), -base, rtol=1e-12)


def test_the_order_of_the_legs_changes_nothing_beyond_the_last_bits() -> None:
    base = losses(legs(), MODEL)
    assert_allclose(losses(legs().take([3, 1, 0, 2]), MODEL), base, rtol=1e-12, atol=1e-9)


def test_a_long_option_never_loses_more_than_it_is_worth() -> None:
    wild = moves(np.linspace(-0.6, 0.6, 101).tolist(), [2.0, -0.9] * 50 + [-1.0])
    book = legs().take([1, 2, 3])
    value = price(book.forward, book.strike, book.time, book.volatility, book.discount, call=book.call)
    assert np.all(unit_vectors(book, wild) >= -value[:, None] - 1e-9)


@pytest.mark.parametrize("column", ["forward", "spot", "strike", "time", "volatility", "rate"])
@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_a_leg_with_an_unusable_number_is_unknown_and_so_is_the_book(column: str, bad: float) -> None:
    values = getattr(legs(), column).copy()
    values[2] = bad
    book = legs(**{column: values})
    units = unit_vectors(book, MODEL)
    assert np.isnan(units).all(axis=1).tolist() == [False, False, True, False]
    assert np.isnan(losses(book, MODEL)).all()
    found = measure(losses(book, MODEL), "historical")
    assert all(isnan(number) for number in found[:6])
    assert np.isnan(contributions(leg_losses(book.quantity, units), 0.975)).all()


@pytest.mark.parametrize("column", ["forward", "spot", "strike", "time", "volatility"])
def test_a_negative_number_where_none_can_be_is_unknown_and_raises_nothing(column: str) -> None:
    values = getattr(legs(), column).copy()
    values[2] = -1.0
    found = unit_vectors(legs(**{column: values}), MODEL)
    assert np.isnan(found).all(axis=1).tolist() == [False, False, True, False]


def test_an_unknown_leg_that_is_not_held_does_not_matter() -> None:
    vol = np.array([nan, nan, 0.14, 0.16])
    book = legs(volatility=vol, quantity=np.array([75.0, 0.0, -75.0, 0.0]))
    assert np.isfinite(losses(book, MODEL)).all()


def test_an_underlying_whose_moves_are_not_known_is_unknown() -> None:
    book = legs(underlying=("NIFTY", "NIFTY", "SENSEX", "NIFTY"))
    assert np.isnan(unit_vectors(book, MODEL)).all(axis=1).tolist() == [False, False, True, False]


def test_without_volatility_moves_futures_are_known_and_options_are_not() -> None:
    shocks = Shocks(("NIFTY",), MODEL.spot, np.full_like(MODEL.vol, nan), "historical")
    assert np.isnan(unit_vectors(legs(), shocks)).all(axis=1).tolist() == [False, True, True, True]


def test_each_underlying_moves_by_its_own_row() -> None:
    shocks = Shocks(("A", "B"), np.array([[0.01], [-0.02]]), np.zeros((2, 1)), "historical")
    book = legs(underlying=("B", "A", "B", "A"))
    alone = legs(underlying=("A",) * 4)
    found, other = unit_vectors(book, shocks), unit_vectors(alone, shocks)
    assert_array_equal(found[[1, 3]], other[[1, 3]])
    assert found[0, 0] < 0 < other[0, 0]


def test_contributions_add_up_and_a_hedge_takes_away() -> None:
    book = legs()
    by_leg = leg_losses(book.quantity, unit_vectors(book, MODEL))
    parts = contributions(by_leg, 0.975)
    assert parts.sum() == pytest.approx(float(expected_shortfall(by_leg.sum(axis=0), 0.975)), rel=1e-12)
    hedged = leg_losses(np.array([75.0, -10.0, 0.0, 0.0]), unit_vectors(book, MODEL))
    long_future, short_call, put, wing = contributions(hedged, 0.975)
    assert short_call < 0 < long_future
    assert put == wing == 0


def test_of_equal_losses_the_later_moves_are_the_worst_ones() -> None:
    offsetting = np.arange(200.0)
    assert_allclose(contributions(np.stack((offsetting, -offsetting)), 0.975), [197.0, -197.0], rtol=1e-12)


def test_a_books_tail_is_the_same_from_the_class_and_from_the_parts() -> None:
    loss = losses(legs(), MODEL)
    found = measure(loss, "filtered")
    assert found == tail.Tail(
        float(value_at_risk(loss, 0.95)), float(value_at_risk(loss, 0.99)), float(expected_shortfall(loss, 0.975)),
        var_error(loss, 0.95), var_error(loss, 0.99), es_error(loss, 0.975), "filtered", 500,
    )  # fmt: skip


def test_a_measured_tail_fills_a_line_of_the_report() -> None:
    found = measure(losses(legs(), MODEL), "implied")
    line = TailLine(fund_id="main", **found._asdict(), worst=0.0, worst_case="")
    assert (line.var_95, line.es_975, line.method, line.days) == (found.var_95, found.es_975, "implied", 500)
