"""How values fall into buckets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.buckets import BOUNDS, EARNED, Buckets


@given(st.lists(st.floats(-10, 10)))
def test_every_value_is_in_exactly_one_bucket_at_or_below_its_bound(values: list[float]) -> None:
    buckets = Buckets((0.1, 1.0, 5.0))
    for value in values:
        buckets.observe(value)
    for bound, count in zip(buckets.bounds, [sum(buckets.counts[: n + 1]) for n in range(3)], strict=True):
        assert count == sum(value <= bound for value in values)
    assert sum(buckets.counts) == len(values)
    assert buckets.total == pytest.approx(sum(values))


@given(st.lists(st.floats(-20_000, 20_000)))
def test_many_values_at_once_are_counted_as_one_by_one(values: list[float]) -> None:
    together, apart = Buckets(EARNED), Buckets(EARNED)
    together.observe_all(np.array(values))
    for value in values:
        apart.observe(value)
    assert together.counts == apart.counts
    assert together.total == pytest.approx(apart.total, abs=1e-6)


def test_what_was_copied_does_not_change() -> None:
    buckets = Buckets((1.0,))
    buckets.observe(0.5)
    before = buckets.copy()
    buckets.observe(0.5)
    assert (before.counts, before.total, buckets.counts) == ([1, 0], 0.5, [2, 0])


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_rise(name: str) -> None:
    assert list(BOUNDS[name]) == sorted(set(BOUNDS[name]))
