"""Small files that are there whole or not at all, and the structs that they hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from sidecar.domain.errors import FileRefused

_T = TypeVar("_T")
_UNFINISHED = ".unfinished"


def put(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``: on return it is on the disk, before that nothing is. :raises OSError: it refuses."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def get(path: Path, kind: type[_T], remedy: str) -> _T:
    """The struct of a JSON file. :raises FileRefused: there is none, or it is not one of this program's."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as problem:
        told = " ".join(str(problem).split())[:160]
        raise FileRefused(path.name, f"is not this program's ({told})", remedy) from None
