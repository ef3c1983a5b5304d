from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest

from sidecar.domain.errors import InputError
from sidecar.strategies.blend import Combined
from sidecar.strategies.machine import MachineOnly
from sidecar.strategies.technical import Technical
from tests.strategies.test_rules import Bars, walk


def parts(bars: Bars, threshold: float = 0.4, band: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    return MachineOnly(threshold, band).batch(bars), Technical().batch(bars)


def test_with_two_voices_both_must_name_the_side() -> None:
    bars = walk(5, 3_000)
    said, seen = parts(bars)
    wanted = Combined(MachineOnly(), Technical()).batch(bars)
    for machine, chart, target in zip(said[49:], seen[49:], wanted[49:], strict=True):
        assert target == (machine if machine == chart else 0.0)
    assert {-1.0, 0.0, 1.0} == set(wanted[49:])


def test_with_one_voice_either_is_enough_unless_they_contradict_and_silence_of_the_model_is_no_voice() -> None:
    bars = walk(5, 3_000)
    said, seen = parts(bars)
    wanted = Combined(MachineOnly(), Technical(), 1).batch(bars)
    rows = zip(said[49:], seen[49:], bars["p_buy"][49:], wanted[49:], strict=True)
    for machine, chart, p_buy, target in rows:
        assert target == (0.0 if isnan(p_buy) else np.sign(machine + chart))


def test_without_short_it_sells_nothing_it_does_not_hold() -> None:
    bars = walk(5, 3_000)
    both = Combined(MachineOnly(), Technical(), 1).batch(bars)
    flat = Combined(MachineOnly(), Technical(), 1, short=False).batch(bars)
    assert np.array_equal(flat, np.maximum(both, 0.0), equal_nan=True)


def test_until_the_chart_is_known_what_was_held_stays() -> None:
    bars = walk(5, 60)
    bars["p_buy"][:] = nan
    wanted = Combined(MachineOnly(), Technical()).batch(bars)
    assert np.isnan(wanted[:49]).all()
    assert (wanted[49:] == 0.0).all()


@pytest.mark.parametrize("voices", [0, 3])
def test_other_numbers_of_voices_are_refused(voices: int) -> None:
    with pytest.raises(InputError, match=r"^parameters\.voices: "):
        Combined(MachineOnly(), Technical(), voices)
