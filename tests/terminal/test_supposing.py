"""``what-if`` of a real desk, as a person reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.terminal.parser import main
from tests.wiring import ADMIN, Serving, until


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("supposing") / "data", "--strategy", "demo") as made:
        until(lambda: len(made.desk.positions()["positions"]) == 2, what="a strangle")
        yield made


@pytest.fixture
def order(serving: Serving) -> str:
    held = {line["symbol"] for line in serving.desk.positions()["positions"]}
    line = next(
        one
        for one in serving.desk.chain("NIFTY")["contracts"]
        if one["option_type"] and one["bid"] and one["ask"] and one["symbol"] not in held
    )
    return f"sell 65 {line['symbol']} {line['bid']}"


@pytest.fixture
def asked(serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("DESK_KEY", ADMIN)
    return ["--url", serving.url, "--data-dir", str(tmp_path)]


def test_the_answer_tells_the_gate_the_limits_the_size_and_the_book(
    order: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["what-if", order, *asked]) == 0
    told = capsys.readouterr().out
    assert told.startswith("SIMULATED MARKET")
    for word in ("would leave", "largest quantity", "stress_loss", "margin used", "worst stress", "Nothing was sent."):
        assert word in told


def test_a_refused_order_says_why_and_leaves_with_1(
    order: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    side, _, *rest = order.split()
    assert main(["what-if", " ".join((side, "6500", *rest)), *asked]) == 1
    told = capsys.readouterr().out
    assert "would be refused: " in told
    assert "beyond" in told


def test_a_program_gets_the_answer_as_it_came(order: str, asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["what-if", order, order, "--json", *asked]) in (0, 1)
    assert len(json.loads(capsys.readouterr().out)["orders"]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "sell 65 NIFTY24600CE",
        "sell some NIFTY24600CE 1",
        "sell 65 X abc",
        "",
        "sell 65 X nan",
        "sell 65 X inf",
        "sell -65 X 1",
    ],
)
def test_what_is_no_order_is_refused_in_one_line_with_an_example(
    text: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["what-if", text, *asked]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "'sell 65 NIFTY24600CE 83.40'" in told
