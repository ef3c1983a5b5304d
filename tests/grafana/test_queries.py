"""Every expression of the dashboards, asked of a real Prometheus that scrapes a desk that has lived through it all."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.grafana.expressions import Asked, asked
from tests.grafana.living import Watched, watched

pytestmark = [
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed (Debian: prometheus)"),
    pytest.mark.timeout(240),
]
#: What so short a life brings no value of, and why.
NOTHING_YET = {'trading_ml_psi{model=~"$model"}': "drift compares whole sessions, of which there is not one yet"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("watched")) as made:
        yield made


@pytest.fixture(scope="module")
def found(desk: Watched) -> dict[Asked, int]:
    return {one: len(desk.series(one)) for one in asked()}


def test_every_expression_of_panels_annotations_and_variables_returns_data(found: dict[Asked, int]) -> None:
    empty = {one.expr for one, count in found.items() if not count}
    assert empty == set(NOTHING_YET), "\n".join(sorted(empty))
    assert len(found) > 150


def test_promtool_has_nothing_more_to_say_of_a_desk_that_has_lived(desk: Watched) -> None:
    text = desk.desk._http.get("/metrics").text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False, timeout=30
    )
    names = {line.split()[0] for line in (checked.stdout + checked.stderr).splitlines() if line.strip()}
    assert names == {"trading_capital_total", "trading_days_to_expiry"}
