"""Tickets: whose they are, how long they live, and that they end with their session."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from pages.parts.sessions import LONGEST_S, Sessions
from pages.parts.tickets import TICKET_S, Holder, Tickets, signed_in


def test_a_ticket_lives_as_long_as_it_is_renewed_or_used_and_can_be_renewed_when_it_has_run_out() -> None:
    now = [0.0]
    held = Tickets(lambda _: True, lambda: now[0])
    first, used, other = (held.renew(None, "key") for _ in range(3))
    assert len({first, used, other}) == 3
    assert held.holder("") is None
    now[0] = TICKET_S - 1
    assert held.renew(first, "key") == first
    assert held.holder(used) == Holder("key")
    now[0] += 2
    assert held.holder(first) == held.holder(used) == Holder("key")
    assert held.holder(other) is None
    now[0] += TICKET_S
    assert held.holder(first) is None
    assert held.renew(other, "somebody else") != other
    assert held.holder(other) is None
    assert held.renew(other, "key") == other  # the page that holds it is drawn again
    assert held.holder(other) == Holder("key")
    now[0] += TICKET_S + LONGEST_S
    assert held.renew(other, "key") != other


def test_a_page_whose_ticket_has_run_out_is_let_in_by_its_cookie_until_it_is_signed_out() -> None:
    sessions = Sessions()
    held = Tickets(sessions.alive, signed_in=signed_in(sessions))
    secret = sessions.begin("anna")
    mine = HTTPConnection({"type": "http", "headers": [(b"host", b"[::1]:8501"), (b"cookie", _cookie(secret))]})
    found = held.of("run out", mine)
    assert found is not None
    assert found.key == "anna"
    assert held.of("", mine) is None  # what a page of another port could have a browser send
    elsewhere = HTTPConnection({"type": "http", "headers": [(b"host", b"[::1]:1"), (b"cookie", _cookie(secret))]})
    assert held.of("run out", elsewhere) is None
    sessions.end(found.session)
    assert held.of("run out", mine) is None


def _cookie(secret: str) -> bytes:
    return f"deskwatch-8501={secret}".encode()


def test_a_ticket_opens_with_the_key_it_was_made_for_and_is_never_somebody_elses() -> None:
    held = Tickets(lambda _: True)
    anna = held.renew(None, "anna", "session-a")
    ben = held.renew(anna, "ben", "session-b")
    again = held.renew(anna, "anna", "session-c")
    assert len({anna, ben, again}) == 3
    assert [held.holder(one) for one in (anna, ben)] == [Holder("anna", "session-a"), Holder("ben", "session-b")]


def test_a_ticket_ends_with_its_session() -> None:
    open_sessions = {"one", "two"}
    held = Tickets(open_sessions.__contains__)
    first, second, app = held.renew(None, "key", "one"), held.renew(None, "key", "two"), held.renew(None, "key")
    open_sessions.remove("one")
    assert held.holder(first) is None
    assert held.holder(second) is not None
    assert held.holder(app) is not None
