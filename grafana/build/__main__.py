"""Write every dashboard into ``grafana/dashboards``."""

from __future__ import annotations

from pathlib import Path

from grafana.build.dashboard import Dashboard
from grafana.build.main import MAIN
from grafana.build.models import MODELS
from grafana.build.risk import RISK
from grafana.build.service import SERVICE

FOLDER = Path(__file__).resolve().parents[1] / "dashboards"
DASHBOARDS: tuple[Dashboard, ...] = (MAIN, RISK, MODELS, SERVICE)


def main() -> None:
    """One file a dashboard, named by its uid."""
    FOLDER.mkdir(exist_ok=True)
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.uid}.json").write_text(dashboard.text(), "utf-8")


if __name__ == "__main__":
    main()
