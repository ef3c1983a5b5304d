"""Days that once broke something: each failing seed stays here as a plain test of what it found."""

from __future__ import annotations

from decimal import Decimal

from sidecar.domain import wire
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.commands import ChangeLimits, PlaceOrder, Stop
from sidecar.domain.orders import OrderRequest, OrderState, Side
from tests.simulation.options import parse
from tests.simulation.run import Simulation, simulate
from tests.simulation.scene import LOT


def lived_to_the_close(seed: int) -> Simulation:
    """A calm day, a few minutes past its close."""
    simulation = Simulation(seed, parse("none"))
    simulation._until(simulation.scene.session.close_at + MINUTE)
    return simulation


def test_a_desk_that_dies_after_the_close_starts_again() -> None:
    # seeds 39 and 51: the day's explain was compared with legs that it had not looked at since the restart
    simulation = lived_to_the_close(2)
    assert simulation.watch.ledger.fills
    simulation._die()
    simulation.at = simulation._dead_until + SECOND
    simulation.step()
    assert simulation.drive is not None
    assert len(simulation.watch.ledger.fills) == len(simulation.drive.state.book.seen)


def test_an_order_without_a_price_that_is_a_number_makes_no_broken_json() -> None:
    # seed 0: a strategy's price of NaN went to every subscriber as the bare word NaN, which is no JSON
    simulation = Simulation(1, parse("none"))
    simulation._until(simulation.scene.session.open_at + 5 * MINUTE)
    contract = simulation.scene.contracts[2]
    for number, price in enumerate((Decimal("NaN"), Decimal("Infinity"), Decimal("sNaN"))):
        request = OrderRequest(contract.id, Side.SELL, LOT, price)
        simulation.handle(PlaceOrder(at=simulation.at, request_id=f"nan-{number}", actor="bob", request=request))
        report = simulation.watch.published
        assert report is not None
        assert not any(order.state is not OrderState.REFUSED for order in report.report.order_updates)
        assert b"NaN" not in wire.encode(report.report.orders)
        assert b"nfinity" not in wire.encode(report.report.orders)


def test_a_flatten_gets_through_a_price_band_of_an_underlying() -> None:
    # seed 86: every slice is priced 2 % through the touch and refused by a band that stands below the fund
    simulation = Simulation(2, parse("none"))
    simulation._until(simulation.scene.session.open_at + 60 * MINUTE)
    simulation.settle_down()
    contract = simulation.scene.contracts[-2]
    ask = simulation.people.command
    request = OrderRequest(contract.id, Side.BUY, LOT, Decimal(str(round(simulation.touch(contract, Side.BUY), 2))))
    simulation.handle(ask(PlaceOrder, simulation.at, request=request))
    narrow = {"fund_id": "main", "underlying": "NIFTY"}
    simulation.handle(ask(ChangeLimits, simulation.at, reason="review", limits={"price_band": 0.0}, **narrow))
    for _ in range(3):
        simulation.at += SECOND
        simulation.step()
    assert any(simulation.watch.ledger.units.values())
    simulation.handle(ask(Stop, simulation.at, reason="drill", flatten=True))
    for _ in range(60):
        simulation.at += SECOND
        simulation.step()
    assert not any(simulation.watch.ledger.units.values())


def test_an_order_id_that_the_venue_knows_is_never_given_to_another_order() -> None:
    # seed 3: after a damaged journal, or a reducing order that left while the disk refused, numbers begin again
    simulation = Simulation(2, parse("survives"))
    simulation._until(simulation.scene.session.open_at + 90 * MINUTE)
    known = set(simulation.venue._orders)
    assert known
    simulation._die()
    simulation.disk.data[400] ^= 1
    simulation.at = simulation._dead_until + SECOND
    simulation.step()
    simulation.settle_down()
    assert simulation.drive is not None
    contract = simulation.scene.contracts[2]
    price = Decimal(str(round(simulation.touch(contract, Side.BUY), 2)))
    asked = simulation.people.command(
        PlaceOrder, simulation.at, request=OrderRequest(contract.id, Side.BUY, LOT, price)
    )
    simulation.handle(asked)
    assert simulation.drive.state.orders.keys() - known
    assert not known & set(list(simulation.drive.state.orders)[-1:])


def test_days_that_once_failed_stay_whole() -> None:
    for seed in (26, 39, 51, 106, 195):
        simulate(seed)
