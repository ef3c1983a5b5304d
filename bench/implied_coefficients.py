"""Make the coefficients of `sidecar.pricing.implied_kernel`, and check those that stand there.

``python -m bench.implied_coefficients`` prints them with their worst errors, and fails if the module holds other
numbers for the normal tail, or a first guess that is worse than 2 %.

The guess is the polynomial of degrees 4 and 2 in L/(L + 3) and X/(X + 6) that fits s² over its leading term best in the
worst place, by least squares with weights that grow where the error is large; for options from 1e-305 to near their
upper bound, and forwards and strikes up to e^40 apart.
"""
# ruff: noqa: N806

from __future__ import annotations

import mpmath
import numpy as np
from mpmath import mpf
from numpy.typing import NDArray
from scipy.special import erfcx

from bench.coefficients import DIGITS, at, mills, nodes, worst
from sidecar.pricing import implied_kernel as kernel

Array = NDArray[np.float64]

LEAST_Z, MOST_Z, CENTRE = "-0.55", "64", "2.3"  # read with all the digits
DEGREE = 11
ROUGH_LEAST_Z, ROUGH_SCALE, ROUGH_DEGREE = 0.75, 5, 10
NODES = 200


def rational() -> tuple[list[float], list[float]]:
    """P, its highest coefficient 1, and T of M(z) = P/(z P + T)."""
    low, high, centre = mpf(LEAST_Z), mpf(MOST_Z), mpf(CENTRE)

    def long(u: mpf) -> mpf:
        return (centre + u * (centre + 1)) / (1 - u)

    def short(z: mpf) -> mpf:
        return (z - centre) / (z + centre + 1)

    points = [long(u) for u in nodes(2 * DEGREE, short(low), short(high))]
    slopes = [1 - z * mills(z) for z in points]
    powers = range(DEGREE)
    rows = [
        [each * z**k for k in powers] + [-mills(z) * z**k for k in powers]
        for z, each in zip(points, slopes, strict=True)
    ]
    right = [-each * z**DEGREE for z, each in zip(points, slopes, strict=True)]
    solved = [float(each) for each in mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix(right))]
    P, T = [*solved[:DEGREE], 1.0], solved[DEGREE:]
    seen = [long(u) for u in nodes(400, short(low), short(high))]
    error = worst(lambda z: at(P, z) / (z * at(P, z) + at(T, z)), mills, seen)
    print(f"# M from {LEAST_Z} to {MOST_Z}: worst relative error {error:.1e}")
    return P, T


def rough() -> list[float]:
    """The g of M(z) = r g(10 r - 1), r = 1/(z + 5.75): Chebyshev's series, cut."""

    def g(v: mpf) -> mpf:
        r = (v + 1) / 10
        z = 1 / r - ROUGH_LEAST_Z - ROUGH_SCALE
        return (mills(z) if z < 1000 else 1 / z - 1 / z**3 + 3 / z**5) / r

    angles = [mpmath.pi * (2 * k + 1) / (2 * NODES) for k in range(NODES)]
    seen = [g(mpmath.cos(angle)) for angle in angles]
    made = [mpf(0)] * (ROUGH_DEGREE + 1)
    for order in range(ROUGH_DEGREE + 1):
        share = sum(each * mpmath.cos(order * angle) for each, angle in zip(seen, angles, strict=True)) * 2 / NODES
        for power, each in enumerate(mpmath.taylor(lambda v, n=order: mpmath.chebyt(n, v), 0, order)):
            made[power] += each * (share / 2 if order == 0 else share)
    return [float(each) for each in made]


def tails(z1: Array, z2: Array, sign: int) -> Array:
    """The logarithm of n(z1) (M(z1) + sign M(z2)), z1 taken by its size where they are added."""
    a = np.abs(z1) if sign > 0 else z1
    root_half = np.sqrt(0.5)
    return np.asarray(np.log(0.5 * (erfcx(root_half * a) + sign * erfcx(root_half * z2))) - 0.5 * a * a)


def samples(count: int, *, beyond: bool) -> tuple[Array, Array, Array, Array]:
    """L, X, s² and the leading term of s²."""
    rng = np.random.default_rng(7)
    z = -rng.uniform(0.05, rng.choice([2.0, 8.4], count)) if beyond else rng.uniform(-0.5, rng.choice([4, 37.5], count))
    x = np.where(rng.random(count) < 0.6, 10 ** rng.uniform(-7, np.log10(40), count), rng.uniform(0, 40, count))
    root = np.sqrt(z * z + 2 * x)
    s = np.where(z > 0, 2 * x / (root + z), root - z)
    small = (rng.random(count) < 0.4) & ~np.array(beyond)
    s = np.where(small, 10 ** rng.uniform(-4, 0.17, count), s)
    x = np.where(small, s * 10 ** rng.uniform(-5, 1, count), x)
    ln = tails(x / s - s / 2, x / s + s / 2, 1 if beyond else -1)
    c = -np.expm1(ln) if beyond else np.exp(ln)
    L = -2 * ln if beyond else np.logaddexp(0.0, np.log(x) - ln)
    leading = L + 2 * x if beyond else (x / L) ** 2 * (2 * np.pi + L / 2)
    kept = (ln > -702) & (x / s - s / 2 > -0.5 if not beyond else L > 0.35) & (s > 1e-3 * x)
    return tuple(each[kept] for each in (L, x + 2 * c, s * s, leading))  # type: ignore[return-value]


def guess(*, beyond: bool) -> tuple[Array, float]:
    """Coefficients, those of one power of L/(L + 3) together, and the worst relative error of s."""
    L, X, square, leading = samples(30_000, beyond=beyond)
    p, q, wanted = L / (L + 3), X / (X + 6), square / leading
    terms = np.stack([p**i * q**j for i in range(5) for j in range(3)], axis=1)
    weight, least = 1 / wanted, np.inf
    kept: Array = np.zeros(15)
    for _ in range(60):
        made = np.linalg.lstsq(terms * weight[:, None], wanted * weight, rcond=None)[0]
        error = np.abs(np.sqrt(np.maximum(terms @ made / wanted, 0.0)) - 1)
        if error.max() < least:
            least, kept = float(error.max()), made.astype(np.float64)
        weight = weight * np.sqrt(1 + 2 * error / error.max())
    return kept, least


def standing_guess() -> float:
    """The worst relative error of the module's own first guess on the samples."""
    errors = []
    for beyond in (False, True):
        L, X, square, _ = samples(30_000, beyond=beyond)
        c = -np.expm1(-L / 2) if beyond else X / (2 + np.expm1(L))  # for x = X - 2 c is c (e^L - 1)
        x, m, ratio, s = X - 2 * c, np.ones(L.size), np.empty(L.size), np.empty(L.size)
        kernel.guess(x, m, c, ratio, s)
        own = (ratio < 0) == beyond  # near the border the other road is taken
        errors.append(float(np.max(np.abs(s / np.sqrt(square) - 1)[own & (c > 1e-250) & (c < 1 - 1e-12)])))
    return max(errors)


def main() -> None:
    with mpmath.workdps(DIGITS):
        P, T = rational()
        g = rough()
    differing = [
        f"_{name}{k}" for name, row in (("P", P[:-1]), ("T", T)) for k, made in enumerate(row)
        if getattr(kernel, f"_{name}{k}") != made
    ]  # fmt: skip
    for name, row in (("P", P), ("T", T), ("g", g)):
        print(f"{name} = {row}")
    for beyond in (False, True):
        made, error = guess(beyond=beyond)
        print(f"# first guess, {'1 - c' if beyond else 'c'}: worst relative error {error:.4f}\n{made.tolist()}")
    standing = standing_guess()
    print(f"# the module's guess: {standing:.4f}")
    if differing or standing > 0.02:
        raise SystemExit(f"sidecar/pricing/implied_kernel.py holds other numbers at {differing} or a poor first guess")


if __name__ == "__main__":
    main()
