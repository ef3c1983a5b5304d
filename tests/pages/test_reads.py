"""Readings: one picture a second for all, and the last one kept when the desk goes away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pages.parts import reads
from pages.parts.picture import Row
from sidecar.client import Desk as Client
from sidecar.servers.keys import Role
from tests.analysis.making import behind_doors
from tests.desk.world import World
from tests.pages.conftest import serving
from tests.servers.desk import Desk, Stand


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.fixture
def client(stand: Stand) -> Iterator[Client]:
    with serving(stand.app) as url, Client(url, stand.secrets[Role.TRADER]) as desk:
        yield desk


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_picture_is_read_once_a_second_whoever_asks(client: Client, stand: Stand) -> None:
    clock = Clock()
    shared = reads.Shared(client, clock)
    for _ in range(5):
        shared.picture()
    assert [row[0] for row in stand.desk.requests].count("/emergency/status") == 1
    clock.now += 1.0
    shared.picture()
    assert [row[0] for row in stand.desk.requests].count("/emergency/status") == 2


def test_a_picture_holds_what_the_desk_says(client: Client, stand: Stand) -> None:
    picture = reads.Shared(client, Clock()).picture()
    assert picture.state == "active"
    assert picture.live
    assert picture.simulated
    assert picture.positions is not None
    assert [row["symbol"] for row in picture.positions] == [stand.desk.report.positions[0].symbol]
    assert picture.limits is not None
    assert picture.greeks is not None
    assert picture.greeks[0]["underlying"] == "NIFTY"
    assert picture.orders == []
    assert picture.missing == {}


def test_a_desk_that_falls_silent_leaves_its_last_picture_and_its_age(client: Client, stand: Stand) -> None:
    clock = Clock()
    shared = reads.Shared(client, clock)
    before = shared.picture()
    stand.desk.age_s = 60.0
    clock.now += 10.0
    after = shared.picture()
    assert after.positions == before.positions
    assert "the desk is silent" in after.problem
    assert not after.live
    assert not after.down
    assert after.age_s == 10.0
    clock.now += 5.0
    stand.desk.age_s = 0.0
    assert shared.picture().live


def test_a_sidecar_that_is_gone_is_down_and_was_never_seen() -> None:
    with Client("http://127.0.0.1:9", "key") as client:
        picture = reads.Shared(client, Clock()).picture()
    assert picture.down
    assert picture.age_s is None
    assert picture.state == "unknown"
    assert picture.positions is None
    assert picture.limits is None
    assert not picture.live


def test_a_picture_that_nobody_renewed_is_not_live(client: Client) -> None:
    picture = reads.Shared(client, Clock()).picture()
    assert replace(picture, looked_at=picture.looked_at + 4.0).live is False


def test_with_a_wrong_key_only_the_public_part_is_known(stand: Stand) -> None:
    with serving(stand.app) as url, Client(url, "x" * 43) as client:
        picture = reads.Shared(client, Clock()).picture()
    assert picture.state == "active"
    assert picture.positions is None
    assert set(picture.missing) == {"positions", "risk", "quality", "orders"}


def test_a_line_that_cannot_be_read_says_why(client: Client) -> None:
    rows, why = reads.Shared(client, Clock()).equity()
    assert rows is None
    assert "404" in why


def test_what_is_told_is_read_once_in_its_time_and_says_why_when_it_cannot_be_read(tmp_path: Path) -> None:
    with behind_doors(tmp_path) as behind, Client(behind.url, behind.secrets[Role.VIEWER]) as client:
        world = World().begin()
        behind.show(world)
        clock = Clock()
        shared = reads.Shared(client, clock)

        def smiles() -> tuple[list[Row] | None, str]:
            return shared.told("smiles", 5.0, lambda desk: desk.surface("NIFTY")["expiries"])

        rows, why = smiles()
        assert rows is not None
        assert [(row["expiry"], row["quality"]) for row in rows] == [("2026-09-08", "good")]
        assert why == ""
        behind.desk.age_s = 60.0
        clock.now += 4.0
        assert smiles() == (rows, "")
        clock.now += 1.0
        kept, why = smiles()
        assert kept == rows
        assert "the desk is silent" in why
        shared.forget("smiles")
        unknown, why = smiles()
        assert unknown is None
        assert "the desk is silent" in why


def test_only_working_orders_count_as_working(client: Client, stand: Stand) -> None:
    assert isinstance(stand.desk, Desk)
    stand.ask("POST", "/api/v1/orders", {"symbol": "NIFTY26150CE", "quantity": 75, "side": "buy", "price": 83.4})
    stand.ask("POST", "/api/v1/orders", {"symbol": "NIFTY26150CE", "quantity": 750, "side": "buy", "price": 83.4})
    picture = reads.Shared(client, Clock()).picture()
    assert picture.orders is not None
    assert [row["state"] for row in picture.orders] == ["open"]
