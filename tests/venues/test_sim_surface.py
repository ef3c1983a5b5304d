from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.domain.calendar import Calendar
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import Listed
from sidecar.domain.reference import Reference
from sidecar.pricing.implied import implied_volatility
from sidecar.venues.sim_path import Path, draw, opening, seconds
from sidecar.venues.sim_surface import RATE, SESSIONS_A_CALENDAR_DAY, Surface, total_variance, variance_days, η
from sidecar.venues.simulated import SimulatedMarket

DAY = date(2026, 11, 23)  # an expiry day: the nearest expiry has hours to live
STEPS = [0, 1, 59, 3_600, 11_000, 20_000, 23_000, 23_098, 23_099]


@pytest.fixture(scope="module")
def options(reference: Reference, calendar: Calendar) -> list[Contract]:
    market = SimulatedMarket(reference, calendar, seed=11, start=DAY, strikes_each_side=40, expiries=4)
    listed = next(market.events())
    assert isinstance(listed, Listed)
    return [contract for contract in listed.contracts if contract.kind is Kind.OPTION]


@pytest.fixture(scope="module")
def path(calendar: Calendar) -> Path:
    session = calendar.session(DAY)
    assert session is not None
    return draw(11, "NIFTY", session, opening("NIFTY"))


def surface_of(options: list[Contract], path: Path, calendar: Calendar) -> Surface:
    session = calendar.session(DAY)
    assert session is not None
    return Surface.of(options, ("NIFTY",), [path], seconds(session), calendar, DAY)


@pytest.fixture(scope="module")
def surface(calendar: Calendar, options: list[Contract], path: Path) -> Surface:
    return surface_of(options, path, calendar)


@pytest.mark.parametrize("step", STEPS)
def test_no_vertical_and_no_butterfly_has_a_negative_price(surface: Surface, step: int) -> None:
    price = surface.values(step).price
    for expires_at in np.unique(surface.expires_at):
        for call in (True, False):
            rows = np.flatnonzero((surface.expires_at == expires_at) & (surface.call == call))
            rows = rows[np.argsort(surface.strike[rows])]
            falls = np.diff(price[rows]) * (-1.0 if call else 1.0)
            assert falls.min() >= -1e-9
            assert falls.max() <= 50.0 + 1e-9
            assert np.diff(price[rows], 2).min() >= -1e-9


@pytest.mark.parametrize("step", STEPS)
def test_no_calendar_spread_at_one_moneyness_has_a_negative_price(
    options: list[Contract], path: Path, calendar: Calendar, surface: Surface, step: int
) -> None:
    lines = np.linspace(-0.12, 0.12, 25)
    values = surface.values(step)
    expiries = {option.expiry: row for row, option in enumerate(options)}
    moved = [
        replace(options[row], strike=float(values.forward[row] * np.exp(k)), right=Right.CALL)
        for row in expiries.values()
        for k in lines
    ]
    there = surface_of(moved, path, calendar).values(step)
    times = np.array([(option.expires_at or 0) - surface.times[step] for option in moved]) / (365 * 86_400e6)
    normalised = (there.price / (there.forward * np.exp(-RATE * times))).reshape(len(expiries), len(lines))
    assert len(expiries) == 4
    assert np.diff(normalised, axis=0).min() >= -1e-15


@pytest.mark.parametrize("step", STEPS)
def test_put_call_parity_holds_to_rounding(surface: Surface, step: int) -> None:
    values = surface.values(step)
    time = (surface.expires_at - surface.times[step]) / (365 * 86_400e6)
    calls, puts = np.flatnonzero(surface.call), np.flatnonzero(~surface.call)
    assert np.array_equal(surface.strike[calls], surface.strike[puts])
    forward, strike = values.forward[calls], surface.strike[calls]
    gap = values.price[calls] - values.price[puts] - np.exp(-RATE * time[calls]) * (forward - strike)
    assert np.abs(gap).max() < 1e-8


@given(θ=st.floats(1e-10, 4.0), ρ=st.floats(-0.99, 0.99), k=st.floats(-1.5, 1.5), more=st.floats(1.0, 50.0))
def test_total_variance_is_positive_and_rises_with_θ(θ: float, ρ: float, k: float, more: float) -> None:
    less = total_variance(np.array(k), np.array(θ), np.array(ρ))
    assert less > 0.0
    assert total_variance(np.array(k), np.array(θ * more), np.array(ρ)) >= less * (1.0 - 1e-12)


def test_the_parameters_lie_in_the_region_without_arbitrage() -> None:
    assert η * (1.0 + 1.0) <= 2.0


def test_at_the_money_total_variance_is_θ() -> None:
    assert float(total_variance(np.array(0.0), np.array(0.04), np.array(-0.3))) == pytest.approx(0.04)


def test_one_second_before_the_close_the_expiring_options_are_worth_what_they_pay(surface: Surface) -> None:
    values = surface.values(len(surface.times) - 1)
    expiring = surface.expires_at == surface.expires_at.min()
    w = np.where(surface.call[expiring], 1.0, -1.0)
    intrinsic = np.maximum(w * (values.forward[expiring] - surface.strike[expiring]), 0.0)
    assert np.abs(values.price[expiring] - intrinsic).max() < 0.2


def test_a_second_for_each_row_gives_the_same_as_one_for_all(surface: Surface) -> None:
    steps = np.full(len(surface.strike), 4_321)
    assert np.array_equal(surface.values(steps).price, surface.values(4_321).price)


def test_between_two_seconds_the_index_goes_along_a_straight_line(surface: Surface) -> None:
    half = surface.values(100, 0.5)
    here, there = surface.spot[0, 100], surface.spot[0, 101]
    time = (surface.expires_at - surface.times[100]) / (365 * 86_400e6)
    assert half.forward == pytest.approx(0.5 * (here + there) * np.exp(surface.carry * time), rel=1e-14)


def test_the_volatility_index_is_near_what_thirty_day_options_imply(surface: Surface, path: Path) -> None:
    index = [surface.volatility_index(0, step) for step in STEPS]
    assert all(8.0 < value < 40.0 for value in index)
    values = surface.values(0)
    rows = np.flatnonzero((surface.expires_at == surface.expires_at.max()) & surface.call)
    row = rows[np.argmin(np.abs(surface.strike[rows] - values.forward[rows]))]
    time = (surface.expires_at[row] - surface.times[0]) / (365 * 86_400e6)
    volatility, _ = implied_volatility(
        values.price[row], values.forward[row], surface.strike[row], time, np.exp(-RATE * time), call=True
    )
    assert abs(index[0] - 100.0 * float(volatility)) < 2.0
    assert float(np.corrcoef([path.variance[step] for step in STEPS], index)[0, 1]) > 0.9


def test_variance_days_count_sessions_and_stop_guessing_only_beyond_the_table(calendar: Calendar) -> None:
    assert variance_days(calendar, date(2026, 11, 20), date(2026, 11, 20)) == 0.0
    one = variance_days(calendar, date(2026, 11, 19), date(2026, 11, 20))
    assert one == pytest.approx(0.3 + 0.7 * 385 / 375)
    assert variance_days(calendar, date(2026, 11, 20), date(2026, 11, 22)) == 0.0  # a weekend
    edge = variance_days(calendar, date(2026, 12, 30), date(2026, 12, 31))
    beyond = variance_days(calendar, date(2026, 12, 30), date(2026, 12, 31) + timedelta(days=10))
    assert beyond == pytest.approx(edge + 10 * SESSIONS_A_CALENDAR_DAY)
