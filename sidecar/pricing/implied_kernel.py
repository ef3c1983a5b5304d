"""The arithmetic of implied volatility, compiled: one straight line an option, so that several are solved at once.

Everything is of the out-of-the-money side, in units of m = min(F, K): with x = |ln(F/K)|, s = volatility x sqrt(T),
z1 = x/s - s/2 = -d1, z2 = x/s + s/2 and the Mills ratio M(z) = N(-z)/n(z), the time value c = value/m is

    c(s) = n(z1) (M(z1) - M(z2)),    1 - c(s) = n(z1) (M(-z1) + M(z2)),    dc/ds = n(z1).

The logarithm of c, or of 1 - c where s is beyond its turning point sqrt(2 x), is met by a first guess within 1.6 % and
two steps of Householder's third order. The first needs no more than six digits and takes shorter polynomials.

`bench/implied_coefficients.py` makes the coefficients and checks them.
"""
# ruff: noqa: N803, N806

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from sidecar.pricing.compiling import compiled
from sidecar.pricing.kernels import fma, log_ratio, root

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]

OK, NOT_FINITE, OUT_OF_DOMAIN, NO_TIME, BELOW_INTRINSIC, NO_TIME_VALUE, ABOVE_BOUND, NOT_SOLVED = range(8)

_NOISE = 4 * 2.0**-52  # of an in-the-money price, within which it is at its intrinsic value
_CLOSE = 1e-3  # where the series of the second step has terms below it, its error is below rounding
_LEAST, _MOST, _LEAST_VALUE = 1e-100, 1e100, 1e-290  # of F and K, and of the time value: beyond, nothing is solved here
_SIXTH = 1.0 / 6.0
_BLOCK = 256
_TWO_PI = 6.283185307179586
_ONE_OVER_ROOT_TWO_PI = 0.3989422804014327
_LN2 = 0.6931471805599453
# M(z) = P/(z P + T), P = P0 + P1 z + ... + z^11, T = T0 + ... + T10 z^10, -0.55 <= z <= 64, 7e-17
_P0 = 16295106.411915457
_P1 = 28575700.147998884
_P2 = 24857284.2715335
_P3 = 13924109.975747416
_P4 = 5530975.325535594
_P5 = 1627811.5919074554
_P6 = 361359.5714266722
_P7 = 60483.72218556798
_P8 = 7489.885654587423
_P9 = 655.4276128065454
_P10 = 36.655137751537836
_T0 = 13001613.82270712
_T1 = 16878790.484964143
_T2 = 11225676.440078352
_T3 = 4880432.509143885
_T4 = 1513324.965528252
_T5 = 346746.3288903061
_T6 = 59182.867664058555
_T7 = 7416.575363486866
_T8 = 653.4276130352899
_T9 = 36.655137749573726
_T10 = 1.000000000007389
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_INTEGER = 6755399441055744.0
_INTEGER_BITS = 0x4338000000000000

_kernel = compiled("implied_kernel.py", "kernels.py")
_inline = register_jitable(error_model="numpy", forceinline=True)


@_inline
def rough_logarithm(y: float) -> float:
    """ln(y) within 2e-7, relatively so near y = 1."""
    bits = np.float64(y).view(np.int64)
    k = (bits - _ROOT_HALF_BITS) >> 52
    f = np.int64(bits - (k << 52)).view(np.float64) - 1.0
    k_float = np.int64(k + _INTEGER_BITS).view(np.float64) - _INTEGER
    p = fma(fma(0.08016461756849357, f, -0.14885623895806993), f, 0.15511923118162452)
    p = fma(fma(fma(p, f, -0.16521165491208004), f, 0.198889297068052), f, -0.2500192690149296)
    p = fma(fma(fma(p, f, 0.3333642897469118), f, -0.5000000894862852), f, 0.9999998655753523)
    return fma(k_float, _LN2, p * f)


@_inline
def rough_tails(x: float, s: float, beyond: bool) -> tuple[float, float]:
    """M(z1) - M(z2), or -(M(-z1) + M(z2)) where `beyond`, within 2e-6 for arguments above -0.75; and 1/s.

    M(z) = r g(10 r - 1) for r = 1/(z + 5.75), all by one division. g = e(v²) + v o(v²), and for a polynomial
    (e(w) - e(w2))/(w - w2) is the quotient of Horner's scheme at w, taken at w2: no difference of near numbers.
    """
    half_square = 0.5 * s * s
    near = fma(5.75, s, half_square - x if beyond else x - half_square)  # s/r
    far = fma(5.75, s, x + half_square)
    one_over = 1.0 / (near * far * s)
    one_over_s, s_over = near * far * one_over, s * s * one_over
    r, r2, gap = far * s_over, near * s_over, (2.0 * x if beyond else s * s) * s_over
    v, v2 = fma(10.0, r, -1.0), fma(10.0, r2, -1.0)
    w, w2 = v * v, v2 * v2
    e, de = fma(w, -0.004808867468971723, 0.04577902369866504), -0.004808867468971723
    e, de = fma(w, e, 0.499383402921423), fma(w2, de, e)
    e, de = fma(w, e, 1.5978942076921658), fma(w2, de, e)
    e, de = fma(w, e, 2.5422756722660984), fma(w2, de, e)
    e, de = fma(w, e, 2.239905821438309), fma(w2, de, e)
    o, do = fma(w, -0.004032417861249983, 0.19581017240988738), -0.004032417861249983
    o, do = fma(w, o, 0.9867648343498265), fma(w2, do, o)
    o, do = fma(w, o, 2.1778085092816797), fma(w2, do, o)
    o, do = fma(w, o, 2.5640792818749882), fma(w2, do, o)
    g, d = fma(v, o, e), fma(v + v2, fma(v2, do, de), o)
    less = gap * fma(10.0 * r2, d, g)
    return fma(-2.0 * r, g, less) if beyond else less, one_over_s


@_inline
def tails_of(a: float, b: float, s: float, beyond: bool) -> float:
    """M(a) - M(b) for b = a + s, or -(M(a) + M(b)) where `beyond`, within a few ulp, also where a and b are close.

    As `kernels.mills_pair`, by coefficients that hold from -0.55.
    """
    p, dp = a + _P10, 1.0
    p, dp = fma(a, p, _P9), b + p
    p, dp = fma(a, p, _P8), fma(b, dp, p)
    p, dp = fma(a, p, _P7), fma(b, dp, p)
    p, dp = fma(a, p, _P6), fma(b, dp, p)
    p, dp = fma(a, p, _P5), fma(b, dp, p)
    p, dp = fma(a, p, _P4), fma(b, dp, p)
    p, dp = fma(a, p, _P3), fma(b, dp, p)
    p, dp = fma(a, p, _P2), fma(b, dp, p)
    p, dp = fma(a, p, _P1), fma(b, dp, p)
    p, dp = fma(a, p, _P0), fma(b, dp, p)
    t, dt = fma(a, _T10, _T9), _T10
    t, dt = fma(a, t, _T8), fma(b, dt, t)
    t, dt = fma(a, t, _T7), fma(b, dt, t)
    t, dt = fma(a, t, _T6), fma(b, dt, t)
    t, dt = fma(a, t, _T5), fma(b, dt, t)
    t, dt = fma(a, t, _T4), fma(b, dt, t)
    t, dt = fma(a, t, _T3), fma(b, dt, t)
    t, dt = fma(a, t, _T2), fma(b, dt, t)
    t, dt = fma(a, t, _T1), fma(b, dt, t)
    t, dt = fma(a, t, _T0), fma(b, dt, t)
    p_b, t_b = fma(b - a, dp, p), fma(b - a, dt, t)
    q, q_b = fma(a, p, t), fma(b, p_b, t_b)
    less, sum_ = s * fma(p, p_b, fma(p, dt, -dp * t)), fma(p, q_b, p_b * q)
    return (-sum_ if beyond else less) / (q * q_b)


@_inline
def orders(error: float, tails: float, s: float, one_over_s: float, h: float, B: float) -> tuple[float, float, float]:
    """Newton's step n, n f2/f1 and n² f3/f1 in units of s, for the derivatives of f = ln c or ln(1 - c).

    `tails` is c/(dc/ds), or (1 - c)/(dc/ds) with a minus; B = z1 z2 is s c2/c1.
    """
    newton = -error * tails * one_over_s
    bend = fma(B, B, fma(-3.0 * h, h, -0.25 * s * s))
    third = fma(newton, fma(newton, bend, 3.0 * B * error), 2.0 * error * error)
    return newton, fma(newton, B, error), third


@_inline
def first_guess(x: float, m: float, value: float, ratio: float, beyond: bool) -> float:
    """An s within 1.6 %, for x up to 40; `ratio` is 1/c, or 1/(1 - c) where `beyond`.

    By L = ln(1 + x/c) Bachelier's s is x sqrt(2 pi + L/2)/L to leading order at both ends; x/L tends to c. Beyond, it
    is sqrt(L + 2 x) for L = -2 ln(1 - c). The rest is a polynomial of L/(L + 3) and X/(X + 6), X = x + 2 c.
    """
    over = x * ratio
    L = rough_logarithm(ratio if beyond else 1.0 + over)
    L = 2.0 * L if beyond else L
    tiny = over < 1e-5
    top = 1.0 + 0.5 * over if tiny else over
    low = ratio * (1.0 if tiny else L)
    X = fma(m, x, 2.0 * value)
    one_over = 1.0 / ((L + 3.0) * fma(6.0, m, X) * (1.0 if beyond else low))
    p = L * fma(6.0, m, X) * (1.0 if beyond else low) * one_over
    q = X * (L + 3.0) * (1.0 if beyond else low) * one_over
    scale = top * (L + 3.0) * fma(6.0, m, X) * one_over
    scale = L + 2.0 * x if beyond else scale * scale * fma(0.5, L, _TWO_PI)
    a0 = 0.0454840398 if beyond else 1.02813606
    a1 = 0.328553381 if beyond else -0.714352138
    a2 = 2.46020148 if beyond else 9.34466975
    b0 = 4.00939646 if beyond else -0.963034652
    b1 = -2.8097886 if beyond else -1.47287696
    b2 = -17.4601096 if beyond else -51.7669465
    c0 = 0.0801024271 if beyond else 3.05209904
    c1 = -6.82364385 if beyond else -10.4606914
    c2 = 60.0339772 if beyond else 123.52888
    d0 = 6.27649344 if beyond else -5.10100854
    d1 = -8.89904137 if beyond else 32.0866771
    d2 = -69.4796132 if beyond else -139.883498
    e0 = -7.55556778 if beyond else 2.9855576
    e1 = 23.2570686 if beyond else -19.264112
    e2 = 19.0651104 if beyond else 58.5473449
    a, b = fma(fma(a2, q, a1), q, a0), fma(fma(b2, q, b1), q, b0)
    c, d = fma(fma(c2, q, c1), q, c0), fma(fma(d2, q, d1), q, d0)
    e = fma(fma(e2, q, e1), q, e0)
    return root(scale * fma(fma(fma(fma(e, p, d), p, c), p, b), p, a))


@_kernel
def prepare(P: Array, F: Array, K: Array, D: Array, call: Flags, x: Array, m: Array, value: Array) -> None:
    """x, the smaller of F and K, and the undiscounted time value."""
    for i in range(P.size):
        gain = F[i] - K[i] if call[i] else K[i] - F[i]
        x[i] = abs(log_ratio(F[i], K[i]))
        m[i] = min(F[i], K[i])
        value[i] = P[i] / D[i] - max(gain, 0.0)


@_kernel
def guess(x: Array, m: Array, value: Array, ratio: Array, s: Array) -> None:
    """The first s; and 1/c, or -1/(1 - c) where c is solved for by its complement: for z1 below -0.2 to -0.4."""
    for i in range(x.size):
        beyond = fma(-0.22, m[i], value[i]) * (x[i] + 1.0) > 0.39 * x[i] * m[i]
        size = m[i] / (m[i] - value[i] if beyond else value[i])
        s[i] = first_guess(x[i], m[i], value[i], size, beyond)
        ratio[i] = -size if beyond else size


@_kernel
def first_step(x: Array, ratio: Array, s: Array) -> None:
    """To about 1e-6, from polynomials as short as that allows."""
    for i in range(x.size):
        beyond = ratio[i] < 0.0
        tails, one_over_s = rough_tails(x[i], s[i], beyond)
        h = x[i] * one_over_s
        z1, z2 = fma(-0.5, s[i], h), fma(0.5, s[i], h)
        error = fma(-0.5 * z1, z1, rough_logarithm(tails * ratio[i] * _ONE_OVER_ROOT_TWO_PI))
        newton, second, third = orders(error, tails, s[i], one_over_s, h, z1 * z2)
        s[i] = fma(s[i], newton * fma(0.5, second, 1.0) / (1.0 + second + third * _SIXTH), s[i])


@_kernel
def second_step(x: Array, m: Array, value: Array, ratio: Array, s: Array, step: Array) -> None:
    """The same step with full precision, its quotient as a series; `step` is the greater of its first two terms."""
    for i in range(x.size):
        beyond = ratio[i] < 0.0
        one_over_s = 1.0 / s[i]
        h = x[i] * one_over_s
        z1, z2 = fma(-0.5, s[i], h), fma(0.5, s[i], h)
        tails = tails_of(-z1 if beyond else z1, z2, s[i], beyond)
        rest = value[i] - m[i] if beyond else value[i]
        error = fma(-0.5 * z1, z1, log_ratio(abs(tails) * m[i] * _ONE_OVER_ROOT_TWO_PI, abs(rest)))
        newton, second, third = orders(error, tails, s[i], one_over_s, h, z1 * z2)
        series = fma(-_SIXTH, third, fma(0.5 * second, second, fma(-0.5, second, 1.0)))
        s[i] = fma(s[i], newton * series, s[i])
        step[i] = max(abs(newton), abs(second))


@_kernel
def finish(
    P: Array,
    F: Array,
    K: Array,
    T: Array,
    D: Array,
    call: Flags,
    value: Array,
    s: Array,
    step: Array,
    volatility: Array,
    reason: Codes,
) -> int:
    """The volatility and the first reason that holds; the number of options NOT_SOLVED."""
    unsolved = 0
    for i in range(P.size):
        total = P[i] + F[i] + K[i] + T[i] + D[i]
        gain = F[i] - K[i] if call[i] else K[i] - F[i]
        noise = _NOISE * (max(value[i] + gain, 0.0) if gain > 0.0 else 0.0)
        least, most = min(F[i], K[i]), max(F[i], K[i])
        sound = (step[i] <= _CLOSE) & (value[i] >= _LEAST_VALUE) & (least >= _LEAST) & (most <= _MOST)
        code = OK if sound else NOT_SOLVED
        code = ABOVE_BOUND if value[i] >= least else code
        code = NO_TIME_VALUE if value[i] <= noise else code
        code = BELOW_INTRINSIC if value[i] < -noise else code
        code = NO_TIME if T[i] == 0.0 else code
        code = OUT_OF_DOMAIN if (F[i] <= 0.0) | (D[i] <= 0.0) | (K[i] < 0.0) | (T[i] < 0.0) else code
        code = code if total - total == 0.0 else NOT_FINITE
        v = s[i] / root(T[i])
        volatility[i] = v if code == OK else np.nan
        reason[i] = code
        unsolved += 1 if code == NOT_SOLVED else 0
    return unsolved


@_kernel
def implied_lanes(
    price: Array,
    forward: Array,
    strike: Array,
    time: Array,
    discount: Array,
    call: Flags,
    volatility: Array,
    reason: Codes,
) -> int:
    """Fill `volatility` and `reason` from flat arrays of one length; the number of options marked NOT_SOLVED.

    Block by block, each step in a loop of its own: short chains of dependent operations, of which the processor
    can have several under way.
    """
    unsolved = 0
    room = np.empty((6, min(_BLOCK, price.size)))
    for start in range(0, price.size, _BLOCK):
        end = min(start + _BLOCK, price.size)
        P, F, K = price[start:end], forward[start:end], strike[start:end]
        T, D, w = time[start:end], discount[start:end], call[start:end]
        x, m, value = room[0, : P.size], room[1, : P.size], room[2, : P.size]
        ratio, s, step = room[3, : P.size], room[4, : P.size], room[5, : P.size]
        prepare(P, F, K, D, w, x, m, value)
        guess(x, m, value, ratio, s)
        first_step(x, ratio, s)
        second_step(x, m, value, ratio, s, step)
        unsolved += finish(P, F, K, T, D, w, value, s, step, volatility[start:end], reason[start:end])
    return unsolved
