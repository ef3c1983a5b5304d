"""The client's alerts against a real server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.client import Desk
from sidecar.domain.errors import DeskRefused
from sidecar.servers.keys import Role
from tests.servers.alerting import AlertStand, alert
from tests.servers.desk import serving


@pytest.fixture
def stand(tmp_path: Path) -> AlertStand:
    return AlertStand(tmp_path)


@pytest.fixture
def desk(stand: AlertStand) -> Iterator[Desk]:
    with serving(stand.app) as url, Desk(url, stand.secrets[Role.TRADER]) as made:
        yield made


def test_alerts_are_read_by_state_and_level(stand: AlertStand, desk: Desk) -> None:
    stand.desk.put(alert(1), alert(2, resolved=True))
    assert [row["id"] for row in desk.alerts()["alerts"]] == ["A00001"]
    assert [row["id"] for row in desk.alerts("all", limit=1)["alerts"]] == ["A00002"]
    assert desk.alerts(level="critical", source="limits")["alerts"] == []
    assert desk.alerts("all", until=datetime(2025, 1, 1, tzinfo=UTC))["count"] == 0
    assert desk.alert("A00002")["resolved"] is True


def test_an_alert_is_raised_acknowledged_and_resolved(desk: Desk) -> None:
    made = desk.raise_alert("odd", "very", "error", subject="x", details={"a": "b"})
    assert (made["level"], made["details"]) == ("error", {"a": "b"})
    assert desk.raise_alert("odd", subject="x")["count"] == 2
    assert desk.acknowledge(made["id"], "mine")["acknowledged_by"].startswith("test-trader/")
    assert desk.resolve(made["id"])["resolved"] is True
    with pytest.raises(DeskRefused, match="is over"):
        desk.resolve(made["id"], "again")
    with pytest.raises(DeskRefused, match="there is no alert"):
        desk.acknowledge("A99999")
