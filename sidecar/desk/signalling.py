"""Trading signals: recorded before their outcome, scored when their horizon has passed."""

from __future__ import annotations

from sidecar.desk.state import DeskState
from sidecar.domain.commands import SendSignal
from sidecar.domain.records import SignalRecorded
from sidecar.domain.signals import Signal


def take(state: DeskState, command: SendSignal) -> None:
    """Put a signal on record with the mark of this instant."""


def score(state: DeskState) -> None:
    """Score what is due, on a beat."""


def lines(state: DeskState) -> tuple[Signal, ...]:
    """The newest signals, newest first."""
    return ()


def fold(state: DeskState, record: SignalRecorded) -> None:
    """Take up a signal from the record, after a restart."""
