from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.client import Desk
from sidecar.domain.errors import InputError
from sidecar.terminal.drilling import Drill, Step, _refuse
from sidecar.terminal.parser import main
from tests.wiring import ADMIN, TRADER, Serving, until


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("drilling") / "data", "--strategy", "none") as made:
        until(lambda: quoted(made), what="a quoted chain")
        yield made


def quoted(serving: Serving) -> bool:
    breaker = serving.state()
    return breaker["trading_allowed"] and any(row["last"] for row in serving.desk.chain("NIFTY")["contracts"])


@pytest.fixture
def asked(serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("DESK_KEY", TRADER)
    monkeypatch.delenv("DESK_ADMIN_KEY", raising=False)
    if serving.state()["status"] != "active":
        serving.desk.reset("the next test")
    return ["drill", "--url", serving.url, "--data-dir", str(tmp_path), "--yes"]


def test_a_drill_stops_the_desk_times_each_step_and_says_how_to_go_on(
    serving: Serving, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked) == 0
    told = capsys.readouterr().out
    for word in ("state before", "resting order", "stop answered", "gate shut", "cancels confirmed", "halt on record"):
        assert word in told
    assert re.search(r"time to safe\W+[\d,]+", told)
    assert "the desk stays stopped" in told
    assert "reset it with an admin key" in told
    assert serving.state()["status"] == "emergency_stop"
    kept = serving.desk.audit(action="drill")["records"]
    assert len(kept) == 1
    until(lambda: serving.desk.status()["data"]["last_drill_at"], what="the report to know of the drill")
    metrics = serving.http.get("/metrics", headers={"X-API-Key": ADMIN}).text
    assert re.search(r"^trading_drill_age_seconds \d", metrics, re.MULTILINE)


def test_with_an_admin_key_of_a_file_the_desk_trades_again_and_without_an_order_to_cancel_too(
    serving: Serving, asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "admin.key"
    file.write_text(ADMIN + "\n")
    assert main([*asked, "--admin-key-file", str(file)]) == 0
    assert "breaker is active" in capsys.readouterr().out
    assert serving.state()["status"] == "active"


def test_a_key_that_may_not_reset_fails_the_drill_and_leaves_the_desk_stopped(
    serving: Serving, asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESK_ADMIN_KEY", TRADER)
    assert main(asked) == 1
    assert "FAILED: reset." in capsys.readouterr().out
    assert serving.state()["status"] == "emergency_stop"


def test_a_desk_that_is_stopped_already_is_not_drilled(
    serving: Serving, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    serving.desk.stop("before the drill")
    assert main(asked) == 2
    assert "the desk is emergency_stop already; reset it first" in capsys.readouterr().err


def test_without_a_yes_nothing_is_stopped(
    serving: Serving, asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked[:-1]) == 2
    assert "nobody is here to say yes; add --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert main(asked[:-1]) == 1
    assert "Nothing was done." in capsys.readouterr().out
    assert serving.state()["status"] == "active"


def test_an_empty_key_file_is_a_mistake(asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "empty"
    file.write_text("")
    assert main([*asked, "--admin-key-file", str(file)]) == 2
    assert "--admin-key-file: " in capsys.readouterr().err


def test_a_live_market_is_refused() -> None:
    with pytest.raises(InputError, match="NSE is not simulated; drill a paper desk"):
        _refuse({"simulated": False, "source": "NSE", "circuit_breaker": {"status": "active"}})


def test_a_step_that_does_not_hold_ends_the_drill_and_is_named(serving: Serving, asked: list[str]) -> None:
    class Open(Drill):
        """A desk whose gate stays open, as far as this drill can tell."""

        def _gate(self, found: object) -> None:
            self._must("gate shut", False, "order O1 was let through")

    with Desk(serving.url, TRADER) as desk:
        steps = Open(desk, None, 5.0).run(desk.status()["data"])
    last = steps[-1]
    assert isinstance(last, Step)
    assert (last.what, last.held, last.seen) == ("gate shut", False, "order O1 was let through")
    assert "time to safe" not in [step.what for step in steps]
