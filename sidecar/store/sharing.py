"""One look-up for all who ask the same within a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar, cast

_Answer = TypeVar("_Answer")


class _Result(NamedTuple):
    until: float
    answer: Future[Any]


class Shared:
    """Answers by question; whoever asks while one is young, or still being looked up, gets the same."""

    def __init__(self, share_s: float, clock: Callable[[], float]) -> None:
        self._share_s = share_s
        self._clock = clock
        self._lock = threading.Lock()
        self._results: dict[Hashable, _Result] = {}

    def get(self, question: Hashable, look_up: Callable[[], _Answer]) -> _Answer:
        with self._lock:
            now = self._clock()
            self._results = {key: result for key, result in self._results.items() if result.until > now}
            found = self._results.get(question)
            if found is None:
                mine: Future[Any] = Future()
                self._results[question] = _Result(now + self._share_s, mine)
        if found is not None:
            return cast("_Answer", found.answer.result())
        try:
            mine.set_result(look_up())
        except BaseException as problem:  # those who wait for this answer must hear of it, whatever it is
            with self._lock:
                self._results.pop(question, None)
            mine.set_exception(problem)
            raise
        return cast("_Answer", mine.result())
