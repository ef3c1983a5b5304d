from dataclasses import replace
from math import nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.orders import OrderState, OrderType, Side
from sidecar.risk.breaker import disable, market_halt, shut, stop
from sidecar.risk.checks import CHECKS
from sidecar.risk.exposure import FLAT, Greeks
from sidecar.risk.gate import GateView, check, passes
from tests.risk.build import CALL, FUTURE, LOT, NOW, UNIT, holding, margin_of, order, request, view

BUY, SELL = Side.BUY, Side.SELL
STOPPED = stop(BreakerState(), 1, "ann", "fire")[0]
NOT_ACTIVE = [STOPPED, disable(BreakerState(), 1, "ann", "x")[0], BreakerState(BreakerStatus.TRIPPED)]


def test_an_order_in_order_passes_every_check() -> None:
    found = check(request(), view())
    assert (found.accepted, found.reduces_only, found.refusal) == (True, False, None)
    assert found.checked == tuple(row.name for row in CHECKS)


@pytest.mark.parametrize("state", NOT_ACTIVE, ids=lambda state: state.status)
def test_while_stopped_only_what_reduces_passes(state: BreakerState) -> None:
    long, short = holding(2 * LOT, breaker=state), holding(-2 * LOT, breaker=state)
    for asked, at in ((request(SELL, 2 * LOT), long), (request(BUY, LOT), short)):
        found = check(asked, at)
        assert (found.accepted, found.reduces_only) == (True, True)
        assert "breaker" not in found.checked
    for asked, at in (
        (request(SELL, 3 * LOT), long),
        (request(BUY, LOT), long),
        (request(SELL, LOT), short),
        (request(BUY, 3 * LOT), short),
        (request(SELL, LOT), view(breaker=state)),
        (request(BUY, LOT), view(breaker=state)),
    ):
        found = check(asked, at)
        assert (found.accepted, found.reduces_only) == (False, False)
        assert found.checked[-1] == "breaker"


def test_two_sells_each_fine_alone_do_not_pass_together() -> None:
    at = holding(2 * LOT, breaker=STOPPED)
    assert check(request(SELL, 2 * LOT), at).accepted
    assert not check(request(SELL, 2 * LOT), replace(at, resting=(order(SELL, LOT),))).accepted
    assert check(request(SELL, LOT), replace(at, resting=(order(SELL, LOT),))).accepted


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.UNKNOWN, OrderState.PARTIALLY_FILLED])
def test_an_order_counts_from_the_moment_it_is_sent(state: OrderState) -> None:
    sent = order(SELL, 2 * LOT, state=state, filled=0)
    assert not check(request(SELL, LOT), holding(2 * LOT, breaker=STOPPED, resting=(sent,))).accepted
    done = order(SELL, 2 * LOT, state=OrderState.CANCELLED)
    assert check(request(SELL, LOT), holding(2 * LOT, breaker=STOPPED, resting=(done,))).accepted


def test_a_market_halt_stops_even_what_reduces() -> None:
    found = check(request(SELL), holding(LOT, breaker=market_halt(BreakerState(), 1, "nse", "x")[0]))
    assert (found.accepted, found.reduces_only, found.checked[-1]) == (False, True, "market_halt")


def test_closing_the_long_hedge_of_a_short_does_not_pass_as_reducing() -> None:
    # 150 short calls of delta 0.5, hedged with 75 futures.
    book = Greeks(0.0, -0.15, -1800.0, 1350.0)
    at = view(contract=FUTURE, position=LOT, book=book, breaker=STOPPED)
    found = check(request(SELL, symbol=FUTURE.id), at)
    assert (found.accepted, found.reduces_only) == (False, False)


def test_a_leg_of_a_planned_close_is_judged_by_its_position_alone() -> None:
    # A balanced short strangle: the first leg bought back raises |delta|, and yet the book must be closable.
    at = holding(-LOT, book=Greeks(0.0, -0.15, -1800.0, 1350.0), breaker=STOPPED)
    assert not check(request(BUY), at).accepted
    assert check(request(BUY), replace(at, planned_close=True)).accepted
    assert not check(request(BUY, 2 * LOT), replace(at, planned_close=True)).accepted


def test_working_orders_of_the_same_underlying_count_for_what_reduces() -> None:
    # Selling futures brings a long delta down, but not if the working sell of 150 calls brings it to zero first.
    at = view(contract=FUTURE, position=LOT, book=Greeks(75.0, 0.0, 0.0, 0.0), breaker=STOPPED)
    asked = request(SELL, symbol=FUTURE.id)
    assert check(asked, at).accepted
    assert not check(asked, replace(at, resting=(order(SELL, 2 * LOT),))).accepted
    assert check(asked, replace(at, resting=(order(SELL, 2 * LOT, symbol="SENSEX"),))).accepted


@pytest.mark.parametrize("side", [BUY, SELL])
def test_blind_the_desk_only_reduces(side: Side) -> None:
    held = -LOT if side is BUY else LOT
    at = holding(held, blind=True, quote_age_s=nan, last=nan, bid=nan, ask=nan, mark=nan)
    assert check(request(side), at).accepted
    assert not check(request(side), replace(at, position=0)).accepted


def test_what_reduces_may_trade_at_the_touch_however_old_the_last_price_is() -> None:
    at = holding(LOT, last=150.0)
    assert check(request(SELL, price="99.5"), at).accepted
    assert not check(request(SELL, price="99"), at).accepted
    assert check(request(BUY, price="100.5"), holding(-LOT, last=50.0)).accepted
    assert not check(request(BUY, price="101"), holding(-LOT, last=50.0)).accepted
    assert not check(request(SELL, price="99.5"), view(last=150.0)).accepted


def test_what_reduces_passes_where_no_limits_are_loaded() -> None:
    assert check(request(SELL, price="50"), replace(holding(LOT), limits={})).accepted


def test_what_reduces_still_needs_a_proper_order() -> None:
    at = holding(2 * LOT)
    assert check(request(SELL), at).reduces_only
    for asked, changed, name in (
        (request(SELL, LOT + 1), at, "lot"),
        (request(SELL, price="99.99"), at, "price"),
        (request(SELL, price=None), at, "price"),
        (request(SELL, order_type=OrderType.MARKET), at, "order_type"),
        (request(SELL), replace(at, session_open=False), "session"),
        (request(SELL), replace(at, at=NOW + 7 * DAY), "contract"),
    ):
        assert check(asked, changed).checked[-1] == name


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 20), st.integers(1, 25), st.integers(0, 3), st.floats(0, 6e6), st.floats(-6e6, 6e6))
def test_buying_back_a_short_is_never_refused_for_margin(
    held: int, lots: int, resting: int, used: float, available: float
) -> None:
    # A book whose delta rises as the short is bought back, so that it does not pass as reducing.
    working = (order(BUY, resting * LOT, at=NOW - 10 * SECOND, price="90"),) if resting else ()
    at = holding(-held * LOT, used_margin=used, available_margin=available, resting=working, capital=1000.0,
                 margin_of_strategy=lambda change: used + margin_of(change), book=FLAT)  # fmt: skip
    loose = {**at.limits, "order_lots": 1e9, "net_delta": 1e9, "net_gamma": 1e9, "net_vega": 1e9, "net_theta": 1e9}
    found = check(request(BUY, lots * LOT), replace(at, limits=loose))
    assert not found.reduces_only
    if lots + resting <= held and lots * LOT <= CALL.freeze_quantity:
        assert found.accepted


def test_the_same_question_has_the_same_answer() -> None:
    at = holding(-LOT, resting=(order(SELL, LOT, price="101"), order(BUY, LOT, symbol=FUTURE.id, price="24700")))
    assert len({check(request(SELL, 20 * LOT), at) for _ in range(3)}) == 1
    assert set(UNIT) == {CALL.id, FUTURE.id}


def part(limits: dict[str, float], **changes: Any) -> GateView:
    """A scope inside the fund with the limits that are given, and no others."""
    return replace(view(scope="main/manual", **changes), limits=limits)


def test_a_part_is_asked_only_about_the_limits_that_it_has() -> None:
    found = check(request(), view(parts=(part(limits={"order_lots": 1.0, "stale": 9.0}),)))
    assert found.accepted
    assert found.checked == (*(row.name for row in CHECKS), "stale", "order_lots")


@pytest.mark.parametrize(("lots", "limit", "most"), [(1, 1.0, None), (2, 1.0, LOT), (4, 3.0, 3 * LOT), (1, nan, 0)])
def test_below_at_and_above_the_limit_of_a_part(lots: int, limit: float, most: int | None) -> None:
    at = view(parts=(part(limits={"order_lots": limit}),), scope="main")
    found = check(request(quantity=lots * LOT), at)
    assert found.accepted == passes(request(quantity=lots * LOT), at) == (most is None)
    if found.refusal is not None:
        told = found.refusal
        assert (told.limit_name, told.scope, told.largest_quantity) == ("order_lots", "main/manual", most)
        assert told.detail.startswith("in main/manual: order_lots: ")


def test_the_size_advised_passes_every_scope_and_not_the_refusing_check_alone() -> None:
    at = view(scope="main", parts=(part(limits={"order_lots": 2.0}),))
    told = check(request(quantity=9 * LOT), at).refusal
    assert told is not None
    assert (told.limit_name, told.scope, told.largest_quantity) == ("order_lots", "main", 2 * LOT)
    assert "150 would pass" in told.detail
    none = check(request(quantity=9 * LOT), replace(at, parts=(part(limits={"order_lots": 0.0}),))).refusal
    assert none is not None
    assert (none.largest_quantity, "no size would pass" in none.detail) == (0, True)


def test_what_reduces_is_asked_of_a_part_only_what_stops_reducing() -> None:
    tight = part(limits={"order_lots": 0.0, "price_band": 0.0}, last=50.0)
    found = check(request(SELL), holding(LOT, parts=(tight,)))
    assert (found.reduces_only, found.checked[-1], found.accepted) == (True, "price_band", False)
    assert check(request(SELL), holding(LOT, parts=(part(limits={"order_lots": 0.0}),))).accepted


def test_an_override_covers_a_limit_in_a_part() -> None:
    until = BreakerState(override=Override(("order_lots",), NOW + SECOND, "root", "x"))
    at = view(parts=(part(limits={"order_lots": 0.0}),))
    assert not check(request(), at).accepted
    assert check(request(), replace(at, breaker=until)).accepted


def test_a_shut_part_lets_pass_what_reduces_its_own_book_and_nothing_that_only_reduces_the_funds() -> None:
    cause = Cause(Trigger.GREEK_LIMIT, 1, "desk", "x", "net_vega", 1.0, 2.0, "main/manual")
    state, _ = shut(BreakerState(), cause)
    own = replace(holding(LOT), scope="main/manual", limits={})
    flat = replace(view(), scope="main/manual", limits={})
    for at, passed in ((holding(LOT, parts=(own,)), True), (holding(LOT, parts=(flat,)), False), (holding(LOT), False)):
        found = check(request(SELL), replace(at, breaker=state))
        assert (found.accepted, found.reduces_only) == (passed, True)
    # What reduces the part and not the fund is judged by the fund's limits, like any other order.
    assert check(request(SELL), view(breaker=state, parts=(own,))).accepted
    assert not check(request(SELL), view(breaker=state, parts=(flat,))).accepted


def test_while_the_exchange_is_halted_nothing_passes_whatever_the_breaker_says() -> None:
    found = check(request(SELL), holding(LOT, breaker=STOPPED, halted=True))
    assert (found.accepted, found.checked[-1]) == (False, "market_halt")


def test_the_desks_view_has_one_funds_position_and_every_funds_greeks() -> None:
    theirs = order(SELL, 2 * LOT, fund_id="b")
    at = view(resting=(theirs, order(BUY, LOT)), scope="*", fund="main")
    assert at.working(CALL.id) == (LOT,)
    assert [units for units, _ in at.moves] == [-2 * LOT, LOT]


def test_passes_says_what_check_decides_while_stopped_under_an_override_and_in_a_part() -> None:
    override = Override(("order_lots", "net_delta"), NOW + SECOND, "ann", "x")
    late = Override(override.limits, NOW, "ann", "x")
    tight = view(scope="main/demo", limits={"net_delta": 1})
    part = replace(tight, limits={"net_delta": 1.0})
    views = (
        view(), view(breaker=STOPPED), holding(2 * LOT, breaker=STOPPED), holding(-2 * LOT, breaker=STOPPED),
        view(breaker=BreakerState(override=override)), view(breaker=BreakerState(override=late)),
        view(parts=(part,)), view(parts=(part,), breaker=BreakerState(override=override)),
        view(quote_age_s=60.0), view(limits={"order_lots": 1}),
    )  # fmt: skip
    decided = set()
    for at in views:
        for side in (BUY, SELL):
            for lots in (1, 2, 6):
                asked = request(side, lots * LOT)
                verdict = check(asked, at)
                assert passes(asked, at) == verdict.accepted, (side, lots, verdict)
                decided.add((verdict.accepted, verdict.reduces_only))
    assert decided == {(True, True), (True, False), (False, False)}


def test_an_override_lets_the_limit_that_it_names_pass_until_it_expires() -> None:
    override = Override(("order_lots",), NOW + 1, "ann", "x")
    large = request(quantity=6 * LOT)
    free = view(breaker=BreakerState(override=override), limits={"net_delta": 1e9, "net_gamma": 1e9, "net_vega": 1e9})
    at_once = check(large, free)
    assert at_once.accepted, at_once.refusal
    refused = check(large, replace(free, at=NOW + 1)).refusal
    assert refused is not None
    assert refused.limit_name == "order_lots"
    assert refused.largest_quantity == 5 * LOT
