"""The words of the circuit breaker: its states, what triggers it, and what it says of itself."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class BreakerStatus(StrEnum):
    ACTIVE = "active"
    TRIPPED = "tripped"
    EMERGENCY_STOP = "emergency_stop"
    MARKET_HALT = "market_halt"
    MANUAL_DISABLE = "manual_disable"


#: How grave each state is: recovery takes the safer (higher) one of two that disagree.
GRAVITY: dict[BreakerStatus, int] = {
    BreakerStatus.ACTIVE: 0,
    BreakerStatus.TRIPPED: 1,
    BreakerStatus.MANUAL_DISABLE: 2,
    BreakerStatus.MARKET_HALT: 3,
    BreakerStatus.EMERGENCY_STOP: 4,
}


class Trigger(StrEnum):
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    POSITION_LIMIT = "position_limit"
    DRAWDOWN_LIMIT = "drawdown_limit"
    GREEK_LIMIT = "greek_limit"
    VAR_LIMIT = "var_limit"
    MARGIN_LIMIT = "margin_limit"
    LOSS_STREAK = "loss_streak"
    ORDER_RATE = "order_rate"
    VIX_SPIKE = "vix_spike"
    IV_SHOCK = "iv_shock"
    MARKET_HALT = "market_halt"
    DATA_FAILURE = "data_failure"
    ORDER_FAILURE = "order_failure"
    HEARTBEAT_LOST = "heartbeat_lost"
    RECONCILIATION_BREAK = "reconciliation_break"
    MANUAL_TRIGGER = "manual_trigger"
    EMERGENCY_STOP = "emergency_stop"


#: Triggers that the daily roll at the session's open clears.
DAILY = frozenset({Trigger.DAILY_LOSS_LIMIT, Trigger.ORDER_RATE})


class Cause(msgspec.Struct, frozen=True):
    """One reason why trading is off: ``limit`` and ``value`` are fractions or counts as the limit states them.

    ``scope`` is whose trading (:class:`~sidecar.domain.scopes.Scope` as text); ``*`` is the whole desk's.
    """

    trigger: Trigger
    at: int
    actor: str
    detail: str
    limit_name: str = ""
    limit: float | None = None
    value: float | None = None
    scope: str = "*"


class Override(msgspec.Struct, frozen=True):
    """Named limits that may pass until ``expires_at``."""

    limits: tuple[str, ...]
    expires_at: int
    actor: str
    reason: str


class BreakerState(msgspec.Struct, frozen=True):
    """The whole state of the breaker. ``halt_seq`` counts the times that it shut something; it never falls.

    ``status`` and ``causes`` are the desk's. ``partial`` are the causes that shut less than the desk, each its own
    scope: a fund, a strategy, an underlying; the desk may be ``active`` meanwhile.
    """

    status: BreakerStatus = BreakerStatus.ACTIVE
    causes: tuple[Cause, ...] = ()
    since: int = 0
    halt_seq: int = 0
    override: Override | None = None
    partial: tuple[Cause, ...] = ()

    @property
    def active(self) -> bool:
        return self.status is BreakerStatus.ACTIVE


class BreakerEvent(msgspec.Struct, frozen=True):
    """A line of the breaker's history; ``event`` is triggered, repeated, reset, rolled, override_on or override_off.

    ``trigger`` is the bare word of what triggered it, empty for the rest; ``reason`` is for people.
    """

    event: str
    state: BreakerStatus
    reason: str
    actor: str
    at: int
    halt_seq: int
    limit_name: str = ""
    limit: float | None = None
    value: float | None = None
    trigger: str = ""
    scope: str = "*"
