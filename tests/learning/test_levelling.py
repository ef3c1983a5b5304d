from __future__ import annotations

import numpy as np
import pytest

from sidecar.learning.calibration import Calibration
from sidecar.learning.levelling import levelled

MARGINS = np.random.default_rng(0).standard_normal((500, 3))


@pytest.mark.parametrize("base", [(0.3, 0.4, 0.3), (0.45, 0.2, 0.35), (0.05, 0.0, 0.95)])
def test_sides_come_as_often_as_in_the_base(base: tuple[float, float, float]) -> None:
    p = levelled(Calibration(0.4, (0.9, 0.1, -1.0)), MARGINS, base).apply(MARGINS)

    side = p[:, 0] + p[:, 2]
    assert np.average(p[:, 2] / side, weights=side) == pytest.approx(base[2] / (base[0] + base[2]), abs=0.02)


def test_the_slope_and_so_the_order_stay() -> None:
    before = Calibration(0.4, (0.9, 0.1, -1.0))

    after = levelled(before, MARGINS, (0.3, 0.4, 0.3))

    assert after.slope == before.slope
    assert after.biases[1] == before.biases[1]
    first, second = before.apply(MARGINS), after.apply(MARGINS)
    assert np.array_equal(np.argsort(first[:, 2] / first[:, 0]), np.argsort(second[:, 2] / second[:, 0]))


def test_a_model_of_winners_and_losers_is_levelled_too() -> None:
    two = np.column_stack([MARGINS[:, 0], np.full(500, -np.inf), MARGINS[:, 2]])

    p = levelled(Calibration(1.0, (0.0, None, 0.0)), two, (0.7, 0.0, 0.3)).apply(two)

    assert p[:, 2].mean() == pytest.approx(0.3, abs=1e-6)


def test_a_base_of_one_side_alone_moves_nothing() -> None:
    before = Calibration(1.0, (0.0, 0.0, 0.0))

    assert levelled(before, MARGINS, (0.0, 0.5, 0.5)) == before
