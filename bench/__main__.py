"""Every measurement, one after the other."""

from __future__ import annotations

import subprocess
import sys

#: What takes a few minutes in all; the long ones by name (fanout, flatten, reduce_only, simulation, faults, mutation,
#: learning, learning_real, backtest_growth, backtest_real, store_growth, soak).
ROOMS = (
    "accuracy", "pricing", "implied", "surfaces", "scenarios", "tail", "span", "margin", "explain", "what_if",
    "features", "indicators", "loop", "models", "backtest", "wire", "journal", "store", "query", "scrape", "start",
    "stop_latency",
)  # fmt: skip


def main() -> int:
    """Run each in a process of its own; the exit status is the worst of theirs."""
    worst = 0
    for room in ROOMS:
        print(f"\n## {room}\n", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"bench.{room}"], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
