"""Another future: the same past up to an instant, and after it other prices at the same times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import exp, sin
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.domain.clock import MINUTE
from sidecar.domain.events import AnyEvent, Forecast, Quote, Settlement

Columns = Mapping[str, NDArray[Any]]

#: What is known of the future: the calendar's and the contract master's columns are left as they are.
KNOWN_AHEAD = frozenset(
    {"minute", "minutes", "session", "dte", "is_expiry", "expiry", "t1", "t2", "future_t", "first", "last"}
)
_PRICES = ("open", "high", "low", "close", "future", "max_pain")
_SHARES = ("p_sell", "p_hold", "p_buy")
#: The other future leaves the price of the cut by so much at least and at most, in logs; then it wanders.
_LEAST, _MOST, _WANDER = 0.02, 0.2, 0.002
#: The fields of a quote that are prices.
_OF_A_QUOTE = ("bid", "ask", "last")


def scrambled_columns(columns: Columns, cut: int, up: bool, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """``columns`` with every number after row ``cut`` made another, the prices of a bar still in their order.

    Prices leave the cut's level upward or downward, as ``up`` says, and wander; probabilities are drawn anew; other
    floats are made 0.5 to 1.5 times what they were, 0.5 to 1.5 where they were unknown. Times and what the calendar
    says stay.
    """
    after = slice(cut + 1, None)
    found = {name: np.array(values) for name, values in columns.items()}
    n = len(next(iter(found.values()))) - cut - 1
    leave = rng.uniform(_LEAST, _MOST) * (1.0 if up else -1.0)
    ratio = np.exp(leave + np.cumsum(_WANDER * rng.standard_normal(n)))
    drawn = rng.dirichlet(np.ones(3), n)
    for name, values in found.items():
        if values.dtype.kind != "f" or name in KNOWN_AHEAD:
            continue
        if name in _PRICES:
            values[after] *= ratio
        elif name in _SHARES:
            values[after] = drawn[:, _SHARES.index(name)]
        else:
            values[after] = np.nan_to_num(values[after], nan=1.0) * rng.uniform(0.5, 1.5, n)
    return found


def scrambled_events(events: Sequence[AnyEvent], cut: int, up: bool, rng: np.random.Generator) -> Iterator[AnyEvent]:
    """``events`` with other prices after the instant ``cut`` (microseconds UTC); what lists, beats and times stays.

    All prices go the same way by the same share, upward or downward as ``up`` says, so that a market stays a market;
    the probabilities of a prediction change sides.
    """
    leave = rng.uniform(_LEAST, _MOST) * (1.0 if up else -1.0)
    speed, phase = rng.uniform(0.2, 2.0, 2)

    def ratio(at: int) -> float:
        since = (at - cut) / MINUTE
        return exp(leave + _WANDER * sin(phase + speed * since))

    for event in events:
        change = _CHANGES.get(type(event))
        yield event if change is None or event.at <= cut else change(event, ratio(event.at))


def _quote(event: Quote, ratio: float) -> Quote:
    return replace(event, **{name: getattr(event, name) * ratio for name in _OF_A_QUOTE})


def _settlement(event: Settlement, ratio: float) -> Settlement:
    return replace(event, price=event.price * ratio)


def _forecast(event: Forecast, _: float) -> Forecast:
    turned = (replace(one, probabilities=tuple(reversed(one.probabilities))) for one in event.predictions)
    return replace(event, predictions=tuple(turned))


_CHANGES: Mapping[type, Callable[[Any, float], AnyEvent]] = {
    Quote: _quote, Settlement: _settlement, Forecast: _forecast,
}  # fmt: skip
