import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.book.positions import Book, RoundTrip
from sidecar.domain.errors import InputError
from sidecar.domain.orders import Fill
from tests.book.making import CALL, PUT, SENSEX, amounts, fill, fill_lists, prices


def book_of(*fills: Fill) -> Book:
    book = Book()
    for one in fills:
        book.apply(one)
    return book


def state(book: Book) -> object:
    return book.positions, book.round_trips, book.open_positions(), book.cash(), book.realized(), book.fees()


def test_a_fill_id_seen_twice_changes_nothing() -> None:
    book = book_of(fill(75, "80.35", name="a", fees="1"))
    before = state(book_of(fill(75, "80.35", name="a", fees="1")))
    assert book.apply(fill(75, "80.35", name="a", fees="1")) is None
    assert book.apply(fill(-150, "1", name="a", fees="9")) is None
    assert state(book) == before


def test_a_fill_that_is_refused_leaves_the_book_and_may_come_again_in_order() -> None:
    book = Book()
    with pytest.raises(InputError, match="quantity"):
        book.apply(fill(0, "80", name="a"))
    with pytest.raises(InputError, match="symbol"):
        book.apply(fill(75, "80", name="a", symbol="nothing like it"))
    assert state(book) == state(Book())
    assert book.apply(fill(75, "80", name="a")) == 0


def test_a_closing_fill_says_what_it_realised() -> None:
    book = book_of(fill(75, "80.35"))
    assert book.apply(fill(-75, "83.40")) == Decimal("228.75")


def test_open_positions_come_by_id_and_flat_ones_stay_for_their_result() -> None:
    book = book_of(
        fill(20, "400", symbol=SENSEX), fill(75, "70", symbol=PUT), fill(75, "80"), fill(-75, "83", at=1), fill(75, "1")
    )
    book.apply(fill(-75, "2", at=2))
    assert [position.symbol for position in book.open_positions()] == [PUT, SENSEX]
    assert book.positions[f"main/hand/{CALL}"].realized == 300


def test_the_net_is_over_strategies_and_of_one_fund_if_asked() -> None:
    book = book_of(
        fill(75, "80", strategy="a"),
        fill(-150, "80", strategy="b"),
        fill(300, "80", fund="second"),
        fill(1, "1", symbol=PUT),
    )
    assert (book.net(CALL), book.net(CALL, "main"), book.net(CALL, "second"), book.net(CALL, "none")) == (
        225,
        -75,
        300,
        0,
    )


def test_sums_are_by_fund_strategy_and_underlying() -> None:
    book = book_of(
        fill(75, "80", fees="1"),
        fill(-75, "81", fees="2", at=1),
        fill(20, "400", symbol=SENSEX, strategy="demo", fees="4"),
        fill(-20, "390", symbol=SENSEX, strategy="demo", fees="8", at=1),
        fill(75, "50", symbol=PUT, fund="second", fees="16"),
        fill(-75, "52", symbol=PUT, fund="second", fees="32", at=1),
    )
    assert (book.realized(), book.fees()) == amounts(75 - 200 + 150, 63)
    assert (book.realized("main"), book.fees("main")) == amounts(-125, 15)
    assert (book.realized(strategy="hand"), book.fees(strategy="hand")) == amounts(225, 51)
    assert (book.realized(underlying="SENSEX"), book.fees(underlying="SENSEX")) == amounts(-200, 12)
    assert (book.realized("main", "hand", "NIFTY"), book.fees("main", "hand", "NIFTY")) == amounts(75, 3)
    assert book.realized("nobody") == 0
    assert book.strategies() == ("demo", "hand")


def test_a_round_trip_wins_only_after_its_fees() -> None:
    book = book_of(fill(75, "80", fees="40", at=3), fill(-75, "81", fees="40", at=8))
    assert book.round_trips == [RoundTrip("main", "hand", CALL, 3, 8, Decimal(75), Decimal(80))]
    assert book.round_trips[0].net == -5
    assert book.trades() == (1, 0)
    book.apply(fill(75, "80", fees="40", at=9))
    assert book.trades() == (1, 0)
    book.apply(fill(-75, "90", fees="40", at=10))
    assert book.trades("main") == (2, 1)
    assert book.trades("second") == (0, 0)
    assert book.trades(strategy="hand").winners == 1


def test_a_fill_through_zero_ends_one_round_trip_and_begins_another() -> None:
    book = book_of(fill(75, "80", at=1), fill(-150, "90", fees="2", at=2), fill(75, "95", at=3))
    assert book.round_trips == [
        RoundTrip("main", "hand", CALL, 1, 2, Decimal(750), Decimal(1)),
        RoundTrip("main", "hand", CALL, 2, 3, Decimal(-375), Decimal(1)),
    ]
    assert book.trades() == (2, 1)


def losing(number: int, strategy: str = "hand", result: str = "-1") -> tuple[Fill, Fill]:
    exit_price = Decimal(80) + Decimal(result)
    return (
        fill(75, "80", name=f"{strategy}{number}in", strategy=strategy, at=2 * number),
        fill(-75, exit_price, name=f"{strategy}{number}out", strategy=strategy, at=2 * number + 1),
    )


def test_the_loss_streak_counts_the_last_losses_of_one_strategy() -> None:
    book = book_of(*losing(1), *losing(2), *losing(3, "demo"), *losing(4, "demo", "5"), *losing(5))
    assert (book.loss_streak("hand"), book.loss_streak("demo"), book.loss_streak("none")) == (3, 0, 0)
    book.apply(fill(75, "80", name="open"))
    assert book.loss_streak("hand") == 3


def test_a_round_trip_of_exactly_nothing_ends_the_streak() -> None:
    assert book_of(*losing(1), *losing(2, result="0")).loss_streak("hand") == 0


def test_a_forgiven_strategy_counts_anew() -> None:
    book = book_of(*losing(1), *losing(2))
    book.forgive("hand")
    assert book.loss_streak("hand") == 0
    for one in losing(3):
        book.apply(one)
    assert book.loss_streak("hand") == 1


@given(fill_lists(), st.dictionaries(st.sampled_from((CALL, PUT, SENSEX)), prices))
def test_cash_and_value_and_fees_reconcile_to_the_last_decimal_after_any_fills(
    fills: list[Fill], seen: dict[str, Decimal]
) -> None:
    book, zero = Book(), Decimal(0)
    for count, one in enumerate(fills, start=1):
        book.apply(one)
        moved = -sum((f.quantity * f.price for f in fills[:count]), zero)
        paid = sum((f.fees for f in fills[:count]), zero)
        marks = [seen.get(p.symbol, Decimal("100.05")) for p in book.open_positions()]
        value = sum((p.quantity * m for p, m in zip(book.open_positions(), marks, strict=True)), zero)
        gain = sum((p.quantity * m - p.cost for p, m in zip(book.open_positions(), marks, strict=True)), zero)
        assert book.cash() == moved - paid
        assert book.cash() + value + book.fees() == book.realized() + gain
        assert book.fees() == paid
        assert book.imbalance() == 0
        assert book.realized() == sum((p.realized for p in book.positions.values()), zero)
    net = {symbol: sum(f.quantity for f in fills if f.symbol == symbol) for symbol in (CALL, PUT, SENSEX)}
    assert net == {symbol: book.net(symbol) for symbol in net}


@given(fill_lists())
def test_round_trips_hold_all_fees_and_results_of_a_book_that_is_flat(fills: list[Fill]) -> None:
    book = book_of(*fills)
    for position in book.open_positions():
        book.apply(
            fill(
                -position.quantity,
                "7.77",
                name=f"end-{position.id}",
                symbol=position.symbol,
                fund=position.fund_id,
                strategy=position.strategy,
                fees="1.1111",
            )
        )
    assert sum(trip.realized for trip in book.round_trips) == book.realized()
    assert sum(trip.fees for trip in book.round_trips) == book.fees()
    assert sum(trip.net for trip in book.round_trips) == book.cash()
    assert book.trades() == (len(book.round_trips), sum(trip.net > 0 for trip in book.round_trips))


@given(fill_lists(most=12), st.data())
def test_repeats_in_any_place_leave_the_book_of_the_first_arrivals(fills: list[Fill], data: st.DataObject) -> None:
    noisy = list(fills)
    for index in data.draw(st.lists(st.integers(0, len(fills) - 1), max_size=10)):
        after = noisy.index(fills[index]) + 1
        noisy.insert(data.draw(st.integers(after, len(noisy))), fills[index])
    assert state(book_of(*noisy)) == state(book_of(*fills))


def test_the_paper_blotter_comes_out_as_its_author_rounded_it(shared_data: Path) -> None:
    """Eleven real round trips, one lot of 65 each, before costs.

    Its author rounded a binary float product to the rupee; the exact result is at most half a rupee from that.
    """
    (path,) = sorted((shared_data / "blotter").glob("nifty_paper_trades_*.csv"))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    book = Book()
    for number, row in enumerate(rows):
        symbol = f"NIFTY-{row['expiry'].replace('-', '')}-{row['strike']}-{row['side']}"
        assert book.apply(fill(65, row["entry_prem"], name=f"{number}in", symbol=symbol, strategy=row["rule"])) == 0
        exact = book.apply(fill(-65, row["exit_prem"], name=f"{number}out", symbol=symbol, strategy=row["rule"]))
        assert exact == 65 * (Decimal(row["exit_prem"]) - Decimal(row["entry_prem"]))
        assert abs(exact - int(row["pnl_per_lot"])) <= Decimal("0.5")
        assert round(65 * (float(row["exit_prem"]) - float(row["entry_prem"]))) == int(row["pnl_per_lot"])
    assert len(rows) == 11
    assert book.trades() == (11, sum(int(row["pnl_per_lot"]) > 0 for row in rows))
    assert book.open_positions() == []
