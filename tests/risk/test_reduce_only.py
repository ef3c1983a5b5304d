from collections.abc import Iterator
from itertools import product
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.risk.exposure import FLAT, Greeks, reach
from sidecar.risk.reduce_only import measures_do_not_rise, reduces, span


def fills(quantity: int) -> range:
    """Every part of an order that may fill."""
    return range(min(quantity, 0), max(quantity, 0) + 1)


def positions(position: int, resting: tuple[int, ...]) -> Iterator[int]:
    for filled in product(*map(fills, resting)):
        yield position + sum(filled)


def brute_reduces(signed: int, position: int, resting: tuple[int, ...]) -> bool:
    """Every fill of this order, after every set of fills of the others, brings the position nearer to zero."""
    return signed != 0 and all(
        before * (before + fill) >= 0 and abs(before + fill) == abs(before) - abs(fill)
        for before in positions(position, resting)
        for fill in fills(signed)
    )


small = st.integers(-4, 4)


@settings(max_examples=600, deadline=None)
@given(st.integers(-6, 6), st.integers(-8, 8), st.lists(small, max_size=3).map(tuple))
def test_it_agrees_with_every_subset_of_fills(signed: int, position: int, resting: tuple[int, ...]) -> None:
    assert reduces(signed, position, resting) == brute_reduces(signed, position, resting)


def test_it_agrees_with_brute_force_on_every_small_book() -> None:
    for signed, position, one, two in product(range(-3, 4), range(-4, 5), range(-2, 3), range(-2, 3)):
        assert reduces(signed, position, (one, two)) == brute_reduces(signed, position, (one, two))


def test_an_oversize_sell_would_flip_a_long_book() -> None:
    assert reduces(-150, 150, ())
    assert not reduces(-225, 150, ())
    assert not reduces(225, -150, ())


@pytest.mark.parametrize("signed", [-75, 0, 75])
def test_nothing_reduces_a_flat_book(signed: int) -> None:
    assert not reduces(signed, 0, ())


def test_two_sells_each_fine_alone_are_too_much_together() -> None:
    assert reduces(-75, 100, ())
    assert not reduces(-75, 100, (-75,))


def test_a_resting_buy_is_not_counted_on() -> None:
    assert not reduces(-150, 75, (75,))
    assert not reduces(75, -75, (150,))


def test_the_span_of_a_position() -> None:
    assert span(10, (-3, 5, -4)) == (3, 15)
    assert span(10, ()) == (10, 10)


def never(_: int) -> bool:
    return False


def margin(net: int) -> float:
    return abs(net) * 10.0


def judged(signed: int, position: int, unit: Greeks, book: Greeks) -> bool:
    def rises(change: int) -> bool:
        return margin(position + change) > margin(position)

    return measures_do_not_rise(signed, unit, book, book, rises, never)


CALL = Greeks(0.5, 0.01, 2.0, -1.0)
HEDGE = Greeks(1.0, 0.0, 0.0, 0.0)


def test_closing_what_is_all_of_the_book_raises_nothing() -> None:
    assert judged(-3, 3, CALL, Greeks(1.5, 0.03, 6.0, -3.0))
    assert judged(3, -3, CALL, Greeks(-1.5, -0.03, -6.0, 3.0))
    assert judged(-3, 3, Greeks(0.1, 0.1, 0.1, 0.1), Greeks(0.1 + 0.1 + 0.1, 0.3, 0.3, 0.3))


def test_closing_the_long_hedge_of_a_short_raises_delta() -> None:
    # Two short calls of delta 0.5, hedged with one long future.
    assert not judged(-1, 1, HEDGE, Greeks(0.0, -0.02, -4.0, 2.0))


def test_selling_the_long_wing_of_a_short_raises_short_gamma() -> None:
    unit = Greeks(0.0, 0.01, 0.0, 0.0)
    assert not judged(-1, 1, unit, Greeks(5.0, -0.01, 0.0, 0.0))
    assert not judged(-2, 2, unit, Greeks(5.0, 0.01, 0.0, 0.0))
    assert judged(-1, 1, unit, Greeks(5.0, 0.01, 0.0, 0.0))


def test_buying_back_the_only_short_vega_of_a_long_book_raises_vega() -> None:
    assert not judged(1, -1, Greeks(0.0, 0.0, 2.0, 0.0), Greeks(0.0, 0.0, 4.0, 0.0))


def test_buying_back_a_short_is_not_asked_about_margin_and_selling_a_long_is() -> None:
    for change in (-1, 1):
        for rises in (False, True):
            free = measures_do_not_rise(change, FLAT, FLAT, FLAT, {change: rises}.__getitem__, never)
            assert free == (change > 0 or not rises)


def test_both_are_asked_about_the_largest_stress_loss() -> None:
    for change in (-1, 1):
        for rises in (False, True):
            free = measures_do_not_rise(change, FLAT, FLAT, FLAT, never, {change: rises}.__getitem__)
            assert free is not rises


@pytest.mark.parametrize("name", ["delta", "gamma", "vega"])
def test_what_is_unknown_is_not_proven(name: str) -> None:
    lost = {field: getattr(CALL, field) for field in CALL.__struct_fields__} | {name: nan}
    assert not judged(-1, 1, Greeks(**lost), CALL)
    assert not judged(-1, 1, CALL, Greeks(**lost))


eighths = st.integers(-8, 8).map(lambda n: n / 8)
greeks = st.builds(Greeks, eighths, eighths, eighths, eighths)
books = st.builds(Greeks, st.integers(-24, 24).map(lambda n: n / 8), eighths, st.integers(-24, 24).map(lambda n: n / 8))


@settings(max_examples=600, deadline=None)
@given(st.integers(-3, 3).filter(bool), greeks, books, st.lists(st.tuples(st.integers(-2, 2), greeks), max_size=3))
def test_no_measure_rises_over_any_set_of_fills(
    signed: int, unit: Greeks, book: Greeks, others: list[tuple[int, Greeks]]
) -> None:
    low, high = reach(book, others)
    told = measures_do_not_rise(signed, unit, low, high, never, never)
    assert told == all(_rises_nowhere(name, signed, unit, book, others) for name in ("delta", "gamma", "vega"))


def _rises_nowhere(name: str, signed: int, unit: Greeks, book: Greeks, others: list[tuple[int, Greeks]]) -> bool:
    """By brute force: eighths are exact in binary, so equality is exact too."""

    def risk(value: float) -> float:
        return max(-value, 0.0) if name == "gamma" else abs(value)

    for filled in product(*(fills(quantity) for quantity, _ in others)):
        steps = (fill * getattr(other, name) for fill, (_, other) in zip(filled, others, strict=True))
        before = getattr(book, name) + sum(steps)
        if any(risk(before + fill * getattr(unit, name)) > risk(before) for fill in fills(signed)):
            return False
    return True
