"""``replay`` from the terminal: what it prints and refuses. The runs themselves are in ``test_replay.py``."""

from pathlib import Path

import pytest

from sidecar.settings import load_settings
from sidecar.terminal.parser import main
from sidecar.terminal.replaying import fingerprint
from tests.test_replay import morning, tape_of


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tape_of(tmp_path_factory.mktemp("tapes") / "short.tape", morning(2))


def test_the_result_is_a_table_with_the_hash_and_says_that_it_was_simulated(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(tape), "--strategy", "none"]) == 0
    told = capsys.readouterr().out
    assert "short.tape (simulated)" in told
    assert "final P&L of the day" in told
    assert "report hash" in told
    assert main(["replay", str(tape), "--strategy", "none", "--hash-only"]) == 0
    (found,) = capsys.readouterr().out.splitlines()
    assert len(found) == 64
    assert found in told


@pytest.mark.parametrize(
    ("flag", "value"), [("--strategy", "martingale"), ("--strategy", "gone.py"), ("--fund", "nobody"), ("--seed", "-1")]
)
def test_a_flag_that_cannot_be_is_one_line(
    tape: Path, capsys: pytest.CaptureFixture[str], flag: str, value: str
) -> None:
    assert main(["replay", str(tape), flag, value]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_no_tape_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy low")
    assert main(["replay", str(path)]) == 2
    assert "is not a tape" in capsys.readouterr().err


OWN = """
class Strategy:
    name = "idle"
    def __init__(self, fund_id, underlying): pass
    def on_report(self, published): return ()
"""


def test_a_tape_is_traded_by_a_strategy_of_ones_own_file_and_verified_elsewhere(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN)
    copy = tmp_path / tape.name
    copy.write_bytes(tape.read_bytes())
    assert main(["replay", str(copy), "--strategy", "none", "--hash-only"]) == 0
    idle = capsys.readouterr().out.strip()
    assert main(["replay", str(copy), "--strategy", str(own), "--verify"]) == 0
    assert f"report hash {idle}" in capsys.readouterr().out


def test_the_mark_of_the_settings_changes_with_what_stands_in_a_strategys_file(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN)
    settings = load_settings(strategy=str(own))
    before = fingerprint(settings)
    assert fingerprint(settings) == before
    own.write_text(OWN + "# other\n")
    assert fingerprint(settings) != before


def test_the_mark_of_the_settings_changes_with_all_that_a_report_depends_on() -> None:
    marks = [
        fingerprint(load_settings(**more))
        for more in (
            {},
            {"strategy": "none"},
            {"seed": 2},
            {"limits": {"vix": 30.0}},
            {"simulation": {"paper_latency_ms": 51}},
            {"desk": {"risk_free_rate": 0.05}},
        )
    ]
    assert len(set(marks)) == len(marks)
    assert fingerprint(load_settings(port=8001, speed=2.0)) == marks[0]
    # so fast that the wait for the venue's answers is longer in market time
    assert fingerprint(load_settings(speed=9.0)) != marks[0]
