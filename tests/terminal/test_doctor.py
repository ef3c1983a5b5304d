"""``doctor`` tells a line a check, or one document, and fails on a fault."""

import json
import socket
from pathlib import Path

import pytest

from sidecar.doctor.checks import CHECKS
from sidecar.terminal.parser import main
from tests.wiring import free_port


def test_a_line_a_check_and_nought_without_a_fault(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ports = ("--port", str(free_port()), "--ui-port", str(free_port()))
    assert main(["doctor", "--data-dir", str(tmp_path), *ports]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line[8:20].strip() for line in lines] == [check.name for check in CHECKS]
    assert {line[:8].strip() for line in lines} <= {"ok", "warning"}


def test_a_fault_is_one_and_the_document_has_every_check_with_its_remedy(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["doctor", "--data-dir", str(tmp_path), "--json", "--port", port]) == 1
    told = json.loads(capfd.readouterr().out)
    assert [row["check"] for row in told["checks"]] == [check.name for check in CHECKS]
    fault = next(row for row in told["checks"] if row["check"] == "ports")
    assert fault["level"] == "fault"
    assert fault["remedy"]
    assert sum(told["counts"].values()) == len(CHECKS)
