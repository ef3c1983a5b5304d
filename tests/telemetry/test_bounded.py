"""Labels that somebody else chooses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sidecar.telemetry.bounded import OTHER, Bounded


def test_the_first_names_keep_their_own_and_later_ones_share_one() -> None:
    label = Bounded(2)
    assert [label(name) for name in ("a", "b", "a", "c", "b", "d")] == ["a", "b", "a", OTHER, "b", OTHER]


def test_threads_together_make_no_more_labels_than_one() -> None:
    label = Bounded(5)
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(label, [f"s{number % 50}" for number in range(2_000)]))
    assert len(found) == 6
