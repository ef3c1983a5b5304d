from __future__ import annotations

from collections import Counter

import pytest

from sidecar.domain.errors import ConfigurationError
from sidecar.venues.faults import Fault, Faults, Row, parse, share
from tests.venues.orders import PUT, order


def test_a_line_of_text_says_which_share_of_orders_meets_which_fault() -> None:
    found = parse("reject=0.05 timeout=.02  delay=0.1@3s disconnect=60s@300s")
    assert found.rates == ((Fault.REJECT, 0.05), (Fault.TIMEOUT, 0.02), (Fault.DELAY, 0.1))
    assert (found.delay_s, found.outage_s, found.outage_every_s) == (3.0, 60.0, 300.0)
    assert parse("") == Faults()
    assert parse("delay=1").delay_s == 2.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rejected=0.1", "'rejected' is no fault; use reject, unsent, timeout, lose, duplicate"),
        ("reject", "'reject' is not NAME=SHARE"),
        ("reject=", "'reject=' is not NAME=SHARE"),
        ("reject=some", "reject=some cannot be read"),
        ("reject=-0.1", "cannot be read"),
        ("reject=nan", "cannot be read"),
        ("reject=0.1@2s", "cannot be read"),
        ("reject=1.5", "more than 1"),
        ("reject=0.6 lose=0.6", "more than 1"),
        ("reject=0.1 reject=0.2", "given twice"),
        ("disconnect=0.1", "as in disconnect=60s@300s"),
        ("disconnect=60s", "as in disconnect=60s@300s"),
        ("disconnect=300s@60s", "lasts as long as it takes to come again"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(text)
    assert str(refused.value).startswith("simulation.paper_faults: ")
    assert words in str(refused.value)


def test_the_rates_are_kept_over_many_orders_and_depend_on_seed_and_order_alone() -> None:
    faults = parse("reject=0.1 lose=0.2 duplicate=0.3")
    names = [f"O{number:08d}" for number in range(4_000)]
    met = {name: faults.of(order(name), number, 7) for number, name in enumerate(names)}
    counts = Counter(met.values())
    for fault, rate in (*faults.rates, (None, 0.4)):
        assert counts[fault] == pytest.approx(rate * len(names), rel=0.12)
    assert {name: faults.of(order(name), 1, 7) for name in reversed(names)} == met
    assert [faults.of(order(name), 1, 8) for name in names] != list(met.values())


def test_a_script_comes_first_by_number_and_by_symbol() -> None:
    faults = Faults(((Fault.REJECT, 1.0),), (Row(Fault.LOSE, nth=2), Row(Fault.DEAF, symbol=PUT.id)))
    assert faults.of(order("a"), 1, 1) is Fault.REJECT
    assert faults.of(order("b", contract=PUT), 2, 1) is Fault.LOSE
    assert faults.of(order("c", contract=PUT), 3, 1) is Fault.DEAF


def test_an_outage_comes_after_each_period_and_lasts_as_long_as_it_says() -> None:
    faults = parse("disconnect=60s@300s")
    seen = {second: faults.down(second) for second in (0, 59, 299, 300, 359, 360, 599, 600, 659, 660)}
    assert [second for second, down in seen.items() if down] == [300, 359, 600, 659]
    assert not Faults().down(1e9)


def test_a_share_is_a_number_from_0_up_to_1_that_never_changes() -> None:
    values = [share(1, str(number)) for number in range(1_000)]
    assert all(0.0 <= value < 1.0 for value in values)
    assert sum(values) / 1_000 == pytest.approx(0.5, abs=0.03)
