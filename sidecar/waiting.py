"""Who waits for an answer of the desk: a future by request id, answered once, or told that there will be none."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock

from sidecar.domain.errors import DeskError, JournalFailed
from sidecar.domain.report import Outcome


class Waiting:
    """Any thread may ask, answer or end it."""

    def __init__(self) -> None:
        self._futures: dict[str, Future[Outcome]] = {}
        self._lock = Lock()
        self._ended = ""

    def ask(self, request_id: str) -> Future[Outcome]:
        """A future for the answer to a request; failed already where there will be none."""
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # who no longer waits cannot take the answer away from the desk
        with self._lock:
            if self._ended:
                future.set_exception(DeskError(self._ended))
            else:
                self._futures[request_id] = future
        return future

    def answer(self, outcome: Outcome, failure: JournalFailed | None) -> None:
        """Answer who waits for an outcome: with it, or with why it is not on disk. A second answer changes nothing."""
        with self._lock:
            future = self._futures.pop(outcome.request_id, None)
        if future is None:
            return
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(outcome)

    def end(self, why: str) -> None:
        """Answer whoever waits, and whoever asks from now on, that there will be none."""
        with self._lock:
            self._ended = self._ended or why
            ended = tuple(self._futures.values())
            self._futures.clear()
        for future in ended:
            future.set_exception(DeskError(self._ended))
