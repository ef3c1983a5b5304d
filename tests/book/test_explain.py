"""Why an interval's P&L is what it is: exact where the price is a parabola, and to the paisa whatever happens."""

from decimal import Decimal
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sidecar.book.explain import (
    GREEKS,
    PARTS,
    Held,
    Lines,
    Name,
    carried_spot,
    greek_parts,
    interval,
    kept,
    residual,
    to_the_paisa,
    tolerance,
    traded,
)
from sidecar.book.pnl import unrealized
from sidecar.book.positions import Book
from sidecar.domain.analytics import ExplainLine
from tests.book.making import fill

NUMBERS = (*PARTS, "unexplained", "total")
AMOUNTS = st.floats(-1e7, 1e7)
UNITS = st.integers(-300, 300).map(lambda lots: 75 * lots)
PRICES = st.integers(1, 100_000).map(lambda ticks: Decimal(ticks) / 20)
MARKS = st.floats(0.05, 5_000.0)
FEES = st.integers(0, 10**6).map(lambda amount: Decimal(amount) / 10**4)
FILLS = st.tuples(UNITS.filter(bool), PRICES, FEES)
#: A day of one leg: in turn a mark, which may be unknown, or a fill (units, price, fees).
DAYS = st.lists(MARKS | st.just(nan) | FILLS, min_size=1, max_size=25)


def held(before: float, kept_: float, after: float, paid: float = 0.0, fees: float = 0.0) -> Held:
    return Held(*(np.array([value]) for value in (before, kept_, after, paid, fees)))


def still(units: float) -> Held:
    return held(units, units, units)


def column(*values: float) -> np.ndarray:
    return np.array([[value] for value in values])


def one(value: float) -> np.ndarray:
    return np.array([value])


def paise(line: ExplainLine) -> list[int]:
    return [round(getattr(line, name) * 100) for name in NUMBERS]


def test_a_day_worked_by_hand() -> None:
    """Short 75 calls: half a day, 20 points up, a volatility point and a half down."""
    greeks = column(-12.0, 0.40, 0.002, 9.0, 0.03, 0.1)
    parts, known = interval(still(-75.0), greeks, one(0.5), one(20.0), one(-1.5), one(100.0), one(94.0))
    assert known.all()
    worked = dict(zip(PARTS, parts[:, 0].tolist(), strict=True))
    assert worked == pytest.approx(
        {
            "theta": 450.0,  # -75 x -12 x 0.5
            "delta": -600.0,  # -75 x 0.40 x 20
            "gamma": -30.0,  # -75 x 1/2 x 0.002 x 400
            "vega": 1012.5,  # -75 x 9 x -1.5
            "vanna": 67.5,  # -75 x 0.03 x 20 x -1.5
            "volga": -8.4375,  # -75 x 1/2 x 0.1 x 2.25
            "trades": 0.0,
            "fees": 0.0,
        }
    )
    assert residual(parts, one(-75.0 * (94.0 - 100.0)))[0] == pytest.approx(450.0 - 891.5625)


@given(
    g=arrays(np.float64, (6, 1), elements=st.floats(-50, 50)),
    days=st.floats(0, 5),
    move=st.floats(-500, 500),
    points=st.floats(-20, 20),
    units=UNITS,
)
def test_a_price_of_second_order_leaves_nothing(
    g: np.ndarray, days: float, move: float, points: float, units: int
) -> None:
    theta, delta, gamma, vega, vanna, volga = g[:, 0].tolist()
    change = (
        theta * days
        + delta * move
        + 0.5 * gamma * move**2
        + vega * points
        + vanna * move * points
        + 0.5 * volga * points**2
    )
    parts, known = interval(still(units), g, one(days), one(move), one(points), one(100.0), one(100.0 + change))
    assert known.all()
    size = 1.0 + float(np.abs(parts).sum())
    assert abs(residual(parts, one(units * change))[0]) < 1e-12 * size


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((75, 150), 75),  # added to
        ((150, 75), 75),  # reduced
        ((150, 75, 150), 75),  # reduced and added to again
        ((75, -75), 0),  # turned
        ((75, -75, 75), 0),  # turned and back: none was held all through
        ((-150, -75, -225), -75),
        ((-75, 0), 0),
        ((0, 75, 150), 0),
        ((0, -75), 0),
    ],
)
def test_kept_units_are_those_that_never_left(path: tuple[int, ...], expected: int) -> None:
    before = path[0]
    so_far = before
    for now in path[1:]:
        so_far = kept(before, so_far, now)
    assert so_far == expected


def test_each_fill_is_set_against_the_mark_it_did_not_have() -> None:
    bought = held(0, 0, 75, 75 * 100.0)
    assert traded(bought, one(nan), one(102.0))[0] == 150.0
    sold_off = held(75, 0, 0, -75 * 103.0)
    assert traded(sold_off, one(100.0), one(nan))[0] == 225.0
    round_trip = held(0, 0, 0, 75 * 100.0 - 75 * 101.0)
    assert traded(round_trip, one(nan), one(nan))[0] == 75.0
    turned = held(75, 0, -75, -150 * 103.0)
    assert traded(turned, one(100.0), one(102.0))[0] == 75 * 3.0 + 75 * 1.0


@pytest.mark.parametrize(("start", "end", "vega"), [(100.0, 105.0, nan), (nan, 105.0, 1.0), (100.0, nan, 1.0)])
def test_an_unknown_greek_or_mark_leaves_the_interval_to_the_residual_but_its_fees(
    start: float, end: float, vega: float
) -> None:
    greeks = column(-1.0, 0.5, 0.0, vega, 0.0, 0.0)
    charged = held(75, 75, 75, fees=20.0)
    parts, known = interval(charged, greeks, one(1.0), one(10.0), one(1.0), one(start), one(end))
    assert not known.any()
    assert parts[:, 0].tolist() == [0.0] * 7 + [-20.0]


def test_a_greek_of_zero_explains_zero_of_whatever_happened_and_so_does_nothing_held() -> None:
    zeros = column(0.0, 1.0, 0.0, 0.0, 0.0, 0.0)  # a future has no volatility
    parts, known = interval(still(75.0), zeros, one(1.0), one(10.0), one(nan), one(100.0), one(110.0))
    assert known.all()
    assert residual(parts, one(750.0))[0] == 0.0
    assert greek_parts(one(0.0), column(*[nan] * 6), one(nan), one(nan), one(nan)).tolist() == [[0.0]] * 6


def test_options_follow_their_forward_at_the_carry_they_began_with() -> None:
    spot, forward, years = one(24_700.0), one(24_740.0), one(0.02)
    assert carried_spot(spot, forward, years, forward, years)[0] == pytest.approx(24_700.0, abs=1e-9)
    carry = np.log(24_740.0 / 24_700.0) / 0.02
    later = 24_700.0 * np.exp(carry * 0.01)
    assert carried_spot(spot, forward, years, one(later), one(0.01))[0] == pytest.approx(24_700.0, abs=1e-8)
    moved = carried_spot(spot, forward, years, forward * 1.001, years)[0]
    assert moved == pytest.approx(24_700.0 * 1.001)
    assert carried_spot(spot, one(nan), one(0.0), one(nan), one(0.0))[0] == 24_700.0


@given(st.data())
def test_the_parts_sum_to_the_total_in_whole_paise_and_every_row_adds_up(data: st.DataObject) -> None:
    legs = data.draw(st.integers(1, 12))
    parts = data.draw(arrays(np.float64, (8, legs), elements=AMOUNTS))
    total = data.draw(arrays(np.float64, (legs,), elements=AMOUNTS))
    found = to_the_paisa(parts, total)
    assert (found[:-1].sum(axis=0) == found[-1]).all()
    for row, exact in zip((*found[:8], found[9]), (*parts, total), strict=True):
        assert np.abs(row - 100.0 * exact).max() <= 1.0 + 1e-4
        assert abs(row.sum() - 100.0 * exact.sum()) <= 0.5 + 1e-4


NAMES = [
    Name("a/x/N1", "N1", "N", "x", "a"),
    Name("b/x/N1", "N1", "N", "x", "b"),
    Name("a/y/N1", "N1", "N", "y", "a"),
    Name("a/x/N2", "N2", "N", "x", "a"),
    Name("c/x/N2", "N2", "N", "x", "c"),
]


@given(
    arrays(np.float64, (8, 5), elements=AMOUNTS),
    arrays(np.float64, (5,), elements=AMOUNTS),
    arrays(np.float64, (5,), elements=AMOUNTS),
    st.permutations(range(5)),
)
def test_strategies_funds_and_the_desk_are_the_sums_of_their_legs_in_any_order(
    parts: np.ndarray, total: np.ndarray, unpriced: np.ndarray, order: list[int]
) -> None:
    lines = Lines(NAMES, {"a", "b"}).make(parts, total, unpriced)
    by_id = {line.id: paise(line) for line in lines}
    assert list(by_id) == [
        "a/x/N1", "a/x/N2", "a/y/N1", "b/x/N1", "a/x/*", "a/y/*", "b/x/*", "a/*/*", "b/*/*", "*/*/*"
    ]  # fmt: skip
    for line in by_id.values():
        assert sum(line[:-1]) == line[-1]
    for whole, some in {
        "a/x/*": ["a/x/N1", "a/x/N2"],
        "a/*/*": ["a/x/*", "a/y/*"],
        "b/*/*": ["b/x/N1"],
        "*/*/*": ["a/*/*", "b/*/*"],
    }.items():
        assert by_id[whole] == [sum(column) for column in zip(*(by_id[name] for name in some), strict=True)]
    shuffled = Lines([NAMES[i] for i in order], {"a", "b"}).make(parts[:, order], total[order], unpriced[order])
    assert shuffled == lines


def test_an_unknown_total_is_unknown_in_every_sum_with_it_and_in_no_other() -> None:
    lines = Lines(NAMES[:3], {"a", "b"}).make(np.ones((8, 3)), np.array([nan, 9.0, 10.0]), np.zeros(3))
    unknown = {line.id for line in lines if isnan(line.total) and isnan(line.unexplained)}
    assert unknown == {"a/x/N1", "a/x/*", "a/*/*", "*/*/*"}
    assert all(line.theta >= 1.0 for line in lines)
    assert {line.id: line.unexplained for line in lines if line.total == line.total}["b/x/N1"] == 1.0


def test_no_legs_have_no_lines() -> None:
    assert Lines([], {"a"}).make(np.zeros((8, 0)), np.zeros(0), np.zeros(0)) == ()


def lived(day: list[object], greek: float, *, blind: bool) -> tuple[np.ndarray, Book, float, float]:
    """A day of which each event ends an interval: its parts, the book, the last mark, and what held units gained.

    A mark that is unknown stays so if ``blind``, else it is the one before.
    """
    book, parts, units, start, gained = Book(), np.zeros((8, 1)), 0, 50.0, 0.0
    for number, event in enumerate(day):
        now, end = still(units), start + 1.0
        if isinstance(event, tuple):
            quantity, price, fees = event
            book.apply(fill(quantity, price, fees=fees, name=f"fill-{number}"))
            after = units + quantity
            now = held(units, kept(units, units, after), after, float(quantity * price), float(fees))
        elif event == event or blind:
            end = float(event)  # type: ignore[arg-type]
        found, _ = interval(now, column(*[greek] * 6), one(0.1), one(3.0), one(0.2), one(start), one(end))
        parts += found
        gained += float(now.kept[0]) * (end - start)
        units, start = int(now.after[0]), end
    return parts, book, start, gained


def earned(book: Book, mark: float) -> float:
    return sum(float(p.realized - p.fees) + unrealized(p, mark) for p in book.positions.values())


@given(DAYS)
def test_whatever_is_marked_filled_and_charged_the_parts_sum_to_the_books_own_pnl(day: list[object]) -> None:
    """Greeks of nonsense and marks that come and go may not lose a paisa."""
    parts, book, last, _ = lived(day, 0.5, blind=True)
    total = earned(book, last if last == last else 77.7)
    found = to_the_paisa(parts, one(total))[:, 0]
    assert found[:-1].sum() == found[-1]
    assert abs(found[-1] - 100.0 * total) <= 0.5 + 1e-4
    assert found[7] == pytest.approx(-100.0 * float(book.fees()), abs=0.51)


@given(DAYS)
def test_with_greeks_of_zero_what_is_left_is_the_change_of_mark_of_the_units_held_all_through(
    day: list[object],
) -> None:
    """Trades and fees explain all the rest, whatever the order and size of the fills."""
    parts, book, last, gained = lived(day, 0.0, blind=False)
    assert residual(parts, one(earned(book, last)))[0] == pytest.approx(gained, abs=1e-2)


def test_the_tolerance_is_the_largest_of_floor_spread_with_second_order_and_share() -> None:
    still_market = np.zeros((8, 1))
    assert tolerance(still_market, one(-75.0), one(0.1), 100.0)[0] == 100.0
    assert tolerance(still_market, one(-75.0), one(2.0), 100.0)[0] == 300.0  # two spreads
    moved = column(0.0, 5_000.0, -60.0, 0.0, 30.0, -10.0, 900.0, 0.0)
    assert tolerance(moved, one(-75.0), one(2.0), 100.0)[0] == 510.0  # a tenth of 5,100, without the trades
    assert tolerance(moved, one(-75.0), one(3.0), 100.0)[0] == 650.0  # 450 and the terms of second order, twice
    assert isnan(tolerance(moved, one(-75.0), one(nan), 100.0)[0])


def test_the_parts_have_the_names_of_the_line() -> None:
    assert PARTS[:6] == GREEKS
    assert ExplainLine.__struct_fields__[5:15] == NUMBERS
