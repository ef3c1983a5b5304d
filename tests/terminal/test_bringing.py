"""``import``: what was taken, what was refused, and the exit status that goes with it."""

from pathlib import Path

import pytest

from sidecar.store.tape import TapeHeader, TapeWriter, read_end
from sidecar.terminal.parser import main
from tests.desk.world import INDEX, LISTED, OPEN, chain


def tape(path: Path) -> Path:
    with TapeWriter(path, TapeHeader("test", True, "market", "NSE", "Asia/Kolkata", (INDEX,))) as writer:
        writer.write([LISTED, *chain(OPEN)])
    return path


def test_a_tape_is_taken_into_the_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tape(tmp_path / "day.tape")
    assert main(["import", str(source), "--data-dir", str(tmp_path / "data")]) == 0
    told = capsys.readouterr().out
    assert "2026-09-07 tape: 20 quotes of 20 contracts" in told
    assert "rows read: 20; quotes taken: 20; refused: 0" in told
    assert read_end(tmp_path / "data" / "tapes" / "day.tape") is not None


@pytest.mark.parametrize("content", [b"", b"not,a,format\n1,2,3\n", b"\xff\xfe\x00\x01", b"PAR1"])
def test_a_file_that_cannot_be_read_is_refused_in_one_line_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    assert main(["import", str(bad), "--data-dir", str(tmp_path / "data")]) == 1
    told = capsys.readouterr()
    lines = [line for line in told.out.splitlines() if line.startswith("refused file: ")]
    assert len(lines) == 1
    assert "bad.csv" in lines[0]
    assert "Traceback" not in told.err + told.out


def test_the_good_file_is_taken_though_the_other_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing.parquet"
    assert main(["import", str(missing), str(tape(tmp_path / "day.tape")), "--data-dir", str(tmp_path / "data")]) == 1
    told = capsys.readouterr().out
    assert "missing.parquet" in told
    assert "quotes taken: 20" in told


def test_a_cut_tape_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tape(tmp_path / "day.tape")
    source.write_bytes(source.read_bytes()[:-100])
    assert main(["import", str(source), "--data-dir", str(tmp_path / "data")]) == 1
    assert "breaks off" in capsys.readouterr().out
