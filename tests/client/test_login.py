"""One-time links: one claim wins, once, for ten minutes, and only from a file that nobody else could have put there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sidecar.client import login
from sidecar.client.login import Claim


def test_of_twenty_who_come_at_once_one_gets_in(tmp_path: Path) -> None:
    for _ in range(5):
        token = login.make(tmp_path)
        with ThreadPoolExecutor(20) as many:
            claims = list(many.map(login.claim, [tmp_path] * 20, [token] * 20))
        assert sorted(claims) == [Claim.TAKEN, *[Claim.USED] * 19]
        assert login.claim(tmp_path, token) is Claim.USED


def test_a_link_expires_and_each_is_its_own(tmp_path: Path) -> None:
    first, second = login.make(tmp_path, lambda: 1_000.0), login.make(tmp_path, lambda: 1_300.0)
    assert login.claim(tmp_path, first, lambda: 1_600.0) is Claim.EXPIRED
    assert login.claim(tmp_path, second, lambda: 1_600.0) is Claim.TAKEN


@pytest.mark.parametrize("token", ["", "wrong", "../../ui.key", "x" * 10_000, "\udcff", "a/b\0c"])
def test_what_was_never_made_opens_nothing(tmp_path: Path, token: str) -> None:
    assert login.claim(tmp_path, token) is Claim.UNKNOWN
    login.make(tmp_path)
    assert login.claim(tmp_path, token) is Claim.UNKNOWN


def test_the_folder_does_not_hold_the_token_and_is_nobody_elses(tmp_path: Path) -> None:
    token = login.make(tmp_path)
    [file] = (tmp_path / "login").iterdir()
    assert token not in file.name + file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.chmod(0o644)
    assert login.claim(tmp_path, token) is Claim.UNKNOWN


def test_old_ones_are_swept(tmp_path: Path) -> None:
    token = login.make(tmp_path)
    assert login.claim(tmp_path, token) is Claim.TAKEN
    login.make(tmp_path, lambda: 4e9)
    assert len(list((tmp_path / "login").iterdir())) == 1
