from __future__ import annotations

import pytest

from sidecar.alerts.inhibition import EXPLAINS, candidates, rank
from sidecar.alerts.kinds import BY_NAME
from tests.alerts.desk import Life, found, stands

FEED = stands("nse", "data", "feed_down", level="critical", severity=5)
STALE = stands("NIFTY", "data", "stale")
STOP = stands("*", "breaker", "emergency_stop", level="critical", severity=5)
REFUSED = found("demo breaker", kind="refused")


def hidden(life: Life) -> dict[str, str]:
    return {alert.fingerprint: alert.inhibited_by for alert in life.standing if not alert.shown}


def test_a_consequence_is_kept_behind_its_cause_even_if_it_was_first() -> None:
    life = Life()
    life.look(STALE)
    assert hidden(life) == {}
    life.look(STALE, FEED)
    assert hidden(life) == {"data:stale:NIFTY": "data:feed_down:nse"}


def test_it_comes_out_when_the_cause_is_gone_and_it_still_stands() -> None:
    life = Life()
    life.look(STALE, FEED)
    life.look(STALE)
    life.look(STALE, after=29)
    assert hidden(life) == {"data:stale:NIFTY": "data:feed_down:nse"}
    life.look(STALE, after=1)
    assert life.shown == ["data:stale:NIFTY"]


def test_what_ends_with_its_cause_never_comes_out() -> None:
    life = Life()
    life.look(STALE, FEED)
    life.look()
    life.look(after=30)
    assert life.standing == ()
    assert [alert.shown for alert in life.records if alert.fingerprint == STALE.fingerprint] == [False, False]


def test_orders_that_a_stop_refused_stay_hidden_after_it_until_one_is_refused_again() -> None:
    life = Life()
    life.look(STOP, passing=(REFUSED,))
    assert hidden(life) == {REFUSED.fingerprint: STOP.fingerprint}
    life.look()
    life.look(after=60)
    assert hidden(life) == {REFUSED.fingerprint: STOP.fingerprint}
    life.look(passing=(REFUSED,))
    assert life.shown == [REFUSED.fingerprint]


def test_an_order_refused_for_another_reason_is_shown_though_trading_is_stopped() -> None:
    life = Life()
    life.look(STOP, passing=(found("demo price_band", kind="refused"),))
    assert hidden(life) == {}


def test_only_the_strategy_that_is_disabled_explains_its_own_refusals() -> None:
    life = Life()
    disabled = stands("demo", "strategy", "disabled", level="error", severity=4)
    own, other = (found(f"{name} disabled_strategy", kind="refused") for name in ("demo", "twin"))
    life.look(disabled, passing=(own, other))
    assert hidden(life) == {own.fingerprint: disabled.fingerprint}


def test_what_is_graver_than_its_cause_is_shown() -> None:
    life = Life()
    blind = stands("*", "data", "blind", level="error", severity=4)
    life.look(blind, stands("NIFTY", "data", "stale", level="critical", severity=5))
    assert hidden(life) == {}


def test_a_cause_behind_a_cause_names_the_one_that_is_shown() -> None:
    life = Life()
    halt = stands("*", "breaker", "market_halt", level="critical", severity=5)
    venue = stands("*", "venue", "halted", level="critical", severity=5)
    life.look(halt, venue, STALE)
    assert hidden(life) == {venue.fingerprint: halt.fingerprint, STALE.fingerprint: halt.fingerprint}


def test_a_cause_that_a_flood_holds_back_explains_nothing() -> None:
    life = Life(shown=2)
    life.look(stands("a"), stands("b"))
    life.look(stands("a"), stands("b"), stands("demo", "strategy", "disabled"), passing=(
        found("demo disabled_strategy", kind="refused"),
    ))  # fmt: skip
    assert set(hidden(life).values()) == {""}


@pytest.mark.parametrize("row", EXPLAINS, ids=lambda row: f"{row.by} > {row.what}")
def test_every_row_names_kinds_of_the_desk_and_is_found(row: object) -> None:
    by, what = row.by, row.what  # type: ignore[attr-defined]
    assert tuple(by.split(":", 2)[:2]) in BY_NAME
    fingerprint = what.replace("{}", "one").replace("*", "two")
    found_by = [(one.source, one.kind) for one in candidates(fingerprint)]
    assert tuple(by.split(":", 2)[:2]) in found_by
    assert rank(candidates(fingerprint)) >= 1


def test_nothing_explains_itself_however_far_round() -> None:
    causes: dict[str, set[str]] = {}
    for row in EXPLAINS:
        causes.setdefault(row.what.rsplit(":", 1)[0], set()).add(row.by.rsplit(":", 1)[0])
    for start in causes:
        reached, left = set[str](), list(causes[start])
        while left:
            one = left.pop()
            if one not in reached:
                reached.add(one)
                left += causes.get(one, ())
        assert start not in reached
