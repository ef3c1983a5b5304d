from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.domain.breaker import (
    DAILY,
    GRAVITY,
    BreakerEvent,
    BreakerState,
    BreakerStatus,
    Cause,
    Override,
    Trigger,
)
from sidecar.domain.clock import SECOND
from sidecar.domain.errors import InputError
from sidecar.domain.scopes import Scope
from sidecar.risk.breaker import (
    covers,
    disable,
    disable_override,
    enable_override,
    expire_override,
    market_halt,
    reset,
    roll,
    safer,
    shut,
    stop,
    trip,
)
from sidecar.risk.limits import BY_NAME

ACTIVE = BreakerState()


def loss(at: int = 1, name: str = "daily_loss") -> Cause:
    return Cause(Trigger.DAILY_LOSS_LIMIT, at, "desk", "lost 3.1 %", name, 0.03, 0.031)


def drawdown(at: int = 1) -> Cause:
    return Cause(Trigger.DRAWDOWN_LIMIT, at, "desk", "down 9 %", "drawdown", 0.08, 0.09)


def test_a_breach_trips_and_is_recorded_with_its_limit_and_value() -> None:
    state, event = trip(ACTIVE, loss(5))
    assert (state.status, state.since, state.halt_seq, state.causes) == (BreakerStatus.TRIPPED, 5, 1, (loss(5),))
    assert (event.event, event.limit_name, event.limit, event.value) == ("triggered", "daily_loss", 0.03, 0.031)
    assert (event.halt_seq, event.state, event.actor) == (1, BreakerStatus.TRIPPED, "desk")


def test_each_way_to_stop_has_its_state() -> None:
    assert stop(ACTIVE, 1, "ann", "fire")[0].status is BreakerStatus.EMERGENCY_STOP
    assert disable(ACTIVE, 1, "ann", "lunch")[0].status is BreakerStatus.MANUAL_DISABLE
    assert market_halt(ACTIVE, 1, "nse", "index -10 %")[0].status is BreakerStatus.MARKET_HALT


def test_a_second_trigger_while_stopped_is_recorded_too() -> None:
    state, event = trip(trip(ACTIVE, loss())[0], drawdown(9))
    assert event.event == "repeated"
    assert [cause.limit_name for cause in state.causes] == ["daily_loss", "drawdown"]
    assert (state.since, state.halt_seq) == (1, 1)


def test_a_graver_state_wins_and_a_lighter_one_does_not() -> None:
    stopped, event = stop(trip(ACTIVE, loss())[0], 9, "ann", "fire")
    assert (stopped.status, stopped.since, stopped.halt_seq, event.event) == (
        BreakerStatus.EMERGENCY_STOP, 9, 1, "repeated",
    )  # fmt: skip
    assert trip(stopped, drawdown(10))[0].status is BreakerStatus.EMERGENCY_STOP


def test_an_emergency_stop_given_again_changes_nothing_and_is_recorded() -> None:
    once, _ = stop(ACTIVE, 1, "ann", "fire")
    twice, event = stop(once, 2, "ben", "fire!")
    assert twice == once
    assert (event.event, event.actor, event.halt_seq) == ("repeated", "ben", 1)


def test_a_stop_needs_no_reason() -> None:
    assert "no reason given" in stop(ACTIVE, 1, "ann", "")[1].reason


def test_a_reset_returns_to_active_and_keeps_the_count() -> None:
    answer = reset(stop(ACTIVE, 1, "ann", "fire")[0], 9, "root", "fire is out", ())
    assert answer.granted
    assert answer.event is not None
    assert (answer.state.status, answer.state.causes, answer.state.halt_seq) == (BreakerStatus.ACTIVE, (), 1)
    assert (answer.event.event, answer.event.actor, answer.event.state) == ("reset", "root", BreakerStatus.ACTIVE)
    assert trip(answer.state, loss())[0].halt_seq == 2


def test_a_reset_is_refused_while_a_cause_stands() -> None:
    tripped, _ = trip(ACTIVE, loss())
    answer = reset(tripped, 9, "root", "again", (("daily_loss", "*"), ("daily_loss", "main/demo")))
    assert not answer.granted
    assert (answer.state, answer.standing) == (tripped, ("daily_loss",))
    assert "daily_loss" in answer.problem


def part(scope: str, at: int = 1, name: str = "net_vega", trigger: Trigger = Trigger.GREEK_LIMIT) -> Cause:
    return Cause(trigger, at, "desk", "too much", name, 1.0, 2.0, scope)


def shut_in(*causes: Cause, state: BreakerState = ACTIVE) -> BreakerState:
    for cause in causes:
        state, _ = shut(state, cause)
    return state


def test_a_cause_of_less_than_the_desk_shuts_its_scope_and_leaves_the_desk_active() -> None:
    state, event = shut(ACTIVE, part("main/demo"))
    assert (state.status, state.causes, state.partial, state.halt_seq) == (
        BreakerStatus.ACTIVE, (), (part("main/demo"),), 1,
    )  # fmt: skip
    assert (event.event, event.scope, event.trigger, event.halt_seq) == ("triggered", "main/demo", "greek_limit", 1)


def test_a_second_cause_of_a_scope_is_repeated_and_another_scopes_is_not() -> None:
    state = shut_in(part("main/demo"))
    again, event = shut(state, part("main/demo", 2, "positions"))
    assert (event.event, len(again.partial), again.halt_seq) == ("repeated", 2, 1)
    same, event = shut(again, part("main/demo", 3))
    assert (event.event, same.partial, same.halt_seq) == ("repeated", again.partial, 1)
    other, event = shut(again, part("main/*/NIFTY", 3))
    assert (event.event, len(other.partial), other.halt_seq) == ("triggered", 3, 2)


def test_what_is_shut_in_part_stays_so_through_a_trip_and_a_stop() -> None:
    state = shut_in(part("main/demo"))
    for after in (trip(state, loss())[0], stop(state, 1, "ann", "fire")[0]):
        assert (after.partial, after.halt_seq) == (state.partial, 2)
    assert shut_in(part("main/demo"), state=stop(ACTIVE, 1, "ann", "x")[0]).status is BreakerStatus.EMERGENCY_STOP


def test_a_cause_of_the_whole_desk_trips_it() -> None:
    assert shut(ACTIVE, loss()) == trip(ACTIVE, loss())


def test_a_reset_of_the_desk_opens_all_that_no_longer_stands_and_names_the_rest() -> None:
    state = shut_in(part("a/x"), part("a/y"), state=trip(ACTIVE, loss())[0])
    answer = reset(state, 9, "root", "over", [("net_vega", "a/y")])
    assert (answer.state.status, answer.state.partial) == (BreakerStatus.ACTIVE, (part("a/y"),))
    assert answer.standing == ("net_vega in a/y",)
    again = reset(answer.state, 9, "root", "over", [("net_vega", "a/y")])
    assert (again.granted, again.state, again.standing) == (False, answer.state, ("net_vega in a/y",))


def test_a_reset_of_the_desk_does_nothing_while_its_own_cause_stands() -> None:
    state = shut_in(part("a/x"), state=trip(ACTIVE, loss())[0])
    assert reset(state, 9, "root", "over", [("daily_loss", "*")]).state == state


def test_what_is_wrong_with_the_desk_does_not_keep_a_part_shut_while_it_is_active() -> None:
    assert reset(shut_in(part("a/x")), 9, "root", "over", [("data_failure", "*")]).state.partial == ()


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("a", ["b/x"]),
        ("a/x", ["a", "a/*/NIFTY", "b/x"]),
        ("a/*/NIFTY", ["a", "a/x", "b/x"]),
        ("a/x/NIFTY", ["a", "a/x", "a/*/NIFTY", "b/x"]),
        ("b", ["a", "a/x", "a/*/NIFTY", "a/x/NIFTY"]),
    ],
)
def test_a_narrower_reset_opens_its_own_and_leaves_the_desk_as_it_is(scope: str, left: list[str]) -> None:
    state = shut_in(*map(part, ("a", "a/x", "a/*/NIFTY", "a/x/NIFTY", "b/x")), state=stop(ACTIVE, 1, "ann", "x")[0])
    answer = reset(state, 9, "root", "over", (), Scope.parse(scope))
    assert answer.event is not None
    assert [cause.scope for cause in answer.state.partial] == left
    assert (answer.state.status, answer.event.scope) == (BreakerStatus.EMERGENCY_STOP, scope)


def test_a_narrower_reset_of_what_is_not_shut_changes_nothing() -> None:
    state = shut_in(part("a/x"), state=stop(ACTIVE, 1, "ann", "x")[0])
    answer = reset(state, 9, "root", "over", (), Scope("b"))
    assert (answer.granted, answer.state) == (False, state)
    assert "nothing is shut in b" in answer.problem


def test_the_daily_roll_clears_daily_causes_of_every_scope_and_no_others() -> None:
    daily = part("a/x", name="daily_loss", trigger=Trigger.DAILY_LOSS_LIMIT)
    for state in (ACTIVE, stop(ACTIVE, 1, "ann", "x")[0]):
        after, event = roll(shut_in(daily, part("a/y"), state=state), 50)
        assert (after.partial, after.status, event is not None) == ((part("a/y"),), state.status, True)
    both, _ = roll(shut_in(daily, state=trip(ACTIVE, loss())[0]), 50)
    assert (both.active, both.partial) == (True, ())
    assert roll(shut_in(part("a/y")), 50) == (shut_in(part("a/y")), None)


def test_an_old_journals_breaker_still_decodes() -> None:
    old = b'{"status":"tripped","causes":[{"trigger":"vix_spike","at":1,"actor":"desk","detail":"x"}],"halt_seq":3}'
    found = msgspec.json.decode(old, type=BreakerState)
    assert (found.partial, found.causes[0].scope, found.halt_seq) == ((), "*", 3)


def test_a_reset_of_an_active_breaker_does_not_claim_success() -> None:
    answer = reset(ACTIVE, 9, "root", "why not", ())
    assert (answer.granted, answer.state) == (False, ACTIVE)


@pytest.mark.parametrize(("actor", "reason"), [("", "x"), ("root", " ")])
def test_a_reset_without_a_name_or_reason_is_an_error(actor: str, reason: str) -> None:
    with pytest.raises(InputError):
        reset(stop(ACTIVE, 1, "ann", "fire")[0], 9, actor, reason, ())


def test_the_daily_roll_clears_a_daily_trip() -> None:
    state, event = roll(trip(ACTIVE, loss())[0], 50)
    assert (state.status, state.since, state.causes) == (BreakerStatus.ACTIVE, 50, ())
    assert event is not None
    assert event.event == "rolled"


@pytest.mark.parametrize(
    "state",
    [
        ACTIVE,
        trip(ACTIVE, drawdown())[0],
        trip(trip(ACTIVE, loss())[0], drawdown())[0],
        stop(trip(ACTIVE, loss())[0], 2, "ann", "fire")[0],
        market_halt(trip(ACTIVE, loss())[0], 2, "nse", "halt")[0],
        BreakerState(BreakerStatus.TRIPPED),
        BreakerState(BreakerStatus.MANUAL_DISABLE, (loss(),)),
    ],
)
def test_the_daily_roll_clears_nothing_else(state: BreakerState) -> None:
    assert roll(state, 50) == (state, None)


def overridden(state: BreakerState = ACTIVE) -> BreakerState:
    return enable_override(state, 10, "root", "hedge", ("daily_loss", "daily_loss"), 10 + 60 * SECOND).state


def test_an_override_covers_the_named_limits_until_it_expires() -> None:
    state = overridden(trip(ACTIVE, loss())[0])
    assert state.override == Override(("daily_loss",), 10 + 60 * SECOND, "root", "hedge")
    assert covers(state, "daily_loss", 10)
    assert not covers(state, "drawdown", 10)
    assert not covers(state, "", 10)
    assert not covers(state, "daily_loss", 10 + 60 * SECOND)
    assert not covers(ACTIVE, "daily_loss", 10)


def test_an_override_never_covers_an_emergency_stop_and_does_not_outlive_one() -> None:
    stopped, _ = stop(overridden(), 20, "ann", "fire")
    assert stopped.override is None
    assert not covers(BreakerState(BreakerStatus.EMERGENCY_STOP, override=overridden().override), "daily_loss", 20)
    again = enable_override(stopped, 20, "root", "no", ("daily_loss",), 21)
    assert (again.granted, again.state) == (False, stopped)


def test_an_override_survives_a_trip() -> None:
    assert trip(overridden(), drawdown())[0].override == overridden().override


@pytest.mark.parametrize(
    ("limits", "expires_at", "field"),
    [
        ((), 11, "limits"),
        (("max_fun",), 11, "limits"),
        (("positions",), 10, "expires_in_s"),
        (("positions",), 11 + 900 * SECOND, "expires_in_s"),
    ],
)
def test_an_override_names_known_limits_and_ends_soon(limits: tuple[str, ...], expires_at: int, field: str) -> None:
    with pytest.raises(InputError) as caught:
        enable_override(ACTIVE, 10, "root", "why", limits, expires_at)
    assert caught.value.field == field


def test_an_override_may_last_exactly_fifteen_minutes() -> None:
    answer = enable_override(ACTIVE, 10, "root", "why", ("positions",), 10 + 900 * SECOND)
    assert answer.event is not None
    assert (answer.event.event, answer.event.limit_name) == ("override_on", "positions")


def test_an_override_is_ended_by_hand_once() -> None:
    answer = disable_override(overridden(), 20, "ann", "done")
    assert answer.event is not None
    assert (answer.state.override, answer.event.event) == (None, "override_off")
    assert not disable_override(answer.state, 21, "ann", "done").granted


def test_an_override_expires_at_its_time_and_not_before() -> None:
    state = overridden()
    assert expire_override(state, 9 + 60 * SECOND) == (state, None)
    after, event = expire_override(state, 10 + 60 * SECOND)
    assert after.override is None
    assert event is not None
    assert (event.event, event.actor) == ("override_off", "desk")
    assert expire_override(after, 99 * SECOND) == (after, None)


STATES = [
    ACTIVE,
    overridden(),
    BreakerState(halt_seq=9, since=3),
    shut_in(part("a/x")),
    shut_in(part("a/y", 4), state=trip(ACTIVE, loss())[0]),
    trip(ACTIVE, loss())[0],
    trip(ACTIVE, drawdown(4))[0],
    disable(ACTIVE, 1, "ann", "lunch")[0],
    market_halt(ACTIVE, 1, "nse", "halt")[0],
    stop(ACTIVE, 1, "ann", "fire")[0],
]


@pytest.mark.parametrize("a", STATES)
@pytest.mark.parametrize("b", STATES)
def test_of_two_states_the_safer_one_wins_whatever_their_order(a: BreakerState, b: BreakerState) -> None:
    for found in (safer(a, b), safer(b, a)):
        assert GRAVITY[found.status] == max(GRAVITY[a.status], GRAVITY[b.status])
        assert found.halt_seq == max(a.halt_seq, b.halt_seq)
        assert set(found.causes) == (set() if found.active else set(a.causes) | set(b.causes))
        assert found.override == (a.override if a.override == b.override else None)
        assert set(found.partial) == {*a.partial, *b.partial}


class Machine(RuleBasedStateMachine):
    """After a stop nothing returns to active but an authorised reset, or the roll of a daily trip."""

    def __init__(self) -> None:
        super().__init__()
        self.state = BreakerState()
        self.seen = 0
        self.at = 0
        self.freed = True

    def moved(self, state: BreakerState) -> None:
        self.at += SECOND
        if not self.state.active and state.active:
            assert self.freed
        if self.state.active and not state.active:
            assert state.halt_seq == self.state.halt_seq + 1
        assert set(state.partial) >= set(self.state.partial) or self.freed
        assert GRAVITY[state.status] >= GRAVITY[self.state.status] or self.freed
        self.freed = False
        self.state = state

    @rule(trigger=st.sampled_from(Trigger), name=st.sampled_from(["", "positions", "vix"]))
    def triggers(self, trigger: Trigger, name: str) -> None:
        self.moved(trip(self.state, Cause(trigger, self.at, "desk", "x", name))[0])

    @rule(name=st.sampled_from(["positions", "daily_loss"]), scope=st.sampled_from(["a", "a/x", "b/*/NIFTY"]))
    def shuts(self, name: str, scope: str) -> None:
        first = scope not in {cause.scope for cause in self.state.partial}
        trigger = Trigger.DAILY_LOSS_LIMIT if name == "daily_loss" else Trigger.POSITION_LIMIT
        state = shut(self.state, Cause(trigger, self.at, "desk", "x", name, scope=scope))[0]
        assert state.halt_seq == self.state.halt_seq + first
        self.moved(state)

    @rule()
    def stops(self) -> None:
        self.moved(stop(self.state, self.at, "ann", "")[0])
        assert self.state.status is BreakerStatus.EMERGENCY_STOP

    @rule(standing=st.sampled_from([(), (("vix", "*"),)]), named=st.booleans())
    def resets(self, standing: tuple[tuple[str, str], ...], named: bool) -> None:
        if not named:
            with pytest.raises(InputError):
                reset(self.state, self.at, "", "please", standing)
            return
        answer = reset(self.state, self.at, "root", "over", standing)
        assert answer.granted == (bool(self.state.partial) if self.state.active else not standing)
        self.freed = answer.granted
        self.moved(answer.state)

    @rule()
    def rolls(self) -> None:
        daily = {cause.trigger for cause in self.state.causes} <= DAILY
        state, event = roll(self.state, self.at)
        self.freed = event is not None
        parts = any(cause.trigger in DAILY for cause in self.state.partial)
        assert self.freed == ((self.state.status is BreakerStatus.TRIPPED and daily) or parts)
        assert self.state.status == state.status or daily
        self.moved(state)

    @rule(seconds=st.integers(1, 900))
    def overrides(self, seconds: int) -> None:
        self.moved(enable_override(self.state, self.at, "root", "x", ("vix",), self.at + seconds * SECOND).state)

    @rule()
    def ends_override(self) -> None:
        self.moved(disable_override(self.state, self.at, "root", "x").state)

    @rule()
    def expires(self) -> None:
        self.moved(expire_override(self.state, self.at)[0])

    @rule(other=st.sampled_from(STATES))
    def recovers(self, other: BreakerState) -> None:
        found = safer(self.state, other)
        assert GRAVITY[found.status] >= GRAVITY[self.state.status]
        self.state = found

    @invariant()
    def the_count_never_falls(self) -> None:
        assert self.state.halt_seq >= self.seen
        self.seen = self.state.halt_seq

    @invariant()
    def stopped_has_a_cause_and_active_has_none(self) -> None:
        assert self.state.active == (not self.state.causes)

    @invariant()
    def an_emergency_stop_is_not_overridden(self) -> None:
        if self.state.status is BreakerStatus.EMERGENCY_STOP:
            assert not covers(self.state, "vix", self.at)


TestBreakerMachine = Machine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def event(name: str, state: BreakerState, *more: object, **fields: Any) -> BreakerEvent:
    return BreakerEvent(name, state.status, *more, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("act", "status", "trigger"),
    [
        (stop, BreakerStatus.EMERGENCY_STOP, Trigger.EMERGENCY_STOP),
        (disable, BreakerStatus.MANUAL_DISABLE, Trigger.MANUAL_TRIGGER),
        (market_halt, BreakerStatus.MARKET_HALT, Trigger.MARKET_HALT),
    ],
)
@pytest.mark.parametrize(("reason", "said"), [("fire", "fire"), ("", "no reason given")])
def test_a_halt_is_told_whole(act: Any, status: BreakerStatus, trigger: Trigger, reason: str, said: str) -> None:
    state, told = act(ACTIVE, 5, "ann", reason)
    assert state == BreakerState(status, (Cause(trigger, 5, "ann", said),), 5, 1)
    assert told == event("triggered", state, f"{trigger}: {said}", "ann", 5, 1, trigger=trigger)
    again, twice = act(state, 9, "bob", reason)
    assert again == state
    assert twice == event("repeated", state, f"{trigger}: {said}", "bob", 9, 1, trigger=trigger)


def test_a_trip_a_shut_a_reset_and_a_roll_are_told_whole() -> None:
    state, told = trip(ACTIVE, loss(5))
    limits = ("daily_loss", 0.03, 0.031)
    trigger = Trigger.DAILY_LOSS_LIMIT
    assert told == event("triggered", state, "daily_loss_limit: lost 3.1 %", "desk", 5, 1, *limits, trigger)
    rolled, cleared = roll(state, 8)
    assert rolled == BreakerState(since=8, halt_seq=1)
    assert cleared == event("rolled", rolled, "a new trading day clears daily trips", "desk", 8, 1)
    granted = reset(state, 9, "root", "fixed", ())
    assert granted.state == BreakerState(since=9, halt_seq=1)
    assert granted.event == event("reset", granted.state, "fixed", "root", 9, 1)
    mine = msgspec.structs.replace(loss(5), scope="main/demo")
    part, shut_told = shut(ACTIVE, mine)
    assert part == BreakerState(halt_seq=1, partial=(mine,))
    whole = ("daily_loss_limit: lost 3.1 %", "desk", 5, 1, *limits, trigger, "main/demo")
    assert shut_told == event("triggered", part, *whole)
    opened = reset(part, 9, "root", "fixed", (), Scope("main", "demo"))
    assert opened.event == event("reset", opened.state, "fixed", "root", 9, 1, scope="main/demo")


def test_what_is_not_granted_says_why() -> None:
    assert reset(ACTIVE, 9, "root", "x", ()).problem == "the breaker is already active; nothing was changed"
    narrow = reset(ACTIVE, 9, "root", "x", (), Scope("main"))
    assert narrow.problem == "nothing is shut in main; nothing was changed"
    tripped, _ = trip(ACTIVE, loss())
    refused = reset(tripped, 9, "root", "x", (("daily_loss", "*"), ("vix", "*")))
    assert refused.problem == "still standing: daily_loss, vix; bring them inside their limits, then reset"
    assert refused.standing == ("daily_loss", "vix")
    assert (refused.state, refused.granted) == (tripped, False)
    for actor, reason, field in ((" ", "x", "actor"), ("root", " ", "reason")):
        with pytest.raises(InputError) as wrong:
            reset(tripped, 9, actor, reason, ())
        assert str(wrong.value) == f"{field}: is empty; say who asks and why"


def test_an_override_is_told_whole_from_its_begin_to_its_end() -> None:
    on = enable_override(ACTIVE, 5, "ann", "why", ("vix", "positions", "vix"), 5 + 900 * SECOND)
    until = 5 + 900 * SECOND
    assert on.state == BreakerState(override=Override(("vix", "positions"), until, "ann", "why"))
    assert on.event == event("override_on", on.state, "why", "ann", 5, 0, "vix,positions,vix")
    off = disable_override(on.state, 6, "bob", "done")
    assert off.state == ACTIVE
    assert off.event == event("override_off", ACTIVE, "done", "bob", 6, 0, "vix,positions")
    assert disable_override(ACTIVE, 6, "bob", "x").problem == "no override is on; nothing was changed"
    assert expire_override(on.state, until - 1) == (on.state, None)
    after, ended = expire_override(on.state, until)
    assert after == ACTIVE
    assert ended == event("override_off", ACTIVE, "expired", "desk", until, 0, "vix,positions")


@pytest.mark.parametrize(
    ("limits", "expires", "words"),
    [
        ((), 60, "limits: names none; name one or more of " + ", ".join(BY_NAME)),
        (("vix", "n" * 50), 60, f"limits: {'n' * 40!r} is not a limit; name one or more of " + ", ".join(BY_NAME)),
        (("vix",), 0, "expires_in_s: 0 is out of range; give 1 to 900 seconds"),
        (("vix",), 901, "expires_in_s: 901 is out of range; give 1 to 900 seconds"),
    ],
)
def test_an_override_that_cannot_be_is_said_with_the_remedy(limits: tuple[str, ...], expires: int, words: str) -> None:
    with pytest.raises(InputError) as refused:
        enable_override(ACTIVE, 5, "ann", "why", limits, 5 + expires * SECOND)
    assert str(refused.value) == words


def test_no_override_covers_an_emergency_stop_and_one_that_was_on_is_gone() -> None:
    stopped, _ = stop(ACTIVE, 1, "ann", "x")
    refused = enable_override(stopped, 5, "ann", "why", ("vix",), 5 + SECOND)
    assert refused.problem == "no override covers an emergency stop; reset it first"
    on = enable_override(ACTIVE, 5, "ann", "why", ("vix",), 5 + SECOND).state
    assert covers(on, "vix", 5)
    assert not covers(on, "positions", 5)
    assert not covers(on, "vix", 5 + SECOND)
    assert stop(on, 6, "ann", "x")[0].override is None
    assert trip(on, loss(6))[0].override == on.override


def test_the_safer_of_two_states_has_the_causes_of_both() -> None:
    tripped, stopped = trip(ACTIVE, loss(3))[0], stop(ACTIVE, 4, "ann", "x")[0]
    both = safer(tripped, stopped)
    assert both == safer(stopped, tripped)
    assert (both.status, both.causes) == (BreakerStatus.EMERGENCY_STOP, (*stopped.causes, *tripped.causes))
    twice = trip(reset(tripped, 5, "root", "x", ()).state, loss(6))[0]
    assert safer(tripped, twice).halt_seq == 2
    shut_one = shut(ACTIVE, msgspec.structs.replace(loss(), scope="a"))[0]
    shut_two = shut(ACTIVE, msgspec.structs.replace(loss(), scope="b"))[0]
    assert {row.scope for row in safer(shut_one, shut_two).partial} == {"a", "b"}
    assert safer(shut_one, shut_one).partial == shut_one.partial
    assert safer(ACTIVE, ACTIVE) == ACTIVE
