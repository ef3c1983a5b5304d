"""The facts that must survive: what the journal keeps, and what a restart folds back into the state.

Events say what arrived; records say what the desk made of it. Folding the records of a journal in order gives the same
orders, positions, breaker and limits that the desk had when it wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from sidecar.domain.alerts import Alert
from sidecar.domain.backtests import BacktestJob
from sidecar.domain.breaker import BreakerEvent, BreakerState
from sidecar.domain.contracts import Contract
from sidecar.domain.models import ModelLine, Prediction, PredictionOutcome, TrainingRun
from sidecar.domain.orders import Fill, Order
from sidecar.domain.signals import Signal


class Record(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower):
    """The root of all records; ``at`` is the desk's time (microseconds UTC)."""

    at: int


class Started(Record, frozen=True):
    """A sidecar began on this journal.

    ``epoch`` names the history that subscribers may resume from; another one begins where some of it was lost.
    """

    version: str
    market: str
    simulated: bool
    epoch: str = ""


class OrderRecorded(Record, frozen=True):
    """An order in its new state; the first one is the intent, on disk before the order leaves."""

    order: Order
    contract: Contract


class FillRecorded(Record, frozen=True):
    """An execution or an expiry settlement, with its exact fees."""

    fill: Fill


class BreakerRecorded(Record, frozen=True):
    """A transition (or a second trigger while stopped) and the state after it."""

    event: BreakerEvent
    state: BreakerState


class LimitsRecorded(Record, frozen=True):
    """The ``limits`` that somebody changed, for one fund or desk-wide (``fund_id`` None).

    ``configured`` is what the settings said of them then, so that a restart sees whether they have changed since.
    ``strategy`` and ``underlying`` narrow the fund's; None takes a limit away.
    """

    limits: Mapping[str, float | None]
    actor: str
    reason: str
    fund_id: str | None = None
    configured: dict[str, float] = {}
    strategy: str | None = None
    underlying: str | None = None


class CloseRecorded(Record, frozen=True):
    """A wish to close a position began (``wanted``) or ended: flat, or withdrawn. A restart takes up what stands."""

    position_id: str
    actor: str
    reason: str
    wanted: bool


class HeartbeatRecorded(Record, frozen=True):
    """A client armed its dead man's switch, or, with ``expires_in_s`` None, disarmed it. Renewals go on no record."""

    client: str
    expires_in_s: float | None


class Halted(Record, frozen=True):
    """An emergency stop that was put on record beside the desk's loop, which did not answer (``source`` says who did).

    The desk takes it up as a :class:`~sidecar.domain.commands.Stop` when it can; a restart before that starts stopped.
    """

    actor: str
    reason: str
    source: str


class ExplainMark(msgspec.Struct, frozen=True):
    """Where one leg's explain of the day stands (``id`` is the position's); an unknown number is ``None``.

    ``base_cash`` is realised P&L less fees when the day began, ``base_value`` unrealised P&L. ``parts`` are in the
    order of ``book.explain.PARTS``; ``left`` is what they left at the last known mark, ``unpriced`` how much of it came
    while something was unknown. ``start`` is the market that the running interval began in, at ``started``.
    """

    id: str
    quantity: int
    base_cash: Decimal
    base_value: float
    parts: tuple[float, ...]
    left: float
    unpriced: float
    started: int
    start: tuple[float | None, ...]


class EquityMarked(Record, frozen=True):
    """Equity by fund, its peak, and what the ``day`` opened at, from trusted marks: once a minute, and at the roll.

    ``max_drawdown`` is the deepest fall from a peak so far, a fraction of it. ``capital`` is what the settings gave
    each fund: a change between runs is no profit or loss. ``explain`` is the day's by leg, None in old records.
    """

    day: date
    equity: dict[str, Decimal]
    peak: dict[str, Decimal]
    opening: dict[str, Decimal]
    max_drawdown: dict[str, float] = {}
    capital: dict[str, Decimal] = {}
    explain: tuple[ExplainMark, ...] | None = None


class Audited(Record, frozen=True):
    """Who asked for what, and what came of it: every command, granted or refused.

    ``subject`` is what it is about where a restart needs to know: the strategy of ``disable_strategy`` and
    ``enable_strategy``.
    """

    actor: str
    action: str
    outcome: str
    detail: str = ""
    request_id: str = ""
    subject: str = ""


class AlertRecorded(Record, frozen=True):
    """An alert in its new state."""

    alert: Alert


class SignalRecorded(Record, frozen=True):
    """A signal in its new state: given, then scored."""

    signal: Signal


class NoticeRecorded(Record, frozen=True):
    """A notice of an alert left for a ``channel``, or was given up: what is delivered once is not sent again.

    ``channel`` is a digest of its address, which may hold a secret. ``delivered`` is false where it was given up.
    """

    alert_id: str
    revision: int
    channel: str
    delivered: bool
    detail: str = ""


class PredictionRecorded(Record, frozen=True):
    """A prediction, on disk before its outcome can be known. There is no record that changes one."""

    prediction: Prediction


class OutcomeRecorded(Record, frozen=True):
    """What became of a prediction; a correction is a further record with the next version."""

    outcome: PredictionOutcome


class ModelRecorded(Record, frozen=True):
    """A model in its new role."""

    model: ModelLine


class TrainingRecorded(Record, frozen=True):
    """A run of the training, when it has ended."""

    run: TrainingRun


class BacktestRecorded(Record, frozen=True):
    """A backtest, when nothing more comes of it; its result is a file beside the journal, its ``hash`` stands here."""

    job: BacktestJob


AnyRecord = (
    Started
    | OrderRecorded
    | FillRecorded
    | BreakerRecorded
    | LimitsRecorded
    | EquityMarked
    | CloseRecorded
    | HeartbeatRecorded
    | Halted
    | Audited
    | AlertRecorded
    | SignalRecorded
    | NoticeRecorded
    | PredictionRecorded
    | OutcomeRecorded
    | ModelRecorded
    | TrainingRecorded
    | BacktestRecorded
)


class Entry(msgspec.Struct, frozen=True):
    """One journal payload: a record and the wall clock (microseconds UTC) at which it was written."""

    wall_at: int
    record: AnyRecord


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """The bytes of an entry: JSON, money as text so that it stays exact."""
    return _encoder.encode(entry)


def decode(payload: bytes) -> Entry:
    """The entry of its bytes; ``msgspec.DecodeError`` if they are not one."""
    return _decoder.decode(payload)
