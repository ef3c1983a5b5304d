"""The loop: takes what the inbox holds, and beats. It runs in a thread of its own and waits for nobody."""

from __future__ import annotations

import time
from collections.abc import Callable

from sidecar.desk.inbox import Inbox
from sidecar.domain.events import AnyEvent, Beat

#: Most that one beat adds (seconds) to what the desk has run and listened: a loop that hung heard nobody meanwhile.
_LISTENED_S = 1.0


def run(
    inbox: Inbox,
    handle: Callable[[AnyEvent], None],
    now: Callable[[], int],
    beat_s: float,
    on_beat: Callable[[float], None] = lambda _: None,
) -> None:
    """Hand every event to ``handle`` as it comes and a ``Beat`` every ``beat_s`` seconds, until the inbox is closed.

    ``now`` is market time; a beat never goes back. ``on_beat`` is told how late (seconds) each beat was. An exception
    of ``handle`` is a bug in the core and ends the loop: the caller stops the machine.
    """
    due = time.monotonic() + beat_s
    newest, ran, looked = 0, 0.0, time.monotonic()
    while not inbox.closed:
        for item in inbox.take(max(0.0, due - time.monotonic())):
            for command in inbox.urgent():
                handle(command)
            if callable(item):
                item()
            else:
                handle(item)
        late = time.monotonic() - due
        if late >= 0.0:
            newest = max(newest, now())
            moment = time.monotonic()
            ran, looked = ran + min(moment - looked, max(_LISTENED_S, 2 * beat_s)), moment
            handle(Beat(newest, int(ran * 1e6)))
            on_beat(late)
            # A desk that fell behind beats once, late, and not once for each beat it missed.
            due = due + beat_s if late < beat_s else time.monotonic() + beat_s
