"""Which step of a close goes next: the plan's first one, or, where that cannot go now, another that does no harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import inf

import numpy as np
from msgspec.structs import replace

from sidecar.desk import confirming, unwinding
from sidecar.desk.state import Closing, DeskState
from sidecar.desk.unwinding import Ready
from sidecar.domain.orders import Order, OrderState
from sidecar.risk import flatten
from sidecar.risk.flatten import Leg
from sidecar.risk.unwinding import Step, Task, Way, rises, way

#: Of so many orders under way every set of fills is looked at; with more, the next one waits.
_MOST_UNDER_WAY = 4
#: After so many orders in a row of which nothing filled, a leg is no longer waited for.
_HOPELESS = 5


def instead(
    state: DeskState, ready: Ready, task: Task, best: Way, legs: Sequence[int], asked: Mapping[str, Closing]
) -> Way:
    """The way whose first step is one of ``legs``, no worse than the best, which begins with a leg that cannot go now.

    Where that one has been refused or found no match more than once, or nobody knows what became of it, nothing waits
    for it that raises no margin and is a short option: what it can raise the worst loss by is its price. Where nobody
    has taken it for long, the rest is planned as if it stayed.
    """
    found = way(task, unwinding.WORKED, first=legs, most=(best.dearer, best.worse))
    if found.steps or not best.steps:
        return found
    late = ready.legs[best.steps[0].leg]
    wish = asked[late.position_id]
    refused = wish.wait_s > 2 * state.config.closing_retry_s or wish.missed > 1
    lost = any(order.state is OrderState.UNKNOWN for order in confirming.works(state, late.symbol))
    if not (refused or lost or state.asking.problem):
        return found
    shorts = [leg for leg in legs if ready.legs[leg].option and ready.legs[leg].quantity < 0]
    found = way(task, unwinding.WORKED, first=shorts, most=(best.dearer, inf))
    if found.steps or wish.missed < _HOPELESS:
        return found
    return way(flatten.task(*_without(ready, asked)), unwinding.WORKED, first=legs)


def _without(ready: Ready, asked: Mapping[str, Closing]) -> Ready:
    """The book whose legs that find no match are left as they are."""
    stuck = {
        leg.position_id for leg in ready.legs if leg.position_id in asked and asked[leg.position_id].missed >= _HOPELESS
    }
    return ready._replace(
        legs=tuple(replace(leg, target=leg.quantity) if leg.position_id in stuck else leg for leg in ready.legs)
    )


def harmless(ready: Ready, task: Task, step: Step, under_way: Sequence[Order]) -> bool:
    """Whether a step raises nothing after any set of fills of the orders under way; with none it is as planned."""
    moves = [order for order in under_way if order.remaining]
    if not moves:
        return True
    if step.rise or len(moves) > _MOST_UNDER_WAY:
        return False
    worlds = np.array([_filled(ready.legs, fills) for fills in product(*((o, None) for o in moves))], dtype=np.float64)
    leg, lot = ready.legs[step.leg], task.lot[step.leg]
    for units in range(lot, step.units + 1, lot):
        after = worlds.copy()
        after[:, step.leg] += leg.side.sign * units
        for measure in (task.margin, task.worst):
            if any(rises(*pair) for pair in zip(measure(worlds).tolist(), measure(after).tolist(), strict=True)):
                return False
    return True


def _filled(legs: Sequence[Leg], fills: Sequence[Order | None]) -> list[int]:
    """What is left of each position when some orders fill whole."""
    left = [leg.quantity for leg in legs]
    for order in fills:
        for number, leg in enumerate(legs):
            if order and (leg.symbol, leg.strategy) == (order.request.symbol, order.request.strategy):
                left[number] += order.signed_remaining
    return left
