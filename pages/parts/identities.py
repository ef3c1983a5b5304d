"""Whose a key is, as the desk says. It is asked again every few seconds, and nobody waits for that but the first."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sidecar.client import Desk
from sidecar.domain.errors import ClientError, DeskRefused

ASK_EVERY_S = 5.0
#: A page waits this long for the first answer, and is then drawn without a role.
FIRST_WAIT_S = 1.0
MOST = 64


@dataclass(frozen=True)
class Identity:
    """``role`` is empty until the desk has said it. ``refused`` is why the desk does not take the key."""

    role: str = ""
    name: str = ""
    refused: str = ""


def ask(url: str, key: str) -> dict[str, Any]:
    """What the desk says of a key."""
    with Desk(url, key) as desk:
        return desk.me()


class Identities:
    """What is known of the keys, by desk and key."""

    def __init__(
        self, ask: Callable[[str, str], dict[str, Any]] = ask, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, Identity]] = {}
        self._asking: dict[tuple[str, str], Future[None]] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(4, "identity")

    def of(self, url: str, key: str) -> Identity:
        """Whose key this is, as the desk last said."""
        where = (url, key)
        with self._lock:
            at, known = self._known.get(where, (float("-inf"), Identity()))
            if self._clock() - at >= ASK_EVERY_S and where not in self._asking:
                self._asking[where] = self._threads.submit(self._look, where)
            asking = self._asking.get(where)
        if at != float("-inf") or asking is None:
            return known
        with suppress(TooLate):
            asking.result(FIRST_WAIT_S)
        with self._lock:
            return self._known.get(where, (0.0, Identity()))[1]

    def learn(self, url: str, key: str, told: dict[str, Any]) -> Identity:
        """Take what the desk has just said of a key."""
        found = _identity(told)
        with self._lock:
            self._keep((url, key), found)
        return found

    def _look(self, where: tuple[str, str]) -> None:
        found = self._heard(where)
        with self._lock:
            self._keep(where, found or self._known.get(where, (0.0, Identity()))[1])
            self._asking.pop(where, None)

    def _keep(self, where: tuple[str, str], found: Identity) -> None:
        self._known.pop(where, None)
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[where] = self._clock(), found

    def _heard(self, where: tuple[str, str]) -> Identity | None:
        """What the desk says now; None where it does not say."""
        try:
            return _identity(self._ask(*where))
        except DeskRefused as refused:
            return Identity(refused=refused.detail) if refused.status in (400, 401) else None
        except (ClientError, KeyError, ValueError):
            return None


def _identity(told: dict[str, Any]) -> Identity:
    return Identity(str(told["role"]), str(told["label"] or told["role"]))


IDENTITIES = Identities()
