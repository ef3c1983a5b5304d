import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import InputError
from sidecar.domain.scopes import DESK, Scope
from sidecar.risk.limits import BY_NAME, LIMITS, defaults
from sidecar.risk.nodes import Tree, below_fund, changed, measurable, scope_of

PARTS = [Scope("a", "demo"), Scope("a", "*", "NIFTY"), Scope("a", "demo", "NIFTY")]
SCOPES = [DESK, Scope("a"), *PARTS, Scope("b", "demo", "NIFTY")]
LEAF = Scope("a", "demo", "NIFTY")


def tree(**own: dict[str, float]) -> Tree:
    found = Tree(defaults())
    for text, limits in own.items():
        found[text] = limits
    return found


def test_the_desk_none_a_text_and_a_scope_name_the_same_place() -> None:
    found = tree(a={"order_lots": 2.0})
    assert found[None] == found["*"] == found[DESK] == found.of(None) == defaults()
    assert found.get("a") == found.get(Scope("a")) == {"order_lots": 2.0}
    assert found.get("b") == {}
    assert (scope_of(None), scope_of("a/demo"), scope_of(LEAF)) == (DESK, Scope("a", "demo"), LEAF)
    assert Scope("a") in found
    assert Scope("b") not in found


def test_what_was_set_cannot_be_changed_behind_its_back() -> None:
    found = tree()
    with pytest.raises(TypeError):
        found[None]["positions"] = 1.0  # type: ignore[index]
    found.as_set()["*"]["positions"] = 1.0
    assert found.of("a")["positions"] == defaults()["positions"]


def test_a_scope_out_of_which_all_is_taken_is_no_longer_there() -> None:
    found = tree(a={"order_lots": 2.0})
    assert found.of("a")["order_lots"] == 2.0
    found["a"] = {}
    assert found.as_set() == {"*": defaults()}
    assert found.of("a")["order_lots"] == defaults()["order_lots"]
    found["a"] = {}


def test_parts_are_the_scopes_below_a_fund() -> None:
    found = tree(**{"a": {"vix": 30.0}, "a/demo": {"positions": 1.0}, "a/*/NIFTY": {"net_vega": 1.0}})
    assert found.parts() == (Scope("a", "*", "NIFTY"), Scope("a", "demo"))
    assert [below_fund(scope) for scope in SCOPES] == [False, False, True, True, True, True]


def test_a_part_is_watched_for_what_was_set_there_and_a_fund_for_all() -> None:
    found = tree(**{"a": {"net_vega": 500.0}, "a/demo": {"net_vega": 900.0, "positions": 2.0}})
    assert found.watched(Scope("a", "demo")) == {"positions": 2.0, "net_vega": 500.0}
    assert found.watched(Scope("a", "demo", "NIFTY")) == {}
    assert found.watched(Scope("a")) == {**defaults(), "net_vega": 500.0}
    assert found.watched(DESK) == defaults()
    assert found.of("a") is found.of(Scope("a"))


values = st.floats(0, 100)


@given(st.sampled_from(LIMITS).map(lambda row: row.name), st.dictionaries(st.sampled_from(SCOPES[1:]), values), values)
def test_the_tightest_of_a_scope_and_all_above_it_binds(name: str, own: dict[Scope, float], desk: float) -> None:
    found = Tree({**defaults(), name: desk})
    for scope, value in own.items():
        found[scope] = {name: value}
    for scope in SCOPES:
        above = [desk, *(value for place, value in own.items() if scope.within(place))]
        assert found.of(scope)[name] == (max if BY_NAME[name].larger_is_tighter else min)(above)


def test_below_a_fund_there_is_only_what_can_be_measured_there() -> None:
    every = tuple(BY_NAME)
    assert measurable(DESK) == measurable(Scope("a")) == every
    never = {"drawdown", "margin_utilization", "vix", "stale", "stale_warn"}
    assert set(every) - set(measurable(Scope("a", "demo"))) == never
    for scope in PARTS[1:]:
        assert set(every) - set(measurable(scope)) == never | {"strategy_allocation", "loss_streak"}


@pytest.mark.parametrize("scope", PARTS)
@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_limit_that_cannot_be_measured_is_refused_with_those_that_can(scope: Scope, name: str) -> None:
    if name in measurable(scope):
        assert changed({}, {name: BY_NAME[name].default}, scope) == {name: BY_NAME[name].default}
        return
    with pytest.raises(InputError, match=f"^{name}: cannot be measured in .*use one of daily_loss, positions"):
        changed({}, {name: BY_NAME[name].default}, scope)


def test_changes_add_replace_and_take_away() -> None:
    assert changed({"positions": 2.0}, {"net_vega": 5, "positions": 3}, LEAF) == {"positions": 3.0, "net_vega": 5.0}
    assert changed({"positions": 2.0}, {"positions": None}, LEAF) == {}
    assert changed({}, {"positions": 3}, Scope("a")) == {"positions": 3.0}
    assert changed(defaults(), {"positions": 3}, DESK) == {**defaults(), "positions": 3.0}


@pytest.mark.parametrize(
    ("changes", "scope", "words"),
    [
        ({"positions": None}, DESK, "positions: is a limit of the desk"),
        ({"positions": None}, LEAF, "positions: is not set in a/demo/NIFTY; set there are net_vega"),
        ({"no_such": None}, LEAF, "no_such: is not set"),
        ({"no_such": 1.0}, LEAF, "no_such: is not a limit"),
        ({"positions": float("nan")}, LEAF, "positions: nan"),
        ({"stale_warn": 99.0}, DESK, "stale_warn: 99 is above"),
    ],
)
def test_a_change_that_cannot_be_says_why(changes: dict[str, float | None], scope: Scope, words: str) -> None:
    before = defaults() if scope == DESK else {"net_vega": 5.0}
    with pytest.raises(InputError, match=words):
        changed(before, changes, scope)


def test_where_nothing_is_set_there_is_nothing_to_take_away() -> None:
    with pytest.raises(InputError, match="nothing is set there"):
        changed({}, {"positions": None}, LEAF)


@pytest.mark.parametrize(
    ("before", "changes", "scope", "words"),
    [
        ({}, {"vix": 1.0}, PARTS[0],
         "vix: cannot be measured in a/demo; use one of " + ", ".join(measurable(PARTS[0]))),
        (defaults(), {"vix": None}, DESK,
         "vix: is a limit of the desk, which has all; loosen it, if you must, but knowingly"),
        ({"vix": 1.0, "stale": 2.0}, {"positions": None}, Scope("a"),
         "positions: is not set in a; set there are vix, stale"),
        ({}, {"p" * 50: None}, Scope("a"), f"{'p' * 40}: is not set in a; nothing is set there"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_is_said_with_the_remedy(
    before: dict[str, float], changes: dict[str, float | None], scope: Scope, words: str
) -> None:
    with pytest.raises(InputError) as refused:
        changed(before, changes, scope)
    assert str(refused.value) == words


def test_a_part_may_hold_some_limits_and_the_desk_all() -> None:
    assert changed({}, {"positions": 3}, PARTS[0]) == {"positions": 3.0}
    assert changed({"positions": 3.0}, {"positions": None}, PARTS[0]) == {}
    assert changed(defaults(), {"vix": 41}, DESK) == {**defaults(), "vix": 41.0}
