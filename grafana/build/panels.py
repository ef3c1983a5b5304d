"""One panel as Grafana writes it: a function a kind, each option by the name that Grafana's schema gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "deskwatch-prometheus"}
APP = "http://127.0.0.1:8501"
GREEN, AMBER, ORANGE, RED, BLUE, GREY = "green", "yellow", "orange", "red", "blue", "text"


@dataclass(frozen=True)
class Query:
    """One expression and the name of its series, in Grafana's ``{{label}}`` form. ``instant`` asks for now alone."""

    expr: str
    legend: str = "__auto"
    instant: bool = False


@dataclass(frozen=True)
class Panel:
    """A panel that has no place yet. ``page`` is the app's page that says more, empty for the first."""

    title: str
    description: str
    kind: str
    queries: Sequence[Query]
    page: str
    width: int
    options: Json
    defaults: Json
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()

    def showing(self, series: str, **properties: Any) -> Panel:
        """The same, with other field options for the series of that name, or of those that ``/match/``.

        A point in an option's name is written ``__``.
        """
        made = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
        matcher = {"id": "byRegexp" if series.startswith("/") else "byName", "options": series}
        return replace(self, overrides=(*self.overrides, {"matcher": matcher, "properties": made}))

    def json(self, number: int, place: Json) -> Json:
        """What Grafana reads, with its number and its place in the grid."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "gridPos": place,
            "datasource": DATASOURCE,
            "links": [link("Open in the app", f"{APP}/{self.page}")],
            "targets": [_target(query, chr(ord("A") + place)) for place, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self.defaults, "overrides": list(self.overrides)},
            "options": self.options,
            "transformations": list(self.transformations),
        }


@dataclass(frozen=True)
class Look:
    """How values are shown. ``steps`` are (from, colour), the first from minus infinity (None); ``words`` replace
    values, each (text, colour), and nothing is left to colour alone. Whatever is unknown reads so.
    """

    unit: str = "none"
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    steps: Sequence[tuple[float | None, str]] = ((None, GREY),)
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    by_threshold: bool = True

    def json(self, custom: Json | None = None) -> Json:
        """The field options that all kinds share, and ``custom``, the kind's own."""
        unknown = {"type": "special", "options": {"match": "null+nan", "result": {"text": "unknown", "color": GREY}}}
        spoken = {str(value): {"text": text, "color": colour, "index": index}
                  for index, (value, (text, colour)) in enumerate(self.words.items())}  # fmt: skip
        made: Json = {
            "unit": self.unit,
            "noValue": "unknown",
            "mappings": [*([{"type": "value", "options": spoken}] if spoken else []), unknown],
            "thresholds": {"mode": "absolute", "steps": [{"value": at, "color": colour} for at, colour in self.steps]},
            "color": {"mode": "thresholds" if self.by_threshold else "palette-classic"},
        }
        limits = {"decimals": self.decimals, "min": self.least, "max": self.most}
        made |= {name: value for name, value in limits.items() if value is not None}
        return made | ({"custom": custom} if custom is not None else {})


def stat(title: str, description: str, queries: Sequence[Query], look: Look, *, page: str, width: int = 4,
         text: str = "auto", graph: bool = True) -> Panel:  # fmt: skip
    """One value each, large, with a line of the last hour behind it."""
    options = {
        "colorMode": "value",
        "graphMode": "area" if graph else "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": _last(),
        "showPercentChange": False,
        "textMode": text,
        "wideLayout": True,
    }
    return Panel(title, description, "stat", queries, page, width, options, look.json())


def gauge(title: str, description: str, queries: Sequence[Query], look: Look, *, page: str, width: int = 4) -> Panel:
    """A value between a least and a most, with the places at which it turns bad."""
    options = {
        "barShape": "flat",
        "barWidthFactor": 0.4,
        "effects": {"barGlow": False, "centerGlow": False, "gradient": False},
        "minVizHeight": 75,
        "minVizWidth": 75,
        "orientation": "auto",
        "reduceOptions": _last(),
        "segmentCount": 1,
        "segmentSpacing": 0.3,
        "shape": "gauge",
        "showThresholdLabels": True,
        "showThresholdMarkers": True,
        "sizing": "auto",
    }
    return Panel(title, description, "gauge", queries, page, width, options, look.json())


def bars(title: str, description: str, queries: Sequence[Query], look: Look, *, page: str, width: int = 6) -> Panel:
    """One bar a series, its value beside it."""
    options = {
        "displayMode": "basic",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "maxVizHeight": 40,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": _last(),
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "text",
    }
    return Panel(title, description, "bargauge", queries, page, width, options, look.json())


def pie(title: str, description: str, queries: Sequence[Query], look: Look, *, page: str, width: int = 6) -> Panel:
    """Shares of a whole, each with its name and number."""
    options = {
        "displayLabels": ["name", "value"],
        "legend": {"calcs": [], "displayMode": "table", "placement": "right", "showLegend": True,
                   "values": ["value", "percent"]},
        "orientation": "auto",
        "pieType": "donut",
        "reduceOptions": _last(),
        "sort": "desc",
        "tooltip": {"mode": "single", "sort": "none"},
    }  # fmt: skip
    return Panel(title, description, "piechart", queries, page, width, options,
                 replace(look, by_threshold=False).json(_hideable()))  # fmt: skip


def lines(title: str, description: str, queries: Sequence[Query], look: Look, *, page: str, width: int = 12,
          stacked: bool = False, marks: bool = False) -> Panel:  # fmt: skip
    """Series over time. ``stacked`` bars are counts of an interval; ``marks`` draws the thresholds as lines."""
    custom = {
        **_hideable(),
        "axisBorderShow": False,
        "axisCenteredZero": False,
        "axisColorMode": "text",
        "axisLabel": "",
        "axisPlacement": "auto",
        "barAlignment": 0,
        "drawStyle": "bars" if stacked else "line",
        "fillOpacity": 60 if stacked else 8,
        "gradientMode": "none",
        "insertNulls": False,
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "pointSize": 4,
        "scaleDistribution": {"type": "linear"},
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if marks else "off"},
    }
    options = {
        "legend": {"calcs": ["lastNotNull"], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return Panel(title, description, "timeseries", queries, page, width, options,
                 replace(look, by_threshold=False).json(custom))  # fmt: skip


def states(title: str, description: str, queries: Sequence[Query], look: Look, *, page: str, width: int = 12) -> Panel:
    """What something was over time, in words."""
    custom = {**_hideable(), "fillOpacity": 70, "lineWidth": 0}
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Panel(title, description, "state-timeline", queries, page, width, options, look.json(custom))


def table(title: str, description: str, queries: Sequence[Query], columns: Mapping[str, str], *, page: str,
          width: int = 24, key: str = "") -> Panel:  # fmt: skip
    """The labels of now as columns, or one row a ``key`` with a column a query. ``columns`` name what is kept."""
    options = {"cellHeight": "sm", "frameIndex": 0, "showHeader": True, "showTypeIcons": False, "sortBy": []}
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False, "inspect": False,
              "footer": {"reducers": []}}  # fmt: skip
    joins = [{"id": "joinByField", "options": {"byField": key, "mode": "outer"}}] if key else []
    kept = {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}}
    named = {"id": "organize", "options": {"excludeByName": {}, "indexByName": {}, "renameByName": dict(columns)}}
    return Panel(title, description, "table", [replace(query, instant=True) for query in queries], page, width,
                 options, Look(decimals=2).json(custom), (), (*joins, kept, named))  # fmt: skip


def quantile(share: float, histogram: str, by: str = "", window: str = "$__rate_interval") -> str:
    """The expression of what that share of observations did not exceed; ``by`` keeps a label."""
    kept = f"le, {by}" if by else "le"
    return f"histogram_quantile({share:g}, sum by ({kept}) (rate({histogram}_bucket[{window}])))"


def spread(histogram: str, window: str = "$__rate_interval") -> tuple[Query, ...]:
    """Half, 95 and 99 of 100 observations."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return tuple(Query(quantile(share, histogram, window=window), name) for name, share in shares.items())


def link(title: str, url: str) -> Json:
    """A link out of Grafana."""
    return {
        "asDropdown": False,
        "icon": "external link",
        "includeVars": False,
        "keepTime": False,
        "tags": [],
        "targetBlank": True,
        "title": title,
        "tooltip": "",
        "type": "link",
        "url": url,
    }


def _target(query: Query, name: str) -> Json:
    return {
        "refId": name,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": query.instant,
        "range": not query.instant,
        "format": "table" if query.instant else "time_series",
    }


def _last() -> Json:
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


def _hideable() -> Json:
    return {"hideFrom": {"legend": False, "tooltip": False, "viz": False}}
