"""Random small books in a real market, the gate's view of each, and what every set of fills really does to it.

The gate argues from ends and gaps; here each set of fills is made, one lot after the other, and each measure of the
book worked out anew: position, |delta|, short gamma, |vega|, margin (for a sale), largest stress loss.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any, NamedTuple

import numpy as np

from sidecar.domain.breaker import BreakerState
from sidecar.domain.clock import DAY
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.pricing.black import greeks
from sidecar.risk.breaker import stop
from sidecar.risk.exposure import FLAT, Greeks
from sidecar.risk.gate import GateView
from sidecar.risk.legs import Floats
from sidecar.risk.limits import defaults
from sidecar.risk.losses import Losses
from sidecar.risk.portfolio import Book
from sidecar.risk.reduce_only import span
from sidecar.risk.shocks import Shocks
from sidecar.risk.tail import unit_vectors
from tests.risk.build import NOW
from tests.risk.test_margin import lines_of
from tests.risk.test_portfolio import ALL, LINES, ONE, premium

LOT = 75
_STRESSES = [(spot, vol) for spot in (-0.15, -0.05, 0.0, 0.05, 0.15) for vol in (-0.3, 0.0, 0.5)]
_STOPPED, _ = stop(BreakerState(), 1, "ann", "drill")
_ROUNDING = 1e-9


def _contract(line: Any) -> Contract:
    right, strike, _, days = line
    kind = Kind.FUTURE if right == "F" else Kind.OPTION
    own = None if kind is Kind.FUTURE else Right.CALL if right == "C" else Right.PUT
    price = None if own is None else strike
    expiry = date.fromordinal(date(2026, 8, 18).toordinal() + int(days))
    return Contract("NIFTY", kind, expiry, price, own, NOW + int(days * DAY) + DAY, LOT, Decimal("0.05"), 1800)


LEGS = lines_of(*LINES)
CONTRACTS = tuple(map(_contract, LINES))
ROWS = {contract.id: row for row, contract in enumerate(CONTRACTS)}
PRICES = tuple(Decimal(round(float(mark) / 0.05)) * Decimal("0.05") for mark in LEGS.mark)


def _unit_greeks() -> tuple[Greeks, ...]:
    told = greeks(LEGS.forward, LEGS.strike, LEGS.time, LEGS.volatility, LEGS.rate, call=LEGS.call)
    return tuple(
        Greeks(*(float(getattr(told, name)[row]) for name in Greeks.__struct_fields__))
        if LEGS.option[row]
        else Greeks(1.0, 0.0, 0.0, 0.0)
        for row in range(ALL)
    )


UNIT = _unit_greeks()
_SPOT, _VOL = (np.array([[stress[way] for stress in _STRESSES]]) for way in (0, 1))
LOSSES: Floats = -unit_vectors(LEGS, Shocks(("NIFTY",), np.log1p(_SPOT), _VOL, "implied"), days=0.0)


class Case(NamedTuple):
    """A book in lots by row, its working orders (row, signed lots), and an order that asks to leave."""

    held: tuple[int, ...]
    working: tuple[tuple[int, int], ...]
    order: tuple[int, int]


def case(random: Random) -> Case:
    """A book of up to five contracts; the order goes against what is held four times in five."""
    held = [0] * ALL
    for row in random.sample(range(ALL), random.randint(0, 5)):
        held[row] = random.choice((-3, -2, -1, 1, 2, 3))
    sizes = (-2, -1, 1, 2)
    working = tuple((random.randrange(ALL), random.choice(sizes)) for _ in range(random.choice((0, 0, 1, 1, 2))))
    open_rows = [row for row in range(ALL) if held[row]]
    if not open_rows or random.random() < 0.2:
        return Case(tuple(held), working, (random.randrange(ALL), random.choice((-3, *sizes, 3))))
    row = random.choice(open_rows)
    lots = random.choice((1, abs(held[row]), random.randint(1, 4)))
    return Case(tuple(held), working, (row, -lots if held[row] > 0 else lots))


def request(row: int, lots: int) -> OrderRequest:
    side = Side.BUY if lots > 0 else Side.SELL
    return OrderRequest(CONTRACTS[row].id, side, abs(lots) * LOT, PRICES[row])


def view(one: Case, **more: Any) -> GateView:
    """All that the gate is told of the case, on a stopped desk: only what reduces may pass."""
    row = one.order[0]
    working = tuple(Order(f"o{n}", request(*each), OrderState.OPEN, "t", 0, 0) for n, each in enumerate(one.working))
    here = [units * LOT for at, units in one.working if at == row]
    rest = {at: units * LOT for at, units in enumerate(one.held) if at != row and units}
    beside: dict[int, list[int]] = {}
    for at, units in one.working:
        if at != row:
            beside.setdefault(at, []).append(units * LOT)
    points = {at: _ends(rest.get(at, 0), beside.get(at, ())) for at in (*rest, *beside)}
    whole, position = _book(points), one.held[row] * LOT

    def rises(change: int) -> bool:
        starts = sorted({0, *span(0, here)})
        return any(whole.rises(row, _point(row, position + s), _point(row, position + s + change)) for s in starts)

    total = FLAT
    for at, units in enumerate(one.held):
        total = total.plus(units * LOT, UNIT[at])
    loss: Floats = np.array([rest.get(at, 0) for at in range(ALL)], dtype=np.float64) @ LOSSES
    ends = [np.multiply.outer(span(0, own), LOSSES[at]) for at, own in beside.items()]

    def margin(net: int) -> float:
        return float(whole.with_(row, [_point(row, net)])[0])

    fields: dict[str, Any] = {
        "at": NOW, "breaker": _STOPPED, "limits": defaults(), "contract": CONTRACTS[row], "session_open": True,
        "bid": float(PRICES[row]), "ask": float(PRICES[row]), "last": float(PRICES[row]), "mark": float(PRICES[row]),
        "quote_age_s": 0.1, "position": position, "resting": working, "recent": (), "capital": 1e7,
        "used_margin": margin(position), "available_margin": 1e7, "open_symbols": (), "disabled_strategies": (),
        "margin_of": margin, "margin_of_strategy": margin, "position_of_strategy": position,
        "margin_of_position": margin, "margin_rises": rises, "greeks_of": lambda symbol: UNIT[ROWS[symbol]],
        "book": total, "losses": Losses(loss, LOSSES[row], np.array(ends).reshape(-1, 2, loss.size), 0), "blind": False,
        "scope": "main",
    }  # fmt: skip
    return GateView(**(fields | more))


def harmless(one: Case) -> bool:
    """Whether no set of fills of the working orders makes any fill of the order raise anything, by making each."""
    row, lots = one.order
    sets = [range(min(units, 0), max(units, 0) + 1) for _, units in one.working]
    before = np.array([_filled(one, filled) for filled in product(*sets)], dtype=np.float64) * LOT
    steps = np.arange(1, abs(lots) + 1) * np.sign(lots) * LOT
    after = np.repeat(before[None], len(steps), axis=0)
    after[:, :, row] += steps[:, None]
    old, new = before[:, row], after[:, :, row]
    nearer = (np.abs(new) <= np.abs(old) - np.abs(steps)[:, None]).all() and (new * old >= 0).all()
    pairs = zip(_measures(before, sells=lots < 0), _measures(after, sells=lots < 0), strict=True)
    return bool(nearer) and all(bool((then <= now + _ROUNDING * (1 + np.abs(now))).all()) for now, then in pairs)


def _filled(one: Case, filled: tuple[int, ...]) -> list[int]:
    held = list(one.held)
    for (row, _), units in zip(one.working, filled, strict=True):
        held[row] += units
    return held


def _measures(held: Floats, *, sells: bool) -> list[Floats]:
    greek = [held @ np.array([getattr(unit, name) for unit in UNIT]) for name in ("delta", "gamma", "vega")]
    worst = np.maximum((held @ LOSSES).max(axis=-1), 0.0)
    found = [np.abs(greek[0]), np.maximum(-greek[1], 0.0), np.abs(greek[2]), worst]
    return [*found, blocked(held)] if sells else found


def blocked(held: Floats) -> Floats:
    """What whole books (…, n) in units block, from the formula and not from the sums that the gate keeps."""
    total = np.zeros(held.shape[:-1])
    for pool in sorted(set(ONE.pool)):
        own = np.where([one == pool for one in ONE.pool], held, 0.0)
        short, long = np.maximum(-own, 0.0), np.maximum(own, 0.0)
        risk = np.maximum((own @ ONE.losses).max(axis=-1), 0.0)
        months = [np.array(ONE.month) == month for month in sorted(set(ONE.month.tolist()))]
        deltas = np.stack([np.where(month, own, 0.0) @ ONE.delta for month in months])
        spread = sum((own * month != 0).any(axis=-1).astype(int) for month in months)
        charge = np.minimum(np.maximum(deltas, 0.0).sum(axis=0), np.maximum(-deltas, 0.0).sum(axis=0))
        charge = np.where(spread > 1, charge, 0.0) * float(ONE.calendar[ONE.pool.index(pool)])
        need = np.maximum(risk, short @ ONE.minimum) + short @ ONE.short + long @ ONE.long + charge - own @ ONE.value
        paid = own @ np.array([premium(row, 1.0) for row in range(ALL)])
        total = total + np.maximum(need, 0.0) + np.maximum(paid, 0.0)
    return total


def _point(row: int, units: float) -> tuple[float, float]:
    return float(units), premium(row, units)


def _ends(position: int, working: Any) -> list[float]:
    low, high = span(position, working)
    return [float(position), float(low), float(high), *([0.0] if low < 0 < high else [float(position)])]


def _book(points: dict[int, list[float]]) -> Book:
    rows = np.array(list(points), dtype=np.intp)
    units = np.array(list(points.values()), dtype=np.float64).reshape(len(rows), 4)
    paid = units * np.array([premium(row, 1.0) for row in points]).reshape(-1, 1)
    return Book(ONE, rows, units, paid)
