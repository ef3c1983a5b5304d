"""What never changes any more is read once; of it the newest few are kept, so that a long day leaks nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import streamlit as st

from pages.parts import reads
from pages.parts.visitor import visitor
from sidecar.client import Desk
from sidecar.domain.errors import ClientError

Row = dict[str, Any]


class Kept:
    """The newest ``most`` answers that are settled; one that is not is read anew each time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: OrderedDict[str, Row] = OrderedDict()
        self._lock = Lock()

    def of(
        self, desk: Desk, name: str, read: Callable[[Desk], Row], settled: Callable[[Row], bool]
    ) -> tuple[Row | None, str]:
        """What is known of ``name``, or None and why it could not be read."""
        with self._lock:
            if name in self._rows:
                self._rows.move_to_end(name)
                return self._rows[name], ""
        try:
            told = read(desk)
        except ClientError as error:
            return None, str(error)
        if settled(told):
            with self._lock:
                self._rows[name] = told
                while len(self._rows) > self._most:
                    self._rows.popitem(last=False)
        return told, ""


@st.cache_resource(show_spinner=False, max_entries=4 * reads.MOST_KEYS)
def _kept(kind: str, most: int, url: str, secret: str) -> Kept:  # noqa: ARG001 - what they are kept by
    return Kept(most)


def kept(kind: str, most: int) -> Kept:
    """Those of the visitor's key, which its sessions share."""
    return _kept(kind, most, reads.address(), visitor().key)
