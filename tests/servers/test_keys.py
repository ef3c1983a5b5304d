import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import ConfigurationError, InputError, StoreError
from sidecar.servers.keys import FILE, UI_FILE, KeyStore, Role, bootstrap, digest, first_start

SECRET = "0123456789abcdef0123456789abcdef"
OTHER = SECRET[::-1]


def test_a_secret_opens_as_the_role_it_was_made_for(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    secret = store.add(Role.TRADER, "asha")
    key = store.verify(secret)
    assert key is not None
    assert (key.role, key.label, key.actor) == (Role.TRADER, "asha", f"asha/{key.id}")
    assert store.verify(secret + "x") is None
    assert store.verify("") is None


def test_only_the_digest_of_a_secret_is_on_disk_and_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    secret = KeyStore(tmp_path).add(Role.ADMIN)
    text = (tmp_path / FILE).read_text()
    assert secret not in text
    assert sha256(secret.encode()).hexdigest() in text
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_every_secret_has_256_bits_and_none_repeats(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    made = {store.add(Role.VIEWER) for _ in range(20)}
    assert len(made) == 20
    assert all(len(secret) >= 43 for secret in made)


def test_a_revoked_key_no_longer_opens_and_stays_listed(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    secret = store.add(Role.VIEWER, "old")
    key = store.list()[0]
    assert store.valid(key.id)
    revoked = store.revoke(key.id)
    assert revoked.revoked_at is not None
    assert store.verify(secret) is None
    assert not store.valid(key.id)
    assert [row.id for row in store.list()] == [key.id]
    with pytest.raises(InputError, match="no valid key"):
        store.revoke(key.id)


def test_two_keys_of_one_role_overlap_so_that_a_key_can_be_rotated(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    old, new = store.add(Role.TRADER, "a"), store.add(Role.TRADER, "b")
    assert store.verify(old)
    assert store.verify(new)
    store.revoke(store.list()[0].id)
    assert store.verify(old) is None
    assert store.verify(new)


def test_a_revocation_by_another_process_holds_at_the_next_request(tmp_path: Path) -> None:
    running = KeyStore(tmp_path)
    secret = running.add(Role.TRADER)
    program = (
        "import sys; from pathlib import Path; from sidecar.servers.keys import KeyStore\n"
        "store = KeyStore(Path(sys.argv[1])); store.revoke(store.list()[0].id)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    assert running.verify(secret) is None


def test_a_key_added_by_another_store_opens_here(tmp_path: Path) -> None:
    first, second = KeyStore(tmp_path), KeyStore(tmp_path)
    secret = second.add(Role.VIEWER)
    assert first.verify(secret)
    assert first.add(Role.ADMIN)
    assert len(second.list()) == 2


def test_a_damaged_file_is_an_error_at_the_start_and_keeps_the_last_keys_while_running(tmp_path: Path) -> None:
    running = KeyStore(tmp_path)
    secret = running.add(Role.TRADER)
    (tmp_path / FILE).write_text("{")
    assert running.verify(secret)
    assert FILE in running.problem
    with pytest.raises(StoreError, match="not a key file"):
        KeyStore(tmp_path)
    with pytest.raises(StoreError):
        running.add(Role.VIEWER)
    assert (tmp_path / FILE).read_text() == "{"


def test_a_missing_file_keeps_the_last_keys_while_running_and_says_so(tmp_path: Path) -> None:
    running = KeyStore(tmp_path)
    secret = running.add(Role.TRADER)
    kept = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).unlink()
    assert running.verify(secret)
    assert running.problem == "keys.json is missing"
    (tmp_path / FILE).write_bytes(kept)
    (tmp_path / FILE).chmod(0o600)
    assert running.verify(secret)
    assert running.problem == ""


def test_a_key_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    KeyStore(tmp_path).add(Role.ADMIN)
    (tmp_path / FILE).chmod(0o622)
    with pytest.raises(ConfigurationError, match="others may write it"):
        KeyStore(tmp_path)


def test_no_half_written_file_is_left_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeyStore(tmp_path)
    secret = store.add(Role.ADMIN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.add(Role.VIEWER)
    monkeypatch.undo()
    assert KeyStore(tmp_path).verify(secret)
    assert len(KeyStore(tmp_path).list()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.json", "keys.lock"]


@pytest.mark.parametrize("label", ["a" * 65, "two\nlines", "\x1b[31mred"])
def test_a_label_that_could_forge_a_log_line_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(InputError, match="label"):
        KeyStore(tmp_path).add(Role.VIEWER, label)


@given(st.text())
def test_any_text_has_a_digest(text: str) -> None:
    assert len(digest(text)) == 64


def test_roles_cover_those_below_them() -> None:
    covered = {role: [other for other in Role if role.covers(other)] for role in Role}
    assert covered == {
        Role.VIEWER: [Role.VIEWER],
        Role.TRADER: [Role.VIEWER, Role.TRADER],
        Role.ADMIN: [Role.VIEWER, Role.TRADER, Role.ADMIN],
    }


def test_the_first_start_makes_an_admin_a_trader_and_the_local_ui_key(tmp_path: Path) -> None:
    shown = first_start(tmp_path)
    store = KeyStore(tmp_path)
    assert list(shown) == [Role.ADMIN, Role.TRADER]
    for role, secret in shown.items():
        key = store.verify(secret)
        assert key is not None
        assert key.role is role
    local = tmp_path / UI_FILE
    key = store.verify(local.read_text())
    assert key is not None
    assert (key.role, key.label) == (Role.TRADER, "local-ui")
    assert local.stat().st_mode & 0o777 == 0o600
    assert first_start(tmp_path) == {}
    assert len(store.list()) == 3


def test_a_first_start_with_given_keys_prints_none_and_takes_them(tmp_path: Path) -> None:
    assert first_start(tmp_path, f"admin:{SECRET},viewer:{OTHER}") == {}
    store = KeyStore(tmp_path)
    found = [store.verify(SECRET), store.verify(OTHER)]
    assert [key.role for key in found if key] == [Role.ADMIN, Role.VIEWER]
    assert (tmp_path / UI_FILE).exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "entry 1 is not role:secret"),
        (SECRET, "entry 1 is not role:secret"),
        (f"root:{SECRET}", "entry 1 is not role:secret"),
        (f"admin:{SECRET},", "entry 2 is not role:secret"),
        ("admin:short", "entry 1 is not 32 to 256 printable"),
        (f"admin:{SECRET}\u0942", "entry 1 is not 32 to 256 printable"),
        (f"admin:{SECRET} {SECRET}", "entry 1 is not 32 to 256 printable"),
        (f"admin:{SECRET},trader:{SECRET}", "one secret stands twice"),
        ("admin:EMERGENCY_KEY_123", "entry 1 is a published sample key"),
        ("trader:admin123", "entry 1 is a published sample key"),
    ],
)
def test_a_bad_bootstrap_refuses_to_start_and_never_repeats_a_secret(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        bootstrap(text)
    assert problem in str(caught.value)
    assert "DESK_BOOTSTRAP_KEYS" in str(caught.value)
    assert SECRET not in str(caught.value)
    if text:
        with pytest.raises(ConfigurationError):
            first_start(tmp_path, text)
        assert not (tmp_path / FILE).exists()
