"""``status`` when nothing answers, or not to us. A running desk is asked in ``test_process.py``."""

from pathlib import Path

import pytest

from sidecar.servers.keys import Role
from sidecar.terminal.parser import main
from tests.servers.desk import Stand, serving
from tests.wiring import free_port


def test_a_desk_that_does_not_answer_is_one_line_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert main(["status", "--url", url, "--data-dir", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert url in told
    assert "python -m sidecar up" in told


def test_the_address_and_the_local_key_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    folder = tmp_path / "desk"
    folder.mkdir()
    stand = Stand(folder)
    with serving(stand.app) as url:
        (tmp_path / "ui.key").write_text(stand.secrets[Role.TRADER] + "\n")
        monkeypatch.setenv("DESK_URL", url)
        assert main(["status", "--data-dir", str(tmp_path)]) == 0
        assert '"active"' in capsys.readouterr().out
