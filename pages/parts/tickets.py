"""What a drawn page holds in place of its key: a ticket, which opens the relay's doors with the key it was made for."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from starlette.requests import HTTPConnection

from pages.parts.sessions import LONGEST_S, Sessions, cookie

TICKET_S = 600.0


class Holder(NamedTuple):
    """For whom a ticket was made: the key it stands for, and the session it ends with (none: it ends with the app)."""

    key: str
    session: str = ""


class Tickets:
    """Each ticket is bound to its holder, and lives ``TICKET_S`` from when it was last renewed or used.

    :param alive: whether the session of an id is open still.
    :param signed_in: who is signed in where a ticket has run out: a page that slept is let in again by its cookie.
    """

    def __init__(
        self,
        alive: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
        signed_in: Callable[[HTTPConnection], Holder | None] = lambda _: None,
    ) -> None:
        self._alive = alive
        self._clock = clock
        self._signed_in = signed_in
        self._held: dict[str, tuple[float, Holder]] = {}
        self._lock = Lock()

    def renew(self, ticket: str | None, key: str, session: str = "") -> str:
        """The same ticket with a new life, run out or not; a new one where that is somebody else's, or there is none.

        The page that holds one which has run out would not hear of another until it is drawn anew.
        """
        now, holder = self._clock(), Holder(key, session)
        with self._lock:
            self._held = {one: held for one, held in self._held.items() if held[0] + LONGEST_S > now}
            mine = ticket is not None and ticket in self._held and self._held[ticket][1] == holder
            found = ticket if mine and ticket is not None else secrets.token_urlsafe(24)
            self._held[found] = now + TICKET_S, holder
        return found

    def holder(self, ticket: str) -> Holder | None:
        """Whose ticket this is, which is used by that; None where it opens nothing now."""
        now = self._clock()
        with self._lock:
            until, found = self._held.get(ticket, (now, Holder("")))
        if until <= now or not self.stands(found):
            return None
        with self._lock:
            self._held[ticket] = now + TICKET_S, found
        return found

    def of(self, ticket: str, connection: HTTPConnection) -> Holder | None:
        """Who asks with this ticket, or with the cookie of a session where it has run out."""
        # Without any ticket a cookie is not enough: a page of another port could have the browser send that.
        return self.holder(ticket) or (self._signed_in(connection) if ticket else None)

    def stands(self, holder: Holder) -> bool:
        """Whether the session of this holder is open still."""
        return not holder.session or self._alive(holder.session)


def signed_in(sessions: Sessions) -> Callable[[HTTPConnection], Holder | None]:
    """Whose session the cookie of a request opens."""

    def found(connection: HTTPConnection) -> Holder | None:
        session = sessions.find(connection.cookies.get(cookie(connection.headers.get("host", "")), ""))
        return Holder(session.key, session.id) if session else None

    return found
