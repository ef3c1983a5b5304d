"""How long the desk takes to start, and a process to its first prices.

    python -m bench.start [CHECKOUT ...]

`python -m sidecar serve` on a new data directory, from its start to the first answer of `/health/live`, its kernels
kept by an earlier process; on a busy machine its CPU seconds tell more. Other checkouts may be named to compare with:
all take turns, under this interpreter. Then processes that only price, and those that have everything to compile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import httpx2
import psutil

from bench.loop import table
from tests.wiring import free_port

HERE = Path(__file__).resolve().parent.parent
ROUNDS = 5
PATIENCE_S = 180.0

NUMPY = "import numpy"
GREEKS = "from sidecar.pricing import black; black.greeks([100.0], 90.0, 0.5, 0.2, 0.05, call=True)"
WARM = "from sidecar.pricing.warming import warm; warm()"
LOADED = "import numpy, scipy.special, numba"


def serving(checkout: Path, **place: str) -> tuple[float, float]:
    """Seconds of the clock, and of CPU, to the first answer of a new desk."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        mine = {name: value for name, value in os.environ.items() if not name.startswith("DESK_")}
        command = [sys.executable, "-m", "sidecar", "serve", "--data-dir", f"{folder}/data", "--port", str(port)]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=checkout, env=mine | place, stderr=subprocess.DEVNULL)
        try:
            answered = _answered(process, f"http://127.0.0.1:{port}/health/live")
            spent = psutil.Process(process.pid).cpu_times()
            return answered - began, spent.user + spent.system
        finally:
            process.terminate()
            process.wait(30)


def _answered(process: subprocess.Popen[bytes], url: str) -> float:
    end = time.perf_counter() + PATIENCE_S
    with httpx2.Client(trust_env=False) as client:
        while time.perf_counter() < end and process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return time.perf_counter()
            except httpx2.TransportError:
                time.sleep(0.01)
    raise RuntimeError(f"the desk has not answered within {PATIENCE_S:.0f} s, or has ended")


def running(code: str, **place: str) -> float:
    """Seconds of a process that runs `code`."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=HERE, env=os.environ | place, check=True)
    return time.perf_counter() - began


def desks(checkouts: Sequence[Path]) -> list[tuple[str, ...]]:
    taken: dict[Path, list[tuple[float, float]]] = {checkout: [] for checkout in checkouts}
    for turn in range(ROUNDS + 1):
        for checkout, seen in taken.items():
            found = serving(checkout)
            if turn:  # the first fills the caches
                seen.append(found)
    middle = {checkout: [median(each) for each in zip(*seen, strict=True)] for checkout, seen in taken.items()}
    own = middle[HERE]
    return [
        (
            "this checkout" if checkout == HERE else checkout.name,
            f"{clock:.2f}",
            f"{spent:.2f}",
            f"{own[0] - clock:+.2f} / {own[1] - spent:+.2f}",
        )
        for checkout, (clock, spent) in middle.items()
    ]


def processes() -> list[tuple[str, str]]:
    rows = {"numpy imported": NUMPY, "numpy, scipy and numba imported": LOADED}
    rows |= {"first Greeks, kernels kept": GREEKS, "all kernels, kept": WARM}
    taken: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, code in rows.items():
            taken[name].append(running(code))
    found = [(name, f"{median(each):.2f}") for name, each in taken.items()]
    for name, code in (("first Greeks, nothing kept", GREEKS), ("all kernels, nothing kept", WARM)):
        with tempfile.TemporaryDirectory() as folder:
            found.append((name, f"{running(code, NUMBA_CACHE_DIR=folder):.1f}"))
    with tempfile.TemporaryDirectory() as folder:
        found.append(("the desk's first answer, nothing kept", f"{serving(HERE, NUMBA_CACHE_DIR=folder)[0]:.1f}"))
    return found


def main() -> None:
    checkouts = [HERE, *(Path(each).resolve() for each in sys.argv[1:])]
    rows = desks(checkouts)
    table(("the desk, from start to its first answer", "seconds", "of CPU", "this checkout is slower by"), rows)
    table(("a process, from start to end", "seconds"), processes())


if __name__ == "__main__":
    main()
