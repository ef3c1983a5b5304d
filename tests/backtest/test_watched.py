"""A strategy under watch: a call that hangs is broken off, and what fails is named with its line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from time import monotonic
from typing import Any, cast

import pytest

from sidecar.backtest.watched import Watched, watching
from sidecar.domain.report import Intent, Published

#: The bell may ring in a callback of the collector, where Python drops it and says so; then it rings again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PUBLISHED = cast("Published", None)


class Does:
    name = "does"

    def __init__(self, what: Callable[[], Any]) -> None:
        self._what = what

    def on_report(self, _: Published) -> Any:
        return self._what()


def forever() -> None:
    while True:
        try:
            _ = 1
        except Exception:  # noqa: BLE001  a strategy may catch whatever it likes
            continue


def failed(what: Callable[[], Any], seconds: float = 0.0) -> str:
    strategy = Watched(Does(what), seconds)
    with watching(), pytest.raises((RuntimeError, ArithmeticError, TypeError)):
        strategy.on_report(PUBLISHED)
    assert strategy.failure is not None
    return str(strategy.failure)


def test_what_hangs_is_broken_off_and_its_line_is_named() -> None:
    first = forever.__code__.co_firstlineno
    lines = {f"strategy does failed at test_watched.py:{first + n}: " for n in range(1, 6)}
    told = failed(forever, 0.05)
    assert any(told.startswith(line) for line in lines)
    assert told.endswith("on_report did not come back within 0.05 s")


def test_a_generator_that_never_ends_hangs_too() -> None:
    def endless() -> Iterator[Intent]:
        while True:
            yield Intent()

    assert f"test_watched.py:{endless.__code__.co_firstlineno + 2}: on_report did not" in failed(endless, 0.05)


class Deaf:
    """Python drops what is raised while it is finalised."""

    def __del__(self) -> None:
        until = monotonic() + 0.06
        while monotonic() < until:
            pass


def test_where_python_drops_the_first_ring_the_next_one_is_heard() -> None:
    def hangs() -> None:
        Deaf()
        while True:
            pass

    told, first = failed(hangs, 0.03), hangs.__code__.co_firstlineno
    assert any(f"test_watched.py:{first + n}: on_report did" in told for n in (2, 3))


def test_after_a_call_that_came_back_nothing_rings() -> None:
    strategy = Watched(Does(lambda: ()), 5.0)
    with watching():
        assert strategy.on_report(PUBLISHED) == ()
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert strategy.failure is None


def test_the_signals_former_owner_has_it_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with watching() as can:
        assert can
        assert signal.getsignal(signal.SIGALRM) is not before
    assert signal.getsignal(signal.SIGALRM) is before


def test_the_innermost_line_of_the_users_own_code_is_named_and_not_a_librarys() -> None:
    def inner() -> None:
        Decimal("no number")

    def outer() -> None:
        inner()

    with pytest.raises(InvalidOperation):
        outer()
    assert f"failed at test_watched.py:{inner.__code__.co_firstlineno + 1}: InvalidOperation" in failed(outer)


def test_what_gives_no_intents_is_named_by_where_it_begins() -> None:
    first = Does.on_report.__code__.co_firstlineno
    assert f"failed at test_watched.py:{first}: TypeError: on_report gave None" in failed(lambda: None)


def test_an_error_of_many_lines_is_told_in_one() -> None:
    def raises() -> None:
        raise RuntimeError("one\n  two\nthree")

    assert failed(raises).endswith("RuntimeError: one two three")


def test_in_another_thread_nothing_is_broken_off_and_calls_go_through() -> None:
    found: list[object] = []

    def elsewhere() -> None:
        with watching() as can:
            found.extend([can, Watched(Does(lambda: ()), 1.0).on_report(PUBLISHED)])

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [False, ()]
