"""Every kernel in every form in which the desk calls it, ready before the first beat.

A kernel is compiled, or loaded from what an earlier process compiled, at its first call with arguments of a kind; a
beat is no place for that.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.event import Listener, install_listener

from sidecar.pricing import implied_kernel, kernels, svi_fit

SAYING = "compiling the pricing kernels, once; this takes about half a minute"


def warm(compiling: Callable[[str], None] = lambda _: None) -> None:
    """Load the kernels of prices, Greeks, scenario grids, implied volatility and the smile's fit: half a second.

    Where one has to be compiled, `compiling` is told so first, once. Forms: forward, time and rate as columns or as
    numbers, Greeks with and without a spot; the kernels' callers make contiguous columns of whatever they are given.
    """
    with install_listener("numba:compile", Once(compiling, SAYING)):
        _warm_prices()
        _warm_grids()
        _warm_implied()
        _warm_fit()


class Once(Listener):  # type: ignore[misc]  # numba has no types
    """Says at the first start of a compilation that there is one."""

    def __init__(self, compiling: Callable[[str], None], saying: str) -> None:
        self._compiling, self._saying, self._said = compiling, saying, False

    def on_start(self, _event: Any) -> None:
        if not self._said:
            self._said = True
            self._compiling(self._saying)

    def on_end(self, _event: Any) -> None:
        """Nothing to say."""


def _warm_prices() -> None:
    column, flag, out = np.ones(1), np.ones(1, np.bool_), tuple(np.empty((9, 1)))
    for each in (1.0, column):
        kernels.prices(each, column, each, column, each, flag, out[0])
        for spot in (None, each):
            kernels.greeks(each, column, each, column, each, spot, flag, out)


def _warm_grids() -> None:
    column, flag, square = np.ones(1), np.ones(1, np.bool_), np.ones((1, 1))
    book = (column, column, column, square, column, flag, column, column, column)
    kernels.grid(*book, np.empty((1, 1)))
    kernels.grid_totals(*book, column, np.empty(1))


def _warm_implied() -> None:
    column, flag = np.ones(1), np.ones(1, np.bool_)
    implied_kernel.implied_lanes(column, column, column, column, column, flag, np.empty(1), np.empty(1, np.int8))


def _warm_fit() -> None:
    k, none = np.array([-0.1, 0.0, 0.1]), np.zeros(5)
    low, high = np.array([1e-3, 0.01, 0.01, -0.2, 0.01]), np.array([1.0, 1.9, 1.9, 0.2, 1.0])
    svi_fit.fit_variables(k, 0.04 + k * k, np.ones(3), low, high, none, none, none, k, k)
