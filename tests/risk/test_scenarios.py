from math import exp, inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from sidecar.pricing.black import price
from sidecar.risk.scenarios import SPOTS, VOLS, Grid, Worst, grid, knowable, later, worst, worth
from tests.risk.books import CARRY, RATE, SPOT, TIME, book, books, leg, mixed

DAY = 1 / 365
Floats = NDArray[np.float64]
axis = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=4)


def test_every_cell_is_a_direct_price_less_the_price_now_to_the_last_digits() -> None:
    legs, times = mixed(), (0.0, 10 * DAY, 60 * DAY)
    found = grid(legs, SPOTS, VOLS, times)
    assert found.pnl.shape == (5, 3, 21, 11)
    deviations = []
    for i in range(1, 5):
        forward, strike, time, vol = legs.forward[i], legs.strike[i], legs.time[i], legs.volatility[i]
        before = price(forward, strike, time, vol, exp(-RATE * time), call=bool(legs.call[i]))
        for j, elapsed in enumerate(times):
            left = max(time - elapsed, 0.0)
            for m, move in enumerate(SPOTS):
                forward = legs.spot[i] * (1 + move) * exp(CARRY * left)
                for k, shift in enumerate(VOLS):
                    after = price(
                        forward, strike, left, max(vol + shift, 0.0), exp(-RATE * left), call=bool(legs.call[i])
                    )
                    expected = legs.quantity[i] * (float(after) - float(before))
                    deviations.append(abs(found.pnl[i, j, m, k] - expected) / (abs(legs.quantity[i]) * legs.spot[i]))
    assert max(deviations) < 1e-14


@given(books)
def test_where_nothing_moves_the_pnl_is_zero_to_the_last_bit(legs: Any) -> None:
    found = grid(legs, (-0.1, 0.0), (0.0, 0.1), (0.0, DAY))
    assert_array_equal(found.pnl[:, 0, 1, 0], np.zeros(len(legs)))
    assert not np.signbit(found.pnl[:, 0, 1, 0]).any()


@given(books, axis, axis, st.floats(0, 1))
def test_the_total_is_the_sum_of_the_legs_and_books_add_up(
    legs: Any, spots: list[float], vols: list[float], time: float
) -> None:
    found = grid(legs, spots, vols, time)
    assert np.isfinite(found.pnl).all()
    scale = float(np.abs(legs.quantity).sum()) * SPOT + 1
    assert_allclose(found.total, found.pnl.sum(axis=0), rtol=0, atol=1e-12 * scale)
    parts = [grid(legs.take([i]), spots, vols, time) for i in range(len(legs))]
    assert_array_equal(np.stack([part.total for part in parts]), found.pnl)


@given(books, axis, axis, st.floats(0, 1))
def test_pnl_is_linear_in_the_quantity(legs: Any, spots: list[float], vols: list[float], time: float) -> None:
    assert_array_equal(
        grid(legs.held(-2 * legs.quantity), spots, vols, time).pnl, -2 * grid(legs, spots, vols, time).pnl
    )


@given(st.floats(15_000, 35_000), st.floats(0, 1), st.floats(0, 1), axis, axis, st.floats(0, 1))
def test_a_call_less_a_put_is_a_discounted_future(
    strike: float, time: float, vol: float, spots: list[float], vols: list[float], elapsed: float
) -> None:
    legs = book(*(leg(kind, strike, 1.0, time=time, volatility=vol) for kind in ("call", "put")))
    call, put = grid(legs, spots, vols, elapsed).pnl
    left = max(time - elapsed, 0.0)
    forward = SPOT * (1 + np.array(spots)) * exp(CARRY * left)
    future = exp(-RATE * left) * (forward - strike) - exp(-RATE * time) * (SPOT * exp(CARRY * time) - strike)
    assert_allclose(call - put, np.broadcast_to(future[:, None], call.shape), rtol=0, atol=1e-10)


@given(st.sampled_from(["call", "put"]), st.floats(15_000, 35_000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_long_option_is_convex_in_the_spot_and_rises_with_volatility(
    kind: str, strike: float, time: float, vol: float, elapsed: float
) -> None:
    legs = book(leg(kind, strike, 1.0, time=time, volatility=vol))
    pnl = grid(legs, np.linspace(-0.3, 0.3, 25), (-0.05, 0.0, 0.05), elapsed).pnl[0]
    assert (np.diff(pnl, n=2, axis=0) >= -1e-10).all()
    assert (np.diff(pnl, axis=1) >= -1e-10).all()


def test_a_leg_that_expires_on_the_way_is_worth_its_intrinsic_value_undiscounted_at_the_new_spot() -> None:
    legs = book(leg("call", 24_000.0, 75.0), leg("put", 25_000.0, -75.0), leg("future", quantity=75.0))
    found = grid(legs, (-0.02, 0.0, 0.05), (0.0, 0.05), TIME + DAY).pnl
    spots = SPOT * np.array([0.98, 1.0, 1.05])
    now = worth(legs)
    after = [np.maximum(spots - 24_000, 0), np.maximum(25_000 - spots, 0), spots]
    for i, value in enumerate(after):
        assert_allclose(found[i], legs.quantity[i] * np.column_stack([value - now[i]] * 2), rtol=1e-13)


def test_a_future_is_linear_and_reads_neither_volatility_nor_strike() -> None:
    pnl = grid(book(leg("future", quantity=-75.0)), (-0.1, 0.1), (-0.05, 0.0, 0.05)).pnl[0]
    forward = SPOT * exp(CARRY * TIME)
    assert_allclose(pnl, [[7.5 * forward] * 3, [-7.5 * forward] * 3], rtol=1e-13)


def test_an_index_held_outright_moves_with_the_spot_and_has_no_carry() -> None:
    pnl = grid(book(leg("future", quantity=10.0, time=0.0)), (0.01,), (0.0,), (0.0, 1.0)).pnl[0]
    assert_allclose(pnl, [[[2460.0]], [[2460.0]]], rtol=1e-12)


def test_time_alone_costs_a_long_option_and_pays_a_short_one() -> None:
    legs = book(leg("call", 24_600.0, 75.0, carry=0.0), leg("call", 24_600.0, -75.0, carry=0.0))
    found = grid(legs, (0.0,), (0.0,), 7 * DAY)
    assert found.pnl[0, 0, 0] < -75 * 10
    assert found.total[0, 0] == 0.0


def test_a_scalar_time_drops_the_axis_and_a_list_of_one_keeps_it() -> None:
    assert grid(mixed(), time_shift=DAY).pnl.shape == (5, 21, 11)
    assert grid(mixed(), time_shift=[DAY]).pnl.shape == (5, 1, 21, 11)
    assert_array_equal(grid(mixed(), time_shift=DAY).total, grid(mixed(), time_shift=[DAY]).total[0])


def test_each_underlying_may_move_by_its_own() -> None:
    legs = mixed()
    own = grid(legs, {"SENSEX": (0.02, -0.03), "NIFTY": (-0.05, 0.05)}, (0.0,))
    nifty, sensex = grid(legs, (-0.05, 0.05), (0.0,)), grid(legs, (0.02, -0.03), (0.0,))
    assert_array_equal(own.pnl, np.concatenate([nifty.pnl[:4], sensex.pnl[4:]]))
    assert worst(own).spot == {"NIFTY": 0.05, "SENSEX": -0.03}
    assert worst(own).case == "spot NIFTY +5 %, SENSEX -3 %, volatility +0 points"


def flat(rows: NDArray[np.intp], factors: Floats) -> Floats:
    return np.full((len(rows), len(factors)), 0.2)


def test_sticky_delta_with_a_flat_smile_is_sticky_strike() -> None:
    strike, delta = (
        grid(mixed(), time_shift=(0.0, DAY)),
        grid(mixed(), time_shift=(0.0, DAY), sticky="delta", smiles=flat),
    )
    assert_array_equal(delta.pnl, strike.pnl)


def test_sticky_delta_reads_the_smile_at_the_new_moneyness_and_keeps_what_a_quote_is_off_it() -> None:
    legs = book(leg("future"), leg("put", 24_000.0, 75.0, volatility=0.17))

    def smiles(rows: NDArray[np.intp], factors: Floats) -> Floats:
        assert_array_equal(rows, [1])
        k = np.log(legs.strike[rows, None] / (legs.forward[rows, None] * factors))
        return 0.15 - 0.3 * k

    found = grid(legs, (-0.05, 0.0), (0.01,), sticky="delta", smiles=smiles)
    vol = 0.17 + 0.3 * np.log(0.95) + 0.01
    forward, discount = legs.forward[1], exp(-RATE * TIME)
    after = price(0.95 * forward, 24_000.0, TIME, vol, discount, call=False)
    before = price(forward, 24_000.0, TIME, 0.17, discount, call=False)
    assert_allclose(found.pnl[1, 0, 0], 75 * (after - before), rtol=1e-12)
    unmoved = grid(legs, (-0.05, 0.0), (0.0,), sticky="delta", smiles=smiles)
    assert unmoved.pnl[1, 1, 0] == 0.0


def test_an_unknown_smile_makes_its_leg_unknown_and_a_negative_reading_is_no_volatility() -> None:
    legs = book(leg("call", 24_000.0), leg("put", 24_000.0))
    found = grid(legs, (0.1,), (0.0,), sticky="delta", smiles=lambda _, f: np.array([[0.5, nan], [0.5, -inf]]))
    assert np.isnan(found.pnl).all()
    low = grid(legs, (0.1,), (0.0, 0.1), sticky="delta", smiles=lambda _, f: np.array([[0.5, 0.1], [0.5, 0.1]]))
    still = grid(legs, (0.1,), (-0.14, -0.04))
    assert_array_equal(low.pnl, still.pnl)


@pytest.mark.parametrize("column", ["spot", "forward", "strike", "time", "volatility", "rate", "quantity"])
@pytest.mark.parametrize("value", [nan, inf, -1e9])
def test_an_unknown_or_impossible_number_makes_its_own_leg_and_the_total_unknown(column: str, value: float) -> None:
    if (column, value) == ("quantity", -1e9):
        value = -inf
    legs = book(leg("call", 25_000.0), {**leg("put", 24_000.0), column: value})
    found = grid(legs, (-0.1, 0.0), (0.0, 0.1), (0.0, 1.0))
    assert np.isfinite(found.pnl[0]).all()
    assert np.isnan(found.pnl[1]).all()
    assert np.isnan(found.total).all()
    assert_array_equal(knowable(legs), [True, False])
    assert_array_equal(np.isnan(worth(legs)), [False, True])


def test_a_leg_of_no_quantity_makes_nothing_whatever_is_unknown_about_it() -> None:
    legs = book(leg("call", 25_000.0, 0.0, volatility=nan), leg("future", quantity=75.0))
    found = grid(legs)
    assert_array_equal(found.pnl[0], np.zeros((21, 11)))
    assert np.isfinite(found.total).all()


def test_the_worst_scenario_of_a_short_straddle_is_a_far_spot_and_a_high_volatility() -> None:
    legs = book(leg("call", 24_600.0, -75.0), leg("put", 24_600.0, -75.0))
    scenarios = grid(legs)
    found = worst(scenarios)
    assert found.loss == -scenarios.total.min() > 0
    assert (found.spot, found.vol, found.time) == ({"NIFTY": 0.1}, 0.1, 0.0)
    assert found.case == "spot +10 %, volatility +10 points"


def test_the_worst_scenario_says_how_much_time_has_passed() -> None:
    found = worst(grid(book(leg("call", 24_600.0)), (0.0, 0.001), (0.0,), (0.0, DAY, 7 * DAY)))
    assert found.time == 7 * DAY
    assert found.case == "spot +0 %, volatility +0 points after 7 days"


def test_the_worst_of_a_grid_with_an_unknown_cell_is_unknown() -> None:
    found = worst(grid(book(leg("call", 24_600.0, volatility=nan))))
    assert isnan(found.loss)
    assert isnan(found.spot["NIFTY"])
    assert found.case == ""


def test_an_empty_book_loses_nothing_anywhere() -> None:
    found = grid(book())
    assert_array_equal(found.total, np.zeros((21, 11)))
    assert worst(found).loss == 0.0
    assert grid(book(), {"NIFTY": (0.0, 0.1)}, (0.0,)).total.shape == (2, 1)


@given(books)
def test_no_scenario_loses_more_than_the_worst(legs: Any) -> None:
    scenarios = grid(legs, time_shift=(0.0, DAY))
    found: Worst = worst(scenarios)
    assert (scenarios.total >= -found.loss).all()
    assert found.loss >= 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"spots": (-1.0,)}, "spots"),
        ({"spots": (nan,)}, "spots"),
        ({"spots": ()}, "spots"),
        ({"spots": 0.1}, "spots"),
        ({"spots": {"NIFTY": (0.1,)}}, "SENSEX"),
        ({"spots": {"NIFTY": (0.1,), "SENSEX": (0.1, 0.2)}}, "spots"),
        ({"spots": {"NIFTY": (0.1,), "SENSEX": (-2.0,)}}, "SENSEX"),
        ({"vols": (inf,)}, "vols"),
        ({"vols": ((0.1,),)}, "vols"),
        ({"time_shift": -DAY}, "time_shift"),
        ({"time_shift": nan}, "time_shift"),
        ({"sticky": "delta"}, "sticky"),
        ({"sticky": "moneyness", "smiles": flat}, "sticky"),
        ({"sticky": "delta", "smiles": lambda rows, factors: np.zeros(len(factors))}, "smiles"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        grid(mixed(), **arguments)


def test_the_result_cannot_be_changed() -> None:
    found: Grid = grid(mixed())
    for array in (found.pnl, found.total, found.vols, found.times, found.spots["NIFTY"]):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_a_book_larger_than_one_block_is_valued_leg_by_leg_the_same() -> None:
    rows = [leg("call" if i % 3 else "put", 20_000.0 + 13 * i, 75.0 * (i % 7 - 3)) for i in range(700)]
    legs = book(*rows)
    found = grid(legs, (-0.1, 0.0, 0.07), (-0.02, 0.03), 5 * DAY).pnl
    for i in (0, 510, 511, 512, 699):
        assert_array_equal(found[i], grid(legs.take([i]), (-0.1, 0.0, 0.07), (-0.02, 0.03), 5 * DAY).pnl[0])


def test_a_forward_spends_the_carry_of_the_time_that_passes_and_ends_at_the_spot() -> None:
    legs = book(leg("call", 24_600.0), leg("future", time=0.5), leg("put", 24_600.0, time=0.0, forward=SPOT + 5.0))
    forward, left = later(legs, 0.25)
    assert_allclose(left, [0.0, 0.25, 0.0])
    assert forward[0] == SPOT
    assert forward[1] == pytest.approx(SPOT * exp(CARRY * 0.25), rel=1e-14)
    assert forward[2] == SPOT + 5.0  # it had expired already: nothing passes
    assert_array_equal(later(legs, 0.0)[0], legs.forward)


def test_an_unknowable_leg_raises_no_warning_when_time_passes() -> None:
    legs = book(
        leg("call", 24_600.0, forward=nan), leg("put", 24_600.0, spot=-1.0, forward=1.0), leg("future", time=inf)
    )
    forward, left = later(legs, 0.1)
    assert forward.shape == left.shape == (3,)
    assert not knowable(legs).any()
