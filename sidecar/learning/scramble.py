"""Whether a feature sees ahead: scramble the future, compute again, and compare the past bit for bit.

A look-ahead of one bar is invisible to every score (AUC 0.500 on noise) and visible here every time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS
from sidecar.features.matrix import batch

Floats = NDArray[np.float64]
Features = Callable[[Floats], NDArray[np.float32]]

#: What is known of the future: the calendar's and the contract master's columns are left as they are.
_KNOWN_AHEAD = ("minute", "minutes", "session", "dte", "is_expiry", "expiry", "t1", "t2", "future_t")
_PRICES = ("open", "high", "low", "close")
#: Cuts that fall on the edge of a window miss what it hides: ten at random find all that was ever planted.
CUTS = 12
#: Bars before the last cut, and bars after each that are scrambled.
_BEFORE, _AFTER = 8_000, 400


def seen_ahead(inputs: Floats, seed: int, features: Features = batch, cuts: int = CUTS) -> int:
    """How many features of ``inputs`` (bars, I) change at or before a bar when what follows it does; 0 is right.

    A feature that is filled where it was unknown has changed too.
    """
    rng = np.random.default_rng(seed)
    inputs = inputs[-(_BEFORE + _AFTER) :]
    whole = features(inputs)
    changed = np.zeros(whole.shape[1], np.bool_)
    for cut in rng.integers(len(inputs) // 4, len(inputs) - 1, size=cuts):
        ends = min(len(inputs), int(cut) + 1 + _AFTER)
        again = features(scrambled(inputs[:ends], int(cut), rng))
        before, after = _bits(whole[: cut + 1]), _bits(again[: cut + 1])
        changed |= (before != after).any(axis=0)
    return int(changed.sum())


def scrambled(inputs: Floats, cut: int, rng: np.random.Generator) -> Floats:
    """``inputs`` with every bar after number ``cut`` made of other numbers; what the calendar says stays."""
    result = inputs.copy()
    after = len(inputs) - cut - 1
    for column, name in enumerate(INPUTS):
        if name not in _KNOWN_AHEAD:
            result[cut + 1 :, column] = rng.uniform(0.5, 1.5, after) * np.nan_to_num(inputs[cut + 1 :, column], nan=1.0)
    prices = [INPUTS.index(name) for name in _PRICES]
    ordered = np.sort(result[cut + 1 :, prices], axis=1)
    result[cut + 1 :, prices] = ordered[:, [1, 3, 0, 2]]
    return result


def _bits(x: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(x, np.float32).view(np.uint32)
