"""What a session of the app costs while somebody looks: server time, bytes, and how long a drawing takes.

``python -m bench.app_sessions``: the Overview with one and ten sessions, beside the same page in plain rerun
style (``peers/plain_app.py``: no fragment, nothing shared, everything drawn again each second); with ``pages`` behind
it, each page with one session too.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import psutil

from bench.sitting import sitting
from bench.standing import standing
from pages.parts.screens import ALL_SCREENS

LOOK_S = 10.0
MANY = (1, 10)
PLAIN = ("-m", "bench.peers.plain_server")


class Cost(NamedTuple):
    """Of one page: a second of a session in milliseconds of the app's CPU and kB, a drawing's p50 and p99 in ms."""

    cpu_ms: float
    kilobytes: float
    drawings: float
    p50: float
    p99: float


async def looked_at(address: str, page: str, sessions: int, process: psutil.Process, *, patient: bool = True) -> Cost:
    """``sessions`` people look at a page for a while."""
    async with AsyncExitStack() as open_:
        people = [await open_.enter_async_context(sitting(address)) for _ in range(sessions)]
        await asyncio.gather(*(one.open(page, patient=patient) for one in people))
        await asyncio.sleep(1.0)
        bytes_, runs = sum(one.bytes for one in people), sum(one.begun for one in people)
        drawn = [len(one.waits) for one in people]
        began, used = time.perf_counter(), sum(process.cpu_times()[:2])
        await asyncio.sleep(LOOK_S)
        seconds = time.perf_counter() - began
        cpu = sum(process.cpu_times()[:2]) - used
        waits = np.array([w for one, n in zip(people, drawn, strict=True) for w in one.waits[n:]] or [np.nan]) * 1_000
        many = sessions * seconds
        return Cost(
            1_000 * cpu / many,
            (sum(one.bytes for one in people) - bytes_) / 1_000 / many,
            (sum(one.begun for one in people) - runs) / many,
            float(np.percentile(waits, 50)),
            float(np.percentile(waits, 99)),
        )


def told(name: str, sessions: int, cost: Cost) -> None:
    """One row."""
    words = [f"{value:,.1f}" if np.isfinite(value) else "–" for value in cost]
    print(f"| {name} | {sessions} | " + " | ".join(words) + " |", flush=True)


def main(*, pages: bool = False) -> None:
    """The table."""
    print("| page | sessions | CPU ms a session-second | kB | drawings/s | drawing p50 ms | p99 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with TemporaryDirectory() as folder, standing(Path(folder) / "data") as stack:
        for screen in ALL_SCREENS if pages else ():
            page = "" if screen is ALL_SCREENS[0] else screen.name
            told(screen.title, 1, asyncio.run(looked_at(stack.app, page, 1, stack.process)))
        for sessions in MANY:
            told("Overview", sessions, asyncio.run(looked_at(stack.app, "", sessions, stack.process)))
    with TemporaryDirectory() as folder, standing(Path(folder) / "data", PLAIN) as stack:
        for sessions in MANY:
            cost = asyncio.run(looked_at(stack.app, "", sessions, stack.process, patient=False))
            told("plain reruns", sessions, cost)


if __name__ == "__main__":
    main(pages="pages" in sys.argv)
