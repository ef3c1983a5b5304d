"""Print what every expression of the dashboards returns, and draw it: ``python -m tests.grafana [FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from grafana.build.__main__ import DASHBOARDS
from tests.grafana.expressions import asked
from tests.grafana.living import said, watched
from tests.grafana.preview import pictures


def main() -> None:
    """Let a desk live, ask its Prometheus, print the panel table; with ``FOLDER``, put the pictures there."""
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder)) as desk:
        print(said({one: len(desk.series(one)) for one in asked()}))
        if len(sys.argv) > 1:
            pictures(desk, DASHBOARDS, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
