"""Print what every expression of the dashboards returns: ``python -m tests.grafana``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.grafana.expressions import asked
from tests.grafana.living import said, watched


def main() -> None:
    """Let a desk live, ask its Prometheus, print the panel table."""
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder)) as desk:
        print(said({one: len(desk.series(one)) for one in asked()}))


if __name__ == "__main__":
    main()
