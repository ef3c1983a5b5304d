"""The dashboards as files: what Grafana would refuse, what nobody could read, and what no panel shows."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from grafana.build.__main__ import DASHBOARDS, FOLDER
from grafana.build.dashboard import Dashboard
from grafana.build.panels import APP, DATASOURCE
from pages.parts.screens import ALL_SCREENS
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.exposition import PREFIX
from sidecar.telemetry.readers import Kind
from tests.grafana.expressions import asked, panels
from tests.telemetry.scraping import busy

SIXTEEN = [
    "Daily P&L", "Open Positions", "Circuit Breaker Status", "Capital Utilization", "VIX Level", "Trades by Strategy",
    "Win Rate by Strategy", "Positions by Strategy", "Order Fill Rate", "Order Fill Time", "Market Data Quality",
    "Circuit Breaker Triggers", "ML Model Accuracy", "ML Predictions Distribution", "System Errors",
    "API Response Time",
]  # fmt: skip
#: Those that Grafana 13 comes with; graph, singlestat, table-old and worldmap are gone.
KINDS = {"stat", "gauge", "bargauge", "piechart", "timeseries", "state-timeline", "table"}
#: What Prometheus itself says of a scrape.
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
EACH = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)


@EACH
def test_the_file_is_what_the_generator_writes(dashboard: Dashboard) -> None:
    assert (FOLDER / f"{dashboard.uid}.json").read_text("utf-8") == dashboard.text(), "run: make dashboards"


def test_there_is_one_file_a_dashboard_and_no_name_stands_twice() -> None:
    uids = [dashboard.uid for dashboard in DASHBOARDS]
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(uids)
    assert uids == ["trading-main", "risk-greeks", "models", "service"]


def test_the_main_dashboard_has_the_sixteen_panels_in_their_order() -> None:
    assert [panel["title"] for panel in read("trading-main")["panels"]] == SIXTEEN


@EACH
def test_it_is_a_dashboard_and_no_wrapper_round_one(dashboard: Dashboard) -> None:
    made = read(dashboard.uid)
    assert made["uid"] == dashboard.uid
    assert {"panels", "templating", "annotations", "schemaVersion"} <= set(made)
    assert not {"dashboard", "meta", "overwrite", "__inputs", "spec"} & set(made)
    assert (made["refresh"], made["time"], made["style"]) == ("5s", {"from": "now-1h", "to": "now"}, "dark")
    assert made["id"] is None


@EACH
def test_no_two_panels_share_a_place_or_a_number(dashboard: Dashboard) -> None:
    made = read(dashboard.uid)["panels"]
    assert len({panel["id"] for panel in made}) == len(made)
    for one, other in combinations((panel["gridPos"] for panel in made), 2):
        apart = (one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
                 or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])  # fmt: skip
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] >= 0 and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in made)


@EACH
def test_every_panel_says_what_it_shows_in_which_unit_from_where_and_where_there_is_more(dashboard: Dashboard) -> None:
    pages = {APP + "/"} | {f"{APP}/{screen.name}" for screen in ALL_SCREENS[1:]}
    for panel in panels(read(dashboard.uid)):
        assert panel["type"] in KINDS
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == DATASOURCE
        assert {link["url"] for link in panel["links"]} <= pages
        assert panel["targets"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@EACH
def test_what_is_unknown_reads_so_and_a_colour_is_never_alone(dashboard: Dashboard) -> None:
    for panel in panels(read(dashboard.uid)):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"] == "unknown"
        results = [result for mapping in defaults["mappings"] for result in mapped(mapping)]
        assert {"text": "unknown", "color": "text"} in results
        assert all(result["text"] for result in results)


@EACH
def test_stops_trips_trainings_and_starts_are_marked_on_every_dashboard(dashboard: Dashboard) -> None:
    names = [mark["name"] for mark in read(dashboard.uid)["annotations"]["list"] if "target" in mark]
    assert names == ["Emergency stop", "Breaker tripped", "Training", "Start"]


def test_every_metric_is_on_a_panel_and_every_name_on_a_panel_is_exported() -> None:
    families = {PREFIX + metric.name for metric in CATALOGUE}
    series = families | {
        PREFIX + metric.name + end
        for metric in CATALOGUE if metric.kind is Kind.HISTOGRAM for end in ("_bucket", "_count", "_sum")
    }  # fmt: skip
    process = {name for name in busy().samples() if name.startswith("process_")}
    used = {name for one in asked() for name in one.metrics}
    assert used - series - process - OF_PROMETHEUS == set()
    shown = used | {name.removesuffix(end) for name in used for end in ("_bucket", "_count", "_sum")}
    assert families - shown == set()


def test_a_choice_that_a_panel_makes_use_of_is_there() -> None:
    for dashboard in DASHBOARDS:
        there = {f"${variable.name}" for variable in dashboard.variables}
        said = dashboard.text()
        assert all(name in said for name in there)
        for panel in dashboard.panels:
            for query in panel.queries:
                used = {word for word in ("$strategy", "$underlying", "$model") if word in query.expr}
                assert used <= there


def test_grafana_finds_the_source_and_the_files_where_it_mounts_them(repository: Path) -> None:
    source = (repository / "grafana/provisioning/datasources/prometheus.yml").read_text()
    assert f"uid: {DATASOURCE['uid']}\n" in source
    assert "type: prometheus\n" in source
    assert "url: http://127.0.0.1:9090\n" in source
    provider = (repository / "grafana/provisioning/dashboards/deskwatch.yml").read_text()
    assert "path: /var/lib/grafana/dashboards\n" in provider


def read(uid: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{uid}.json").read_text("utf-8"))
    return found


def mapped(mapping: dict[str, Any]) -> list[dict[str, Any]]:
    options = mapping["options"]
    return [options["result"]] if "result" in options else [
        {"text": one["text"], "color": one["color"]} for one in options.values()
    ]  # fmt: skip
