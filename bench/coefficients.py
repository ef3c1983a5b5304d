"""Make the coefficients of `sidecar.pricing.kernels` with 60 digits, and check those that stand there.

Each function is met exactly at Chebyshev's nodes, which comes within a small factor of the best approximation of its
degree. ``python -m bench.coefficients`` prints the lines of the module and the worst relative error between the nodes,
and fails if the module holds other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
from mpmath import mpf

from sidecar.pricing import kernels

Function = Callable[[mpf], mpf]

DIGITS = 60
LEAST_Z, MOST_Z = -0.125, 100.0  # of the Mills ratio
CENTRE = mpf("2.5")  # of the map of that range to a short one, found by trial
WIDEST_TANH = 0.2005  # of half the logarithm of two numbers that the exponents have brought within 2^0.586


def mills(z: mpf) -> mpf:
    """The normal tail over the normal density."""
    return mpmath.sqrt(mpmath.pi / 2) * mpmath.erfc(z / mpmath.sqrt(2)) * mpmath.exp(z * z / 2)


def after_one_and_r(r: mpf) -> mpf:
    """(exp(r) - 1 - r) / r²."""
    return (mpmath.expm1(r) - r) / r**2


def after_two_s(w: mpf) -> mpf:
    """(2 atanh(s) - 2 s) / s³ for w = s²."""
    s = mpmath.sqrt(w)
    return 2 * (mpmath.atanh(s) - s) / (s * w)


def nodes(count: int, low: mpf, high: mpf) -> list[mpf]:
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle + half * mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * count)) for k in range(count)]


def polynomial(function: Function, degree: int, low: float, high: float) -> list[mpf]:
    """Coefficients, the constant first."""
    points = nodes(degree + 1, mpf(low), mpf(high))
    powers = mpmath.matrix([[x**k for k in range(degree + 1)] for x in points])
    return list(mpmath.lu_solve(powers, mpmath.matrix([function(x) for x in points])))


def short(z: mpf) -> mpf:
    return (z - CENTRE) / (z + CENTRE + 1)


def long(u: mpf) -> mpf:
    return (CENTRE + u * (CENTRE + 1)) / (1 - u)


def rational(degree: int) -> tuple[list[mpf], list[mpf]]:
    """P (its highest coefficient 1) and T, one degree lower, of the Mills ratio P/(z P + T)."""
    points = [long(u) for u in nodes(2 * degree, short(mpf(LEAST_Z)), short(mpf(MOST_Z)))]
    slopes = [1 - z * mills(z) for z in points]
    rows = [
        [slope * z**k for k in range(degree)] + [-mills(z) * z**k for k in range(degree)]
        for z, slope in zip(points, slopes, strict=True)
    ]
    right = [-slope * z**degree for z, slope in zip(points, slopes, strict=True)]
    solved = list(mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix(right)))
    return [*solved[:degree], mpf(1)], solved[degree:]


def worst(made: Function, exact: Function, points: Sequence[mpf]) -> float:
    return float(max(abs(made(x) / exact(x) - 1) for x in points))


def at(coefficients: Sequence[mpf], x: mpf) -> mpf:
    return mpmath.fsum(coefficient * x**k for k, coefficient in enumerate(coefficients))


def table() -> dict[str, tuple[list[float], float]]:
    """Name in the module -> coefficients as float64, the constant first; and the worst relative error."""
    with mpmath.workdps(DIGITS):
        half_ln2 = mpmath.log(2) / 2
        exp = polynomial(after_one_and_r, 9, -half_ln2, half_ln2)
        log = polynomial(after_two_s, 6, 0, WIDEST_TANH**2)
        P, T = rational(11)  # noqa: N806
        exp_error = worst(lambda r: 1 + r + r * r * at(exp, r), mpmath.exp, nodes(200, -half_ln2, half_ln2))
        log_error = worst(
            lambda s: s * (2 + s * s * at(log, s * s)),
            lambda s: 2 * mpmath.atanh(s),
            nodes(200, mpf(0), mpf(WIDEST_TANH)),
        )
        points = [long(u) for u in nodes(400, short(mpf(LEAST_Z)), short(mpf(MOST_Z)))]
        mills_error = worst(lambda z: at(P, z) / (z * at(P, z) + at(T, z)), mills, points)
        made = {"E": (exp, exp_error), "L": (log, log_error), "P": (P[:-1], mills_error), "T": (T, mills_error)}
        return {name: ([float(each) for each in row], error) for name, (row, error) in made.items()}


def main() -> None:
    differing = []
    for name, (row, error) in table().items():
        print(f"# {name}: worst relative error {error:.1e}")
        for k, value in enumerate(row):
            print(f"_{name}{k} = {value!r}")
            if getattr(kernels, f"_{name}{k}", None) != value:
                differing.append(f"_{name}{k}")
    if differing:
        raise SystemExit(f"sidecar/pricing/kernels.py holds other numbers at {', '.join(differing)}")


if __name__ == "__main__":
    main()
