"""What the dashboards' queries return, drawn in the dashboards' layout: a preview, and not Grafana."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from grafana.build.dashboard import Dashboard
from tests.chromium import chromium
from tests.grafana.drawn import FAINT, INK, PAPER, PLOT, Drawing, draw, say
from tests.grafana.expressions import Asked
from tests.grafana.living import Watched

#: Pixels: the whole, a unit of the grid, the heading, and what a panel keeps free above and below.
WIDTH, UNIT, HEAD, ABOVE, BELOW = 1_500, 30, 60, 28, 60


def pictures(desk: Watched, dashboards: Sequence[Dashboard], folder: Path) -> None:
    """One PNG a dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as made:
        for dashboard in dashboards:
            drawn = figure(desk, dashboard)
            drawn.write_html(Path(made) / "preview.html", include_plotlyjs=True)
            page = browser.new_page(viewport={"width": WIDTH, "height": int(drawn.layout.height)})
            page.goto(f"file://{made}/preview.html")
            page.add_style_tag(content="body { margin: 0 }")
            page.wait_for_selector(".main-svg")
            page.screenshot(path=folder / f"{dashboard.uid}.png")
            page.close()


def figure(desk: Watched, dashboard: Dashboard) -> Any:
    """Every panel at its place."""
    panels = dashboard.json()["panels"]
    height = HEAD + UNIT * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    made = go.Figure()
    for number, panel in enumerate(panels, 2):
        (x0, x1), (y0, y1) = _box(panel["gridPos"], height)
        if panel["type"] == "row":
            say(made, panel["title"], x0, y1, size=15)
            continue
        border = {"fillcolor": PLOT, "line": {"color": FAINT, "width": 1}, "layer": "below"}
        made.add_shape(type="rect", xref="paper", yref="paper", x0=x0, x1=x1, y0=y0, y1=y1, **border)
        say(made, f"<b>{panel['title']}</b>", x0 + 0.004, y1 - 3 / height, size=12)
        found = [_rows(desk, dashboard, panel, target) for target in panel["targets"]]
        draw(Drawing(made, panel, found, (x0 + 0.03, x1 - 0.008), (y0 + BELOW / height, y1 - ABOVE / height), number))
    said = f"<b>{dashboard.title}</b>   a preview of its queries, drawn with Plotly beside a test's desk; not Grafana"
    say(made, said, 0.004, 1.0 - 14 / height, size=16)
    margin = {"l": 0, "r": 0, "t": 0, "b": 0, "autoexpand": False}
    look = {"paper_bgcolor": PAPER, "plot_bgcolor": PLOT, "font": {"color": INK, "size": 10}, "barmode": "stack"}
    return made.update_layout(width=WIDTH, height=height, margin=margin, **look)


def _rows(desk: Watched, dashboard: Dashboard, panel: dict[str, Any], target: dict[str, Any]) -> list[dict[str, Any]]:
    asked = Asked(dashboard.uid, panel["title"], target["expr"], target["instant"])
    return [row | {"name": _name(target["legendFormat"], row["metric"])} for row in desk.series(asked)]


def _name(pattern: str, labels: Mapping[str, str]) -> str:
    for label, value in labels.items():
        pattern = pattern.replace("{{" + label + "}}", value)
    return pattern


def _box(place: Mapping[str, int], height: int) -> tuple[tuple[float, float], tuple[float, float]]:
    top = 1.0 - (HEAD + UNIT * place["y"]) / height
    left = place["x"] / 24
    return (left + 0.003, left + place["w"] / 24 - 0.003), (top - (UNIT * place["h"] - 6) / height, top)
