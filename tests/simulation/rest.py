"""The end of a day in a market at rest: a stop that flattens must get there, and a reducing order must pass a stop."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING

from sidecar.domain.clock import SECOND
from sidecar.domain.commands import PlaceOrder, Stop
from sidecar.domain.orders import OrderRequest, OrderState, Side, TimeInForce
from sidecar.domain.report import PositionLine
from tests.simulation.checks import Broken

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

#: Virtual seconds until flat, a step each second.
_LONGEST = 120


def at_rest(simulation: Simulation) -> None:
    """Stop; try to reduce; flatten; wait until it is done."""
    for _ in range(8):
        simulation.at += SECOND
        simulation.step()
    _ask(simulation, Stop, reason="end of the day")
    if simulation.watch.halted:
        return  # nothing may leave at all
    _reduces(simulation)
    _ask(simulation, Stop, reason="end of the day", flatten=True)
    left: list[str] = []
    for _ in range(_LONGEST):
        simulation.at += SECOND
        simulation.step()
        if not (left := _left(simulation)):
            return
    raise Broken("INV4", f"{_LONGEST} s after a stop that flattens there is left: {', '.join(left)}")


def _ask(simulation: Simulation, kind: type, **fields: object) -> None:
    simulation.handle(simulation.people.command(kind, simulation.at, actor="root", **fields))
    simulation.disk.sync()


def _left(simulation: Simulation) -> list[str]:
    """What a fund holds and could close: a contract that trades, with somebody on the other side.

    Where the venue holds something else (a damaged journal has lost fills) closing would be a guess: a person decides.
    """
    ledger = simulation.watch.ledger
    left = []
    for contract in simulation.scene.contracts:
        if simulation.venue.positions.get(contract.id, 0) != ledger.net(contract.id):
            continue
        for fund in simulation.scene.config.capital:
            units = ledger.net(contract.id, fund)
            side = Side.SELL if units > 0 else Side.BUY
            if units and (contract.expires_at or 0) > simulation.at and isfinite(simulation.touch(contract, side)):
                left.append(f"{fund} {contract.id} {units}")
    return left


def _reduces(simulation: Simulation) -> None:
    """A genuine reducing order while stopped: the only position of a fund, with nothing else of it at work."""
    ledger, published = simulation.watch.ledger, simulation.watch.published
    assert published is not None
    for fund in simulation.scene.config.capital:
        lines = [line for line in published.report.positions if line.fund_id == fund]
        if len(lines) == 1 and not ledger.working(fund) and lines[0].symbol not in published.report.awaiting_settlement:
            _reduce(simulation, lines[0])


def _reduce(simulation: Simulation, line: PositionLine) -> None:
    contract = next(one for one in simulation.scene.contracts if one.id == line.symbol)
    side = Side.BUY if line.quantity < 0 else Side.SELL
    touch = simulation.touch(contract, side)
    if not (isfinite(touch) and isfinite(line.delta) and (contract.expires_at or 0) > simulation.at):
        return
    request = OrderRequest(
        line.symbol, side, contract.lot_size, Decimal(str(round(touch, 2))), time_in_force=TimeInForce.IOC,
        fund_id=line.fund_id, strategy=line.strategy,
    )  # fmt: skip
    before = set(simulation.watch.ledger.orders)
    _ask(simulation, PlaceOrder, request=request)
    made = [order for name, order in simulation.watch.ledger.orders.items() if name not in before]
    if made and made[0].state is OrderState.REFUSED:
        raise Broken("INV4", f"a reducing order is refused while stopped: {made[0].note}")
