"""The service manager's notify socket: it hears when the desk is ready, that its loop beats, and that it ends.

The words are sd_notify(3)'s: datagrams of ``NAME=value`` lines to the address in ``NOTIFY_SOCKET``, which systemd and
others set; without it nothing is sent. The sign of life is not a timer's: it is sent only when the loop has beaten
since the last one, so that a desk that hangs is restarted (and starts as it was stopped).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from math import inf
from threading import Event as Flag
from threading import Thread
from typing import Self

#: Seconds between two looks until the desk is ready.
_ROUND_S = 0.2


class Manager:
    """The service manager, as the environment names it. Its variables are taken out: they are not for child processes.

    ``watchdog_s``: after how long without a sign of life it restarts the desk; infinite if it does not watch.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        address = environment.pop("NOTIFY_SOCKET", "")
        microseconds, process = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        watches = address and microseconds.isdecimal() and process in ("", str(os.getpid()))
        self.watchdog_s = int(microseconds) / 1e6 if watches else inf
        self._address = f"\0{address[1:]}" if address.startswith("@") else address  # Linux' abstract names

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return bool(self._address)

    def tell(self, *lines: str) -> None:
        """Send ``lines``; never waits. What a full or vanished socket does not take is lost."""
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto("\n".join(lines).encode(), self._address)


class Supervised:
    """Keeps ``manager`` told while the block runs.

    :param beats: how many beats the desk's loop has made.
    :param ready: whether the desk can be used; asked until it is.
    :param status: a word on its state, for whoever asks the manager.
    """

    def __init__(
        self, manager: Manager, beats: Callable[[], int], ready: Callable[[], bool], status: Callable[[], str]
    ) -> None:
        self._manager = manager
        self._beats = beats
        self._ready = ready
        self._status = status
        self._ended = Flag()
        self._thread = Thread(target=self._run, name="notify", daemon=True)

    def _run(self) -> None:
        while not self._ready():
            if self._ended.wait(_ROUND_S):
                return
        self._manager.tell("READY=1", f"STATUS={self._status()}")
        seen, every = -1, self._manager.watchdog_s / 4
        while every < inf and not self._ended.wait(every):
            before, seen = seen, self._beats()
            if seen != before:
                self._manager.tell("WATCHDOG=1", f"STATUS={self._status()}")

    def __enter__(self) -> Self:
        if self._manager.listens:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._manager.tell("STOPPING=1")
        if self._thread.ident is not None:
            self._thread.join()
