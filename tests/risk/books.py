"""Books for the tests of revaluation: legs by hand, and any legs at all."""

from __future__ import annotations

from math import exp, nan
from typing import Any

import numpy as np
from hypothesis import strategies as st

from sidecar.risk.legs import Legs

SPOT, RATE, CARRY, TIME = 24_600.0, 0.065, 0.055, 30 / 365


def leg(kind: str, strike: float = nan, quantity: float = 75.0, **more: Any) -> dict[str, Any]:
    """One leg: ``kind`` is call, put or future; ``carry`` gives the forward unless one is given."""
    spot, time, carry = more.pop("spot", SPOT), more.pop("time", TIME), more.pop("carry", CARRY)
    return {
        "symbol": f"{kind}{strike:g}", "underlying": "NIFTY", "option": kind != "future", "call": kind == "call",
        "quantity": quantity, "mark": nan, "spot": spot, "forward": spot * exp(carry * time), "strike": strike,
        "time": time, "volatility": nan if kind == "future" else 0.14, "rate": RATE, **more,
    }  # fmt: skip


def book(*rows: dict[str, Any]) -> Legs:
    columns: dict[str, Any] = {}
    for name in Legs.__dataclass_fields__:
        cells = [row[name] for row in rows]
        if name in ("symbol", "underlying"):
            columns[name] = tuple(cells)
        else:
            columns[name] = np.array(cells, dtype=np.bool_ if name in ("option", "call") else np.float64)
    return Legs(**columns)


def mixed() -> Legs:
    """A future, a short strangle, a long put of a later expiry, and a SENSEX call."""
    return book(
        leg("future"),
        leg("call", 25_000.0, -150.0),
        leg("put", 24_000.0, -150.0, volatility=0.17),
        leg("put", 23_000.0, 300.0, time=90 / 365, volatility=0.18),
        leg("call", 81_000.0, 20.0, underlying="SENSEX", spot=80_000.0, volatility=0.13),
    )


_quantities = st.integers(-20, 20).map(lambda lots: 75.0 * lots)
_options = st.builds(
    lambda kind, strike, quantity, time, vol: leg(kind, strike, quantity, time=time, volatility=vol),
    st.sampled_from(["call", "put"]), st.floats(15_000, 35_000), _quantities, st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
_futures = st.builds(lambda quantity, time: leg("future", nan, quantity, time=time), _quantities, st.floats(0, 1))
books = st.lists(_options | _futures, min_size=1, max_size=6).map(lambda rows: book(*rows))
