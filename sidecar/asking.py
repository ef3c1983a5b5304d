"""Questions in SQL to a running desk's database, within what the settings allow."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.settings import Settings
from sidecar.store.queries import Bounds, Queries
from sidecar.store.schema import Connection


def queries_of(settings: Settings, cursor: Callable[[], Connection]) -> Queries:
    """What answers them; to be closed before the connection that ``cursor`` comes from."""
    asked = settings.query
    return Queries(cursor, Bounds(asked.timeout_s, asked.at_once, asked.memory_mb * 2**20, asked.answer_mb * 2**20))
