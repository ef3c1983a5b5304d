"""One-time links into the app. Who can write the data directory makes one; the app's process claims it, once.

A file named for the token's SHA-256 says until when it is good. The token itself is kept nowhere.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

FOLDER = "login"
#: Where in the app a link leads; what follows the # never leaves the browser.
PATH = "/live/enter"
GOOD_S = 600.0
_FORGOTTEN_S = 86_400.0
_USED = ".used"
_LONGEST = 128


class Claim(StrEnum):
    """What became of a token that somebody came with."""

    TAKEN = "taken"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


def make(data: Path, now: Callable[[], float] = time.time) -> str:
    """A new token for the app of this data directory, good for ten minutes and one claim."""
    folder = data / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    _forget(folder, now())
    token = secrets.token_urlsafe(32)
    descriptor = os.open(folder / _name(token), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{now() + GOOD_S:.3f}\n")
    return token


def claim(data: Path, token: str, now: Callable[[], float] = time.time) -> Claim:
    """Take a token. Of all who come with the same one, one gets ``TAKEN``: whose renaming of the file succeeds."""
    if not token or len(token) > _LONGEST:
        return Claim.UNKNOWN
    file = data / FOLDER / _name(token)
    used = file.with_suffix(_USED)
    try:
        about = file.stat(follow_symlinks=False)
        until = float(file.read_text())
    except (OSError, ValueError):
        return Claim.USED if used.exists() else Claim.UNKNOWN
    if about.st_uid != os.geteuid() or about.st_mode & 0o077:
        return Claim.UNKNOWN
    if now() >= until:
        return Claim.EXPIRED
    try:
        file.rename(used)
    except OSError:
        return Claim.USED
    return Claim.TAKEN


def _name(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _forget(folder: Path, now: float) -> None:
    for file in folder.iterdir():
        with suppress(OSError):
            if now - file.stat().st_mtime > _FORGOTTEN_S:
                file.unlink()
