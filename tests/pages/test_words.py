"""Numbers, times and foreign text as the screens write them."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts import words


def test_the_examples_in_the_docstrings_hold() -> None:
    found = doctest.testmod(words)
    assert found.attempted > 6
    assert found.failed == 0


@pytest.mark.parametrize("value", [None, nan, inf, -inf, "", "abc", True, [], {}])
def test_what_is_not_a_number_is_a_dash_and_never_zero(value: object) -> None:
    assert words.number(value) == words.money(value) == words.percent(value) == words.UNKNOWN
    assert words.arrow(value) == ""


def test_money_keeps_exact_decimals_and_digits_as_text() -> None:
    assert words.money(Decimal("-1228.75"), "INR", 2) == "−₹1,228.75"
    assert words.money("12.5", "USD", 2) == "$12.50"
    assert words.money(1, "XYZ") == "XYZ 1"


def test_a_loss_that_rounds_to_nothing_has_no_sign() -> None:
    assert words.number(-0.001, 2, signed=True) == "0.00"


def test_an_arrow_says_gain_or_loss_without_colour() -> None:
    assert (words.arrow(1), words.arrow(-1), words.arrow(0)) == ("▲ ", "▼ ", "")


def test_a_time_is_shown_in_the_exchanges_zone_with_its_name() -> None:
    assert words.clock(datetime(2026, 8, 18, 10, tzinfo=UTC), day=True) == "18 Aug 2026 15:30:00 IST"


@pytest.mark.parametrize("value", [None, "", "yesterday", "2026-08-18T15:30:00", 5])
def test_a_time_without_a_zone_is_not_guessed(value: object) -> None:
    assert words.clock(value) == words.UNKNOWN


@given(st.text(max_size=60))
def test_foreign_text_holds_no_mark_that_markdown_obeys(text: str) -> None:
    shown = words.plain(text)
    bare = shown.replace("\\\\", "")
    for mark in "`*_{}[]<>$|~:&!":
        for at in (n for n, c in enumerate(bare) if c == mark):
            assert at
            assert bare[at - 1] == "\\"
    assert "\n" not in shown


@given(st.text(max_size=200))
def test_text_for_a_figure_holds_no_tag(text: str) -> None:
    assert not set("<>") & set(words.inert(text))


def test_a_long_name_is_cut_and_says_so() -> None:
    assert words.one_line("x" * 500, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    "text", ["see http://evil.example", "https://x", "www.evil.example", "WWW.evil.example", "a@b.example"]
)
def test_an_address_in_foreign_text_is_no_link(text: str) -> None:
    shown = words.plain(text).replace("\\", "").lower()
    assert not any(mark in shown for mark in ("://", "www.", "a@b"))
    assert shown.replace("\u2060", "") == text.lower()
