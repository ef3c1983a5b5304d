"""Log lines: one JSON object a line, in which a line break or a terminal's escape is inert text."""

from __future__ import annotations

import json
import logging
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TextIO

from sidecar.domain.asked import ASKED
from sidecar.telemetry.log_lines import Behind

_OWN = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "asctime", "taskName"}
_LONGEST = 20_000
#: Records that are kept in memory, and how much of each text.
KEPT = 1_000
_KEPT_TEXT = 4_000


def told(record: logging.LogRecord) -> dict[str, Any]:
    """``timestamp, level, logger, message``, the record's extra fields, and ``exception`` where there is one.

    And ``request_id``: of the request on whose behalf it was logged.
    """
    found: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage()[:_LONGEST],
    }
    extra = {name: value for name, value in record.__dict__.items() if name not in _OWN}
    found |= {name if name not in found else f"extra_{name}": _plain(value) for name, value in extra.items()}
    if asked := ASKED.get():
        found.setdefault("request_id", asked)
    if record.exc_info and record.exc_info[0] is not None:
        found["exception"] = "".join(traceback.format_exception(*record.exc_info))[-_LONGEST:]
    return found


class JsonFormatter(logging.Formatter):
    """One JSON object a record: see :func:`told`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line. Everything beyond ASCII, and every control character, is escaped by JSON itself."""
        return json.dumps(told(record), ensure_ascii=True).replace("\x7f", "\\u007f")


class Recent(logging.Handler):
    """Keeps the newest ``KEPT`` records, in memory alone, for whoever may read them over the API."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one; a long text is cut, so that what is kept is bounded."""
        found = told(record)
        self._kept.append({name: one[:_KEPT_TEXT] if isinstance(one, str) else one for name, one in found.items()})

    def lines(self) -> list[dict[str, Any]]:
        """What is kept, oldest first."""
        return list(self._kept)


def recent() -> list[dict[str, Any]] | None:
    """The newest log records of this process, oldest first; None where :func:`install` was not called."""
    kept = next((one for one in logging.getLogger().handlers if isinstance(one, Recent)), None)
    return None if kept is None else kept.lines()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    return str(value)[:_LONGEST]


class ErrorCount(logging.Handler):
    """Tells of every error: its component is the room that logged it."""

    def __init__(self, on_error: Callable[[str, str], None]) -> None:
        super().__init__(logging.ERROR)
        self._on_error = on_error

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        parts = record.name.split(".")
        component = parts[1] if parts[0] == "sidecar" and len(parts) > 1 else parts[0]
        self._on_error(component, record.levelname.lower())


def install(
    stream: TextIO,
    level: int = logging.INFO,
    on_error: Callable[[str, str], None] | None = None,
    *,
    file: logging.Handler | None = None,
) -> Callable[[], None]:
    """Send every logger's lines of ``level`` to ``stream``, and keep the newest of every level from INFO on.

    ``file`` takes lines too, of its own level. Whoever logs waits for neither. Returns what undoes it.
    """
    root = logging.getLogger()
    shown = logging.StreamHandler(stream)
    shown.setLevel(level)
    lines = Behind(JsonFormatter(), (shown, file) if file else (shown,))
    handlers: list[logging.Handler] = [lines, Recent(), *([ErrorCount(on_error)] if on_error else [])]
    before = root.level
    root.setLevel(min(level, logging.INFO))
    for handler in handlers:
        root.addHandler(handler)

    def undo() -> None:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
        lines.close()

    return undo
