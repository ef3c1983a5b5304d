"""Units kept from one valuation to the next."""

from __future__ import annotations

from datetime import date
from math import isnan

import numpy as np
import pytest

from sidecar.desk.margins import Margins
from sidecar.desk.revalue import take_chain
from sidecar.pricing.curve import Curve
from tests.desk.world import CALL, DAY, PUT, REFERENCE, SPOT, World

RATES = Curve.flat(0.065)


@pytest.fixture
def world() -> World:
    return World().begin()


def looked(world: World, margins: Margins, *, fills: int = 0, day: date = DAY, index: float = 15.0) -> Margins:
    margins.look(world.state.chain, fills, world.at, day, RATES, index)
    return margins


def test_a_contract_is_valued_once_and_keeps_its_row(world: World) -> None:
    margins = looked(world, Margins(REFERENCE, 1.0))
    one = margins.of([CALL.id])
    assert margins.of([CALL.id]) is one
    both = margins.of([PUT.id])
    assert (margins.row(CALL.id), margins.row(PUT.id)) == (0, 1)
    assert both.symbol == (CALL.id, PUT.id)
    assert np.array_equal(both.losses[0], one.losses[0])


def test_a_new_valuation_values_anew_what_was_asked_about_before(world: World) -> None:
    margins = looked(world, Margins(REFERENCE, 1.0))
    old = margins.of([CALL.id, PUT.id])
    world.trade(SPOT + 100)
    new = looked(world, margins).of([PUT.id])
    assert set(new.symbol) == {CALL.id, PUT.id}
    assert not np.array_equal(new.losses[margins.row(PUT.id)], old.losses[1])
    # What nobody asked about this time is forgotten the next.
    world.trade(SPOT)
    assert looked(world, margins).of([PUT.id]).symbol == (PUT.id,)


def test_what_was_made_is_forgotten_with_its_book_and_with_its_valuation(world: World) -> None:
    margins = looked(world, Margins(REFERENCE, 1.0))
    assert margins.kept("a", lambda: 1) == margins.kept("a", lambda: 2) == 1
    looked(world, margins)
    assert margins.kept("a", lambda: 2) == 1
    looked(world, margins, fills=1)
    assert margins.kept("a", lambda: 3) == 3
    world.state.chain = take_chain(world.state)
    looked(world, margins, fills=1)
    assert margins.kept("a", lambda: 4) == 4


def test_what_the_chain_does_not_list_is_unknown_and_hides_nothing_else(world: World) -> None:
    margins = looked(world, Margins(REFERENCE, 1.0))
    both = margins.of(["NIFTY-20260908-26000-CE", CALL.id])
    assert isnan(both.losses[margins.row("NIFTY-20260908-26000-CE"), 0])
    assert np.isfinite(both.losses[margins.row(CALL.id)]).all()
    assert np.isnan(looked(World(), Margins(REFERENCE, 1.0)).of([CALL.id]).losses).all()


def test_a_day_that_the_table_does_not_reach_leaves_everything_unknown(world: World) -> None:
    found = looked(world, Margins(REFERENCE, 1.0), day=date(2017, 12, 31)).of([CALL.id])
    assert np.isnan(found.losses).all()
    assert isnan(found.short[0])


def test_the_rules_are_those_of_the_day(world: World) -> None:
    before = looked(world, Margins(REFERENCE, 1.0), day=date(2020, 4, 30)).of([CALL.id])
    after = looked(world, Margins(REFERENCE, 1.0), day=date(2020, 5, 1)).of([CALL.id])
    assert (before.minimum[0], after.minimum[0]) == (0.03 * SPOT, 0.0)
    assert before.losses[0].min() > after.losses[0].min()


def test_a_scale_scales_the_ranges_and_rates_and_no_value(world: World) -> None:
    plain, dear = (looked(world, Margins(REFERENCE, scale)).of([CALL.id]) for scale in (1.0, 2.0))
    assert dear.short[0] == 2 * plain.short[0]
    assert dear.calendar[0] == 2 * plain.calendar[0]
    assert dear.value[0] == plain.value[0]
    assert dear.losses[0].min() < 1.8 * plain.losses[0].min()
    assert dear.losses[0].max() <= dear.value[0]
    assert dear.minimum[0] == 2 * plain.minimum[0]


def test_every_underlying_of_the_reference_has_rules_on_every_day_that_it_trades() -> None:
    days = [date(year, month, 1) for year in range(2018, 2027) for month in range(1, 13)]
    for underlying in REFERENCE.underlyings:
        for day in days:
            rules = REFERENCE.margins(underlying, day)
            # Else a sold option could lower a margin: what its delta offsets would be worth more than its exposure.
            assert rules.calendar_charge <= rules.exposure
            assert 0.05 <= rules.price_scan_floor < 0.2


def test_the_units_of_a_fund_of_two_underlyings_are_each_by_their_own_rules(world: World) -> None:
    both = looked(world, Margins(REFERENCE, 1.0)).of([CALL.id, "SENSEX-20260910-81000-CE"])
    assert both.underlying == ("NIFTY", "SENSEX")
    assert both.pool_number.tolist() == [0, 1]
    assert np.isfinite(both.losses[0]).all()
    assert np.isnan(both.losses[1]).all()
