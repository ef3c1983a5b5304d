"""The plan of a close: which order follows which, at what price, and what the fund's margin and worst loss are then.

The order of the steps is :mod:`sidecar.risk.unwinding`'s; here are the legs that go into it and the money that comes
out. Every step is a marketable limit inside its protection band, on the tick grid, within the order size and the
exchange's freeze quantity. No step opens anything: it brings its position, and what the fund holds, nearer to zero.

**No extra cash.** What a fund may use is its capital and results less what it blocks (``book/capital.py``). To buy back
a short costs its price; it frees the short's exposure margin and risk, and what the premium received had taken off the
premium paid is blocked anew. So a step moves what is available by ``States.freed`` less its own spread and fees, and
``peak_cash`` is the most by which that falls below where it stands now: 0 where the book pays for its own closing. A
butterfly whose scenarios need nothing beyond its value does, as long as its body costs less than the exposure margin
that a short of it frees (2 % of the index). Elsewhere, of the orders that raise least the one is taken that asks for
least beyond what is available: wings are sold between the slices of the body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from math import isfinite, nan

import msgspec
import numpy as np

from sidecar.domain.orders import Side
from sidecar.domain.plans import Plan, PlanStep
from sidecar.risk.states import States
from sidecar.risk.unwinding import Step, Task, Way, way

#: Charges of a leg's fill: signed units at a price.
Fees = Callable[["Leg", int, float], float]

BALANCED = "the fund is flat in it: another strategy holds the other side"


class Leg(msgspec.Struct, frozen=True):
    """One position of a fund and its market; prices are NaN where unknown.

    ``quantity``: signed units held, ``target`` what the plan is to leave; ``most``: units of the largest order;
    ``band``: how far a limit may stand from the last trade, a fraction of it. ``out`` is why it cannot be closed now
    although somebody asked, empty where it can; ``harmless`` says that what so stays is no risk, so that nothing need
    stay with it.
    """

    position_id: str
    symbol: str
    underlying: str
    fund_id: str
    strategy: str
    quantity: int
    target: int
    lot_size: int
    most: int
    tick_size: Decimal
    band: float
    option: bool
    bid: float
    ask: float
    last: float
    mark: float
    out: str = ""
    harmless: bool = False

    @property
    def side(self) -> Side:
        """The side that closes it."""
        return Side.BUY if self.quantity < 0 else Side.SELL

    @property
    def touch(self) -> float:
        """What the next unit is expected to trade at: the other side's best price, else the last trade."""
        best = self.ask if self.side is Side.BUY else self.bid
        return best if isfinite(best) else self.last


def limit(leg: Leg, beyond: float) -> Decimal | None:
    """A limit through the touch by the fraction ``beyond``, on the tick grid, at least a tick; None without a price.

    Where that is farther from the last trade than the price band allows it is the touch itself, which always may be.
    """
    touch = leg.touch
    if not isfinite(touch):
        return None
    sign, tick = leg.side.sign, leg.tick_size
    through = touch + sign * max(touch * beyond, float(tick))
    if isfinite(leg.last) and abs(through - leg.last) > leg.band * leg.last:
        through = touch
    steps = (Decimal(repr(through)) / tick).to_integral_value(ROUND_DOWN if sign > 0 else ROUND_UP)
    return max(steps * tick, tick)


def closable(held: Sequence[tuple[str, int, int]], wanted: Sequence[bool]) -> tuple[int, ...]:
    """How many units of each position can be closed at the venue, in whole lots: ``held`` are symbol, units and lot.

    A venue knows what the fund holds of a contract in all: where its strategies balance each other there is less to
    close than each of them holds.
    """
    net: dict[str, int] = {}
    for symbol, units, _ in held:
        net[symbol] = net.get(symbol, 0) + units
    room = {symbol: abs(units) for symbol, units in net.items()}
    found = []
    for (symbol, units, lot), asked in zip(held, wanted, strict=True):
        most = min(abs(units), room[symbol]) if asked and units * net[symbol] > 0 else 0
        found.append(most // lot * lot)
        room[symbol] -= found[-1]
    return tuple(found)


def task(legs: Sequence[Leg], states: States, available: float) -> Task:
    """The planner's task; ``available`` is what the fund may still use, where it is not known nothing."""
    spare = max(available, 0.0) if isfinite(available) else 0.0
    return Task(
        held=tuple(leg.quantity for leg in legs),
        target=tuple(leg.quantity if leg.out else leg.target for leg in legs),
        lot=tuple(leg.lot_size for leg in legs),
        most=tuple(leg.most for leg in legs),
        group=tuple(leg.underlying for leg in legs),
        option=tuple(leg.option for leg in legs),
        stays=tuple(bool(leg.out) and not leg.harmless for leg in legs),
        margin=states.margin,
        worst=states.worst,
        short=lambda left, margin: -states.freed(left, margin) - spare,
    )


def plan(
    legs: Sequence[Leg], states: States, available: float, beyond: float, fees: Fees, pace_s: float, tries: int
) -> Plan:
    """The plan of one fund's ``legs``, its whole book, at ``pace_s`` seconds between two orders.

    ``beyond``: the share of a price by which an order's limit goes through the touch. ``tries``: how many states are
    looked at before the best of them is followed to its end.
    """
    found = way(task(legs, states, available), tries)
    left = np.array([leg.quantity for leg in legs], dtype=np.float64)
    steps: list[PlanStep] = []
    paid, lacking = 0.0, 0.0
    for number, step in enumerate(found.steps):
        leg = legs[step.leg]
        left[step.leg] -= np.sign(leg.quantity) * step.units
        steps.append(_priced(leg, step, beyond, fees, number * pace_s))
        paid += steps[-1].cost
        freed = float(states.freed(left[None], np.array([step.margin]))[0])
        lacking = _larger(lacking, paid - freed)
    charged = sum((fees(legs[step.leg], legs[step.leg].side.sign * step.units, legs[step.leg].touch)
                   for step in found.steps), 0.0)  # fmt: skip
    return Plan(
        tuple(steps),
        _left_out(legs, left),
        found.margin,
        found.worst,
        paid,
        charged,
        lacking,
        len(steps) * pace_s,
        words(legs, found),
    )


def joined(plans: Iterable[Plan]) -> Plan:
    """The plans of several funds as one, one after the other: no fund's book offsets another's."""
    whole = Plan((), (), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for one in plans:
        later = tuple(msgspec.structs.replace(step, starts_s=whole.seconds + step.starts_s) for step in one.steps)
        whole = Plan(
            whole.steps + later,
            whole.left_out + one.left_out,
            whole.margin + one.margin,
            whole.worst_loss + one.worst_loss,
            whole.cost + one.cost,
            whole.fees + one.fees,
            whole.peak_cash + one.peak_cash,
            whole.seconds + one.seconds,
            "; ".join(filter(None, (whole.rises, one.rises))),
        )
    return whole


def words(legs: Sequence[Leg], found: Way) -> str:
    """Where and by how much the way raises margin or worst loss; empty where it does not."""
    if found.blind:
        return "margin or worst loss is not known: shorts are bought back first, and longs follow"
    if found.rise == 0:
        return ""
    none = "no order of the steps exists" if found.thorough else "no order of the steps was found"
    told = []
    for what, name in (("margin", "dearer"), ("worst loss", "worse")):
        rise = {step: getattr(step, name) for step in found.steps if getattr(step, name)}
        where = ", ".join(f"{legs[step.leg].symbol} by {by:,.0f}" for step, by in rise.items())
        told += [f"{none} in which {what} does not rise; in this one it rises at {where}"] if where else []
    return "; ".join(told)


def _priced(leg: Leg, step: Step, beyond: float, fees: Fees, starts_s: float) -> PlanStep:
    sign, price = leg.side.sign, leg.touch
    charged = fees(leg, sign * step.units, price)
    cost = sign * (price - leg.mark) * step.units + charged
    return PlanStep(
        leg.position_id,
        leg.symbol,
        leg.fund_id,
        leg.strategy,
        leg.side,
        step.units,
        limit(leg, beyond),
        price,
        cost,
        -sign * price * step.units - charged if leg.option else -cost,
        step.margin,
        step.worst,
        starts_s,
    )


def _left_out(legs: Sequence[Leg], left: np.ndarray) -> tuple[tuple[str, str], ...]:
    told = []
    for leg, units in zip(legs, left.tolist(), strict=True):
        if leg.out:
            told.append((leg.position_id, leg.out))
        elif units != leg.target:
            stays = ", ".join(one.symbol for one in legs if one.out and one.underlying == leg.underlying)
            told.append(
                (leg.position_id, f"to close it would raise margin or worst loss while {stays} cannot be closed")
            )
    return tuple(told)


def _larger(one: float, two: float) -> float:
    return nan if one != one or two != two else max(one, two)
