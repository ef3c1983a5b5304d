from dataclasses import fields, replace
from datetime import date
from math import exp, isnan, log, nan
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import UnknownContract
from sidecar.domain.report import Chain
from sidecar.pricing.curve import Curve
from sidecar.risk.legs import Legs, legs_of
from tests.risk.books import CARRY, RATE, SPOT, TIME, book, leg, mixed

AT = 1_787_000_000 * SECOND
INDEX = Contract("NIFTY", Kind.INDEX)
FUTURE = Contract("NIFTY", Kind.FUTURE, date(2026, 8, 25), None, None, AT + 73 * DAY)
CALL = Contract("NIFTY", Kind.OPTION, date(2026, 8, 25), 24_600.0, Right.CALL, AT + 73 * DAY)
GONE = Contract("NIFTY", Kind.OPTION, date(2026, 8, 11), 24_600.0, Right.PUT, AT - DAY)
STRAY = Contract("SENSEX", Kind.OPTION, date(2026, 8, 25), 80_000.0, Right.PUT, AT + 146 * DAY)


def chain() -> Chain:
    contracts = (INDEX, FUTURE, CALL, GONE, STRAY)
    empty: dict[str, Any] = {column.name: np.full(5, nan) for column in fields(Chain)}
    known = {
        "contracts": contracts, "rows": {contract.id: row for row, contract in enumerate(contracts)},
        "mark": np.array([24_600.0, 24_750.0, 500.0, 120.0, 300.0]),
        "forward": np.array([24_600.0, 24_750.0, 24_740.0, 24_600.0, nan]),
        "iv": np.array([nan, nan, 0.14, nan, 0.2]),
        "vol_quality": np.zeros(5, np.int8), "at": np.zeros(5, np.int64),
    }  # fmt: skip
    return Chain(**(empty | known))


def test_legs_are_read_off_the_chain_in_the_order_of_the_holdings() -> None:
    found = legs_of(
        [(CALL.id, -75.0), (FUTURE.id, 150.0), ("NIFTY", 10.0)], chain(), Curve((0.0, 0.4), (0.06, 0.07)), AT
    )
    assert found.symbol == (CALL.id, FUTURE.id, "NIFTY")
    assert found.underlying == ("NIFTY",) * 3
    assert_array_equal(found.option, [True, False, False])
    assert_array_equal(found.call, [True, False, False])
    assert_array_equal(found.quantity, [-75.0, 150.0, 10.0])
    assert_array_equal(found.mark, [500.0, 24_750.0, 24_600.0])
    assert_array_equal(found.spot, [24_600.0] * 3)
    assert_array_equal(found.forward, [24_740.0, 24_750.0, 24_600.0])
    assert_allclose(found.time, [0.2, 0.2, 0.0], rtol=1e-15)
    assert_allclose(found.rate, [0.065, 0.065, 0.06], rtol=1e-14)
    assert (found.strike[0], found.volatility[0]) == (24_600.0, 0.14)


def test_what_the_chain_does_not_know_is_nan() -> None:
    found = legs_of([(STRAY.id, 20.0)], chain(), Curve.flat(RATE), AT)
    assert isnan(found.spot[0])
    assert isnan(found.forward[0])
    assert found.volatility[0] == 0.2


def test_an_expired_contract_has_no_time_left_and_no_carry() -> None:
    found = legs_of([(GONE.id, 75.0)], chain(), Curve.flat(RATE), AT)
    assert (found.time[0], found.carry[0], found.discount[0]) == (0.0, 0.0, 1.0)


def test_an_instrument_that_is_not_listed_is_refused_by_its_id() -> None:
    with pytest.raises(UnknownContract, match="NIFTY-20260825-99999-CE"):
        legs_of([(CALL.id, 75.0), ("NIFTY-20260825-99999-CE", 75.0)], chain(), Curve.flat(RATE), AT)


def test_no_holdings_are_no_legs() -> None:
    assert len(legs_of([], chain(), Curve.flat(RATE), AT)) == 0


def test_discount_and_carry_are_those_of_each_leg_s_expiry() -> None:
    legs = mixed()
    assert_allclose(legs.discount[[0, 3]], [exp(-RATE * TIME), exp(-RATE * 90 / 365)], rtol=1e-15)
    assert_allclose(legs.carry, [CARRY] * 5, rtol=1e-12)
    assert_allclose(book(leg("future", forward=25_000.0)).carry, [log(25_000 / SPOT) / TIME], rtol=1e-14)


def test_rows_are_taken_by_place_or_by_mask_in_their_order() -> None:
    legs = mixed()
    assert legs.take([3, 0]).symbol == (legs.symbol[3], legs.symbol[0])
    assert_array_equal(legs.take([3, 0]).quantity, [300.0, 75.0])
    assert legs.take(~legs.option).symbol == (legs.symbol[0],)
    assert len(legs.take(np.zeros(5, bool))) == 0


@pytest.mark.parametrize("nothing", [[], (), np.zeros(0), np.zeros(0, bool)])
def test_taking_no_rows_leaves_no_legs_however_the_nothing_is_written(nothing: Any) -> None:
    none = mixed().take(nothing)
    assert (len(none), none.symbol, none.quantity.shape) == (0, (), (0,))
    assert none.option.dtype == np.bool_
    assert len(none.take([])) == 0


def test_the_same_contracts_can_be_held_at_other_quantities() -> None:
    legs = mixed()
    other = legs.held(-legs.quantity)
    assert_array_equal(other.quantity, -legs.quantity)
    assert other.symbol == legs.symbol
    assert_array_equal(legs.quantity[:2], [75.0, -150.0])


@pytest.mark.parametrize("column", [column.name for column in fields(Legs) if column.name != "symbol"])
def test_a_column_of_another_length_is_refused_by_its_name(column: str) -> None:
    with pytest.raises(ValueError, match=column):
        replace(mixed(), **{column: getattr(mixed(), column)[:4]})


def test_a_column_of_two_axes_is_refused() -> None:
    with pytest.raises(ValueError, match="spot"):
        replace(mixed(), spot=np.zeros((5, 1)))
