"""From a quote to a report to a subscriber: a real sidecar, a real socket, a subscriber in a process of its own.

``quote → subscriber`` is the age of a held contract's quote when the frame that first shows it arrives. It contains the
wait for the next beat (100 ms) and for the topic's turn (positions are sent at most four times a second): what a user
sees. ``report → subscriber`` is the age of the report in the frame: what the servers add. The peer is a poll of the
same data over REST, ten times a second, in the same run.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from threading import Thread
from typing import Any

import httpx2
import websockets

from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.keys import UI_FILE, first_start
from sidecar.servers.serving import Server, configuration
from sidecar.settings import load_settings

SECONDS = 20.0
#: Contracts, expiries, strikes on each side of the money, quotes a second asked of the simulator.
RATES = ((500, 2, 62, 2_000.0), (2_000, 5, 100, 2_000.0))


def main() -> int:
    """Print the table."""
    if len(sys.argv) > 1:
        asyncio.run(subscribe(sys.argv[1], sys.argv[2], float(sys.argv[3])))
        return 0
    print("| contracts | quotes/s | way | p50 ms | p99 ms | max ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in RATES:
        measure(*row)
    return 0


def measure(contracts: int, expiries: int, each_side: int, rate: float) -> None:
    """One desk with so many contracts at so many quotes a second."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        settings = load_settings(
            data_dir=Path(folder),
            port=port,
            simulation={"strikes_each_side": each_side, "expiries": expiries, "quotes_per_second": rate},
        )
        with Sidecar(settings) as sidecar:
            first_start(settings.data_dir)
            key = (settings.data_dir / UI_FILE).read_text().strip()
            server = Server(configuration(app_of(sidecar), port=port))
            Thread(target=server.run, daemon=True).start()
            sidecar.start()
            time.sleep(12.0)
            offset = sidecar.live.now() / 1e6 - time.time()
            before, cpu = sidecar.state.board.quotes, time.process_time()
            began = time.monotonic()
            command = [sys.executable, "-m", "bench.wire", f"127.0.0.1:{port}", key, str(offset)]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            took = time.monotonic() - began
            applied = (sidecar.state.board.quotes - before) / took
            share = (time.process_time() - cpu) / took
            server.should_exit = True
        for way, ages in found.items():
            cuts = quantiles(ages, n=100)
            print(
                f"| {contracts} | {applied:,.0f} | {way} ({len(ages)}) "
                f"| {1e3 * median(ages):.0f} | {1e3 * cuts[98]:.0f} | {1e3 * max(ages):.0f} |"
            )
        print(
            f"| {contracts} | {applied:,.0f} | whole sidecar, simulator included: {share:.0%} of a core | | | |",
            flush=True,
        )


async def subscribe(address: str, key: str, offset: float) -> None:
    """The subscriber and the poller; prints ages in seconds as JSON."""
    ages: dict[str, list[float]] = {"quote → subscriber": [], "report → subscriber": [], "quote → REST poller": []}
    seen: dict[str, str] = {}
    stop = time.monotonic() + SECONDS

    def age(text: str) -> float:
        return time.time() + offset - datetime.fromisoformat(text).timestamp()

    async def poll() -> None:
        known: dict[str, str] = {}
        async with httpx2.AsyncClient(headers={"X-API-Key": key}) as client:
            while time.monotonic() < stop:
                answer: dict[str, Any] = (await client.get(f"http://{address}/emergency/positions")).json()
                for row in answer["positions"]:
                    if known.get(row["symbol"]) != row["updated_at"]:
                        known[row["symbol"]] = row["updated_at"]
                        ages["quote → REST poller"].append(age(row["updated_at"]))
                await asyncio.sleep(0.1)

    poller = asyncio.create_task(poll())
    async with websockets.connect(f"ws://{address}/ws", additional_headers={"X-API-Key": key}) as desk:
        await desk.send(json.dumps({"type": "subscribe", "subscriptions": ["positions"]}))
        while time.monotonic() < stop:
            frame = json.loads(await asyncio.wait_for(desk.recv(), 10.0))
            if frame["type"] != "position_update":
                continue
            row = frame["data"]
            ages["report → subscriber"].append(age(frame["timestamp"]))
            if not row.get("removed") and seen.get(row["symbol"]) != row["updated_at"]:
                seen[row["symbol"]] = row["updated_at"]
                ages["quote → subscriber"].append(age(row["updated_at"]))
    await poller
    print(json.dumps(ages))


if __name__ == "__main__":
    sys.exit(main())
