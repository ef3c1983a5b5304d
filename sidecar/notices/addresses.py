"""Where notices go: Apprise URLs of a private file and of the settings. They hold secrets: none is ever shown."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import scrypt
from pathlib import Path

from sidecar.domain.errors import ConfigurationError

FILE = "notify.urls"
_LARGEST = 64 * 1024


def addresses(folder: Path, more: Sequence[str]) -> tuple[str, ...]:
    """The addresses of ``folder``'s file, one a line (``#`` begins a comment line), and ``more``; each once.

    :raises ConfigurationError: the file cannot be read, or others than its owner may read it.
    """
    found = [*_lines(folder / FILE), *(one.strip() for one in more)]
    return tuple(dict.fromkeys(one for one in found if one))


def digest(address: str) -> str:
    """What stands for an address on record: slow to make, since a guess at a weak password could be tried on it."""
    return scrypt(address.encode(), salt=b"deskwatch.notices", n=2**14, r=8, p=1, dklen=8).hex()


def _lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(FILE, "others may read it, and it holds secrets", f"chmod 600 {path}")
        text = path.read_text() if path.stat().st_size <= _LARGEST else None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(FILE, f"cannot be read ({type(error).__name__})", f"mend {path}") from None
    if text is None:
        raise ConfigurationError(FILE, "is no list of addresses", "write one Apprise URL a line")
    return [line.strip() for line in text.splitlines() if not line.strip().startswith("#")]
