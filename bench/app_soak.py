"""How long can the app stand? Sessions that walk over every page for as long as is asked, and what that leaves behind.

``python -m bench.app_soak MINUTES SESSIONS`` (60 and 10). Each session opens another page every half a minute and obeys
its timers meanwhile; every tenth visit it leaves and comes back, as people do. Printed once a minute, and the slope of
the second half at the end: what grows without bound shows there.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.sitting import sitting
from bench.standing import Standing, standing
from pages.parts.screens import ALL_SCREENS

STAY_S = 30.0
VISITS = 10
MIB = 1024 * 1024


async def person(address: str, number: int, until: float, seen: list[str]) -> None:
    """One session after the other, each over some pages; what fails is kept."""
    place = number * 5
    while time.monotonic() < until:
        async with sitting(address) as one:
            for _ in range(VISITS):
                screen = ALL_SCREENS[place % len(ALL_SCREENS)]
                place += 1
                await one.open("" if screen is ALL_SCREENS[0] else screen.name)
                await asyncio.sleep(min(STAY_S, max(0.0, until - time.monotonic())))
                seen += [f"{screen.name}: {failure}" for failure in one.failures]
                one.failures.clear()
                if time.monotonic() >= until:
                    break


async def soak(stack: Standing, minutes: float, sessions: int) -> list[tuple[float, ...]]:
    """Rows of minute, app's memory (MiB), its files, threads and share of a core, and the sidecar's memory."""
    began, failures = time.monotonic(), list[str]()
    people = [asyncio.create_task(person(stack.app, n, began + 60 * minutes, failures)) for n in range(sessions)]
    rows: list[tuple[float, ...]] = []
    stack.process.cpu_percent()
    print("| minute | app MiB | files | threads | core | sidecar MiB |\n| --- | --- | --- | --- | --- | --- |")
    while time.monotonic() < began + 60 * minutes:
        await asyncio.sleep(60)
        app = stack.process
        with app.oneshot():
            row = (
                (time.monotonic() - began) / 60, app.memory_info().rss / MIB, float(app.num_fds()),
                float(app.num_threads()), app.cpu_percent() / 100, stack.sidecar.memory_info().rss / MIB,
            )  # fmt: skip
        rows.append(row)
        print("| {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.2f} | {:.0f} |".format(*row), flush=True)
    for task in people:
        task.cancel()
    ended = await asyncio.gather(*people, return_exceptions=True)
    failures += [repr(one) for one in ended if isinstance(one, Exception)]
    print(f"failures: {len(failures)}", *failures[:10], sep="\n- ")
    return rows


def slope(rows: Sequence[tuple[float, ...]], column: int) -> float:
    """The growth an hour of a column over the second half."""
    half = np.array(rows[len(rows) // 2 :])
    return float(np.polyfit(half[:, 0], half[:, column], 1)[0] * 60) if len(half) > 2 else float("nan")


def main(minutes: float = 60.0, sessions: int = 10) -> None:
    """The table and the slopes."""
    with TemporaryDirectory() as folder, standing(Path(folder) / "data") as stack:
        rows = asyncio.run(soak(stack, minutes, sessions))
    for name, column in (("app MiB", 1), ("files", 2), ("threads", 3), ("sidecar MiB", 5)):
        print(f"{name}: {slope(rows, column):+.1f} an hour over the second half")


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((float, int), sys.argv[1:], strict=False)))
