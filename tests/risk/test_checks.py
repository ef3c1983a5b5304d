from dataclasses import replace
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from msgspec.structs import replace as changed

from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.orders import OrderRequest, OrderState, OrderType, Side
from sidecar.domain.report import Refusal
from sidecar.risk.breaker import enable_override, shut, stop, trip
from sidecar.risk.checks import CHECKS
from sidecar.risk.exposure import Greeks
from sidecar.risk.gate import GateView, check
from sidecar.risk.limits import BY_NAME, LIMITS, defaults
from tests.risk.build import (
    CALL,
    FUTURE,
    LOT,
    NOW,
    UNIT,
    UNKNOWN_LOSS,
    UNKNOWN_STRESS,
    holding,
    margin_of,
    of_future,
    order,
    request,
    view,
)

Case = tuple[OrderRequest, GateView]
BUY, SELL = Side.BUY, Side.SELL
TRIPPED, _ = trip(BreakerState(), Cause(Trigger.VIX_SPIKE, 1, "desk", "vix 45", "vix", 40.0, 45.0))
INDEX = Contract("NIFTY", Kind.INDEX)


def shut_in(scope: str) -> BreakerState:
    return shut(BreakerState(), Cause(Trigger.GREEK_LIMIT, 1, "desk", "vega 9", "net_vega", 8.0, 9.0, scope))[0]


def limited(name: str, value: float, base: GateView | None = None) -> GateView:
    base = base or view()
    return replace(base, limits={**base.limits, name: value})


def sent(count: int, age: float = 30.0) -> tuple[Any, ...]:
    return tuple(order(BUY, LOT, at=NOW - int(age * SECOND), price="90") for _ in range(count))


def greeks(unit: Greeks) -> dict[str, Any]:
    return {"greeks_of": lambda _: unit}


#: For each check the requests and views that it refuses; each differs in one thing from an order that passes.
REFUSED: dict[str, list[Case]] = {
    "quantity": [
        (changed(request(), quantity=bad), view())
        for bad in (0, -LOT, 1.5, nan, True, "75", None, 10**400)
    ],
    "contract": [
        (request(), view(contract=None)),
        (request(symbol="NIFTY24600CE"), view()),
        (request(symbol="NIFTY"), view(contract=INDEX)),
        (request(), view(at=CALL.expires_at)),
        (request(), view(contract=changed(CALL, expires_at=None))),
    ],
    "lot": [(request(quantity=LOT + 1), view()), (request(quantity=1), view())],
    "freeze": [(request(quantity=1800 + LOT), view())],
    "session": [(request(), view(session_open=False))],
    "order_type": [(request(order_type=OrderType.MARKET), view())],
    "price": [
        (request(price=bad), view())
        for bad in (None, "0", "-100", "NaN", "sNaN", "Infinity", "100.01", "1e999", "1e-30")
    ],
    "market_halt": [(request(), view(breaker=BreakerState(BreakerStatus.MARKET_HALT)))],
    "breaker": [
        (request(), view(breaker=TRIPPED)),
        (request(), view(breaker=BreakerState(BreakerStatus.TRIPPED))),
        (request(), view(breaker=stop(BreakerState(), 1, "ann", "fire")[0])),
        (request(), view(breaker=BreakerState(BreakerStatus.MANUAL_DISABLE))),
    ],
    "breaker_scope": [
        (request(), view(breaker=shut_in(where)))
        for where in ("main", "main/manual", "main/*/NIFTY", "main/manual/NIFTY")
    ],
    "blind": [(request(), view(blind=True))],
    "limits": [(request(), replace(view(), limits={k: v for k, v in view().limits.items() if k != row.name}))
               for row in LIMITS] + [(request(), replace(view(), limits={}))],
    "disabled_strategy": [(request(strategy="demo"), view(disabled_strategies=("demo",)))],
    "price_band": [
        (request(BUY, price="105.05"), view()),
        (request(SELL, price="94.95"), view()),
        (request(price="106"), view(last=nan)),
        (request(), view(last=nan, bid=nan)),
        (request(), view(last=nan, ask=inf)),
    ],
    "stale": [(request(), view(quote_age_s=age)) for age in (10.0, 11.0, nan, inf)],
    "duplicate_order": [
        (request(), view(recent=(order(SELL, LOT, at=NOW - 4 * SECOND, state=OrderState.CANCELLED),))),
        (request(), view(resting=(order(SELL, LOT, at=NOW),))),
    ],
    "order_rate": [(request(), view(recent=sent(12))), (request(), limited("order_rate", 0))],
    "order_lots": [(request(quantity=6 * LOT), view())],
    "positions": [
        (request(), view(open_symbols=tuple(f"NIFTY-20260825-{k}-CE" for k in range(20)))),
        (request(), limited("positions", 1, view(resting=(order(BUY, LOT, symbol=FUTURE.id),)))),
    ],
    "capital_per_trade": [
        (request(), limited("capital_per_trade", 0.02)),
        (request(BUY), limited("capital_per_trade", 0.001)),
        (request(), view(margin_of=lambda _: nan)),
        (request(), view(capital=nan)),
        (request(), view(capital=0.0)),
    ],
    "unexecuted_value": [
        (request(), limited("unexecuted_value", 0.0014)),
        (request(), limited("unexecuted_value", 0.0298, view(resting=(*sent(1), order(BUY, 20 * LOT, price="90"))))),
        (request(), view(resting=(order(BUY, LOT, price=None),))),
    ],
    "capital_utilization": [
        (request(), view(used_margin=3_900_000.0)),
        (request(), view(used_margin=nan)),
        (request(), view(used_margin=3_800_000.0, resting=(order(SELL, LOT, price="101"),))),
    ],
    "strategy_allocation": [
        (request(), view(margin_of_strategy=lambda change, used=used: used + margin_of(change)))
        for used in (1_900_000.0, nan)
    ],
    "position_allocation": [
        (request(), holding(-9 * LOT)),
        (request(), holding(-4 * LOT, resting=(order(SELL, 5 * LOT, price="101"),))),
    ],
    "margin_utilization": [
        (request(), view(used_margin=1_000_000.0, available_margin=150_000.0)),
    ],
    "margin": [(request(), view(available_margin=available)) for available in (112_499.0, 0.0, -1.0, nan)],
    "net_delta": [(request(), view(book=Greeks(-1_480.0, 0, 0, 0))), (request(), view(**greeks(Greeks(nan, 0, 0, 0))))],
    "net_gamma": [(request(), view(book=Greeks(0, -24.99, 0, 0))), (request(), view(**greeks(Greeks(0, nan, 0, 0))))],
    "net_vega": [(request(), view(book=Greeks(0, 0, -99_990, 0))), (request(), view(**greeks(Greeks(0, 0, nan, 0))))],
    "net_theta": [(request(), view(book=Greeks(0, 0, 0, 199_990))), (request(), view(**greeks(Greeks(0, 0, 0, nan))))],
    "var_95": [(request(), view(losses=of_future(-27_703))), (request(), view(losses=UNKNOWN_LOSS))],
    "stress_loss": [(request(), view(losses=of_future(-24_926))), (request(), view(losses=UNKNOWN_STRESS))],
}  # fmt: skip

#: Orders that stand just inside what the check allows.
ACCEPTED: dict[str, list[Case]] = {
    "quantity": [(request(quantity=1), view(contract=changed(CALL, lot_size=1)))],
    "contract": [(request(), view(at=(CALL.expires_at or 0) - 1))],
    "lot": [(request(quantity=2 * LOT), view())],
    "freeze": [
        (request(quantity=1800), limited("order_lots", 99, view(capital=1e9, available_margin=1e9))),
        (request(quantity=1800 + LOT), limited("order_lots", 99, view(
            capital=1e9, available_margin=1e9, contract=changed(CALL, freeze_quantity=0)))),
    ],
    "session": [(request(), view())],
    "order_type": [(request(), view())],
    "price": [(request(price="100.05"), view())],
    "market_halt": [(request(), view())],
    "breaker": [
        (request(), view(breaker=enable_override(TRIPPED, NOW, "root", "x", ("vix",), NOW + SECOND).state)),
    ],
    "breaker_scope": [
        (request(), view(breaker=shut_in(where)))
        for where in ("other", "main/demo", "main/*/SENSEX", "main/demo/NIFTY", "main/manual/SENSEX")
    ],
    "blind": [(request(), view())],
    "limits": [(request(), view())],
    "disabled_strategy": [(request(strategy="demo"), view(disabled_strategies=("demo2",)))],
    "price_band": [
        (request(BUY, price="105"), view()),
        (request(SELL, price="95"), view()),
        (request(BUY, price="105"), view(last=nan)),
        (request(price="0.10"), view(last=0.05)),
    ],
    "stale": [(request(), view(quote_age_s=9.99))],
    "duplicate_order": [
        (request(), view(recent=(order(SELL, LOT, at=NOW - 5 * SECOND),))),
        (request(), view(recent=(order(BUY, LOT, at=NOW),))),
        (request(), view(recent=(order(SELL, 2 * LOT, at=NOW),))),
        (request(), view(recent=(order(SELL, LOT, at=NOW, price="99"),))),
        (request(), view(recent=(order(SELL, LOT, at=NOW, fund_id="b"),))),
        (request(), view(recent=(order(SELL, LOT, at=NOW, symbol=FUTURE.id),))),
        (request(), view(recent=(order(SELL, LOT, at=NOW, state=OrderState.REFUSED),))),
    ],
    "order_rate": [
        (request(), view(recent=sent(11))),
        (request(), view(recent=sent(12, age=60.0))),
        (request(), view(recent=tuple(changed(o, state=OrderState.REFUSED) for o in sent(12)))),
    ],
    "order_lots": [(request(quantity=5 * LOT), view())],
    "positions": [
        (request(), view(open_symbols=tuple(f"NIFTY-20260825-{k}-CE" for k in range(19)))),
        (request(), view(open_symbols=(CALL.id, *(f"NIFTY-20260825-{k}-CE" for k in range(19))))),
    ],
    "capital_per_trade": [(request(), limited("capital_per_trade", 0.0225))],
    "unexecuted_value": [
        (request(), limited("unexecuted_value", 0.0015)),
        (request(), limited("unexecuted_value", 0.02985, view(resting=(*sent(1), order(BUY, 20 * LOT, price="90"))))),
        (request(), limited("unexecuted_value", 0.0015, view(resting=(order(BUY, LOT, filled=LOT),)))),
    ],
    "capital_utilization": [(request(), limited("capital_utilization", 0.0225))],
    "strategy_allocation": [(request(), view(margin_of_strategy=lambda change: 1_887_500.0 + margin_of(change)))],
    "position_allocation": [(request(), limited("position_allocation", 0.0225))],
    "margin_utilization": [(request(), view(used_margin=787_500.0, available_margin=212_500.0))],
    "margin": [(request(), limited("margin_utilization", 1.0, view(used_margin=0.0, available_margin=112_500.0)))],
    "net_delta": [(request(), view(book=Greeks(-1_462.5, 0, 0, 0))), (request(), view(book=Greeks(1_600.0, 0, 0, 0)))],
    "net_gamma": [(request(), view(book=Greeks(0, -24.925, 0, 0)))],
    "net_vega": [(request(), view(book=Greeks(0, 0, -99_100, 0)))],
    "net_theta": [(request(), view(book=Greeks(0, 0, 0, 199_325)))],
    "var_95": [(request(), view(losses=of_future(-27_702), limits={"stress_loss": 0.9}))],
    "stress_loss": [(request(), view(losses=of_future(-24_925)))],
}  # fmt: skip


def cases(table: dict[str, list[Case]]) -> list[Any]:
    return [pytest.param(name, *case, id=f"{name}-{n}") for name in table for n, case in enumerate(table[name])]


def test_every_check_has_a_name_of_its_own_and_its_cases() -> None:
    names = [row.name for row in CHECKS]
    assert len(set(names)) == len(names)
    assert set(REFUSED) == set(ACCEPTED) == set(names)


def test_a_check_of_a_limit_names_it() -> None:
    assert {row.limit for row in CHECKS} - {""} <= set(BY_NAME)
    assert all(row.limit == row.name for row in CHECKS if row.name in BY_NAME)


@pytest.mark.parametrize(("name", "asked", "at"), cases(REFUSED))
def test_a_check_refuses_and_says_what_to_do(name: str, asked: OrderRequest, at: GateView) -> None:
    found = check(asked, at)
    assert not found.accepted
    assert not found.reduces_only
    refusal = found.refusal
    assert isinstance(refusal, Refusal)
    assert (refusal.limit_name, found.checked[-1]) == (name, name)
    assert len(refusal.detail) > 20
    assert "nan" not in refusal.detail.replace("price NaN", "").replace("price sNaN", "").replace("quantity nan", "")


@pytest.mark.parametrize(("name", "asked", "at"), cases(ACCEPTED))
def test_a_check_lets_pass_what_is_just_inside(name: str, asked: OrderRequest, at: GateView) -> None:
    found = check(asked, at)
    assert found.refusal is None
    assert found.accepted
    assert name in found.checked


OVERRIDABLE = [row.name for row in CHECKS if row.limit]


@pytest.mark.parametrize(("name", "asked", "at"), cases({name: REFUSED[name] for name in OVERRIDABLE}))
def test_an_override_lets_exactly_its_limit_pass(name: str, asked: OrderRequest, at: GateView) -> None:
    names = (name, "capital_per_trade", "capital_utilization", "strategy_allocation", "position_allocation",
             "margin_utilization")  # fmt: skip
    override = Override(names, NOW + SECOND, "root", "hedge")
    found = check(asked, replace(at, breaker=BreakerState(override=override)))
    assert found.refusal is None or found.refusal.limit_name not in names
    late = check(asked, replace(at, at=at.at + 2, breaker=BreakerState(override=changed(override, expires_at=at.at))))
    assert not late.accepted


@pytest.mark.parametrize("name", [row.name for row in CHECKS if not row.limit])
def test_no_override_lets_the_rest_pass(name: str) -> None:
    every = Override(
        tuple(row.name for row in LIMITS if row.name not in {"vix", "net_vega"}), NOW + SECOND, "root", "x"
    )
    for asked, at in REFUSED[name]:
        assert not check(asked, replace(at, breaker=changed(at.breaker, override=every))).accepted


def test_the_refusal_of_a_tripped_breaker_names_the_cause() -> None:
    refusal = check(request(), view(breaker=TRIPPED)).refusal
    assert refusal is not None
    assert "vix_spike: vix 45" in refusal.detail


def test_an_override_of_one_cause_does_not_cover_another() -> None:
    both, _ = trip(TRIPPED, Cause(Trigger.DRAWDOWN_LIMIT, 2, "desk", "x", "drawdown", 0.08, 0.09))
    state = enable_override(both, NOW, "root", "x", ("vix",), NOW + SECOND).state
    assert not check(request(), view(breaker=state)).accepted


def test_a_twin_on_its_way_counts_whatever_happened_to_it() -> None:
    for state in (OrderState.PENDING, OrderState.UNKNOWN, OrderState.FILLED, OrderState.REJECTED):
        refusal = check(request(), view(recent=(order(SELL, LOT, at=NOW, state=state),))).refusal
        assert refusal is not None
        assert refusal.limit_name == "duplicate_order"


def test_a_price_far_off_is_told_what_would_pass() -> None:
    refusal = check(request(BUY, price="110"), view()).refusal
    assert refusal is not None
    assert "95.00 to 105.00" in refusal.detail
    assert refusal.limit == 0.05
    assert refusal.after == pytest.approx(0.1)
    assert Decimal("0.05") == CALL.tick_size


def test_the_units_of_the_tests_world_are_known() -> None:
    assert set(UNIT) == {CALL.id, FUTURE.id}


@pytest.mark.parametrize(
    ("asked", "largest", "advice"),
    [(10, 0, f"; give a multiple of {LOT}"), (LOT + 10, LOT, f"; give {LOT} or another multiple of {LOT}")],
)
def test_the_advice_on_lots_and_the_largest_quantity_agree(asked: int, largest: int, advice: str) -> None:
    refusal = check(request(quantity=asked), view()).refusal
    assert refusal is not None
    assert (refusal.limit_name, refusal.largest_quantity) == ("lot", largest)
    assert refusal.detail.endswith(advice)


def test_an_event_names_the_bare_trigger_that_a_counter_may_be_labelled_with() -> None:
    _, event = trip(BreakerState(), Cause(Trigger.IV_SHOCK, 1, "desk", "up 40%"))
    assert (event.trigger, event.reason) == ("iv_shock", "iv_shock: up 40%")


FROZEN = changed(CALL, freeze_quantity=3 * LOT + 5)
REDUCE = "only orders that reduce position, |delta|, short gamma, |vega|, margin and stress loss pass"
TWICE = BreakerState(
    BreakerStatus.TRIPPED,
    (
        Cause(Trigger.DAILY_LOSS_LIMIT, 1, "desk", "a", "daily_loss"),
        Cause(Trigger.VIX_SPIKE, 1, "desk", "b", "vix"),
    ),
)
STREAK = Cause(Trigger.LOSS_STREAK, 1, "desk", "5 in a row", "loss_streak")
PARTS = BreakerState(partial=tuple(changed(STREAK, scope=scope) for scope in ("main/other", "main/manual")))
HALTED = BreakerState(BreakerStatus.MARKET_HALT)
WITHOUT = {name: value for name, value in defaults().items() if name not in ("vix", "stale")}


@pytest.mark.parametrize(
    ("asked", "at", "told"),
    [
        (request(quantity=LOT + 1), view(), ("lot", 75, 0, 76, 75, "*",
            "quantity 76 is not a multiple of the lot size 75; give 75 or another multiple of 75")),
        (request(quantity=1), view(), ("lot", 75, 0, 1, 0, "*",
            "quantity 1 is not a multiple of the lot size 75; give a multiple of 75")),
        (request(quantity=4 * LOT), view(contract=FROZEN), ("freeze", 230, 0, 300, 225, "*",
            "quantity 300 is above the exchange's freeze quantity 230; send it in slices")),
        (request(quantity=0), view(), ("quantity", nan, nan, nan, 0, "*",
            "quantity 0 is not a whole number from 1 to 1000000000; the side gives the sign")),
        (request(symbol="X"), view(), ("contract", nan, nan, nan, 0, "*",
            "'X' is not a listed contract; use an id of the chain")),
        (request(price="100.02"), view(), ("price", nan, nan, nan, 0, "*",
            "price 100.02 is not a multiple of the tick 0.05; round it")),
        (request(price=None), view(), ("price", nan, nan, nan, 0, "*",
            "price None is not between 0 and 1000000000; a LIMIT order needs one")),
        (request(), view(session_open=False), ("session", nan, nan, nan, 0, "*",
            "the exchange's session is closed; send the order when it is open")),
        (request(order_type=OrderType.MARKET, price=None), view(), ("order_type", nan, nan, nan, 0, "*",
            "the exchange refuses MARKET orders of algorithms; send a marketable LIMIT instead")),
        (request(), view(breaker=HALTED), ("market_halt", nan, nan, nan, 0, "*",
            "the market is halted, so no order can leave; wait for the end of the halt")),
        (request(), view(breaker=TWICE), ("breaker", nan, nan, nan, 0, "*",
            f"the breaker is tripped (daily_loss_limit: a; vix_spike: b); {REDUCE}, or have it reset")),
        (request(), view(breaker=BreakerState(BreakerStatus.TRIPPED)), ("breaker", nan, nan, nan, 0, "*",
            f"the breaker is tripped (cause not recorded); {REDUCE}, or have it reset")),
        (request(), view(breaker=PARTS), ("breaker_scope", nan, nan, nan, 0, "main/manual",
            f"main/manual is shut (loss_streak: 5 in a row); {REDUCE} there, or have it reset")),
        (request(), view(blind=True), ("blind", nan, nan, nan, 0, "*",
            f"there is no trusted market data (data_failure); {REDUCE}, or wait for the feed")),
        (request(), replace(view(), limits=WITHOUT), ("limits", nan, nan, nan, 0, "*",
            "no limit is loaded for vix, stale; with no limits nothing trades")),
        (request(), view(disabled_strategies=("manual",)), ("disabled_strategy", nan, nan, nan, 0, "*",
            "strategy manual is disabled; a named person must enable it again")),
        (request(price="110"), view(), ("price_band", 0.05, 0.0, 0.1, 0, "*",
            "price 110 is 10.00% from 100, the limit is 5.00%; give 95.00 to 105.00")),
        (request(BUY, price="90"), view(), ("price_band", 0.05, 0.0, 0.1, 0, "*",
            "price 90 is 10.00% from 100, the limit is 5.00%; give 95.00 to 105.00")),
        (request(), view(last=nan, bid=nan), ("price_band", nan, nan, nan, 0, "*",
            f"no simulated price of {CALL.id} is known to compare with; wait for a quote")),
        (request(), view(quote_age_s=12.34), ("stale", 10, 12.34, 12.34, 0, "*",
            f"the quote of {CALL.id} is 12.3 s old, the limit is 10 s; wait for a fresh one")),
        (request(), view(quote_age_s=nan), ("stale", 10, nan, nan, 0, "*",
            f"the quote of {CALL.id} is unknown, the limit is 10 s; wait for a fresh one")),
        (request(), view(recent=(order(SELL, LOT, at=NOW - 2 * SECOND),)), ("duplicate_order", 5, 2.0, 2.0, 0, "*",
            "an equal order was sent 2.0 s ago, the limit is 5 s; wait, or change it")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_refusal_is_told_whole(asked: OrderRequest, at: GateView, told: tuple[Any, ...]) -> None:
    refusal = check(asked, at).refusal
    assert refusal is not None
    said = (refusal.limit_name, refusal.largest_quantity, refusal.scope, refusal.detail)
    assert said == (told[0], *told[4:])
    assert (refusal.limit, refusal.before, refusal.after) == pytest.approx(told[1:4], nan_ok=True)


def test_the_edges_of_the_freeze_quantity_and_the_band_are_taken() -> None:
    assert check(request(quantity=3 * LOT), view(contract=FROZEN)).accepted
    exact = changed(CALL, freeze_quantity=3 * LOT)
    assert check(request(quantity=3 * LOT), view(contract=exact)).accepted
    for price in ("95", "105"):
        assert check(request(price=price), view()).accepted
        assert check(request(BUY, price=price), view()).accepted


def test_an_override_of_a_scopes_cause_lets_an_order_pass_there_and_the_next_scope_is_still_asked() -> None:
    override = Override(("loss_streak",), NOW + SECOND, "ann", "x")
    assert check(request(), view(breaker=changed(PARTS, override=override))).accepted
    other = changed(STREAK, limit_name="daily_loss", scope="main")
    both = BreakerState(partial=(*PARTS.partial, other), override=override)
    refusal = check(request(), view(breaker=both)).refusal
    assert refusal is not None
    assert refusal.scope == "main"
