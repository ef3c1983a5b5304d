"""Print what every expression of the dashboards returns, and draw it: ``python -m tests.grafana [FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from grafana.build.__main__ import DASHBOARDS
from tests.grafana.expressions import asked
from tests.grafana.living import said, watched
from tests.grafana.preview import pictures

HEAD = """# What the panels ask

Every expression of the dashboards, and how many series a real Prometheus returned for it that scraped a desk which had
lived for some moments: traded, been refused, tripped, stopped, predicted. Made by `make panels`."""


def main() -> None:
    """Let a desk live, ask its Prometheus, print the panel table; with ``FOLDER``, put it and the pictures there."""
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder)) as desk:
        told = said({one: len(desk.series(one)) for one in asked()})
        print(told)
        if len(sys.argv) > 1:
            made = Path(sys.argv[1])
            pictures(desk, DASHBOARDS, made)
            (made / "panels.md").write_text(f"{HEAD}\n\n{told}\n", "utf-8")


if __name__ == "__main__":
    main()
