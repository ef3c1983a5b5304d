from decimal import Decimal
from math import isnan

import pytest

from sidecar.domain.orders import Side
from sidecar.risk import footprint
from sidecar.risk.exposure import Greeks
from tests.risk.build import CALL, FUTURE, LOT, holding, margin_of, order, request, view

BUY, SELL = Side.BUY, Side.SELL


def test_lots_are_of_the_order_alone() -> None:
    assert footprint.order_lots(request(quantity=3 * LOT), holding(LOT)) == (0.0, 3.0)


def test_positions_count_the_open_the_working_and_this_one_once() -> None:
    at = view(open_symbols=("NIFTY-20260825-25000-CE",), resting=(order(BUY, LOT, symbol=FUTURE.id),))
    assert footprint.positions(request(), at) == (2.0, 3.0)
    assert footprint.positions(request(symbol=FUTURE.id), at) == (2.0, 2.0)


def test_margin_counts_working_orders_of_the_contract_on_its_worse_side() -> None:
    at = holding(-LOT, resting=(order(SELL, LOT), order(BUY, 5 * LOT)))
    assert footprint.margin(request(SELL), at) == (LOT * 1500.0, 2 * LOT * 1500.0)
    assert footprint.margin(request(BUY), at) == (LOT * 1500.0, LOT * 1500.0)


def test_an_order_takes_its_margin_or_the_premium_it_pays() -> None:
    assert footprint.capital_per_trade(request(SELL), view(capital=1e6)) == (0.0, 0.1125)
    assert footprint.capital_per_trade(request(BUY, price="200"), view(capital=1e6)) == (0.0, 0.015)
    future = view(capital=1e6, contract=FUTURE)
    assert footprint.capital_per_trade(request(BUY, price="24600", symbol=FUTURE.id), future) == (0.0, 0.0075)


def test_buying_back_a_short_takes_no_capital() -> None:
    assert footprint.capital_per_trade(request(BUY, price="200"), holding(-LOT)) == (0.0, 0.0)


def test_shares_are_of_capital_and_of_margin() -> None:
    at = view(
        capital=1e6,
        used_margin=400_000.0,
        available_margin=600_000.0,
        margin_of_strategy=lambda change: 100_000.0 + margin_of(change),
    )
    assert footprint.capital_utilization(request(), at) == (0.4, 0.5125)
    assert footprint.margin_utilization(request(), at) == (0.4, 0.5125)
    assert footprint.strategy_allocation(request(), at) == (0.1, 0.2125)
    assert footprint.position_allocation(request(), at) == (0.0, 0.1125)


def test_a_hedge_is_a_hedge_to_the_fund_and_no_hedge_to_the_position() -> None:
    hedged = view(capital=1e6, margin_of=lambda net: 50_000.0 if net else 60_000.0)
    assert footprint.capital_utilization(request(BUY), hedged) == (0.0, 0.0)
    assert footprint.margin(request(BUY), hedged) == (0.0, 0.0)
    assert footprint.position_allocation(request(BUY), hedged) == (0.0, 0.0075)


def test_what_is_held_now_is_one_of_the_holdings_that_working_orders_leave() -> None:
    at = view(resting=(order(SELL, LOT), order(BUY, LOT)), margin_of=lambda net: 9.0 if net == 0 else 5.0)
    assert footprint.margin(request(BUY), at) == (0.0, 0.0)


def test_where_the_fills_cross_zero_being_flat_may_cost_the_most() -> None:
    at = view(position=LOT, margin_of=lambda net: 9.0 if net == 0 else 5.0)
    assert footprint.margin(request(SELL, 2 * LOT), at) == (0.0, 4.0)
    assert footprint.margin(request(BUY, 2 * LOT), at) == (0.0, 0.0)
    own = view(position_of_strategy=LOT, margin_of_strategy=lambda net: 5e5 if net == 0 else 0.0)
    assert footprint.strategy_allocation(request(SELL, 2 * LOT), own) == (0.0, 0.1)


@pytest.mark.parametrize("capital", [0.0, -1.0, float("nan")])
def test_without_capital_no_share_is_known(capital: float) -> None:
    assert all(map(isnan, footprint.capital_utilization(request(), view(capital=capital))))


def test_a_net_greek_counts_every_working_order_of_the_underlying() -> None:
    at = view(book=Greeks(-20.0, 0.0, 0.0, 0.0), resting=(order(BUY, LOT, symbol=FUTURE.id), order(SELL, LOT)))
    assert footprint.net_greek("delta")(request(BUY, LOT), at) == (57.5, 92.5)
    assert footprint.net_greek("delta")(request(SELL, LOT), at) == (57.5, 95.0)
    other = view(book=Greeks(-20.0, 0.0, 0.0, 0.0), resting=(order(BUY, LOT, symbol="SENSEX-20260827-FUT"),))
    assert footprint.net_greek("delta")(request(BUY, LOT), other) == (20.0, 20.0)
    assert CALL.tick_size == Decimal("0.05")
