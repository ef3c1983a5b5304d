"""A whole dashboard as Grafana reads it: rows of panels laid out from the left, variables, annotations, links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grafana.build.panels import APP, DATASOURCE, Json, Panel, link

#: Of Grafana 13.2; the type check of the dashboards says when another one is current.
SCHEMA_VERSION = 42
TAG = "deskwatch"


@dataclass(frozen=True)
class Row:
    """Panels beside each other, ``height`` grid units tall; ``title`` heads a new section."""

    panels: Sequence[Panel]
    height: int = 8
    title: str = ""


@dataclass(frozen=True)
class Variable:
    """A choice of label values: all of them, until somebody chooses. ``selector`` finds the series that have them."""

    name: str
    label: str
    of: str
    selector: str
    description: str


@dataclass(frozen=True)
class Annotation:
    """Marks on every panel: regions while ``expr`` is above 0, or points at the milliseconds that it gives."""

    name: str
    expr: str
    colour: str
    text: str
    timestamps: bool = False


STRATEGY = Variable("strategy", "Strategy", "strategy", '{__name__=~"trading_(orders_submitted|trades)_total"}',
                    "Strategies that have sent an order or traded")  # fmt: skip
UNDERLYING = Variable("underlying", "Underlying", "symbol", "trading_underlying_price", "Underlyings that are quoted")

ANNOTATIONS = (
    Annotation("Emergency stop", 'trading_circuit_breaker_state{state="emergency_stop"} > 0', "red",
               "a person stopped trading"),
    Annotation("Breaker tripped", 'trading_circuit_breaker_state{state!~"active|emergency_stop"} > 0', "orange",
               "trading is off: {{state}}"),
    Annotation("Training", 'trading_job_last_success_timestamp_seconds{exported_job="training"} * 1000', "blue",
               "a training made a model", timestamps=True),
    Annotation("Start", 'process_start_time_seconds{job="deskwatch"} * 1000', "purple", "the sidecar began",
               timestamps=True),
)  # fmt: skip


@dataclass(frozen=True)
class Dashboard:
    """``uid`` is the file's name too, and stands in its address; it never changes."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()

    @property
    def panels(self) -> list[Panel]:
        """In reading order."""
        return [panel for row in self.rows for panel in row.panels]

    def text(self) -> str:
        """The file."""
        return json.dumps(self.json(), indent=1, ensure_ascii=False) + "\n"

    def json(self) -> Json:
        """What Grafana reads; it gives ``id`` itself. Newer versions take the dark theme from the server's settings
        and pass over ``style``.
        """
        return {
            "uid": self.uid,
            "id": None,
            "title": self.title,
            "description": self.description,
            "tags": [TAG],
            "style": "dark",
            "timezone": "browser",
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "5s",
            "time": {"from": "now-1h", "to": "now"},
            "timepicker": {"refresh_intervals": ["5s", "15s", "1m", "5m"]},
            "links": [_dashboards(), link("The desk's app", APP)],
            "annotations": {"list": [_own(), *map(_annotation, ANNOTATIONS)]},
            "templating": {"list": [_variable(each) for each in self.variables]},
            "panels": list(self._placed()),
        }

    def _placed(self) -> Iterator[Json]:
        top, number = 0, 1
        for row in self.rows:
            if row.title:
                place = {"x": 0, "y": top, "w": 24, "h": 1}
                yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place,
                       "panels": []}  # fmt: skip
                top, number = top + 1, number + 1
            left = 0
            for panel in row.panels:
                yield panel.json(number, {"x": left, "y": top, "w": panel.width, "h": row.height})
                left, number = left + panel.width, number + 1
            top += row.height


def _dashboards() -> Json:
    found = link("Deskwatch", "") | {"type": "dashboards", "asDropdown": True, "tags": [TAG], "icon": "dashboard"}
    return found | {"keepTime": True, "includeVars": True, "targetBlank": False}


def _own() -> Json:
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }


def _annotation(mark: Annotation) -> Json:
    return {
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": mark.colour,
        "name": mark.name,
        "target": {"refId": "Anno", "expr": mark.expr, "interval": "5s"},
        "tagKeys": "state",
        "titleFormat": mark.name,
        "textFormat": mark.text,
        "useValueForTime": mark.timestamps,
    }


def _variable(variable: Variable) -> Json:
    return {
        "type": "query",
        "name": variable.name,
        "label": variable.label,
        "description": variable.description,
        "datasource": DATASOURCE,
        "query": {
            "qryType": 1,
            "query": f"label_values({variable.selector}, {variable.of})",
            "refId": "PrometheusVariableQueryEditor-VariableQuery",
        },
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "options": [],
        "skipUrlSync": False,
    }
