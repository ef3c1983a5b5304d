"""A what-if on a book of 60 legs: the whole answer, largest size included, beside a book that is revalued for it.

The peer values every leg anew in each of the 500 moves and 33 stresses, before the order and after, with the normal
distribution of scipy: what a desk does that keeps no loss vectors. It answers nothing about margin or the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from time import perf_counter

import numpy as np
from scipy.special import ndtr

from bench.loop import table
from sidecar.desk.state import DeskState
from sidecar.desk.what_if import impact_of
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import OrderRequest, Side
from sidecar.risk.legs import Floats, Legs, legs_of
from tests.desk.world import CALL, OPTIONS, PUT, World

LEGS, ROUNDS = 60, 400
_COUNTED = ("order_lots", "positions", "order_rate", "net_delta", "net_gamma", "net_vega", "net_theta")
_SHARES = ("strategy_allocation", "capital_utilization", "stress_loss", "var_95", "price_band")
LOOSE = {**dict.fromkeys(_COUNTED, 1e9), **dict.fromkeys(_SHARES, 1.0)}


def book() -> World:
    """60 positions of four strategies, long and short, in every option of a chain."""
    world = World(limits=LOOSE, capital={"main": Decimal(1_000_000_000)}).begin()
    legs = [(strategy, option) for strategy in "abcd" for option in OPTIONS][:LEGS]
    for number, (strategy, option) in enumerate(legs):
        if option is OPTIONS[0]:
            world.trade(seconds=6.0)  # an equal order may not follow at once
        world.trade_lots(option, (Side.BUY, Side.SELL, Side.SELL)[number % 3], strategy=strategy)
    world.trade()
    assert len(world.state.book.open_positions()) == LEGS
    return world


def order(world: World, contract: Contract, side: Side) -> OrderRequest:
    """One lot at the touch."""
    last = world.state.board.last(contract.id)
    assert last is not None
    touch = Decimal(str(round(last.ask if side is Side.BUY else last.bid, 2)))
    return OrderRequest(contract.id, side, contract.lot_size, touch)


def revalued(state: DeskState, requests: Sequence[OrderRequest]) -> Floats:
    """Losses of the book before and after in every move and stress, with plain Black-76."""
    assert state.chain is not None
    held = [(line.symbol, float(line.quantity)) for line in state.book.open_positions()]
    after = [*held, *((one.symbol, float(one.signed)) for one in requests)]
    return np.stack([losses(legs_of(each, state.chain, state.rates, state.now)) for each in (held, after)])


def losses(legs: Legs) -> Floats:
    """The book's loss in 533 moves of spot and volatility."""
    spot, vol = np.linspace(-0.15, 0.15, 533), np.linspace(-0.3, 0.5, 533)
    forward = legs.forward[:, None] * np.exp(spot)
    deviation = legs.volatility[:, None] * (1 + vol) * np.sqrt(legs.time)[:, None]
    d1 = np.log(forward / legs.strike[:, None]) / deviation + deviation / 2
    sign = np.where(legs.call, 1.0, -1.0)[:, None]
    worth = sign * (forward * ndtr(sign * d1) - legs.strike[:, None] * ndtr(sign * (d1 - deviation)))
    result: Floats = legs.quantity @ (legs.mark[:, None] - legs.discount[:, None] * worth)
    return result


def timed(world: World, work: Callable[[], object]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds; every tenth time the market has moved, so that nothing is kept."""
    taken = []
    for number in range(ROUNDS):
        if number % 10 == 0:
            world.trade()
        begin = perf_counter()
        work()
        taken.append(1e3 * (perf_counter() - begin))
    return float(np.median(taken)), float(np.quantile(taken, 0.99))


def main() -> None:
    world = book()
    condor = [(CALL, Side.SELL), (PUT, Side.SELL), (OPTIONS[-2], Side.BUY), (OPTIONS[1], Side.BUY)]
    rows = []
    for name, legs in (("1 order", condor[:1]), ("iron condor, 4 orders", condor)):
        requests, contracts = [order(world, *leg) for leg in legs], [contract for contract, _ in legs]
        ours = timed(world, lambda r=requests, c=contracts: impact_of(world.state, r, c))  # type: ignore[misc]
        theirs = timed(world, lambda r=requests: revalued(world.state, r))  # type: ignore[misc]
        ratio = theirs[0] / ours[0]
        rows.append((name, f"{ours[0]:.2f}", f"{ours[1]:.2f}", f"{theirs[0]:.2f}", f"{theirs[1]:.2f}", f"{ratio:.2f}"))
    table(("book of 60 legs", "median, ms", "p99, ms", "revalued: median", "p99", "ratio of medians"), rows)


if __name__ == "__main__":
    main()
