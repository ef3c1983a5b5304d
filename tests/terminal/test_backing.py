"""``backup`` and ``restore`` on a real desk: copied while it trades, killed, brought back elsewhere, and the same."""

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.opening import FILE as JOURNAL
from sidecar.store.lock import DataDirectoryLock
from sidecar.terminal.parser import main
from tests.wiring import ADMIN, TRADER, Serving, until

pytestmark = pytest.mark.slow

#: A command's exit status, what it printed, and what it complained of.
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backing") / "data"


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[Serving]:
    with Serving(folder) as made:
        made.a_sale()  # something is held, and the demonstration goes on trading
        yield made


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("DESK_ADMIN_KEY", ADMIN)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = main([str(one) for one in arguments])
        return status, *capfd.readouterr()

    return run


def state_of(desk: Serving) -> dict[str, Any]:
    """What must be the same again: what is held, every order, the breaker."""
    positions = desk.desk.positions()["positions"]
    orders = desk.desk.orders(limit=500)["orders"]
    breaker = desk.state()
    return {
        "positions": sorted((line["id"], line["symbol"], line["quantity"]) for line in positions),
        "orders": [(order["id"], order["state"], order["filled"]) for order in orders],
        "breaker": (breaker["status"], breaker["halt_seq"]),
    }


def test_a_backup_of_a_trading_desk_is_a_beginning_of_its_journal_and_is_proved(
    desk: Serving, folder: Path, tmp_path: Path, command: Command
) -> None:
    status, told, complained = command("backup", "--to", tmp_path / "b", "--data-dir", folder, "--url", desk.url)
    assert (status, complained) == (0, "")
    (file,) = (tmp_path / "b").iterdir()
    assert f"backup    {file}" in told
    assert "every link holds" in told
    assert "database  opens, up to record" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(folder.glob("snapshot-*"))
    assert json.loads((folder / "backup.json").read_bytes())["file"] == str(file)

    status, told, _ = command("restore", file, "--check")
    assert (status, told.partition("(")[0]) == (0, f"{file}: sound, and can be restored ")
    assert list((tmp_path / "b").iterdir()) == [file]

    elsewhere = tmp_path / "elsewhere"
    assert command("restore", file, "--data-dir", elsewhere)[0] == 0
    assert (folder / JOURNAL).read_bytes().startswith((elsewhere / JOURNAL).read_bytes())
    status, told, _ = command("audit", "verify", "--data-dir", elsewhere)
    assert status == 0
    assert "agrees with the journal up to record" in told
    status, _, complained = command("restore", file, "--data-dir", elsewhere)
    remedy = "is not an empty directory; restore to a new one: --data-dir restored"
    assert (status, complained) == (1, f"deskwatch: {elsewhere}: {remedy}\n")
    assert command("restore", file)[0] == 2


def test_only_an_admins_key_copies_a_running_desk_and_only_its_own_directory(
    desk: Serving, folder: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--to", tmp_path / "b", "--data-dir", folder, "--url", desk.url)
    other = tmp_path / "other"
    other.mkdir()
    (other / JOURNAL).touch()
    with DataDirectoryLock(other):
        status, _, complained = command("backup", "--to", tmp_path / "b", "--data-dir", other, "--url", desk.url)
    assert status == 2
    assert f"is not that of {other}" in complained
    monkeypatch.setenv("DESK_ADMIN_KEY", TRADER)
    status, _, complained = command("backup", *where)
    assert status == 2
    assert "the desk refuses the key" in complained
    monkeypatch.delenv("DESK_ADMIN_KEY")
    status, _, complained = command("backup", *where)
    assert status == 2
    assert complained.startswith("deskwatch: backup: a running desk copies its database for an admin's key alone")
    assert list((tmp_path / "b").iterdir()) == []
    status, told, _ = command("backup", *where, "--without-database")
    assert status == 0
    assert "bars, samples and quotes of the past are not in it" in told


def test_the_doctor_finds_the_running_desk_in_order(desk: Serving, folder: Path, command: Command) -> None:
    status, told, _ = command("doctor", "--data-dir", folder, "--port", str(desk.port))
    assert status == 0, told
    assert f"the desk answers at {desk.url} and is ready" in told
    assert f"process {desk.process.pid} runs there" in told


def test_what_cannot_be_backed_up_is_said_in_a_line(tmp_path: Path, command: Command) -> None:
    status, _, complained = command("backup", "--to", tmp_path / "b", "--data-dir", tmp_path)
    assert (status, complained) == (1, f"deskwatch: {tmp_path}: there is no journal, so there is nothing to back up\n")
    status, _, complained = command("backup", "--keep", "0")
    assert (status, complained) == (2, "deskwatch: --keep: keeps none; give 1 or more\n")


def test_a_stopped_desk_that_is_killed_comes_back_stopped_with_the_same_book_and_orders(
    desk: Serving, folder: Path, tmp_path: Path, command: Command
) -> None:
    assert desk.http.post("/emergency/stop", json={"reason": "fire"}, headers={"X-API-Key": TRADER}).status_code == 200
    until(lambda: desk.http.get("/emergency/status").json()["data"]["orders"]["working"] == 0, what="every cancel")
    old = tmp_path / "deskwatch-20200101T000000Z.tar.zst"
    old.touch()
    where = ("--data-dir", folder, "--url", desk.url)
    status, told, complained = command("backup", "--to", tmp_path, "--keep", "1", *where)
    assert status == 0, complained
    assert f"removed   {old.name}" in told
    before = state_of(desk)
    desk.kill()
    (file,) = tmp_path.glob("*.tar.zst")
    elsewhere = tmp_path / "elsewhere"
    assert command("restore", file, "--data-dir", elsewhere)[0] == 0
    assert {stat.S_IMODE(path.stat().st_mode) for path in elsewhere.iterdir() if path.is_file()} == {0o600}
    with Serving(elsewhere) as second:
        assert state_of(second) == before
        refused = second.order(second.a_sale())
        assert refused.status_code == 409
        assert "emergency_stop" in refused.json()["detail"]
    assert before["positions"]
    assert before["orders"]
    assert before["breaker"][0] == "emergency_stop"
    # The desk that was killed can be backed up as it lies: its database's log comes along.
    status, told, complained = command("backup", "--to", tmp_path / "later.tar.zst", "--data-dir", folder)
    assert (status, complained) == (0, "")
