"""``greeks``, ``explain`` and ``scenarios`` of a desk behind its doors, as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from sidecar.domain.events import Beat
from sidecar.domain.report import Published
from sidecar.servers.keys import Role
from sidecar.terminal.parser import main
from tests.analysis.making import Behind, behind_doors, booked
from tests.desk.world import CALL, LISTED, LOT, PUT, World
from tests.wiring import free_port

Say = Callable[..., str]
COMMANDS = ("greeks", "explain", "scenarios")


@pytest.fixture(scope="module")
def world() -> World:
    return booked()


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with behind_doors(tmp_path_factory.mktemp("keys")) as made:
        yield made


@pytest.fixture
def say(
    behind: Behind, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Say:
    """Runs a command; what it printed, and the exit status it must leave with."""
    behind.show(world)
    monkeypatch.setenv("DESK_KEY", behind.secrets[Role.VIEWER])

    def run(*words: str, status: int = 0) -> str:
        assert main([*words, "--url", behind.url, "--data-dir", str(tmp_path)]) == status
        told = capsys.readouterr()
        return told.err if status else told.out

    return run


def row(told: str, first: str) -> list[str]:
    """The cells of the table's row that begins with a word."""
    found = [[cell.strip() for cell in line.strip("│").split("│")] for line in told.splitlines() if "│" in line]
    return next(cells for cells in found if cells[0] == first)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_answer_says_that_it_is_simulated_and_which_report_it_is_of(say: Say, world: World, command: str) -> None:
    first = say(command).splitlines()[0]
    assert first.startswith(f"SIMULATED MARKET · report {world.report.seq} of 2026-09-07T")
    assert first.endswith("amounts in INR")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dead_feed_is_said_and_a_real_market_is_named(say: Say, behind: Behind, world: World, command: str) -> None:
    assert world.published is not None
    for changes, told in ({"feed_up": False}, "The feed is down."), ({"blind": True}, "BLIND: no trusted marks."):
        report = msgspec.structs.replace(world.report, simulated=False, source="exchange", **changes)
        behind.desk.published = Published(report, world.published.chain)
        lines = say(command).splitlines()
        assert lines[0].startswith("exchange · report")
        assert lines[1] == told


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_the_answer_as_it_came(say: Say, world: World, command: str) -> None:
    told = json.loads(say(command, "--json"))
    assert told["seq"] == world.report.seq
    assert told["simulated"] is True


def test_the_explain_shows_each_leg_and_what_it_sums_to(say: Say, world: World) -> None:
    told = say("explain")
    legs = row(told, f"main/manual/{CALL.id}"), row(told, f"main/manual/{PUT.id}")
    whole = row(told, "*/*/*")
    assert float(whole[-1].replace(",", "")) == pytest.approx(world.report.total.daily_pnl, abs=0.005)
    assert all(len(leg) == len(whole) == 11 for leg in legs)
    assert row(say("explain", "--strategy", "manual"), "main/manual/*")


def test_the_greeks_are_all_tables_or_one(say: Say) -> None:
    told = say("greeks")
    assert {row(told, name)[0] for name in ("leg", "strategy", "fund", "underlying", "expiry")}
    one = say("greeks", "--by", "fund", "--fund", "main")
    assert row(one, "fund")[1:3] == ["main", "NIFTY"]
    assert "strategy" not in one


def test_the_scenarios_are_a_table_a_day_the_worst_the_breakevens_and_the_stresses(say: Say) -> None:
    told = say("scenarios", "--spots", "-0.05", "0", "0.05", "--vols", "0", "0.1", "--days", "0", "1", "2.5")
    for when in ("at once", "after 1 day\n", "after 2.5 days"):
        assert f"volatility, {when}" in told
    assert row(told, "+0 %") == ["+0 %", "0", row(told, "+0 %")[2]]
    assert float(row(told, "-5 %")[1].replace(",", "")) < 0
    assert "worst of these: " in told
    assert "breaks even at" in told
    assert row(told, "Election day 2024")[2] == "-5.929 %"


def test_legs_go_on_top_of_the_book(say: Say) -> None:
    flat = ("--leg", CALL.id, str(LOT), "--leg", PUT.id, str(LOT), "--leg", "NIFTY-20260929-FUT", str(-LOT))
    assert row(say("scenarios", *flat), "-10 %") == ["-10 %", "0", "0", "0", "0"]


def test_what_is_not_known_is_a_dash(say: Say, behind: Behind) -> None:
    silent = World()
    silent.take(LISTED, Beat(silent.at))
    behind.show(silent)
    told = say("scenarios", "--leg", CALL.id, "1", "--vols", "0")
    assert row(told, "-5 %") == ["-5 %", "–"]
    assert "worst of these: – lost (not known)" in told
    assert row(told, "Volatility crush")[-1] == "–"


def test_a_flat_book_is_said_in_words(say: Say, behind: Behind) -> None:
    behind.show(World().begin())
    assert "The book is flat" in say("greeks")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("explain", "--strategy", "demmo"), "strategy: 'demmo' held nothing today; choose from manual"),
        (("greeks", "--fund", "nobody"), "fund_id: 'nobody' is not a fund of this desk; choose from main"),
        (("scenarios", "--spots", "-1"), "greater than -1"),
        (("scenarios", "--leg", "NIFTY99999CE", "1"), "NIFTY99999CE"),
        (("scenarios", "--leg", CALL.id, "one"), "valid integer"),
    ],
)
def test_what_the_desk_refuses_is_one_line_that_names_the_field(say: Say, words: tuple[str, ...], told: str) -> None:
    error = say(*words, status=1)
    assert told in error
    assert error.count("\n") == 1


def test_a_number_that_is_none_is_not_asked_for(say: Say) -> None:
    assert "spots[0]: nan is not a number" in say("scenarios", "--spots", "nan", status=2)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_desk_that_does_not_answer_is_one_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--url", f"http://127.0.0.1:{free_port()}"]) == 1
    assert "python -m sidecar up" in capsys.readouterr().err
