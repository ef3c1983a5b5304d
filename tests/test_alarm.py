from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from sidecar.alarm import SIGNAL, Alarm
from tests.wiring import until

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="only the main thread may take a signal"
)


def test_a_signal_is_heard_while_the_main_thread_sleeps() -> None:
    heard: list[float] = []
    with Alarm() as alarm:
        alarm.watch(lambda: heard.append(time.monotonic()))
        threading.Timer(0.1, os.kill, (os.getpid(), SIGNAL)).start()
        began = time.monotonic()
        time.sleep(1.0)  # goes on after the handler, as a call into C would
        assert time.monotonic() - began >= 1.0
    assert len(heard) == 1
    assert heard[0] - began < 0.9


def test_a_signal_of_before_the_watch_is_remembered_and_other_signals_are_nothing() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        with Alarm() as alarm:
            signal.raise_signal(signal.SIGUSR2)
            signal.raise_signal(SIGNAL)
            alarm.watch(lambda: heard.append(1))
            until(lambda: heard)
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert heard == [1]


def test_it_hears_even_when_somebody_took_its_pipe() -> None:
    heard: list[int] = []
    read, write = os.pipe()
    os.set_blocking(write, False)
    with Alarm() as alarm:
        alarm.watch(lambda: heard.append(1))
        mine = signal.set_wakeup_fd(write)
        signal.raise_signal(SIGNAL)
        until(lambda: heard)
        assert signal.set_wakeup_fd(mine) == write
    os.close(read)
    os.close(write)


def test_what_was_there_before_is_there_again() -> None:
    handler, told = signal.getsignal(SIGNAL), signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(told)
    with Alarm():
        assert signal.getsignal(SIGNAL) != handler
    assert signal.getsignal(SIGNAL) == handler
    assert signal.set_wakeup_fd(told) == told
    assert "alarm" not in {thread.name for thread in threading.enumerate()}
