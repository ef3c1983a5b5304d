"""A strategy under watch: where in its code it failed, and an end to a call that does not come back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from sidecar.domain.report import Intent, Published
from sidecar.strategies import wanted
from sidecar.strategies.protocol import Strategy

#: What is nobody's own code: the frames of libraries, and who looks at what was given.
_FOREIGN = ("/site-packages/", "/lib/python3", "<frozen", __file__, wanted.__file__)

#: Real seconds until it rings again.
_AGAIN_S = 0.1


class Hung(BaseException):
    """A call that took too long was broken off in ``frame``. Not an ``Exception``: a strategy may catch those."""

    def __init__(self, frame: FrameType | None) -> None:
        super().__init__()
        self.frame = frame


class Failure(NamedTuple):
    """What a strategy raised, in words, and the line of its own code (``file.py:12``)."""

    strategy: str
    problem: str
    place: str

    def __str__(self) -> str:
        return f"strategy {self.strategy} failed at {self.place}: {self.problem}"


class _Bell:
    """What rings when the time is over: once and again, for where Python drops exceptions (a finaliser, a callback of
    the collector) the first is lost.
    """

    armed = False

    def __call__(self, _signal: int, frame: FrameType | None) -> None:
        if self.armed:
            raise Hung(frame)


class Watched:
    """A :class:`~sidecar.strategies.protocol.Strategy` round another: ``failure`` is what it raised, None while none.

    ``seconds`` of real time is what one call may take, 0 for as long as it likes; it counts inside :func:`watching`
    alone.
    """

    def __init__(self, strategy: Strategy, seconds: float = 0.0) -> None:
        self.name = strategy.name
        self.failure: Failure | None = None
        self._strategy = strategy
        self._seconds = seconds

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """What the strategy wants. :raises Exception: what it raised, or that it does not come back."""
        try:
            return self._asked(published)
        except Hung as hung:
            problem = f"on_report did not come back within {self._seconds:g} s"
            self._fail(problem, place_of(hung, self._code))
            raise RuntimeError(problem) from None
        except Exception as error:
            told = " ".join(str(error).split())[:300]
            self._fail(f"{type(error).__name__}: {told}", place_of(error, self._code))
            raise

    def _asked(self, published: Published) -> tuple[Intent, ...]:
        with ringing(self._seconds):
            return wanted.whole(self._strategy.on_report(published))

    def _fail(self, problem: str, place: str) -> None:
        self.failure = Failure(self.name, problem, place)

    @property
    def _code(self) -> CodeType | None:
        found: CodeType | None = getattr(getattr(self._strategy, "on_report", None), "__code__", None)
        return found


@contextmanager
def watching() -> Iterator[bool]:
    """While inside, a call that takes too long is broken off; says whether it can be: only in the main thread."""
    try:
        before = signal.signal(signal.SIGALRM, _Bell())
    except ValueError:  # another thread gets no signals
        yield False
        return
    try:
        yield True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def ringing(seconds: float) -> Iterator[None]:
    """While inside, :class:`Hung` is raised after so many real seconds; never for 0, or outside :func:`watching`."""
    bell = signal.getsignal(signal.SIGALRM)
    if not seconds or not isinstance(bell, _Bell):
        yield
        return
    bell.armed = True
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
    try:
        yield
    finally:
        bell.armed = False  # before any call, in which it might ring once more
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def place_of(error: BaseException, code: CodeType | None) -> str:
    """The line (``file.py:12``) of a user's code that ``error`` is of; ``code`` is what was called."""
    frames = _outwards(error.frame) if isinstance(error, Hung) else _inwards(error.__traceback__)
    return _place(frames, code)


def _inwards(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """The frames of a traceback and their lines, innermost first."""
    found = []
    while trace is not None:
        found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return reversed(found)


def _outwards(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    """The frames of a running call, innermost first, up to this file's."""
    while frame is not None and frame.f_code.co_filename != __file__:
        yield frame, frame.f_lineno
        frame = frame.f_back


def _place(frames: Iterator[tuple[FrameType, int]], code: CodeType | None) -> str:
    """The innermost line of the user's own code, else of the program's, else where ``on_report`` stands."""
    lines = [
        (str(frame.f_globals.get("__name__", "")).startswith("sidecar."), frame.f_code.co_filename, line)
        for frame, line in frames
        if not any(part in frame.f_code.co_filename for part in _FOREIGN)
    ]
    if lines:
        _, name, line = min(lines, key=lambda one: one[0])  # the first of the user's, else the first
    elif code is not None:
        name, line = code.co_filename, code.co_firstlineno
    else:
        return "an unknown line"
    return f"{name.rpartition('/')[2]}:{line}"
