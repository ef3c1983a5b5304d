"""What a dashboard asks of Prometheus: every expression of its panels, annotations and variables, ready to be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from grafana.build.__main__ import DASHBOARDS

#: What Grafana puts in the place of its variables when every choice stands at All, Prometheus is scraped once a second
#: and an hour is shown.
MEANING = {"$__rate_interval": "8s", "$__interval": "1s", "$__range": "1h", "$strategy": ".*", "$underlying": ".*",
           "$model": ".*"}  # fmt: skip


class Asked(NamedTuple):
    """One expression as it stands in the dashboard; ``instant`` is asked of now alone."""

    dashboard: str
    where: str
    expr: str
    instant: bool = False

    @property
    def meant(self) -> str:
        """With what Grafana puts in the place of variables."""
        text = self.expr
        for name, value in MEANING.items():
            text = text.replace(name, value)
        assert "$" not in text, text
        return text

    @property
    def metrics(self) -> set[str]:
        """The names of the metrics in it."""
        return set(re.findall(r"\b(?:trading|process|scrape|up)(?:_\w+)?\b(?=\s*[{\[)+*/]|\s*$|\s)", self.expr))


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Its panels, the headings of sections left out."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def asked() -> Iterator[Asked]:
    """Every expression, in reading order."""
    for dashboard in DASHBOARDS:
        made = dashboard.json()
        for panel in panels(made):
            for target in panel["targets"]:
                yield Asked(dashboard.uid, panel["title"], target["expr"], target["instant"])
        for mark in made["annotations"]["list"]:
            if "target" in mark:
                yield Asked(dashboard.uid, f"annotation {mark['name']}", mark["target"]["expr"])
        for variable in made["templating"]["list"]:
            selector = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            assert selector is not None, variable
            yield Asked(dashboard.uid, f"variable {variable['name']}", f"count by ({selector[2]}) ({selector[1]})")
