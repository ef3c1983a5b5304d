"""``keys`` against a real directory."""

import re
from pathlib import Path

import pytest

from sidecar.servers.keys import KeyStore, Role
from sidecar.terminal.parser import main


def test_a_key_is_made_shown_once_listed_without_its_secret_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data-dir", str(tmp_path / "data")]
    assert main(["keys", *where, "add", "trader", "--label", "anna"]) == 0
    made = re.search(r"trader key, shown once: (\S+)", capsys.readouterr().out)
    assert made is not None
    secret = made[1]
    key = KeyStore(tmp_path / "data").verify(secret)
    assert key is not None
    assert (key.role, key.label) == (Role.TRADER, "anna")
    assert secret not in (tmp_path / "data" / "keys.json").read_text()

    assert main(["keys", "list", *where]) == 0
    listed = capsys.readouterr().out
    assert key.id in listed
    assert "anna" in listed
    assert secret not in listed

    assert main(["keys", *where, "revoke", key.id]) == 0
    assert capsys.readouterr().out == f"revoked {key.id} (trader)\n"
    assert KeyStore(tmp_path / "data").verify(secret) is None


def test_a_key_that_is_not_there_cannot_be_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "--data-dir", str(tmp_path), "revoke", "cafe"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("label", ["x" * 65, "a\nb"])
def test_a_label_that_no_list_could_show_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    assert main(["keys", "--data-dir", str(tmp_path), "add", "viewer", "--label", label]) == 2
    assert "label" in capsys.readouterr().err
    assert KeyStore(tmp_path).list() == ()


def test_a_damaged_key_file_is_one_line_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{")
    path.chmod(0o600)
    assert main(["keys", "--data-dir", str(tmp_path), "add", "viewer"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert path.read_text() == "{"
