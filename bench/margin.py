"""Portfolio margin: the scan of a whole book, the most over every set of fills, and what a decision of the gate pays.

    python -m bench.margin

The scan beside two peers that give the same number: plain NumPy, one scenario after the other with SciPy's normal
distribution, and a loop over legs and scenarios in Python. The most over fills beside trying every set of whole fills.
A decision: a fund of 60 legs with 20 working orders, the margins that the gate asks for, alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from itertools import product
from math import erfc, exp, inf, log, sqrt

import numpy as np
from scipy.special import ndtr

from bench.loop import CALENDAR, DAY, OPEN, REFERENCE, SPOT, contracts, quotes
from sidecar.desk import blocking, money
from sidecar.desk.config import DeskConfig
from sidecar.desk.state import DeskState
from sidecar.desk.step import step
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import PlaceOrder
from sidecar.domain.contracts import Contract
from sidecar.domain.events import Beat, Listed, OrderAccepted, OrderFilled, Quote
from sidecar.domain.orders import OrderRequest, Side
from sidecar.pricing.black import price
from sidecar.risk.legs import Floats, Legs
from sidecar.risk.limits import LIMITS
from sidecar.risk.margin import scan
from sidecar.risk.margin_units import MOVES, SCENARIOS, VOLATILITIES, Underlying, units
from sidecar.risk.portfolio import Book

RULES = REFERENCE.margins("NIFTY", DAY)
NIFTY = {"NIFTY": Underlying(SPOT, RULES.price_scan(), RULES.volatility_scan(), RULES)}
RATE, LOT, ROUNDS = 0.065, 65.0, 15
ALL_MOVES = (*MOVES, RULES.extreme_move, -RULES.extreme_move)
COVER = (1.0,) * 14 + (RULES.extreme_cover,) * 2


def book(count: int) -> Legs:
    """So many options of one expiry and both rights, longs and shorts in turn."""
    number = np.arange(count)
    strike, time_ = SPOT + 50.0 * (number // 2 - count // 4), np.full(count, 9 / 365)
    call, forward = number % 2 == 0, SPOT * np.exp(RATE * time_)
    volatility = np.array(0.14 + 0.3 * np.log(strike / SPOT) ** 2, dtype=np.float64)
    mark = price(forward, strike, time_, volatility, np.exp(-RATE * time_), call=call)
    quantity = np.array(LOT * (1 - 2.0 * (number // 2 % 2)), dtype=np.float64)
    names = tuple(f"NIFTY-20260916-{k:g}-{'CE' if c else 'PE'}" for k, c in zip(strike, call, strict=True))
    return Legs(
        names, ("NIFTY",) * count, np.ones(count, dtype=np.bool_), call, quantity, mark,
        np.full(count, SPOT), forward, np.asarray(strike, dtype=np.float64), time_, volatility, np.full(count, RATE),
    )  # fmt: skip


def ours(legs: Legs) -> float:
    return scan(legs, NIFTY).total


def plain(legs: Legs) -> float:
    """The same requirement as most would write it: NumPy, one scenario after the other."""
    q, mark = legs.quantity, legs.mark
    base = _black(legs, SPOT, legs.time, legs.volatility)
    worst = 0.0
    for move, shift, cover in zip(ALL_MOVES, (*VOLATILITIES,), COVER, strict=True):
        spot = SPOT * (1 + move * RULES.price_scan())
        left = np.maximum(legs.time - RULES.look_ahead_days / 365, 0.0)
        moved = _black(legs, spot, left, legs.volatility + shift * RULES.volatility_scan())
        worst = max(worst, float(q @ np.minimum(cover * (base - moved), mark)))
    return max(worst + float(np.maximum(-q, 0) @ _exposure(legs)) - float(q @ mark), 0.0)


def _black(legs: Legs, spot: float, left: Floats, volatility: Floats) -> Floats:
    forward, spread = spot * np.exp(RATE * left), volatility * np.sqrt(left)
    d1 = np.log(forward / legs.strike) / spread + spread / 2
    w = np.where(legs.call, 1.0, -1.0)
    value: Floats = np.exp(-RATE * left) * w * (forward * ndtr(w * d1) - legs.strike * ndtr(w * (d1 - spread)))
    return value


def _exposure(legs: Legs) -> Floats:
    beyond = np.where(legs.call, legs.strike - SPOT, SPOT - legs.strike) > RULES.far * SPOT
    rate: Floats = np.where(beyond, RULES.exposure + RULES.exposure_far, RULES.exposure) * SPOT
    return rate


def looped(legs: Legs) -> float:
    """The same once more in plain Python, leg by leg."""
    exposure = _exposure(legs)
    totals = [0.0] * SCENARIOS
    rest = 0.0
    for row, quantity in enumerate(legs.quantity.tolist()):
        strike, vol, mark = float(legs.strike[row]), float(legs.volatility[row]), float(legs.mark[row])
        sign, left = (1.0 if legs.call[row] else -1.0), float(legs.time[row])
        base = _one(SPOT, strike, left, vol, sign)
        for number in range(SCENARIOS):
            spot = SPOT * (1 + ALL_MOVES[number] * RULES.price_scan())
            shifted = vol + VOLATILITIES[number] * RULES.volatility_scan()
            moved = _one(spot, strike, left - RULES.look_ahead_days / 365, shifted, sign)
            totals[number] += quantity * min(COVER[number] * (base - moved), mark)
        rest += max(-quantity, 0.0) * float(exposure[row]) - quantity * mark
    return max(max(0.0, *totals) + rest, 0.0)


def _one(spot: float, strike: float, left: float, volatility: float, sign: float) -> float:
    forward, spread = spot * exp(RATE * left), volatility * sqrt(left)
    d1 = log(forward / strike) / spread + spread / 2
    near, far = (0.5 * erfc(-sign * d / sqrt(2)) for d in (d1, d1 - spread))
    return exp(-RATE * left) * sign * (forward * near - strike * far)


def most(legs: Legs, working: int) -> tuple[Callable[[], float], Callable[[], float]]:
    """The most over all fills of so many orders that double what is held: ours, and every set of whole fills."""
    one = units(legs, NIFTY)
    rows = np.arange(len(legs))
    points = np.stack([legs.quantity, legs.quantity * np.where(rows < working, 2.0, 1.0)], axis=1)
    premium = points * legs.mark[:, None]

    def tried() -> float:
        worst = -inf
        for filled in product((0, 1), repeat=working):
            place = np.zeros(len(legs), dtype=np.intp)
            place[:working] = filled
            worst = max(worst, Book(one, rows, points[rows, place][:, None], premium[rows, place][:, None]).total())
        return worst

    return lambda: Book(one, rows, points, premium).total(), tried


def seconds(ways: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> list[float]:
    """Medians over interleaved rounds."""
    took: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for number, way in enumerate(ways):
            began = time.perf_counter()
            way()
            took[number].append(time.perf_counter() - began)
    return [float(np.median(each)) for each in took]


def desk(held: int, working: int) -> tuple[DeskState, list[Contract]]:
    """A desk of so many legs and working orders, four expiries, half of the orders in what is held."""
    listed = contracts(500)
    fractions = {row.name: 1.0 for row in LIMITS if row.unit == "fraction"}
    wide = {row.name: 0.0 if row.larger_is_tighter else 10.0**9 for row in LIMITS if row.name not in fractions}
    state = DeskState(DeskConfig({"main": Decimal(10**12)}, {**wide, **fractions}), REFERENCE, CALENDAR)
    step(state, Listed(OPEN, tuple(listed), "bench", True))
    at = OPEN + SECOND
    for quote in quotes(listed, len(listed), at, 0):
        step(state, quote)
    step(state, Beat(at))
    near = sorted(listed[1:], key=lambda contract: (abs((contract.strike or 0.0) - SPOT), contract.id))
    chosen = [*near[:held], *near[held // 2 : (held + working) // 2], *near[held : held + working - working // 2]]
    for number, contract in enumerate(chosen):
        asked = PlaceOrder(at=at, request_id=f"r{number}", actor="bench", request=request(state, contract, number))
        published = step(state, asked)
        assert published is not None
        (outcome,) = published.report.outcomes
        assert outcome.refusal is None, outcome.message
        if number < held:
            (order,) = outcome.orders
            step(state, OrderAccepted(at, order.id, f"v{number}"))
            step(state, OrderFilled(at, order.id, f"f{number}", order.request.quantity, str(order.request.price)))
    return state, near


def request(state: DeskState, contract: Contract, number: int = 0) -> OrderRequest:
    last = state.board.last(contract.id)
    price_ = Decimal(max(round((last.bid if last else 1.0) / 0.05), 1)) * Decimal("0.05")
    return OrderRequest(contract.id, Side.BUY if number % 3 == 1 else Side.SELL, contract.lot_size, price_)


def decisions() -> list[str]:
    """What one decision asks of the margins, in microseconds: first of a valuation, again, and after a new order."""
    state, near = desk(60, 20)
    fresh, held = near[-100], near[1]
    lines = []
    for name, contract in (("a new contract", fresh), ("a long that is held", held)):
        asked, first, again = request(state, contract), [], []
        for number in range(60):
            state.now += SECOND // 10
            step(state, Quote("NIFTY", state.now, state.now, last=SPOT + 0.05 * (number % 3)))
            step(state, Beat(state.now))
            first.append(_asked(state, asked, contract))
            again.append(_asked(state, asked, contract))
        cells = (np.median(first), np.median(again), np.percentile(again, 99))
        lines.append(f"| {name} | " + " | ".join(f"{cell * 1e6:,.0f}" for cell in cells) + " |")
    return lines


def _asked(state: DeskState, order: OrderRequest, contract: Contract) -> float:
    began = time.perf_counter()
    money.account(state, "main")
    found = blocking.blocked(state, order, contract, state.working.values())
    position = state.book.net(contract.id, "main")
    for margin in (found.fund, found.position):
        margin(position)
        margin(position + order.signed)
    found.strategy(0)
    found.strategy(order.signed)
    if position > 0:
        found.rises(order.signed)
    return time.perf_counter() - began


def main() -> int:
    """Print three tables."""
    print("| legs | portfolio margin, µs | plain NumPy | loop in Python | largest difference |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for count in (60, 500):
        legs = book(count)
        ways = [partial(way, legs) for way in (ours, plain, looped)]
        worst = max(abs(way() - ours(legs)) for way in ways)
        cells = " | ".join(f"{took * 1e6:,.0f}" for took in seconds(ways))
        print(f"| {count} | {cells} | {worst:.0e} of {ours(legs):,.0f} |")
    print("\n| legs, working orders | the most over all fills, µs | every set of whole fills | difference |")
    print("| --- | ---: | ---: | ---: |")
    for count, working in ((60, 8), (500, 8)):
        fast, slow = most(book(count), working)
        quick, tried = seconds([fast, slow], 3)
        print(f"| {count}, {working} | {quick * 1e6:,.0f} | {tried * 1e6:,.0f} | {abs(fast() - slow()):.0e} |")
    print("\n| 60 legs, 20 working orders: an order in | first of a valuation, µs | again | again, p99 |")
    print("| --- | ---: | ---: | ---: |")
    print("\n".join(decisions()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
