"""The root of everything that can happen to the desk."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower):
    """The root of all events."""
