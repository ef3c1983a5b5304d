"""The watchman: a thread that looks ten times a second whether a stop was given, and whether the desk still answers.

It waits for nobody: not for the event loop, the desk's loop, the journal, the database or the venue. What it counts, it
counts in its own rounds, so that a machine that slept does not pass for a desk that hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import isfinite
from threading import Event as Flag
from threading import Lock, Thread
from typing import Protocol

from sidecar.domain.commands import Stop
from sidecar.domain.report import Outcome
from sidecar.latch import Latch
from sidecar.stop_file import Found, Mark, StopFile

log = logging.getLogger(__name__)

#: Seconds between two rounds.
ROUND_S = 0.05
#: Rounds that the desk has to take up a stop before it is put through beside it, and to have it on disk before the
#: witness is written.
TAKE_ROUNDS = 5
WITNESS_ROUNDS = 10


class Watched(Protocol):
    """What it watches: a running desk. ``beats`` counts the beats of its loop."""

    latch: Latch
    beats: int

    def halt(self, actor: str, reason: str) -> Future[Outcome]: ...
    def halt_beside(self, stops: Sequence[Stop]) -> None: ...


class _Given:
    """A stop that has not been answered yet, for so many rounds."""

    def __init__(self, stop: Stop, answer: Future[Outcome]) -> None:
        self.stop = stop
        self.answer = answer
        self.rounds = 0


class Watchman:
    """Watches ``desk`` from ``start`` to ``stop``. Without a ``file`` nobody can stop it by one.

    :param watchdog_s: how long the loop may be without a beat before the desk is stopped.
    :param wall: the wall clock, microseconds UTC, for the names of taken files.
    """

    def __init__(self, desk: Watched, file: StopFile | None, watchdog_s: float, wall: Callable[[], int]) -> None:
        self._desk = desk
        self._file = file
        self._wall = wall
        self._watchdog_s = watchdog_s
        self._watchdog_rounds = max(1, round(watchdog_s / ROUND_S)) if isfinite(watchdog_s) else -1
        self._lock = Lock()
        self._given: list[_Given] = []
        self._obeyed: Mark | None = None
        self._pending: Future[Outcome] | None = None
        self._unkept = ""
        self._testified = False
        self._witness = Thread()
        self._beats = -1
        self._silent = 0
        self._ended = Flag()
        self._thread = Thread(target=self._run, name="watchman", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        for thread in (self._thread, self._witness):
            if thread.ident is not None:
                thread.join(timeout=5.0)

    @property
    def failed(self) -> bool:
        """Whether it has ended though nobody told it to."""
        return self._thread.ident is not None and not self._thread.is_alive() and not self._ended.is_set()

    def expect(self, stop: Stop, answer: Future[Outcome]) -> None:
        """A stop was given: see to it that it is answered."""
        with self._lock:
            self._given.append(_Given(stop, answer))

    def _run(self) -> None:
        while not self._ended.wait(ROUND_S):
            self._look_for_file()
            self._look_at_loop()
            self._look_at_given()
        self._look_at_given()

    def _look_for_file(self) -> None:
        """Obey a stop file, and rename it once its stop is on disk. What cannot be renamed is obeyed once."""
        if self._file is None:
            return
        if self._pending is not None and self._pending.done():
            kept, self._pending = self._pending.exception() is None, None
            if kept and not self._file.take(self._wall()):
                log.error("the stop file cannot be renamed: the next start is a stopped one until it is removed")
        found = self._file.look()
        if found is None:
            self._obeyed = None
        elif found.mark != self._obeyed:
            self._obey(found)

    def _obey(self, found: Found) -> None:
        self._obeyed = found.mark
        self._pending = self._desk.halt("stop-file", found.reason)

    def _look_at_loop(self) -> None:
        beats, self._beats = self._beats, self._desk.beats
        self._silent = 0 if beats != self._beats else self._silent + 1
        if self._silent == self._watchdog_rounds:
            self._desk.halt("watchdog", f"the desk's loop has not beaten for {self._watchdog_s:g} s")

    def _look_at_given(self) -> None:
        """Put through beside the loop what it does not take, and bear witness to what the disk does not."""
        with self._lock:
            given = list(self._given)
            self._given = [one for one in given if not one.answer.done()]
        for one in given:
            one.rounds += 1
            if one.answer.done() and one.answer.exception() is not None:
                self._unkept = _words(one.stop)  # it will never be on disk: the witness stays for the next start
        late = [one for one in given if not one.answer.done()]
        untaken = [one.stop for one in late if one.rounds == TAKE_ROUNDS]
        if untaken := [stop for stop in untaken if self._desk.latch.untaken(stop.request_id)]:
            self._desk.halt_beside(untaken)
        waits = [_words(one.stop) for one in late if one.rounds >= WITNESS_ROUNDS]
        self._testify(self._unkept or next(iter(waits), ""))

    def _testify(self, unkept: str) -> None:
        """The witness stands while a stop is not on disk. In a thread of its own, for the disk may hang."""
        if self._file is None or bool(unkept) == self._testified or self._witness.is_alive():
            return
        self._testified = bool(unkept)
        self._witness = Thread(target=_bear, args=(self._file, unkept), name="witness", daemon=True)
        self._witness.start()


def _words(stop: Stop) -> str:
    return f"{stop.reason or 'no reason given'} (by {stop.actor}; not confirmed by the journal)"


def _bear(file: StopFile, unkept: str) -> None:
    try:
        if unkept:
            file.testify(unkept)
        else:
            file.dismiss()
    except OSError as error:
        log.error("no witness of the stop can be written", extra={"detail": str(error)})
