from __future__ import annotations

from math import isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk.market import conditions
from sidecar.desk.valuation import _at_the_money, _max_pain
from sidecar.domain.contracts import Contract, Right
from sidecar.domain.events import Beat, Listed, TradingHalt
from sidecar.domain.report import Condition, MarketLine, Quality
from tests.desk.world import CALL, EXPIRY, INDEX, OPTIONS, SPOT, World, chain, option


@pytest.mark.parametrize(
    ("vix", "condition"),
    [
        (nan, Condition.UNKNOWN), (10.0, Condition.NORMAL), (24.99, Condition.NORMAL), (25.0, Condition.ELEVATED),
        (39.99, Condition.ELEVATED), (40.0, Condition.HIGH_STRESS), (60.0, Condition.EXTREME),
    ],
)  # fmt: skip
def test_the_condition_follows_the_volatility_index(vix: float, condition: Condition) -> None:
    assert conditions(vix) is condition


def test_an_underlyings_line_tells_spot_forward_and_the_nearest_expiry() -> None:
    (line,) = World().begin().report.markets
    assert (line.symbol, line.spot_price, line.expiry, line.vix) == ("NIFTY", SPOT, EXPIRY, 15.0)
    assert line.days_to_expiry == pytest.approx(1.267, abs=0.01)
    assert line.atm_iv == pytest.approx(0.15, abs=0.002)
    assert (line.condition, line.quality, line.age_s) == (Condition.NORMAL, Quality.LIVE, 0.0)


def test_an_index_never_seen_is_missing_and_not_zero() -> None:
    world = World()
    (line,) = world.take(Listed(world.at, (CALL,), "test"), Beat(world.at)).markets
    assert isnan(line.spot_price)
    assert isnan(line.age_s)
    assert (line.quality, line.condition, line.timestamp) == (Quality.MISSING, Condition.UNKNOWN, None)


def test_an_old_index_is_stale_in_the_session() -> None:
    world = World().begin()
    (line,) = world.beat(11.0).markets
    assert (line.quality, line.age_s) == (Quality.STALE, 11.0)


def with_interest(interest: dict[Contract, float]) -> MarketLine:
    """The line of a market whose options have that open interest, and none that is known where none is given."""
    by_id = {contract.id: units for contract, units in interest.items()}
    world = World()
    quotes = [replace(quote, open_interest=by_id.get(quote.symbol, nan)) for quote in chain(world.at)]
    (line,) = world.take(Listed(world.at, (INDEX, *OPTIONS), "test"), *quotes, Beat(world.at)).markets
    return line


#: Calls 1,000 at 24,600, 3,000 at 24,700, 2,000 at 24,800; puts 2,500 at 24,600, 1,500 at 24,700, 500 at 24,800.
OPEN_INTEREST = {
    option(24_600.0, Right.CALL): 1_000.0, option(24_700.0, Right.CALL): 3_000.0, option(24_800.0, Right.CALL): 2_000.0,
    option(24_600.0, Right.PUT): 2_500.0, option(24_700.0, Right.PUT): 1_500.0, option(24_800.0, Right.PUT): 500.0,
}  # fmt: skip


def test_the_put_call_ratio_and_max_pain_are_the_hand_worked_ones() -> None:
    """Puts 4,500 over calls 6,000. Holders are paid 250,000 at 24,600 (150,000 + 100,000 by the puts), 150,000 at
    24,700 (100,000 by calls, 50,000 by puts) and 500,000 at 24,800 (200,000 + 300,000 by calls): 24,700 pays least.
    """
    line = with_interest(OPEN_INTEREST)
    assert line.pcr == 0.75
    assert line.max_pain == 24_700.0


@pytest.mark.parametrize("side", list(Right))
def test_open_interest_of_one_side_alone_gives_neither_ratio_nor_max_pain(side: Right) -> None:
    line = with_interest({contract: units for contract, units in OPEN_INTEREST.items() if contract.right is side})
    assert isnan(line.pcr)
    assert isnan(line.max_pain)


def test_no_calls_open_give_no_ratio_and_no_puts_open_a_ratio_of_nothing() -> None:
    none = {right: {contract: 0.0 for contract in OPEN_INTEREST if contract.right is right} for right in Right}
    assert isnan(with_interest({**OPEN_INTEREST, **none[Right.CALL]}).pcr)
    assert with_interest({**OPEN_INTEREST, **none[Right.PUT]}).pcr == 0.0


interests = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12)


@given(interests)
def test_max_pain_is_the_strike_that_pays_least_of_all_tried_one_by_one(pairs: list[tuple[int, int]]) -> None:
    strikes = np.array([24_000.0 + 50.0 * place for place in range(len(pairs))])
    calls, puts = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
    found = _max_pain(strikes, calls, puts)

    def paid(settle: float) -> float:
        return float(
            sum(units * max(settle - strike, 0.0) for strike, units in zip(strikes, calls, strict=True))
            + sum(units * max(strike - settle, 0.0) for strike, units in zip(strikes, puts, strict=True))
        )

    if not calls.sum() + puts.sum():
        assert isnan(found)
    else:
        assert paid(found) == min(map(paid, strikes))


def test_at_the_money_volatility_lies_between_the_strikes_on_either_side_of_the_forward() -> None:
    strikes, smile = np.array([24_600.0, 24_700.0, 24_800.0]), np.array([0.16, 0.14, 0.15])
    assert _at_the_money(strikes, smile, 24_725.0) == pytest.approx(0.14 + 0.25 * 0.01)
    smile[1] = nan
    assert _at_the_money(strikes, smile, 24_650.0) == pytest.approx(0.16 - 0.25 * 0.01)
    assert isnan(_at_the_money(strikes, np.full(3, nan), 24_650.0))


@pytest.mark.parametrize(("vix", "condition"), [(30.0, "elevated"), (45.0, "high_stress"), (80.0, "extreme")])
def test_the_condition_of_every_line_is_that_of_the_index_seen(vix: float, condition: str) -> None:
    world = World()
    world.begin()
    (line,) = world.trade(vix=vix, beats=3).markets
    assert (line.vix, line.condition) == (vix, Condition(condition))


def test_a_halt_of_the_exchange_is_the_condition_until_it_is_over() -> None:
    world = World().begin()
    halts: list[Any] = [TradingHalt(world.at, "NSE", halted=halted, detail="outage") for halted in (True, False)]
    assert [world.take(event).markets[0].condition for event in halts] == [Condition.HALTED, Condition.NORMAL]
