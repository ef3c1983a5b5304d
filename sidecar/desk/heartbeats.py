"""The dead man's switch: a client that armed it and is not heard in time halts the desk.

The interval is real time, whatever the market's speed: the seconds that the desk has run and listened, which each
:class:`~sidecar.domain.events.Beat` carries, so that a replay comes to the same moment. Where a beat carries none, they
are the market's. A desk that hung could hear nobody: then at most a second of it counts. A restart gives every armed
client its whole interval again.
"""

from __future__ import annotations

import re

from sidecar.desk.halting import cancel_working, trip
from sidecar.desk.state import DeskState, Switch
from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import Heartbeat
from sidecar.domain.errors import InputError
from sidecar.domain.events import Beat
from sidecar.domain.records import HeartbeatRecorded
from sidecar.domain.report import HeartbeatLine, Outcome, OutcomeStatus

#: Clients that may be armed at once: each is a line of every report and a metric's label.
MOST = 20
#: Seconds that a client may ask to be waited for.
SHORTEST_S, LONGEST_S = 5.0, 600.0
_NAME = re.compile(r"[A-Za-z0-9_.:@-]{1,40}")


def obey(state: DeskState, command: Heartbeat) -> None:
    """Arm, renew, or at a goodbye disarm. Arming and disarming go on record, renewals do not.

    A goodbye leaves orders alone: the client has ended as it meant to. A crash says none, and trips.

    :raises InputError: no client's name, an interval out of range, or one client more than can be watched.
    """
    client, seconds = command.client, command.expires_in_s
    if not _NAME.fullmatch(client):
        raise InputError("client", f"{client[:40]!r} is no name", "give 1 to 40 of A-Z a-z 0-9 _ . : @ -")
    if command.goodbye:
        _disarm(state, command)
        return
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise InputError("expires_in_s", f"{seconds:g} is out of range", f"give {SHORTEST_S:g} to {LONGEST_S:g}")
    armed = state.switches.get(client)
    if armed is None and len(state.switches) >= MOST:
        raise InputError("client", f"{MOST} clients are armed already", "say goodbye for one that has ended")
    state.switches[client] = Switch(seconds, state.ran)
    if armed is not None and armed.expires_in_s == seconds:
        renewed = f"heard; the next one is due within {seconds:g} s"
        state.pending.outcomes.append(Outcome(command.request_id, OutcomeStatus.DONE, renewed, state.breaker))
        return
    state.pending.records.append(HeartbeatRecorded(state.now, client, seconds))
    state.answer(command, OutcomeStatus.DONE, f"{client} is armed: silence for {seconds:g} s halts the desk")


def _disarm(state: DeskState, command: Heartbeat) -> None:
    if state.switches.pop(command.client, None) is None:
        state.answer(command, OutcomeStatus.NOT_FOUND, f"{command.client} is not armed; nothing was changed")
        return
    state.pending.records.append(HeartbeatRecorded(state.now, command.client, None))
    state.answer(command, OutcomeStatus.DONE, f"{command.client} is disarmed; its orders work on")


def watch(state: DeskState, beat: Beat) -> None:
    """Trip for every client whose time is over. Its loss disarms it, so that a person can reset."""
    state.ran = beat.ran or beat.at
    for client, switch in tuple(state.switches.items()):
        if switch.heard is None:
            state.switches[client] = switch._replace(heard=state.ran)
        elif state.ran - switch.heard > switch.expires_in_s * SECOND:
            _lose(state, client, switch.expires_in_s)


def _lose(state: DeskState, client: str, seconds: float) -> None:
    del state.switches[client]
    state.pending.records.append(HeartbeatRecorded(state.now, client, None))
    detail = f"nothing heard of {client} for {seconds:g} s; its switch is disarmed until it is heard again"
    was_active = state.breaker.active
    trip(state, Cause(Trigger.HEARTBEAT_LOST, state.now, "desk", detail))
    if not was_active:
        cancel_working(state)
    state.say(detail)


def restore(state: DeskState, record: HeartbeatRecorded) -> None:
    """What a restart knows of a client: whether it is armed, not when it was last heard."""
    if record.expires_in_s is None:
        state.switches.pop(record.client, None)
    else:
        state.switches[record.client] = Switch(record.expires_in_s, None)


def lines(state: DeskState) -> tuple[HeartbeatLine, ...]:
    """The armed clients and how long ago each was heard, in the order in which they armed."""
    return tuple(
        HeartbeatLine(client, (state.ran - (switch.heard or state.ran)) / SECOND, switch.expires_in_s)
        for client, switch in state.switches.items()
    )
