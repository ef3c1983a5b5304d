"""One panel drawn with Plotly: what its queries returned, worded and coloured as its field options say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go

PAPER, PLOT, INK, FAINT = "#111217", "#181b1f", "#d8d9da", "#2c3235"
COLOURS = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#b877d9")
NAMED = {"green": "#73bf69", "yellow": "#f2cc0c", "orange": "#ff780a", "red": "#f2495c", "text": INK}
#: Series of one panel that are drawn; a preview need not show all.
MOST = 6
UNITS: Mapping[str, Callable[[float], str]] = {
    "currencyINR": lambda value: f"₹{value:,.0f}",
    "percentunit": lambda value: f"{value:.1%}",
    "percent": lambda value: f"{value:.2f}%",
    "s": lambda value: f"{value * 1e3:,.1f} ms" if abs(value) < 1.0 else f"{value:,.1f} s",
    "d": lambda value: f"{value:.1f} d",
    "bytes": lambda value: f"{value / 2**20:,.0f} MiB" if abs(value) < 2**30 else f"{value / 2**30:,.1f} GiB",
    "dateTimeAsIso": lambda value: datetime.fromtimestamp(value / 1e3, UTC).strftime("%Y-%m-%d %H:%M:%S"),
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Drawing:
    """A panel of ``figure``: its JSON, what each of its queries returned, and its place, (from, to) of the whole."""

    figure: Any
    panel: dict[str, Any]
    found: list[list[Row]]
    x: tuple[float, float]
    y: tuple[float, float]
    number: int

    @property
    def defaults(self) -> dict[str, Any]:
        """The field options of every series."""
        found: dict[str, Any] = self.panel["fieldConfig"]["defaults"]
        return found

    @property
    def rows(self) -> list[Row]:
        """Every series."""
        return [row for rows in self.found for row in rows]

    @property
    def axes(self) -> dict[str, str]:
        """What a trace says of where it belongs."""
        return {"xaxis": f"x{self.number}", "yaxis": f"y{self.number}"}

    def lay(self, wide: dict[str, Any], upright: dict[str, Any], **more: Any) -> None:
        """Give it its two axes."""
        across = {"domain": self.x, "anchor": f"y{self.number}", **wide}
        up = {"domain": self.y, "anchor": f"x{self.number}", **upright}
        self.figure.update_layout({f"xaxis{self.number}": across, f"yaxis{self.number}": up, **more})


def draw(drawing: Drawing) -> None:
    """By its kind; one of which nothing is known says so."""
    kind = KINDS[drawing.panel["type"]] if drawing.rows else _values
    kind(drawing)


def say(figure: Any, text: str, x: float, y: float, size: int, colour: str = INK, anchor: str = "left") -> None:
    """Words at a place."""
    place = {"x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": anchor, "yanchor": "top"}
    figure.add_annotation(text=text, **place, showarrow=False, font={"size": size, "color": colour}, align=anchor)


def shown(panel: dict[str, Any], name: str, value: float) -> tuple[str, str]:
    """A value as the panel's field options word it, and its colour."""
    defaults = panel["fieldConfig"]["defaults"]
    options = {
        option["id"]: option["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"].strip("/") in name
        for option in override["properties"]
    }
    for mapping in options.get("mappings", defaults["mappings"]):
        if mapping["type"] == "value" and (found := mapping["options"].get(f"{value:g}")):
            return found["text"], NAMED.get(found["color"], INK)
    steps = [step for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]]
    words = UNITS.get(options.get("unit", defaults["unit"]))
    return words(value) if words else f"{value:,.4g}", NAMED.get(steps[-1]["color"], INK)


def last(row: Row) -> float:
    """A series' newest value."""
    return float((row["values"][-1] if "values" in row else row["value"])[1])


def _values(drawing: Drawing) -> None:
    until = max((row["values"][-1][0] for row in drawing.rows), default=0.0)
    rows = [row for row in drawing.rows if row["values"][-1][0] > until - 5.0][:MOST]
    told = [(row["name"], *shown(drawing.panel, row["name"], last(row))) for row in rows] or [("", "unknown", INK)]
    width = drawing.x[1] - drawing.x[0]
    room = 1_500 * width / len(told)
    size = int(min(22.0, max(10.0, room / (0.75 * max(len(text) for _, text, _ in told)))))
    for place, (name, text, colour) in enumerate(told):
        small = f"<b>{text}</b><br><span style='font-size:10px;color:{INK}'>{name}</span>"
        middle = drawing.x[0] + width * (place + 0.5) / len(told) - 0.01
        say(drawing.figure, small, middle, drawing.y[1], size, colour, "center")


def _lines(drawing: Drawing) -> None:
    legend = f"legend{drawing.number}"
    for row, colour in zip(drawing.rows[:MOST], COLOURS, strict=False):
        at = [datetime.fromtimestamp(moment, UTC) for moment, _ in row["values"]]
        values = [float(value) for _, value in row["values"]]
        given = {"x": at, "y": values, "name": row["name"], "legend": legend, **drawing.axes}
        drawing.figure.add_trace(_trace(drawing, given, colour))
    unit = drawing.defaults["unit"]
    form: dict[str, Any] = {
        "tickformat": ".0%" if unit == "percentunit" else "~s",
        "ticksuffix": "s" if unit == "s" else "",
    }
    words = drawing.defaults["mappings"][0]["options"] if drawing.panel["type"] == "state-timeline" else {}
    if words:
        form |= {"tickvals": [int(key) for key in words], "ticktext": [each["text"] for each in words.values()]}
    place = {"x": drawing.x[0], "y": drawing.y[0] - 0.006, "xanchor": "left", "yanchor": "top", "yref": "paper"}
    look = {"orientation": "h", "font": {"size": 9}, "bgcolor": "rgba(0,0,0,0)"}
    drawing.lay(
        {"gridcolor": FAINT, "tickformat": "%H:%M:%S", "nticks": 6},
        {"gridcolor": FAINT, "zeroline": False, "nticks": 5, **form},
        **{legend: place | look},
    )


def _trace(drawing: Drawing, given: dict[str, Any], colour: str) -> Any:
    if drawing.defaults["custom"].get("drawStyle") == "bars":
        return go.Bar(**given, marker_color=colour)
    steps = drawing.panel["type"] == "state-timeline"
    return go.Scatter(**given, mode="lines", line={"color": colour, "width": 1.4, "shape": "hv" if steps else "linear"})


def _pie(drawing: Drawing) -> None:
    names, values = [row["name"] for row in drawing.rows], [last(row) for row in drawing.rows]
    place = {"x": drawing.x, "y": drawing.y}
    look = {"hole": 0.5, "textinfo": "label+value", "marker": {"colors": COLOURS}, "showlegend": False}
    drawing.figure.add_trace(go.Pie(labels=names, values=values, domain=place, **look))


def _bars(drawing: Drawing) -> None:
    rows = sorted(drawing.rows, key=last)[-12:]
    told = [shown(drawing.panel, row["name"], last(row)) for row in rows]
    look = {"text": [text for text, _ in told], "marker_color": [colour for _, colour in told], "showlegend": False}
    values, names = [last(row) for row in rows], [row["name"] for row in rows]
    drawing.figure.add_trace(go.Bar(x=values, y=names, orientation="h", **look, **drawing.axes))
    drawing.lay({"domain": (drawing.x[0] + 0.05, drawing.x[1]), "showgrid": False, "showticklabels": False}, {})


def _table(drawing: Drawing) -> None:
    names = drawing.panel["transformations"][-1]["options"]["renameByName"]
    key = next(iter(names))
    joined: dict[str, dict[str, str]] = {}
    for letter, rows in zip("ABCDEFGH", drawing.found, strict=False):
        for row in rows:
            line = joined.setdefault(row["metric"].get(key, ""), dict(row["metric"]))
            line[f"Value #{letter}"] = f"{last(row):,.2f}"
    cells = [[line.get(name, "unknown") for line in joined.values()] for name in names]
    look = {"fill_color": PLOT, "line_color": FAINT, "font": {"color": INK, "size": 10}, "align": "left"}
    place = {"x": (drawing.x[0] - 0.025, drawing.x[1]), "y": drawing.y}
    head = {"values": list(names.values()), **look}
    drawing.figure.add_trace(go.Table(header=head, cells={"values": cells, **look}, domain=place))


KINDS: Mapping[str, Callable[[Drawing], None]] = {
    "stat": _values,
    "gauge": _values,
    "bargauge": _bars,
    "piechart": _pie,
    "timeseries": _lines,
    "state-timeline": _lines,
    "table": _table,
}
