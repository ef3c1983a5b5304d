"""A scrape: its text against the client library's of the same series, and what it does to a desk's beats.

    python -m bench.scrape

20 strategies have traded 50 underlyings and thirty routes were asked: 2,000 series. The peers are ``prometheus_client``
with families made at the scrape, as a collector makes them, and its text alone, of families that are there already.
Then a real desk of 500 contracts at 2,000 quotes a second, whose process is scraped beside it: how late its beats come.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import numpy as np
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.settings import load_settings
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.measured import Telemetry
from tests.servers.desk import serving
from tests.telemetry.families import Families
from tests.telemetry.scraping import Bench, crowded

TIMES = 300
SECONDS = 10.0
#: Scrapes a second: none, what prometheus.yml asks for, and far more than anybody needs.
PACES = (0.0, 0.2, 1.0, 10.0)


SCRAPER = """
import http.client, sys, time
took = []
for _ in range(100):
    began = time.perf_counter()
    door = http.client.HTTPConnection(sys.argv[1].removeprefix("http://"))
    door.request("GET", "/metrics")
    text = door.getresponse().read().decode()
    took.append(1e3 * (time.perf_counter() - began))
    time.sleep(0.05)
print(sum(not line.startswith("#") for line in text.splitlines()), *took)
"""


class Made(Collector):
    """Families that are there already."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> list[Family]:
        return self._families


class Noting(Telemetry):
    """Keeps how late each beat came (seconds)."""

    def __init__(self) -> None:
        super().__init__()
        self.lates: list[float] = []

    def on_beat(self, late_s: float) -> None:
        self.lates.append(late_s)
        super().on_beat(late_s)


def main() -> int:
    """Print the tables."""
    bench = crowded(strategies=20, underlyings=50)
    _texts(bench)
    print("\n| scrapes a second, 2,000 series each | beats p50 ms late | p99 ms | max ms | beats |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            data_dir=Path(folder) / "data",
            simulation={"strikes_each_side": 62, "expiries": 2, "quotes_per_second": 2_000.0},
            learning={"enabled": False},
        )
        told = Noting()
        with Sidecar(settings, told) as sidecar, serving(app_of(sidecar)) as url:
            sidecar.start()
            time.sleep(10.0)
            for pace in PACES:
                _beats(bench, pace, told.lates)
            _doors(url)
    return 0


def _texts(bench: Bench) -> None:
    seen = bench.seen()
    ready = Made(list(Families(seen).collect()))
    ways: dict[str, Callable[[], object]] = {
        "**Deskwatch**, reading and text": bench.scrape,
        "reading alone": lambda: [list(metric.read(bench.seen())) for metric in CATALOGUE],
        "prometheus_client, reading, families and text": lambda: _by(Families(bench.seen())),
        "prometheus_client, text alone": lambda: _by(ready),
    }
    series = len(bench.samples())
    print(f"| {len(CATALOGUE)} families, {series:,} series, {len(bench.text()) / 1024:.0f} KiB | CPU p50 ms | p99 ms |")
    print("| --- | --- | --- |")
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TIMES):
        for name, scrape in ways.items():
            began = time.thread_time()
            scrape()
            took[name].append(1e3 * (time.thread_time() - began))
    for name, each in took.items():
        p50, p99 = np.percentile(each, [50, 99])
        print(f"| {name} | {p50:.2f} | {p99:.2f} |")


def _by(collector: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


def _beats(bench: Bench, pace: float, lates: list[float]) -> None:
    """How late beats came while another thread of the process scraped so often."""
    ended = Event()

    def scrape() -> None:
        while not ended.wait(1.0 / pace):
            bench.scrape()

    thread = Thread(target=scrape) if pace else None
    lates.clear()
    if thread is not None:
        thread.start()
    time.sleep(SECONDS)
    found = 1e3 * np.array(lates)
    ended.set()
    if thread is not None:
        thread.join()
    p50, p99 = np.percentile(found, [50, 99])
    print(f"| {pace:g} | {p50:.2f} | {p99:.1f} | {found.max():.0f} | {len(found)} |", flush=True)


def _doors(url: str) -> None:
    """The same desk's own numbers over its door, for a process of its own, as Prometheus is one."""
    done = subprocess.run([sys.executable, "-c", SCRAPER, url], capture_output=True, text=True, check=True, timeout=120)
    series, *took = (float(word) for word in done.stdout.split())
    p50, p99 = np.percentile(took, [50, 99])
    print(f"\nOver its door the desk's own {series:.0f} series take {p50:.1f} ms (p50) and {p99:.1f} ms (p99).")


if __name__ == "__main__":
    sys.exit(main())
