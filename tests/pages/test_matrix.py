"""Every page in every state of the desk and of its doors: no exception, the bar with STOP, and the truth in words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pages.parts import reads
from tests.cable import Cable
from tests.pages.conftest import PAGES, Shown, words
from tests.pages.lived import Lived
from tests.pages.matrix import LOOKED, faults, look, missing, shape, wrong, zeros
from tests.pages.states import STANDS

Show = Callable[..., Shown]
#: Figures that count what is known: how many limits are in a state, signals given, updates missed.
COUNTS = ("In breach", "Warning", "Ok", "Stale underlyings", "Feed gaps", "Given", "Wait", "Scored", "No score")
DOORS = ("nobody is signed in", "a revoked key", "never seen", "starting", "silent")


@pytest.mark.parametrize("state", STANDS)
def test_every_page_stands_in_front_of_it(shown: Show, past: Lived, state: str) -> None:
    stands = STANDS[state]
    app = shown(stands.desk(past), role=stands.role)
    if stands.learnt:
        app.learnt.learn()
    seen = look(app, state)
    assert wrong(seen, stands.says) == {}
    assert missing(seen, stands.somewhere) == []
    if state == "nothing known":
        assert {page: found for page, at in seen.items() if (found := zeros(at, COUNTS))} == {}


def test_without_a_key_only_what_is_public_is_shown_and_the_reason_is_said(shown: Show) -> None:
    assert wrong(look(shown(role=None), "nobody is signed in"), ("Positions unknown", "401")) == {}


def test_a_key_that_was_revoked_is_told_so_on_every_page(shown: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown()
    monkeypatch.setenv("DESK_KEY", "dw_" + "x" * 40)
    assert wrong(look(app, "a revoked key"), ("Positions unknown", "401"), known=False) == {}


def test_a_desk_that_was_never_seen_is_said_so_and_stop_stays(shown: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown()
    monkeypatch.setenv("DESK_URL", "http://127.0.0.1:9")
    seen = look(app, "never seen")
    assert wrong(seen, ("The sidecar does not answer", "STATE UNKNOWN"), known=False) == {}
    assert [page for page, at in seen.items() if "TRADING ALLOWED" in words(at)] == []


def test_a_desk_that_is_starting_cannot_say_how_it_stands_and_then_can(
    shown: Show, past: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PICTURE_EVERY_S", 0.0)
    app = shown(past.desk())
    published, app.desk.published = app.desk.published, None
    seen = look(app, "starting")
    assert wrong(seen, ("The desk cannot say how it stands",)) == {}
    assert [page for page, at in seen.items() if "TRADING ALLOWED" in words(at)] == []
    app.desk.published = published
    back = {page: at.run() for page, at in seen.items()}
    assert wrong(back) == {}
    assert [page for page, at in back.items() if "The desk cannot say how it stands" in words(at)] == []


def test_a_silent_desk_leaves_its_last_picture_and_says_how_old_it_is(
    shown: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "PICTURE_EVERY_S", 0.0)
    app = shown()
    app.learnt.learn()
    seen = look(app, "silent")
    assert wrong(seen) == {}
    drawn = {page: shape(at) for page, at in seen.items()}
    assert {page for page, counts in drawn.items() if not any(counts.values())} <= {"alerts", "backtest", "emergency"}
    app.desk.age_s = 60.0
    late = {page: at.run() for page, at in seen.items()}
    assert wrong(late, ("was: TRADING ALLOWED", "OLD", "the desk is silent")) == {}
    assert {page: shape(at) for page, at in late.items()} == drawn


@pytest.mark.parametrize("page", ["overview", "positions"])
def test_a_desk_that_answers_late_keeps_its_page_and_the_other_sessions_waiting_for_no_longer(
    shown: Show, past: Lived, cable: Cable, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(past.desk())
    cable.lead_to(app.url)
    monkeypatch.setenv("DESK_URL", cable.url)
    first = app.open(page)
    cable.silent = True
    released = threading.Timer(2.0, setattr, (cable, "silent", False))
    released.start()
    began = time.monotonic()
    late = first.run()
    other = app.open(page)
    assert time.monotonic() - began < 20.0
    released.join()
    assert faults(late) == faults(other) == []
    assert "TRADING ALLOWED" not in words(late) or "OLD" in words(late)
    assert faults(late.run()) == []


def test_every_page_was_looked_at_in_every_state(request: pytest.FixtureRequest) -> None:
    mine = [item for item in request.session.items if item.path == request.path]
    if len(mine) < len(STANDS) + len(DOORS) + 3:
        pytest.skip("a part of this file was chosen")
    assert set(LOOKED) == {*STANDS, *DOORS}
    looked = sum(map(len, LOOKED.values()))
    print(f"{len(PAGES)} pages × {len(LOOKED)} states = {looked} looks")
    assert looked == len(PAGES) * (len(STANDS) + len(DOORS))
