"""The words of trading signals: what somebody expects of one contract, and what became of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class SignalType(StrEnum):
    BUY = "buy"
    SELL = "sell"
    HOLD = "hold"

    @property
    def sign(self) -> int:
        """The direction that it expects: +1, -1, or 0 for none."""
        return {SignalType.BUY: 1, SignalType.SELL: -1}.get(self, 0)


class SignalStatus(StrEnum):
    """``open`` until its horizon has passed; ``unscored`` where no trusted price was there to judge it by."""

    OPEN = "open"
    SCORED = "scored"
    UNSCORED = "unscored"


class SignalRequest(msgspec.Struct, frozen=True):
    """What somebody expects of ``symbol`` over ``horizon_s`` market seconds. ``confidence`` is 0 to 1.

    ``quantity`` is positive units of the underlying, 0 where it names no size.
    """

    symbol: str
    signal_type: SignalType
    confidence: float
    horizon_s: float
    quantity: int = 0
    strategy: str = "manual"
    model_id: str = ""
    fund_id: str = "main"
    reason: str = ""


class Signal(msgspec.Struct, frozen=True):
    """A signal on record, written down before its outcome; times are microseconds UTC, 0 where they have not come.

    ``price`` is the mark when it was given, ``outcome_price`` the first trusted one at or after its horizon, and
    ``outcome_return`` the change between them, a fraction, with the sign of the direction. ``correct`` is None for a
    ``hold``, which names no direction, and until it is scored; ``note`` says why there is no score. An unknown number
    is None.
    """

    id: str
    request: SignalRequest
    actor: str
    at: int
    price: float | None
    due_at: int
    status: SignalStatus = SignalStatus.OPEN
    scored_at: int = 0
    outcome_price: float | None = None
    outcome_return: float | None = None
    correct: bool | None = None
    note: str = ""
