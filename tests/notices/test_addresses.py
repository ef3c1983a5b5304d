"""Where notices go, and that nobody else reads it."""

from pathlib import Path

import pytest

from sidecar.domain.errors import ConfigurationError
from sidecar.notices.addresses import FILE, addresses, digest


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / FILE
    path.write_text(text)
    path.chmod(mode)
    return folder


def test_a_line_is_an_address_and_each_counts_once(tmp_path: Path) -> None:
    folder = written(tmp_path, "# ours\njson://a\n\n  json://b  \njson://a\n")
    assert addresses(folder, ["json://b", "json://c#d", ""]) == ("json://a", "json://b", "json://c#d")


def test_without_a_file_there_are_the_given_ones(tmp_path: Path) -> None:
    assert addresses(tmp_path, []) == ()
    assert addresses(tmp_path, ["json://a"]) == ("json://a",)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_that_others_may_reach_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match=r"notify.urls: others may read it.*chmod 600") as refused:
        addresses(written(tmp_path, "json://hush", mode), [])
    assert "hush" not in str(refused.value)


def test_what_is_no_list_of_addresses_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        addresses(tmp_path, [])
    with pytest.raises(ConfigurationError, match="no list"):
        addresses(written(tmp_path, "x" * 70_000), [])
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir(0o700)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        addresses(tmp_path, [])


def test_a_digest_is_the_same_for_the_same_address_alone() -> None:
    assert digest("json://a") == digest("json://a") != digest("json://b")
    assert len(digest("json://a")) == 16
