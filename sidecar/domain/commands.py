"""What people and programs ask of the desk: the family of events that are answered."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.domain.alerts import Finding
from sidecar.domain.event import Event
from sidecar.domain.models import ModelAction
from sidecar.domain.orders import OrderRequest
from sidecar.domain.signals import SignalRequest


class Command(Event, frozen=True, kw_only=True):
    """Something a person or program asks. ``request_id`` finds its answer; ``actor`` is who asks."""

    at: int
    request_id: str
    actor: str


class PlaceOrder(Command, frozen=True, kw_only=True):
    request: OrderRequest


class WhatIf(Command, frozen=True, kw_only=True):
    """What would these orders do, sent one after another? Nothing is sent, and nothing goes on record."""

    orders: tuple[OrderRequest, ...]


class CancelOrder(Command, frozen=True, kw_only=True):
    order_id: str
    reason: str = ""


class CancelAll(Command, frozen=True, kw_only=True):
    reason: str = ""
    fund_id: str | None = None


class Stop(Command, frozen=True, kw_only=True):
    """Emergency stop. It needs nothing but to be given; ``flatten`` also closes what is open.

    A ``drill`` is obeyed like any other stop, and goes on record as a rehearsal too.
    """

    reason: str
    flatten: bool = False
    drill: bool = False


class Disable(Command, frozen=True, kw_only=True):
    """Manual disable: trading is off until a reset, without the alarm of an emergency stop."""

    reason: str


class Reset(Command, frozen=True, kw_only=True):
    """Return to active; refused while a cause still stands. ``scope`` narrower than the desk resets that alone."""

    reason: str
    scope: str = "*"


class EnableOverride(Command, frozen=True, kw_only=True):
    """Let named limits pass until ``expires_at``; never an emergency stop."""

    reason: str
    limits: tuple[str, ...]
    expires_at: int


class DisableOverride(Command, frozen=True, kw_only=True):
    reason: str = ""


class ChangeLimits(Command, frozen=True, kw_only=True):
    """New values by limit name: desk-wide, or for a fund, a strategy of it, an underlying of either.

    None takes a limit away again, where it was set below the desk.
    """

    reason: str
    limits: Mapping[str, float | None]
    fund_id: str | None = None
    strategy: str | None = None
    underlying: str | None = None


class Heartbeat(Command, frozen=True, kw_only=True):
    """A sign of life of ``client``, which arms its dead man's switch: no other within ``expires_in_s`` halts the desk.

    A ``goodbye`` disarms it: the client has ended as it meant to.
    """

    client: str
    expires_in_s: float = 60.0
    goodbye: bool = False


class PlanClose(Command, frozen=True, kw_only=True):
    """How would positions be closed, named as in :class:`ClosePositions`? Nothing is sent, nothing goes on record."""

    position_id: str | None = None
    symbol: str | None = None
    close_all: bool = False


class ClosePositions(Command, frozen=True, kw_only=True):
    """Close one position, all of one symbol, or all: exactly one of the three is given."""

    reason: str
    position_id: str | None = None
    symbol: str | None = None
    close_all: bool = False


class RaiseAlert(Command, frozen=True, kw_only=True):
    """Somebody outside found something, or says that it is over (``cleared`` are fingerprints)."""

    findings: tuple[Finding, ...] = ()
    cleared: tuple[str, ...] = ()


class AcknowledgeAlert(Command, frozen=True, kw_only=True):
    """Somebody has seen an alert and deals with it: it escalates no more."""

    alert_id: str
    note: str = ""


class ResolveAlert(Command, frozen=True, kw_only=True):
    """Somebody says that an alert is over; while its cause stands it comes back."""

    alert_id: str
    reason: str = ""


class SendSignal(Command, frozen=True, kw_only=True):
    """A trading signal: recorded before its outcome, told to all, scored when its horizon has passed. It trades not."""

    request: SignalRequest


class ChangeModel(Command, frozen=True, kw_only=True):
    """Give a model another place. Whoever submits it has verified the model's files."""

    model_id: str
    action: ModelAction
    reason: str


CommandEvent = (
    PlaceOrder
    | WhatIf
    | CancelOrder
    | CancelAll
    | Stop
    | Disable
    | Reset
    | EnableOverride
    | DisableOverride
    | ChangeLimits
    | Heartbeat
    | PlanClose
    | ClosePositions
    | RaiseAlert
    | AcknowledgeAlert
    | ResolveAlert
    | SendSignal
    | ChangeModel
)
