"""How long can the desk stand? Market days at speed on a real process, and what they leave behind.

    python -m bench.soak [DAYS] [SPEED] [MINUTES]

``python -m sidecar serve`` on a new data directory, the demonstration trading, retention at one day of what is sampled.
Every few seconds it is measured from outside: memory, files, threads, series of ``/metrics``, the bytes of database and
journal, rows of quotes. It writes ``bench/out/soak.csv`` and a picture of it, and prints a line a market day and the
slopes (Theil-Sen, which a few outliers do not move) over what comes after the second close: from there on nothing but
journal and archive may grow.
"""

from __future__ import annotations

import csv
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

import httpx2
import numpy as np
import plotly.graph_objects as go
import psutil
from plotly.subplots import make_subplots
from scipy.stats import theilslopes

from sidecar.domain.errors import DeskError
from tests.chromium import chromium
from tests.wiring import ADMIN, Serving

MIB = 1024 * 1024
#: Seconds of the wall between two looks.
EVERY_S = 2.0
OUT = Path("bench/out")
#: A small chain, so that many days go by in an hour; what is sampled is kept for a day.
SETTINGS = {
    "DESK_LEARNING__ENABLED": "false",
    "DESK_CAPITAL__MAIN": "50000000",
    "DESK_SIMULATION__QUOTES_PER_SECOND": "10",
    **{f"DESK_RETENTION__{name}_DAYS": "1" for name in ("QUOTES", "REPORTS", "GREEKS", "PNL")},
}


@dataclass(frozen=True)
class Look:
    """One look from outside: seconds since the start, the market's time, and what was found."""

    seconds: float
    market: str
    rss_mib: float
    files: int
    threads: int
    series: int
    database_mib: float
    journal_mib: float
    archive_mib: float
    quotes: int
    records: int
    scrape_ms: float


NAMES = [one.name for one in fields(Look)]


def look(desk: Serving, began: float) -> Look:
    """Look now."""
    process = psutil.Process(desk.process.pid)
    asked = time.perf_counter()
    text = desk.http.get("/metrics", headers={"X-API-Key": ADMIN}).text
    took = time.perf_counter() - asked
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows = re.search(r"^trading_audit_head_seq(?:\{\})? (\S+)", text, re.MULTILINE)
    folder = desk.folder
    counted = desk.desk.sql("SELECT count(*) AS rows FROM quotes").to_pylist()[0]["rows"]
    with process.oneshot():
        return Look(
            round(time.monotonic() - began, 1), desk.desk.status()["data"]["timestamp"],
            process.memory_info().rss / MIB, process.num_fds(), process.num_threads(), len(lines),
            _size(folder.glob("desk.duckdb*")), _size(folder.glob("journal.log")),
            _size([*folder.glob("archive/**/*.parquet"), *folder.glob("history/**/*.parquet")]),
            counted, int(float(rows[1])) if rows else 0, took * 1e3,
        )  # fmt: skip


def _size(paths: Iterator[Path] | Sequence[Path]) -> float:
    return sum(path.stat().st_size for path in paths if path.exists()) / MIB


def soak(folder: Path, days: int, speed: float, minutes: float) -> Iterator[Look]:
    """Looks until so many market days are over, or minutes of the wall."""
    with Serving(folder, "--speed", f"{speed:g}", env=SETTINGS) as desk:
        began, seen = time.monotonic(), set[str]()
        while len(seen) <= days and time.monotonic() < began + 60 * minutes:
            try:
                found = look(desk, began)
                seen.add(found.market[:10])
                yield found
            except (DeskError, httpx2.TransportError) as problem:  # a store that is a moment behind at this speed
                print(f"- {type(problem).__name__}: {problem}", flush=True)
                if desk.process.poll() is not None:
                    raise
            time.sleep(EVERY_S)
        if desk.terminate() or "Traceback" in desk.told():
            print(desk.told()[-2_000:])


def by_day(looks: Sequence[Look]) -> list[Look]:
    """The last look of each market day."""
    return list({one.market[:10]: one for one in looks}.values())


def slopes(looks: Sequence[Look]) -> list[tuple[str, float, float, float]]:
    """Of each number: its growth a market day with its 95 % interval, after the second close."""
    days = sorted({one.market[:10] for one in looks})
    late = [one for one in looks if one.market[:10] > days[min(1, len(days) - 1)]]
    sessions = {day: number for number, day in enumerate(days)}
    found = []
    at = np.array([sessions[one.market[:10]] + _share(one.market) for one in late])
    for name in NAMES[2:]:
        values = np.array([float(getattr(one, name)) for one in late])
        slope, _, low, high = theilslopes(values, at) if len(late) > 2 else (np.nan,) * 4
        found.append((name, float(slope), float(low), float(high)))
    return found


def _share(market: str) -> float:
    """How much of a session is over, by its UTC time: NSE trades from 03:45 for six hours and a quarter."""
    then = datetime.fromisoformat(market)
    return min(1.0, max(0.0, (then.hour * 3600 + then.minute * 60 + then.second - 13_500) / 22_500))


def picture(looks: Sequence[Look], path: Path) -> None:
    """The numbers over market time."""
    names = ("rss_mib", "files", "threads", "series", "database_mib", "journal_mib", "quotes", "archive_mib")
    figure = make_subplots(4, 2, shared_xaxes=True, subplot_titles=[name.replace("_", " ") for name in names])
    for place, name in enumerate(names):
        line = go.Scatter(x=list(range(len(looks))), y=[getattr(one, name) for one in looks], showlegend=False)
        figure.add_trace(line, place // 2 + 1, place % 2 + 1)
        figure.update_yaxes(rangemode="tozero", row=place // 2 + 1, col=place % 2 + 1)
    firsts = [n for n, one in enumerate(looks) if not n or looks[n - 1].market[:10] != one.market[:10]]
    figure.update_xaxes(tickvals=firsts, ticktext=[looks[n].market[5:10] for n in firsts])
    figure.update_layout(width=1_000, height=900, template="plotly_white")
    page = OUT.resolve() / "soak.html"
    figure.write_html(page)
    with chromium() as browser:
        shown = browser.new_page(viewport={"width": 1_000, "height": 900})
        shown.goto(page.as_uri())
        shown.wait_for_selector(".main-svg")
        shown.screenshot(path=path)


def main(days: int = 3, speed: float = 150.0, minutes: float = 120.0) -> None:
    """The looks into the file, the file into tables and picture; 0 days look at the file that is there."""
    os.nice(5)
    OUT.mkdir(exist_ok=True)
    if days:
        with tempfile.TemporaryDirectory() as folder, (OUT / "soak.csv").open("w", newline="", buffering=1) as file:
            writer = csv.DictWriter(file, NAMES)
            writer.writeheader()
            for one in soak(Path(folder) / "data", days, speed, minutes):
                writer.writerow(asdict(one))
    with (OUT / "soak.csv").open(newline="") as file:
        kinds = {field.name: {"str": str, "int": int, "float": float}[str(field.type)] for field in fields(Look)}
        looks = [Look(**{name: kinds[name](text) for name, text in row.items()}) for row in csv.DictReader(file)]
    report(looks)
    picture(looks, Path("docs/soak.png"))


def report(looks: Sequence[Look]) -> None:
    """The tables."""
    print("| day | RSS MiB | files | threads | series | database MiB | journal MiB | archive MiB | quotes | records |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in by_day(looks):
        print(
            f"| {one.market[:10]} | {one.rss_mib:.0f} | {one.files} | {one.threads} | {one.series} "
            f"| {one.database_mib:.1f} | {one.journal_mib:.2f} | {one.archive_mib:.1f} | {one.quotes:,} "
            f"| {one.records:,} |"
        )
    print("\n| slope | a market day | 95 % interval |\n| --- | --- | --- |")
    for name, slope, low, high in slopes(looks):
        print(f"| {name} | {slope:+.3g} | {low:+.3g} to {high:+.3g} |")


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float, float), sys.argv[1:], strict=False)))
