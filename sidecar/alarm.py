"""SIGUSR1, heard by a thread of its own, whatever the main thread is doing.

The signal's handler is C: it writes the signal's number into a pipe in the very thread that the kernel chose, and the
thread that reads the pipe acts. It needs no turn of the main thread, which may be inside a blocked event loop or a call
that does not come back. A mask with ``sigwait`` would have to stand before any other thread (numpy's, for one) and
would be inherited by child processes; this needs neither. What holds the interpreter itself holds every thread of it:
then only the process can be ended, and a stop file makes its next start a stopped one.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Thread
from types import FrameType
from typing import Self

SIGNAL = signal.SIGUSR1
_END = b"\0"


class Alarm:
    """Takes the signal from construction on, in the main thread; leaving the block gives it back.

    What comes before :meth:`watch` is remembered.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._handler = signal.signal(SIGNAL, self._net)
        self._told = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._thread: Thread | None = None

    def watch(self, act: Callable[[], object]) -> None:
        """Call ``act`` for each signal, in a thread of its own; several in one moment are one."""
        self._thread = Thread(target=self._listen, args=(act,), name="alarm", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the signal back to who had it."""
        signal.set_wakeup_fd(self._told)
        signal.signal(SIGNAL, self._handler)
        os.write(self._write, _END)
        if self._thread is not None:
            self._thread.join()
        os.close(self._write)
        os.close(self._read)

    def _listen(self, act: Callable[[], object]) -> None:
        while True:
            heard = os.read(self._read, 512)
            if SIGNAL in heard:
                act()
            if _END[0] in heard:
                return

    def _net(self, number: int, _: FrameType | None) -> None:
        """The handler in Python, when the main thread comes to it: for when somebody else took the pipe's place."""
        holder = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        if holder != self._write:
            signal.set_wakeup_fd(holder)
            os.write(self._write, bytes([number]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
