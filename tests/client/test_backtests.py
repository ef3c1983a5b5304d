"""What the Python client asks about backtests, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from sidecar.client import Desk
from sidecar.domain.errors import DeskRefused
from sidecar.servers.keys import Role
from tests.servers.desk import serving
from tests.servers.test_backtests import Doors


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Doors, Desk]]:
    doors = Doors(tmp_path_factory.mktemp("keys"))
    with serving(doors.app) as url, Desk(url, doors.secrets[Role.TRADER]) as desk:
        yield doors, desk


@pytest.fixture
def doors(made: tuple[Doors, Desk]) -> Doors:
    made[0].begin()
    return made[0]


@pytest.fixture
def desk(made: tuple[Doors, Desk], doors: Doors) -> Desk:
    return made[1]


def test_one_is_asked_for_with_days_or_texts_followed_listed_and_cancelled(doors: Doors, desk: Desk) -> None:
    first = desk.backtest("sma_cross", ["NIFTY"], date(2025, 8, 1), "2025-11-21", parameters={"fast": 5}, seed=11)
    asked = doors.jobs.standing()[0].request
    assert (asked.start_date, asked.end_date, asked.seed) == (date(2025, 8, 1), date(2025, 11, 21), 11)
    assert asked.parameters == {"fast": 5.0}
    assert desk.backtest_job(first["job_id"])["job"] == first["job"]
    assert desk.backtests(limit=2)["backtests"][0]["id"] == first["job_id"]
    assert desk.backtests()["count"] == 4
    assert desk.cancel_backtest(first["job_id"])["state"] == "cancelled"
    with pytest.raises(DeskRefused, match="409"):
        desk.cancel_backtest(first["job_id"])


def test_what_can_be_tested_is_told(desk: Desk) -> None:
    assert [row["name"] for row in desk.strategies()] == ["sma_cross"]


def test_a_report_comes_as_it_is_and_where_there_is_none_it_is_refused(doors: Doors, desk: Desk) -> None:
    done, failed, _ = (one.id for one in doors.recorded)
    doors.files[done] = b"<!doctype html>\n\xe2\x82\xb9"
    assert desk.backtest_report(done) == b"<!doctype html>\n\xe2\x82\xb9"
    for name in (failed, "B251124063000-ffffff", "../../keys.json"):
        with pytest.raises(DeskRefused) as refused:
            desk.backtest_report(name)
        assert refused.value.status in (404, 422)


def test_what_cannot_be_asked_is_refused_by_its_field(desk: Desk) -> None:
    with pytest.raises(DeskRefused, match="strategy: 'none' is not known"):
        desk.backtest("none", ["NIFTY"], "2025-08-01", "2025-11-21")
