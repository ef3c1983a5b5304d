"""What every peer says, and when."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from threading import Event
from typing import NamedTuple


class Asked(NamedTuple):
    """The command line: the port, frames a second, bytes a frame, and the way where a file knows several."""

    port: int
    rate: float
    size: int
    way: str


def asked() -> Asked:
    """What this process was asked."""
    port, rate, size, *way = sys.argv[1:]
    return Asked(int(port), float(rate), int(size), way[0] if way else "")


def message(seq: int, size: int) -> str:
    """A frame's text of about so many bytes; made at this moment."""
    head = (
        '{"type":"position_update","topic":"bench","epoch":"9c41e7d2a05b38f6",'
        f'"seq":{seq},"timestamp":"2025-11-24T06:30:00.000000+00:00","data":{{"id":"one","pad":"'
    )
    return f'{head}{"x" * (size - len(head) - 27)}","t":{time.time_ns()}}}}}'


def begun() -> Event:
    """Set by the signal; to be called by the main thread."""
    readers = Event()
    signal.signal(signal.SIGUSR2, lambda *_: readers.set())
    return readers


async def said(rate: float, size: int) -> AsyncIterator[str]:
    """Messages, so many a second from the signal on; one that is late does not delay the next."""
    readers = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, readers.set)
    await readers.wait()
    began, seq = time.monotonic(), 0
    while True:
        seq += 1
        await asyncio.sleep(max(0.0, began + seq / rate - time.monotonic()))
        yield message(seq, size)
