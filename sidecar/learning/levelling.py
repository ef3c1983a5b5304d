"""How often each side comes, from all that is known, where the rows that calibrate are too few to say."""

from __future__ import annotations

from math import log

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sidecar.learning.calibration import Calibration
from sidecar.learning.scores import Base, upward

#: A side's odds are moved by this at the most, in nats.
_FURTHEST = 20.0


def levelled(scale: Calibration, margins: NDArray[np.float64], base: Base) -> Calibration:
    """``scale`` with the odds of buy to sell moved so that over the rows ``margins`` (n, 3) sides come as in ``base``.

    Twelve sessions hold some 300 independent labels of 15 minutes: their base rate is known to 0.03, and that alone
    costs more Brier skill than a weak signal is worth. ``base`` is that of every row before the test. The slope, and
    how often nothing happens, stay what the later rows say.
    """
    sell, _, buy = scale.biases
    want = upward(base)
    if sell is None or buy is None or not 0 < want < 1:
        return scale
    p = scale.apply(margins)
    odds = np.log(p[:, 2] / p[:, 0])
    side = p[:, 0] + p[:, 2]

    def over(move: float) -> float:
        return float(np.average(1 / (1 + np.exp(-(odds + move))), weights=side)) - want

    move = float(brentq(over, -_FURTHEST + log(want), _FURTHEST - log(1 - want), xtol=1e-9))
    return msgspec.structs.replace(scale, biases=(sell - move / 2, scale.biases[1], buy + move / 2))
