"""The dashboards against Grafana's own schema, by the TypeScript compiler."""

from __future__ import annotations

from pathlib import Path

import pytest

from grafana.build.dashboard import SCHEMA_VERSION
from tests.grafana.typed import GRAFANA, compiled, current, installed, source

#: What a slip of the pen does to a dashboard, and what the compiler says of it.
SLIPS = {
    "value": ('"colorMode": "value"', '"colorMode": "valux"', "'\"valux\"' is not assignable"),
    "option": ('"wideLayout": true', '"wideLayot": true', "'\"wideLayot\"' does not exist"),
    "field": ('"noValue": "unknown"', '"nullValue": "unknown"', "'\"nullValue\"' does not exist"),
    "kind": ('"type": "stat"', '"type": "singlestat"', "'\"singlestat\"' is not assignable"),
    "number": ('"sizing": "auto"', '"sizing": 3', "'number' is not assignable"),
    "top": ('"refresh": "5s"', '"refreshed": "5s"', "'\"refreshed\"' does not exist"),
    "custom": ('"thresholdsStyle"', '"thresholdStyle"', "'\"thresholdStyle\"' does not exist"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("schema")
    if problem := installed(made):
        pytest.skip(problem)
    return made


def test_grafanas_schema_takes_every_dashboard_and_no_slip_of_the_pen(folder: Path) -> None:
    text = source()
    slipped = {name: text.replace(right, wrong, 1) for name, (right, wrong, _) in SLIPS.items()}
    assert all(other != text for other in slipped.values())
    said = compiled(folder, {"dashboards": text, **slipped})
    assert said.pop("dashboards") == ""
    assert {name for name, words in said.items() if SLIPS[name][2] not in words} == set(), said


def test_the_schemas_version_is_the_one_that_this_grafana_writes(folder: Path) -> None:
    assert current(folder) == SCHEMA_VERSION


def test_the_compose_file_starts_the_grafana_that_the_dashboards_are_checked_against(repository: Path) -> None:
    compose = repository / "docker-compose.monitoring.yml"
    if not compose.is_file():
        pytest.skip("there is no compose file")
    assert f"grafana/grafana:{GRAFANA}" in compose.read_text()
