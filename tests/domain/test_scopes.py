import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import InputError
from sidecar.domain.scopes import ANY, DESK, Scope

names = st.sampled_from(["main", "second", "demo", "NIFTY"])
funds = st.builds(Scope, names)
scopes = st.one_of(st.just(DESK), funds, st.builds(Scope, names, names | st.just(ANY), names | st.just(ANY)))


@pytest.mark.parametrize("text", ["*", "main", "main/demo", "main/*/NIFTY", "main/demo/NIFTY"])
def test_a_scope_is_its_text_and_the_text_its_scope(text: str) -> None:
    assert str(Scope.parse(text)) == text


@pytest.mark.parametrize("text", ["", "/", "main/", "main//NIFTY", "a/b/c/d", "*/demo", "*/*/NIFTY"])
def test_a_text_that_is_no_scope_is_refused_with_the_shapes_that_are(text: str) -> None:
    with pytest.raises(InputError, match=r"scope.*fund/strategy"):
        Scope.parse(text)


def test_the_desk_covers_everything_and_a_part_only_itself() -> None:
    assert DESK.covers("main", "demo", "NIFTY")
    assert Scope("main", ANY, "NIFTY").covers("main", "demo", "NIFTY")
    assert not Scope("main", ANY, "NIFTY").covers("main", "demo", "BANKNIFTY")
    assert not Scope("main", "demo").covers("main", "other", "NIFTY")
    assert not Scope("second").covers("main", "demo", "NIFTY")


@given(scopes)
def test_a_scope_lies_in_itself_and_in_the_desk(scope: Scope) -> None:
    assert scope.within(scope)
    assert scope.within(DESK)
    assert Scope.parse(str(scope)) == scope


@given(scopes, scopes, scopes)
def test_what_lies_in_a_part_lies_in_the_whole(one: Scope, two: Scope, three: Scope) -> None:
    if one.within(two) and two.within(three):
        assert one.within(three)
    if one.within(two) and two.within(one):
        assert one == two


@given(scopes, scopes, names, names, names)
def test_a_part_covers_no_more_than_the_whole(part: Scope, whole: Scope, fund: str, strategy: str, name: str) -> None:
    if part.within(whole) and part.covers(fund, strategy, name):
        assert whole.covers(fund, strategy, name)
