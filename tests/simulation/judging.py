"""Does an order only reduce? By brute force over what may fill, from the second set of books, not from the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import isfinite

import numpy as np

from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Order
from sidecar.domain.report import Chain
from sidecar.pricing.black import price
from sidecar.pricing.daycount import years

#: Beyond so many working orders only the ends of what they can lead to are tried.
_MOST = 7
#: The cases that "worst stress" means here; what they come to is worked out anew.
_MOVES = (-0.15, -0.1, -0.075, -0.05, -0.025, 0.0, 0.025, 0.05, 0.075, 0.1, 0.15)
_STRESSES = [(move, vol) for move in _MOVES for vol in (-0.3, 0.0, 0.5)]
#: The desk's loss vectors may be a second old, and its volatilities fitted ones.
_SLACK = 0.03
_ROUNDING = 1e-6


def adds(order: Order, held: Mapping[str, int], working: Sequence[Order], chain: Chain, *, planned: bool) -> str:
    """Why the order may add risk, or "".

    :param held: the fund's signed units by symbol.
    :param working: the fund's other orders that may still fill.
    :param planned: a leg of a close that a person asked for: only its own contract is judged.
    """
    request = order.request
    signed = request.side.sign * request.quantity
    here = [one.signed_remaining for one in working if one.request.symbol == request.symbol and one.remaining]
    for filled in _sums(here):
        before = held.get(request.symbol, 0) + filled
        after = before + signed
        if before * after < 0 or abs(after) >= abs(before):
            return f"{before} units of {request.symbol} become {after}"
    if planned:
        return ""
    return _measures(order, held, working, chain) or _stress(request.symbol, signed, held, chain)


def _sums(quantities: Sequence[int]) -> Iterator[int]:
    """What every subset of fills comes to."""
    if len(quantities) > _MOST:
        yield from (0, sum(q for q in quantities if q < 0), sum(q for q in quantities if q > 0))
        return
    for count in range(len(quantities) + 1):
        yield from (sum(some) for some in combinations(quantities, count))


def _measures(order: Order, held: Mapping[str, int], working: Sequence[Order], chain: Chain) -> str:
    """Whether |delta|, short gamma or |vega| may rise, after some subset of the other fills."""
    request = order.request
    signed = request.side.sign * request.quantity
    others = [(one.signed_remaining, one.request.symbol) for one in working if one.remaining][:_MOST]
    for name in ("delta", "gamma", "vega"):
        unit = _unit(chain, name, request.symbol)
        book = sum(units * _unit(chain, name, symbol) for symbol, units in held.items() if units)
        moves = [units * _unit(chain, name, symbol) for units, symbol in others]
        if not all(map(isfinite, (unit, book, *moves))):
            return f"{name} is not known"
        for count in range(len(moves) + 1):
            for some in combinations(moves, count):
                before = book + sum(some)
                after = before + signed * unit
                worse = min(before, 0.0) - min(after, 0.0) if name == "gamma" else abs(after) - abs(before)
                if worse > _ROUNDING * (1.0 + abs(before) + abs(signed * unit)):
                    return f"{name} goes from {before:g} to {after:g}"
    return ""


def _unit(chain: Chain, name: str, symbol: str) -> float:
    row = chain.rows.get(symbol)
    return float(getattr(chain, name)[row]) if row is not None else float("nan")


def _stress(symbol: str, signed: int, held: Mapping[str, int], chain: Chain) -> str:
    """Whether the largest stress loss rises, with nothing else filled."""
    before = _worst(held, chain)
    after = _worst({**held, symbol: held.get(symbol, 0) + signed}, chain)
    if isfinite(before) and isfinite(after) and after > before * (1 + _SLACK) + _SLACK * 1e4:
        return f"the worst stress goes from {before:.0f} to {after:.0f}"
    return ""


def _worst(held: Mapping[str, int], chain: Chain) -> float:
    losses = np.zeros(len(_STRESSES))
    for symbol, units in held.items():
        row = chain.rows.get(symbol)
        if units and row is not None:
            losses -= units * _changes(chain.contracts[row], row, chain)
    return max(float(losses.max()), 0.0)


def _changes(contract: Contract, row: int, chain: Chain) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What one unit gains in each stress."""
    moves = np.array([1.0 + move for move, _ in _STRESSES])
    forward = float(chain.forward[row])
    if contract.kind is Kind.FUTURE:
        return float(chain.mark[row]) * (moves - 1.0)
    time = max(years(int(chain.at.max()), contract.expires_at or 0), 0.0)
    volatility = float(chain.iv[row]) * np.array([1.0 + vol for _, vol in _STRESSES])
    call = np.bool_(contract.right is Right.CALL)
    strike = contract.strike or 0.0
    now = float(price(forward, strike, time, float(chain.iv[row]), call=call))
    gains: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        price(forward * moves, strike, time, volatility, call=call) - now
    )
    return gains
