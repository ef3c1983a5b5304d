"""What a running desk says: every frame checked against its own description, and counted by type.

    python -m bench.transcript [--url http://127.0.0.1:8000] [--key FILE] [--admin FILE] [--seconds 300]
                               [--acts signal,order,alert,stop]

Subscribes to every topic. In the middle it gives a signal, places an order that rests, raises an alert, acknowledges
and resolves it, stops the desk as a drill and resets it; ``--acts`` says which of these. ``--admin`` is the key that
resets, if the other may not. The exit status is 1 if a frame is not as described, a ``seq`` falls, or one of the types
that every desk must show was not seen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from websockets.asyncio.client import connect

from bench.loop import table
from sidecar.servers.topics import TOPICS
from tests.servers.frames import FrameChecker

#: The types that a desk must show: the eight of the emergency stream, and the five of the monitoring one.
EMERGENCY = (
    "position_update", "pnl_update", "greeks_update", "market_condition", "data_quality", "circuit_breaker_event",
    "order_update", "heartbeat",
)  # fmt: skip
MONITORING = ("alert", "alert_resolved", "performance_update", "trading_signal", "system_status")
_SHOWN = 5


class Acting:
    """What is done to the desk, each with its answer printed."""

    def __init__(self, url: str, key: str, admin: str) -> None:
        self.http = httpx2.Client(base_url=url, trust_env=False, timeout=15.0, headers={"X-API-Key": key})
        self.admin = {"X-API-Key": admin}
        self.began = time.monotonic()

    def ask(self, path: str, headers: dict[str, str] | None = None, **body: Any) -> Any:
        answer = self.http.post(path, json=body, headers=headers)
        say = "" if answer.is_success else f": {answer.text[:200]}"
        print(f"{time.monotonic() - self.began:6.1f} s  POST {path} → {answer.status_code}{say}", flush=True)
        return answer.json()

    def signal(self) -> None:
        """Somebody expects a rise."""
        symbol = self._option()["symbol"]
        asked: dict[str, Any] = {"signal_type": "buy", "confidence": 0.6, "horizon_s": 30, "strategy": "transcript"}
        self.ask("/api/v1/signals", symbol=symbol, **asked)

    def order(self) -> None:
        """An order for one lot at the bid, which rests or is filled."""
        row = self._option()
        asked = {"side": "buy", "quantity": row.get("lot_size") or 65, "price": row["bid"], "reason": "transcript"}
        self.ask("/emergency/manual-order", symbol=row["symbol"], **asked)

    def alert(self) -> None:
        """An alert's life: raised, acknowledged, resolved."""
        told = self.ask("/api/v1/monitoring/alerts", title="a rehearsal", level="warning", subject=str(time.time_ns()))
        path = f"/api/v1/monitoring/alerts/{told.get('alert', told)['id']}"
        time.sleep(1.0)
        self.ask(f"{path}/acknowledge", note="seen")
        time.sleep(1.0)
        self.ask(f"{path}/resolve", reason="rehearsed")

    def stop(self) -> None:
        """A stop drill, and back."""
        self.ask("/emergency/stop", reason="transcript", drill=True)
        time.sleep(2.0)
        self.ask("/emergency/circuit-breaker/reset", self.admin, reason="rehearsed")

    def _option(self) -> dict[str, Any]:
        rows = self.http.get("/api/v1/chain/NIFTY").json()["contracts"]
        found: dict[str, Any] = next(row for row in rows if row.get("option_type") and 20 < (row["bid"] or 0) < 300)
        return found


class Listener:
    """Every frame, checked and counted; ``wrong`` are those that are not as described."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.checker = FrameChecker(document)
        self.seen: Counter[tuple[str, str]] = Counter()
        self.wrong: list[str] = []
        self._stands: dict[tuple[str, str], int] = {}

    def take(self, text: str | bytes) -> None:
        frame = json.loads(text)
        topic, kind = frame.get("topic", ""), frame.get("type", "")
        try:
            self.checker.check(frame)
        except AssertionError as error:
            self.wrong.append(str(error))
        before = self._stands.get((frame["epoch"], topic), -1)
        if frame["seq"] < before or (frame["seq"] == before and kind != "snapshot"):
            self.wrong.append(f"{topic}: seq {frame['seq']} after {before}")
        self._stands[frame["epoch"], topic] = frame["seq"]
        self.seen[topic, kind] += 1


async def listen(url: str, key: str, listener: Listener, seconds: float) -> None:
    """Take frames for so many seconds."""
    address = "ws" + url.removeprefix("http") + "/ws"
    async with connect(address, additional_headers={"X-API-Key": key}, proxy=None, max_size=None) as socket:
        await socket.send(json.dumps({"type": "subscribe", "subscriptions": [topic.name for topic in TOPICS]}))
        try:
            async with asyncio.timeout(seconds):
                async for text in socket:
                    listener.take(text)
        except TimeoutError:
            pass


async def run(given: argparse.Namespace) -> Listener:
    """The whole transcript."""
    key = given.key.read_text().strip()
    acting = Acting(given.url, key, (given.admin or given.key).read_text().strip())
    listener = Listener(acting.http.get("/asyncapi.json").json())
    task = asyncio.create_task(listen(given.url, key, listener, given.seconds))
    ways: dict[str, Callable[[], None]] = {
        "signal": acting.signal, "order": acting.order, "alert": acting.alert, "stop": acting.stop,
    }  # fmt: skip
    for number, name in enumerate(given.acts, 1):
        await asyncio.sleep(given.seconds * number / (len(given.acts) + 2) - (time.monotonic() - acting.began))
        await asyncio.to_thread(ways[name])
    await task
    return listener


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.transcript")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", default=Path("data/ui.key"), type=Path)
    parser.add_argument("--admin", type=Path)
    parser.add_argument("--seconds", default=300.0, type=float)
    parser.add_argument("--acts", default=["signal", "order", "alert", "stop"], type=lambda text: text.split(","))
    given = parser.parse_args()
    listener = asyncio.run(run(given))
    print()
    table(
        ("topic", "type", "frames"),
        [(topic, kind, f"{count:,}") for (topic, kind), count in sorted(listener.seen.items())],
    )
    total, kinds, wrong = sum(listener.seen.values()), {kind for _, kind in listener.seen}, len(listener.wrong)
    missing = [kind for kind in (*EMERGENCY, *MONITORING) if kind not in kinds]
    print(f"\n{total:,} frames in {given.seconds:g} s, {wrong} not as described; not seen: {missing or 'none'}")
    for text in listener.wrong[:_SHOWN]:
        print(f"  {text}")
    return 1 if missing or listener.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
