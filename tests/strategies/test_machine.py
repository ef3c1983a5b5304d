from __future__ import annotations

from math import nan

import numpy as np
import pytest

from sidecar.domain.errors import InputError
from sidecar.strategies.machine import MachineOnly

ROWS = [
    (0.1, 0.5, 0.4), (0.1, 0.45, 0.45), (0.45, 0.1, 0.45), (0.45, 0.45, 0.1), (0.41, 0.2, 0.39), (nan, nan, nan),
]  # fmt: skip


def bars(rows: list[tuple[float, float, float]]) -> dict[str, np.ndarray]:
    columns = np.array(rows).T
    return {"close": np.ones(len(rows)), "p_sell": columns[0], "p_hold": columns[1], "p_buy": columns[2]}


def test_it_takes_a_side_that_is_likely_enough_and_ahead_by_the_band() -> None:
    assert MachineOnly(0.4, 0.1).batch(bars(ROWS)).tolist() == [0.0, 1.0, 0.0, -1.0, 0.0, 0.0]
    assert MachineOnly(0.4, 0.1, short=False).batch(bars(ROWS)).tolist() == [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert MachineOnly(0.39, 0.0).batch(bars(ROWS)).tolist() == [1.0, 1.0, 0.0, -1.0, -1.0, 0.0]


def test_without_a_prediction_nothing_is_held() -> None:
    assert MachineOnly(0.0, 0.0).batch(bars([(nan, nan, nan), (0.2, nan, 0.6)])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("threshold", "band"), [(40.0, 0.1), (1.0, 0.1), (-0.1, 0.1), (nan, 0.1), (0.4, 10.0)])
def test_what_is_no_share_is_refused(threshold: float, band: float) -> None:
    with pytest.raises(InputError, match=r"^parameters\.(threshold|band): .* is no share; give 0 to below 1"):
        MachineOnly(threshold, band)
