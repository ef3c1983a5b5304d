"""API keys: who may come in, and as what. Only SHA-256 digests are kept; a secret is shown once, when it is made.

The file is small and replaced as a whole (0600), so a change by another process (``python -m sidecar keys revoke``) is
seen at the next request.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import msgspec

from sidecar.domain.errors import ConfigurationError, InputError, StoreError

FILE = "keys.json"
UI_FILE = "ui.key"
BOOTSTRAP = "DESK_BOOTSTRAP_KEYS"
SHORTEST = 32
LONGEST = 256

#: SHA-256 of sample keys that were published somewhere: never taken, whatever their length.
_DENIED = frozenset(
    {
        "ec9bd1781bfe48993a76690728d0f0f0d0fb7ed5f225275f3f4d8beb631a8621",
        "240be518fabd2724ddb6f04eeb1da5967448d7e831c08c8fa822809f74c720a9",
    }
)


class Role(StrEnum):
    """viewer reads; trader also stops, closes, cancels, orders; admin also resets, changes limits and keys."""

    VIEWER = "viewer"
    TRADER = "trader"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what ``needed`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


class Key(msgspec.Struct, frozen=True):
    """One key. ``sha256`` is the hex digest of its secret; times are aware UTC."""

    id: str
    role: Role
    sha256: str
    created_at: datetime
    label: str = ""
    revoked_at: datetime | None = None

    @property
    def actor(self) -> str:
        """The name under which what this key does is recorded."""
        return f"{self.label or self.role}/{self.id}"


class _File(msgspec.Struct, frozen=True):
    keys: tuple[Key, ...] = ()
    version: int = 1


def digest(secret: str) -> str:
    """The hex SHA-256 of a secret; header text of any kind has one."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class KeyStore:
    """The keys of a data directory.

    When the file becomes missing or unreadable while the sidecar runs, the keys last read stay valid, so that a stop
    still works; ``problem`` then says what is wrong. At the start it is an error.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.problem = ""
        self._keys: tuple[Key, ...] = ()
        self._seen: tuple[int, int, int] | None = None
        if self.path.exists():
            self._keys, self._seen = self._read(), self._signature()

    def add(self, role: Role, label: str = "", secret: str | None = None) -> str:
        """Make a key and return its secret, which is kept nowhere. ``secret`` is given only at a first start."""
        if len(label) > 64 or not label.isprintable():
            raise InputError("label", "is longer than 64 characters or not printable", "use a short plain name")
        made = secrets.token_urlsafe(32) if secret is None else secret
        with self._changing() as keys:
            key = Key(secrets.token_hex(4), role, digest(made), datetime.now(UTC), label)
            self._replace((*keys, key))
        return made

    def list(self) -> Sequence[Key]:
        """Every key that was ever made, oldest first, the revoked ones too."""
        self._refresh()
        return self._keys

    def revoke(self, key_id: str) -> Key:
        """Revoke a key by its id; :class:`InputError` if there is none or it is revoked already."""
        with self._changing() as keys:
            found = next((key for key in keys if key.id == key_id and key.revoked_at is None), None)
            if found is None:
                raise InputError("id", f"{key_id[:20]!r} is no valid key's id", "see: python -m sidecar keys list")
            revoked = msgspec.structs.replace(found, revoked_at=datetime.now(UTC))
            self._replace(tuple(revoked if key is found else key for key in keys))
        return revoked

    def verify(self, secret: str) -> Key | None:
        """The valid key of a secret. Every key is compared, as digests, in constant time."""
        self._refresh()
        given, found = digest(secret), None
        for key in self._keys:
            if hmac.compare_digest(given, key.sha256) and key.revoked_at is None:
                found = key
        return found

    def valid(self, key_id: str) -> bool:
        """Whether the key of this id still opens: for connections that outlive one request."""
        self._refresh()
        return any(key.id == key_id and key.revoked_at is None for key in self._keys)

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _refresh(self) -> None:
        now = self._signature()
        if now == self._seen and not self.problem:
            return
        if now is None:
            self.problem = f"{FILE} is missing" if self._seen is not None else ""
            return
        try:
            self._keys, self._seen, self.problem = self._read(), now, ""
        except (StoreError, ConfigurationError, OSError) as error:
            self.problem = str(error)

    def _read(self) -> tuple[Key, ...]:
        if self.path.stat().st_mode & 0o022:
            raise ConfigurationError(FILE, "others may write it", f"chmod 600 {self.path}")
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_File).keys
        except msgspec.DecodeError as error:
            raise StoreError(f"{self.path}: not a key file ({error}); restore it, or move it away and start") from error

    @contextmanager
    def _changing(self) -> Iterator[tuple[Key, ...]]:
        """The keys on disk, with every other process kept from changing them meanwhile."""
        lock = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read() if self.path.exists() else ()
        finally:
            os.close(lock)

    def _replace(self, keys: tuple[Key, ...]) -> None:
        write_private(self.path, msgspec.json.format(msgspec.json.encode(_File(keys))))
        self._keys, self._seen, self.problem = keys, self._signature(), ""


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole, readable by its owner alone; on disk when this returns."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def bootstrap(text: str) -> tuple[tuple[Role, str], ...]:
    """The roles and secrets of ``role:secret,role:secret``; :class:`ConfigurationError` never repeats a secret."""
    found: list[tuple[Role, str]] = []
    for number, item in enumerate(text.split(","), 1):
        role, colon, secret = item.strip().partition(":")
        if not colon or role not in list(Role):
            raise ConfigurationError(BOOTSTRAP, f"entry {number} is not role:secret", "roles: viewer, trader, admin")
        if digest(secret) in _DENIED:
            raise ConfigurationError(BOOTSTRAP, f"entry {number} is a published sample key", "make one of your own")
        if not SHORTEST <= len(secret) <= LONGEST or not (secret.isascii() and secret.isprintable()) or " " in secret:
            problem = f"entry {number} is not {SHORTEST} to {LONGEST} printable ASCII characters"
            raise ConfigurationError(BOOTSTRAP, problem, "try: openssl rand -hex 32")
        found.append((Role(role), secret))
    if len({secret for _, secret in found}) < len(found):
        raise ConfigurationError(BOOTSTRAP, "one secret stands twice", "give each role its own")
    return tuple(found)


def first_start(folder: Path, bootstrap_keys: str = "", ui_role: Role = Role.TRADER) -> dict[Role, str]:
    """Make the first keys of a data directory, and the local UI's in its own 0600 file.

    Returns the secrets to print once: an admin and a trader key, or none when ``bootstrap_keys`` gave them or the
    directory has keys already.
    """
    if (folder / FILE).exists():
        return {}
    given = bootstrap(bootstrap_keys) if bootstrap_keys else ()
    store = KeyStore(folder)
    write_private(folder / UI_FILE, store.add(ui_role, "local-ui").encode())
    for role, secret in given:
        store.add(role, "bootstrap", secret)
    return {} if given else {role: store.add(role, "first-start") for role in (Role.ADMIN, Role.TRADER)}
