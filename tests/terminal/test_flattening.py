"""``flatten`` of a real desk on a simulated market: the plan, and its execution to the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.terminal.parser import main
from tests.wiring import ADMIN, Serving, until


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "data", "--strategy", "demo") as made:
        until(lambda: len(made.desk.positions()["positions"]) == 2, what="a strangle")
        yield made


def test_the_plan_is_shown_first_and_with_yes_it_is_carried_out_until_the_desk_is_flat(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESK_KEY", ADMIN)
    asked = ["--url", serving.url, "--data-dir", str(tmp_path)]
    assert main(["flatten", *asked]) == 0
    told = capsys.readouterr().out
    assert told.startswith("SIMULATED MARKET")
    for word in ("buy 65", "margin after", "worst loss after", "money needed beforehand"):
        assert word in told
    assert len(serving.desk.positions()["positions"]) == 2

    assert main(["flatten", "--json", *asked]) == 0
    assert len(json.loads(capsys.readouterr().out)["plan"]["steps"]) >= 2

    first = serving.desk.positions()["positions"][0]
    assert main(["flatten", "--symbol", first["symbol"], *asked]) == 0
    assert first["symbol"] in capsys.readouterr().out

    serving.desk.stop("drill")
    assert main(["flatten", "--yes", "--wait-s", "30", *asked]) == 0
    assert capsys.readouterr().out.rstrip().endswith("Flat, and the venue says so too.")
    assert serving.desk.positions()["positions"] == []


def test_what_is_left_when_the_time_is_over_is_told_and_the_status_is_1(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESK_KEY", ADMIN)
    serving.desk.stop("drill")
    assert main(["flatten", "--yes", "--wait-s", "0", "--url", serving.url, "--data-dir", str(tmp_path)]) in (0, 1)
    told = capsys.readouterr().out
    assert "Not done yet" in told or "Flat, and the venue says so too." in told
