"""What an engine leaves behind: the fills, the marks and the refusals that everything else is computed from."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.domain.orders import Fill


class Unfilled(NamedTuple):
    """An order that did not come to a fill: ``quantity`` is signed units, ``reason`` in words without numbers."""

    at: int
    symbol: str
    quantity: int
    reason: str


class Executed(NamedTuple):
    """One run. ``marks_at`` (n,) are instants in order, microseconds UTC, ``equity`` (n,) what the account was worth
    then after all fees, ``notional`` (n,) the value of what it held, unsigned. ``slippage`` is one number a fill: what
    it paid beyond the middle of the quote of its moment, never below 0. ``fills`` are in order, settlements among them.
    ``closes`` are the last prices of what is still held. ``ended`` says why it ended before its data did.
    """

    fills: tuple[Fill, ...]
    slippage: tuple[float, ...]
    marks_at: NDArray[np.int64]
    equity: NDArray[np.float64]
    notional: NDArray[np.float64]
    unfilled: tuple[Unfilled, ...] = ()
    closes: dict[str, float] = {}  # noqa: RUF012  never changed
    ended: str = ""
    events: int = 0


def digest(run: Executed) -> str:
    """SHA-256 over what was traded, the marks and the equity, in hexadecimal: what two runs of one request share."""
    total = sha256(_traded(run))
    for column in (run.marks_at, run.equity):
        total.update(np.ascontiguousarray(column).tobytes())
    return total.hexdigest()


def trade_digest(run: Executed) -> str:
    """SHA-256 over what was traded, when and at which price and fees: what two engines share that agree."""
    return sha256(_traded(run)).hexdigest()


def _traded(run: Executed) -> bytes:
    """Neither who gave a fill its name nor how a number was written: 21370.7 is 21370.70. Nor which of two fills of one
    instant came first: a market shows its contracts one after the other.
    """
    rows = [(fill.at, fill.symbol, fill.quantity, f"{fill.price:.4f}", f"{fill.fees:.4f}") for fill in run.fills]
    return msgspec.json.encode(sorted(rows))
