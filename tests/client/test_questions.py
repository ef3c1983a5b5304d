"""What the Python client asks the desk to work out, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.client import Desk
from sidecar.domain.errors import DeskRefused, DeskUnreachable, InputError
from sidecar.servers.keys import Role
from tests.analysis.making import Behind, behind_doors, booked
from tests.desk.world import CALL, FUTURE, LOT, PUT, STRIKES, World
from tests.wiring import free_port


@pytest.fixture(scope="module")
def world() -> World:
    return booked()


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with behind_doors(tmp_path_factory.mktemp("keys")) as made:
        yield made


@pytest.fixture
def desk(behind: Behind, world: World) -> Iterator[Desk]:
    behind.show(world)
    with Desk(behind.url, behind.secrets[Role.VIEWER]) as made:
        yield made


def test_every_answer_names_the_report_it_was_made_from(desk: Desk, world: World) -> None:
    answers = (desk.chain("NIFTY"), desk.surface("NIFTY"), desk.greeks(), desk.explain(), desk.scenarios())
    assert {answer["seq"] for answer in answers} == {world.report.seq}
    assert all(answer["simulated"] for answer in answers)


def test_the_chain_is_of_every_expiry_or_of_one(desk: Desk) -> None:
    every = desk.chain("NIFTY")
    assert {row["expiry"] for row in every["contracts"]} == {"2026-09-08", "2026-09-29"}
    one = desk.chain("NIFTY", "2026-09-29")
    assert [row["symbol"] for row in one["contracts"]] == [FUTURE.id]
    assert one["count"] == 1
    assert one["contracts"][0]["iv"] is None


def test_the_surface_holds_its_smiles_and_their_quotes(desk: Desk) -> None:
    (smile,) = desk.surface("NIFTY")["expiries"]
    assert smile["quality"] == "good"
    assert smile["atm_iv"] == pytest.approx(0.15, abs=0.001)
    assert [quote["strike"] for quote in smile["quotes"]] == list(STRIKES)


def test_exposure_comes_in_one_table_or_in_all_of_one_fund_or_of_all(desk: Desk) -> None:
    assert {line["by"] for line in desk.greeks()["lines"]} == {"leg", "strategy", "fund", "underlying", "expiry"}
    legs = desk.greeks("leg", fund_id="main")
    assert legs["fund_id"] == "main"
    assert {line["key"].rsplit("/", 1)[1] for line in legs["lines"]} == {CALL.id, PUT.id, FUTURE.id}


def test_the_explain_is_of_every_leg_or_of_one_fund_and_strategy(desk: Desk) -> None:
    every = desk.explain()
    assert every["day"] == "2026-09-07"
    assert {line["fund_id"] for line in every["lines"]} == {"main", "*"}
    mine = desk.explain("main", "manual")["lines"]
    assert {(line["fund_id"], line["strategy"]) for line in mine} == {("main", "manual")}
    assert len(mine) == 4


def test_scenarios_take_every_field_of_the_body(desk: Desk) -> None:
    told = desk.scenarios(
        spots=(-0.05, 0.0, 0.05), vols=[0.0], days=[0.0, 1.0], sticky="delta", fund_id="main", strategy="manual",
        underlying="NIFTY", per_leg=True, extra=[{"symbol": "NIFTY24900CE", "quantity": LOT}],
    )  # fmt: skip
    assert (told["spots"], told["vols"], told["days"], told["sticky"]) == (
        [-0.05, 0.0, 0.05],
        [0.0],
        [0.0, 1.0],
        "delta",
    )
    assert {leg["symbol"]: leg["quantity"] for leg in told["legs"]} == {PUT.id: -LOT, FUTURE.id: LOT}
    assert len(told["legs"][0]["pnl"]) == len(told["total"]) == 2


ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("chain", {"underlying": "DAX"}, "underlying: .* choose from NIFTY"),
    ("chain", {"underlying": "NIFTY", "expiry": "soon"}, "expiry: 'soon' is not a day; write it as 2026-09-08"),
    ("surface", {"underlying": "../orders"}, "404|underlying"),
    ("surface", {"underlying": "NIFTY?x=1"}, "underlying: "),
    ("greeks", {"by": "colour"}, "by: "),
    ("explain", {"strategy": "demmo"}, "strategy: 'demmo' held nothing today"),
    ("scenarios", {"spots": [-1.0]}, "spots.*greater than -1"),
    ("scenarios", {"moves": [0.1]}, "moves: is not a field of this request"),
]


@pytest.mark.parametrize(("name", "asked", "told"), ASKED)
def test_what_the_desk_refuses_is_an_error_that_names_the_field(
    desk: Desk, name: str, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(DeskRefused, match=told) as refused:
        getattr(desk, name)(**asked)
    assert refused.value.status in (404, 422)


def test_a_number_that_is_none_is_not_asked_for(desk: Desk) -> None:
    with pytest.raises(InputError, match="nan is not a number"):
        desk.scenarios(spots=[float("nan")])


QUESTIONS: list[tuple[str, tuple[str, ...]]] = [
    ("chain", ("NIFTY",)), ("surface", ("NIFTY",)), ("greeks", ()), ("explain", ()), ("scenarios", ())
]  # fmt: skip


@pytest.mark.parametrize(("name", "given"), QUESTIONS)
def test_without_a_key_a_report_or_a_desk_there_is_an_error_and_no_number(
    behind: Behind, world: World, name: str, given: tuple[str, ...]
) -> None:
    behind.show(world)
    with Desk(behind.url) as stranger, pytest.raises(DeskRefused, match="401"):
        getattr(stranger, name)(*given)
    behind.desk.published = None
    with Desk(behind.url, behind.secrets[Role.VIEWER]) as early, pytest.raises(DeskRefused, match="503"):
        getattr(early, name)(*given)
    with Desk(f"http://127.0.0.1:{free_port()}") as nobody, pytest.raises(DeskUnreachable):
        getattr(nobody, name)(*given)
