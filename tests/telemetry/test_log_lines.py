"""Log lines that wait for nobody, and a log file that stays small and private."""

from __future__ import annotations

import io
import json
import logging
import stat
import threading
import time
from pathlib import Path

import pytest

from sidecar.telemetry import log_lines
from sidecar.telemetry.log import JsonFormatter, install
from sidecar.telemetry.log_lines import Behind, Rotating
from tests.wiring import until


class Stalled(io.StringIO):
    """A pipe that nobody reads, until somebody does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.drained = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        assert self.drained.wait(20)
        return super().write(text)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(row) for row in text.splitlines()]


def test_whoever_logs_does_not_wait_for_a_pipe_that_nobody_reads_and_what_was_lost_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_lines, "WAITING", 50)
    stream, ours = Stalled(), logging.getLogger("sidecar.desk")
    undo = install(stream)
    try:
        ours.error("line 0")
        assert stream.asked.wait(20)  # the writer has the first one in hand, and the pipe does not take it
        began = time.monotonic()
        for number in range(1, 200):
            ours.error("line %d", number)
        assert time.monotonic() - began < 1.0
        stream.drained.set()
        until(lambda: len(stream.getvalue().splitlines()) >= 52)
        found = lines(stream.getvalue())
    finally:
        undo()
    (told,) = [row for row in found if row["logger"] == "sidecar.telemetry.log_lines"]
    assert told["message"] == "log lines were lost: they could not be written in time"
    assert told["level"] == "error"
    written = [row["message"] for row in found if row["logger"] == "sidecar.desk"]
    assert told["lines"] == 200 - len(written)
    assert written == [f"line {number}" for number in range(len(written))]


def test_the_end_waits_for_what_is_not_written_yet_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    undo = install(stream)
    for number in range(500):
        logging.getLogger("sidecar.desk").warning("line %d", number)
    undo()
    assert len(lines(stream.getvalue())) == 500
    monkeypatch.setattr(log_lines, "_DRAIN_S", 0.2)
    stalled = Stalled()
    undo = install(stalled)
    logging.getLogger("sidecar.desk").error("to nobody")
    began = time.monotonic()
    undo()
    assert time.monotonic() - began < 2.0
    stalled.drained.set()


def test_standard_error_and_the_file_have_levels_of_their_own(tmp_path: Path) -> None:
    path, stream = tmp_path / "log" / "sidecar.jsonl", io.StringIO()
    undo = install(stream, logging.WARNING, file=Rotating(path, 1_000_000, 2))
    for level in ("debug", "info", "warning"):
        getattr(logging.getLogger("sidecar.desk"), level)(level)
    undo()
    assert [row["message"] for row in lines(stream.getvalue())] == ["warning"]
    assert [row["message"] for row in lines(path.read_text())] == ["info", "warning"]


def test_a_file_that_is_full_makes_room_and_no_line_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "sidecar.jsonl"
    path.touch(0o644)
    out = Behind(JsonFormatter(), (Rotating(path, 4_000, 3),))
    for number in range(400):
        out.handle(logging.makeLogRecord({"levelno": logging.INFO, "levelname": "INFO", "msg": f"line {number}"}))
    out.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["sidecar.jsonl", "sidecar.jsonl.1", "sidecar.jsonl.2"]
    assert all(file.stat().st_size <= 4_000 for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    newest = [row["message"] for file in reversed(files) for row in lines(file.read_text())]
    assert newest == [f"line {number}" for number in range(400 - len(newest), 400)]


def test_a_disk_that_takes_nothing_costs_lines_of_the_file_alone(tmp_path: Path) -> None:
    stream, file = io.StringIO(), Rotating(tmp_path / "sidecar.jsonl", 1_000, 2)
    assert file.stream is not None
    file.stream.close()
    file.stream = Path("/dev/full").open("w", encoding="ascii")  # noqa: SIM115
    undo = install(stream, file=file)
    logging.getLogger("sidecar.desk").error("a")
    logging.getLogger("sidecar.desk").error("b")
    undo()
    assert [row["message"] for row in lines(stream.getvalue())] == ["a", "b"]


def test_a_file_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(IsADirectoryError):
        Rotating(tmp_path / "here", 1_000, 2)
