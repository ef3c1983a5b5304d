"""The arithmetic of option prices, compiled: one straight line an option, so that several are priced at once.

No function for one option holds a loop, a branch or a call of the C library, and divisions follow IEEE 754
(`error_model="numpy"`); otherwise the compiler would price one option at a time. There is no fast-math flag: sums are
rounded in the order in which they stand (the two-part ln 2 needs that), `fma` is written out, and so the same option
has the same price, to the last bit, alone and among others and among Greeks; and a NaN comes out as NaN.

Coefficients are made and checked by `bench/coefficients.py`.

The symbols are the papers': F forward, K strike, T years, s = volatility x sqrt(T), D discount, w +1 call, -1 put.
"""
# ruff: noqa: N803, N806, FURB136 (min and max of Python lose a NaN, or do not vectorise)

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, register_jitable

from sidecar.pricing.compiling import compiled

#: Years, and volatility x sqrt(T), below which quotients lose their digits: `limits` has the Greeks.
LEAST_TIME, LEAST_DEVIATION = 1e-300, 1e-305
_MOST = 1e100  # an infinity is looked for beyond it

# exp(r) = 1 + r + r² (E0 + E1 r + ...) for |r| <= ln(2)/2, worst relative error 1.7e-17
_E0 = 0.5000000000000001
_E1 = 0.16666666666666669
_E2 = 0.041666666666624164
_E3 = 0.008333333333330065
_E4 = 0.0013888888917196719
_E5 = 0.00019841269863040545
_E6 = 2.4801521322368692e-05
_E7 = 2.7557268480310024e-06
_E8 = 2.7620075879983367e-07
_E9 = 2.5100375832561234e-08
# 2 atanh(s) = 2 s + s³ (L0 + L1 s² + ...) for |s| < 0.2, 5.7e-17
_L0 = 0.6666666666666694
_L1 = 0.3999999999932531
_L2 = 0.28571428839454954
_L3 = 0.22222182368455407
_L4 = 0.1818463205996812
_L5 = 0.15283171992302488
_L6 = 0.15123307231226327
# M(z) = N(-z)/n(z) = P/(z P + T), P = P0 + P1 z + ... + z^11, T = T0 + ... + T10 z^10, -0.125 <= z <= 100, 1.0e-17
_P0 = 9364973.17089744
_P1 = 17078102.59669347
_P2 = 15409141.016501239
_P3 = 8953619.432097733
_P4 = 3694370.5308107645
_P5 = 1132065.4522066498
_P6 = 262510.384652392
_P7 = 46092.69556348656
_P8 = 6020.89311314246
_P9 = 559.8877049710787
_P10 = 33.61622766002859
_T0 = 7472167.50539212
_T1 = 10223308.30709684
_T2 = 7109716.726863346
_T3 = 3227069.5798605313
_T4 = 1045405.0043940429
_T5 = 250804.75849777722
_T6 = 44982.92020723217
_T7 = 5953.660656912105
_T8 = 557.8877049810789
_T9 = 33.61622765996564
_T10 = 1.00000000000017

_LN2_HIGH = 0.6931471805599453
_LN2_LOW = 2.3190468138462996e-17
_ONE_OVER_LN2 = 1.4426950408889634
_ONE_OVER_ROOT_TWO_PI = 0.3989422804014327
_INTEGER = 6755399441055744.0  # 1.5 x 2^52: added, it leaves the nearest integer in the low bits
_INTEGER_BITS = 0x4338000000000000
_ONE_BITS = 0x3FF0000000000000
_HALF_POWER = 1 << 51
_LEAST_EXPONENT = -708.0  # exp below it is taken as 0
_MOST_EXPONENT = 709.0
_LEAST_Z = -0.125
_MOST_Z = 100.0
_PER_POINT = 0.01
_PER_DAY = 1 / 365

_compiled = compiled("kernels.py")
_loop = njit(error_model="numpy", nogil=True)  # within a compiled one: a loop of its own holds the constants better
_inline = register_jitable(error_model="numpy", forceinline=True)


@intrinsic
def fma(_typing: Any, a: Any, b: Any, c: Any) -> Any:
    """One rounding for a b + c."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return a(a, b, c), code


@intrinsic
def root(_typing: Any, a: Any) -> Any:
    """The square root by the processor's own instruction; `math.sqrt` is a call, for the sake of errno."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [arguments[0].type]), arguments)

    return a(a), code


@_inline
def exponential(x: float) -> float:
    """Within 1 ulp; 0 below -708, infinite above 709."""
    held = _LEAST_EXPONENT if x < _LEAST_EXPONENT else x
    held = _MOST_EXPONENT if held > _MOST_EXPONENT else held
    k_bits = fma(held, _ONE_OVER_LN2, _INTEGER)
    k = k_bits - _INTEGER
    r = fma(-k, _LN2_LOW, fma(-k, _LN2_HIGH, held))
    p = fma(fma(fma(_E9, r, _E8), r, _E7), r, _E6)
    p = fma(fma(fma(p, r, _E5), r, _E4), r, _E3)
    p = fma(fma(fma(p, r, _E2), r, _E1), r, _E0)
    p = fma(r * r, p, r) + 1.0
    power = np.int64((np.float64(k_bits).view(np.int64) << 52) + _ONE_BITS).view(np.float64)
    y = p * power
    y = 0.0 if x < _LEAST_EXPONENT else y
    return np.inf if x > _MOST_EXPONENT else y


@_inline
def log_ratio(a: float, b: float) -> Any:
    """ln(a/b), a and b above 1e-300, within 2 ulp also where they are close: by 2 atanh((a - b)/(a + b)).

    A power of two is first put to b, so that the ratio is below 1.51.
    """
    b_bits = np.float64(b).view(np.int64)
    k = (np.float64(a).view(np.int64) - b_bits + _HALF_POWER) >> 52
    near = np.int64(b_bits + (k << 52)).view(np.float64)
    s = (a - near) / (a + near)
    w = s * s
    p = fma(fma(fma(_L6, w, _L5), w, _L4), w, _L3)
    p = fma(fma(fma(p, w, _L2), w, _L1), w, _L0)
    k_float = np.int64(k + _INTEGER_BITS).view(np.float64) - _INTEGER
    y = fma(s * w, p, s + s)
    y = fma(k_float, _LN2_HIGH, fma(k_float, _LN2_LOW, y))
    return fma(0.0, b, y)  # a NaN in b is lost in its bits


@_inline
def mills_pair(a: float, b: float) -> tuple[float, float, float]:
    """M(a), M(b) and (M(a) - M(b))/(b - a) for the Mills ratio M(z) = N(-z)/n(z), -0.125 <= a, b <= 100.

    The first two within 3 ulp, the third within 9, also where a and b are close: for a polynomial (p(b) - p(a))/(b - a)
    is the quotient of Horner's scheme at a, taken at b, which costs no more than p(b) itself. All coefficients are
    above zero, and the denominator z P + T spares the third the cancellation in 1 - z M(z) for large z.
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
    one_over = 1.0 / (q * q_b)
    return p * q_b * one_over, p_b * q * one_over, fma(p, p_b, fma(p, dt, -dp * t)) * one_over


@_inline
def tails(F: float, K: float, s: float, one_over_s: float) -> Any:
    """`tails_at` the moneyness ln(F/K)."""
    return tails_at(F, K, log_ratio(F, K), s, one_over_s)


@_inline
def tails_at(F: float, K: float, x: float, s: float, one_over_s: float) -> Any:
    """Of the option out of the money, undiscounted: value, F n(d1), its two legs, and |d1| and |d2|, the lesser first.

    The nearer leg is min(F, K) N(-z1), the farther max(F, K) N(-z2), z1 = |x|/s - s/2, z2 = |x|/s + s/2, x = ln(F/K).
    """
    h = abs(x) * one_over_s
    z1 = h - 0.5 * s
    z2 = h + 0.5 * s
    z1 = _MOST_Z if z1 > _MOST_Z else z1
    z1 = -_MOST_Z if z1 < -_MOST_Z else z1
    z2 = _MOST_Z if z2 > _MOST_Z else z2
    wide = z1 < _LEAST_Z
    m1, m2, slope = mills_pair(-z1 if wide else z1, z2)
    least = F if F < K else K
    density = least * (_ONE_OVER_ROOT_TWO_PI * exponential(-0.5 * z1 * z1))
    near, far = density * m1, density * m2
    value = least - (near + far) if wide else density * s * slope
    return value, density, least - near if wide else near, far, z1, z2


@_inline
def inverse(s: float) -> float:
    """1/s, finite at zero, where the tails must come out as 0 and not as NaN."""
    return 1.0 / (LEAST_DEVIATION if s < LEAST_DEVIATION else s)


@_inline
def worth(w: float, F: float, K: float, value: float) -> float:
    """The value of a call or a put, undiscounted, from that of the one out of the money."""
    e = 0.5 * (w - (1.0 if F <= K else -1.0))  # 0 out of the money, else w
    most = F if w > 0.0 else K
    value = fma(e, F - K, value)
    return most if value > most else value


@_inline
def one_price(F: float, K: float, T: float, vol: float, D: float, w: float) -> Any:
    """Price as in `black.price`."""
    s = vol * root(T)
    value = tails(F, K, s, inverse(s))[0]
    return D * worth(w, F, K, value)


@_inline
def one_option(F: float, K: float, T: float, vol: float, r: float, S: Any, w: float) -> Any:
    """Price and Greeks as in `black.greeks`; S is None for Greeks of the forward."""
    D = exponential(-r * T)
    root_T = root(T)
    s = vol * root_T
    one_over_s = inverse(s)
    value, density, near, far, z1, z2 = tails(F, K, s, one_over_s)
    up = F <= K
    v = 1.0 if up else -1.0
    e = 0.5 * (w - v)
    value = D * worth(w, F, K, value)
    forward_leg = D * fma(v, near if up else far, e * F)  # w F N(w d1)
    density *= D
    d2 = -z2 if up else z1
    one_over_root_T = vol * one_over_s
    one_over_unit = 1.0 / F if S is None else 1.0 / S
    unit_density = density * one_over_unit
    delta = forward_leg * one_over_unit
    if S is None:
        bleed, rho, drift = r * value, -T * value, r * delta
    else:
        strike_leg = D * fma(v, far if up else near, e * K)
        carried = log_ratio(F, S)  # b T
        q = r - carried * one_over_root_T * one_over_root_T
        bleed, rho = q * forward_leg - r * strike_leg, T * strike_leg
        drift = q * delta - unit_density * carried * one_over_root_T * one_over_root_T * one_over_s
    return (
        value,
        delta,
        unit_density * one_over_s * one_over_unit,
        density * root_T * _PER_POINT,
        (bleed - 0.5 * density * vol * one_over_root_T) * _PER_DAY,
        rho * _PER_POINT + 0.0,
        -unit_density * d2 * (root_T * one_over_s) * _PER_POINT + 0.0,
        density * root_T * z1 * z2 * (root_T * one_over_s) * _PER_POINT**2 + 0.0,
        (drift + 0.5 * unit_density * d2 * one_over_root_T * one_over_root_T) * _PER_DAY + 0.0,
    )


def _element(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _scopes(builder: Any, names: Any) -> Any:
    domain = builder.module.add_metadata(["columns"])
    return builder.module.add_metadata([builder.module.add_metadata([name, domain]) for name in names])


@intrinsic
def _at(_typing: Any, column: Any, i: Any) -> Any:
    """column[i], which the compiler may take to be no element of an output; a scalar or None is itself."""
    if not isinstance(column, types.Array):
        return column(column, i), lambda _context, _builder, _signature, arguments: arguments[0]

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        value = builder.load(_element(context, builder, column, *arguments))
        value.set_metadata("alias.scope", _scopes(builder, ["in"]))
        value.set_metadata("noalias", _scopes(builder, _OUTPUTS))
        return context.data_model_manager[column.dtype].from_data(builder, value)

    return column.dtype(column, types.intp), code


_OUTPUTS = ("0", "1", "2", "3", "4", "5", "6", "7", "8")


@intrinsic(prefer_literal=True)
def _store(_typing: Any, out: Any, k: Any, i: Any, value: Any) -> Any:  # noqa: ARG001 (their types are known)
    """out[k][i] = value, which the compiler may take to be no element of an input or of another output."""
    name = str(k.literal_value)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = builder.extract_value(arguments[0], k.literal_value)
        stored = builder.store(arguments[3], _element(context, builder, signature.args[0].dtype, array, arguments[2]))
        stored.set_metadata("alias.scope", _scopes(builder, [name]))
        stored.set_metadata("noalias", _scopes(builder, ["in", *(each for each in _OUTPUTS if each != name)]))

    return types.void(out, k, types.intp, types.float64), code


@_inline
def is_odd(F: float, K: float, T: float, vol: float, other: float) -> bool:
    """Whether an argument may be out of its domain; beside a NaN it may go unseen."""
    return (F <= 0.0) | (K < 0.0) | (T < 0.0) | (vol < 0.0) | (F + K + T + vol + abs(other) > _MOST)


@_compiled
def prices(F: Any, K: Any, T: Any, vol: Any, D: Any, call: Any, out: Any) -> bool:
    """`out` is filled; whether an option is odd. F, T and D are columns or numbers."""
    odd = False
    for i in range(out.size):
        f, k, t, v, d = _at(F, i), _at(K, i), _at(T, i), _at(vol, i), _at(D, i)
        odd |= is_odd(f, k, t, v, d) | (d <= 0.0)
        _store((out,), 0, i, one_price(f, k, t, v, d, 1.0 if _at(call, i) else -1.0))
    return odd


@_compiled
def greeks(F: Any, K: Any, T: Any, vol: Any, r: Any, S: Any, call: Any, out: Any) -> bool:
    """The nine columns of `out` are filled; whether an option is odd, or next to its limit.

    F, T, r and S are columns or numbers, S or None.
    """
    odd = False
    for i in range(out[0].size):
        f, k, t, v, rate, spot = _at(F, i), _at(K, i), _at(T, i), _at(vol, i), _at(r, i), _at(S, i)
        odd |= is_odd(f, k, t, v, rate) | (t < LEAST_TIME) | (v * root(t) < LEAST_DEVIATION)
        if S is not None:
            odd |= (spot <= 0.0) | (spot > _MOST)
        g = one_option(f, k, t, v, rate, spot, 1.0 if _at(call, i) else -1.0)
        _store(out, 0, i, g[0])
        _store(out, 1, i, g[1])
        _store(out, 2, i, g[2])
        _store(out, 3, i, g[3])
        _store(out, 4, i, g[4])
        _store(out, 5, i, g[5])
        _store(out, 6, i, g[6])
        _store(out, 7, i, g[7])
        _store(out, 8, i, g[8])
    return odd


@_inline
def _deviations(vol: Any, i: int, T: float, shifts: Any, s: Any) -> None:
    """The deviation s of one leg in each scenario; `vol` has one column, or one for each factor of the forward."""
    root_T = root(T)
    if vol.shape[1] == 1:
        for c in range(s.size):
            shifted = vol[i, 0] + shifts[c]
            s[c] = root_T * (0.0 if shifted < 0.0 else shifted)
    else:
        width = s.size // vol.shape[1]
        for j in range(vol.shape[1]):
            for c in range(j * width, (j + 1) * width):
                shifted = vol[i, j] + shifts[c]
                s[c] = root_T * (0.0 if shifted < 0.0 else shifted)


@_inline
def _scenario(w: float, F: float, K: float, x: float, s: float) -> Any:
    return worth(w, F, K, tails_at(F, K, x, s, inverse(s))[0])


@_loop
def _write(w: float, F: float, K: float, held: float, factors: Any, logs: Any, s: Any, row: Any) -> None:
    x = log_ratio(F, K)
    for c in range(factors.size):
        _store((row,), 0, c, held * _scenario(w, F * _at(factors, c), K, x + _at(logs, c), _at(s, c)))


@_loop
def _add(w: float, F: float, K: float, held: float, factors: Any, logs: Any, s: Any, row: Any) -> None:
    x = log_ratio(F, K)
    for c in range(factors.size):
        row[c] += held * _scenario(w, F * factors[c], K, x + logs[c], s[c])


@_compiled
def grid(F: Any, K: Any, T: Any, vol: Any, D: Any, call: Any, factors: Any, logs: Any, shifts: Any, out: Any) -> None:
    """Each leg (rows of `out`) in each scenario (its columns: `factors` of the forward, their `logs`, `shifts`)."""
    s = np.empty(factors.size)
    for i in range(F.size):
        _deviations(vol, i, T[i], shifts, s)
        _write(1.0 if call[i] else -1.0, F[i], K[i], D[i], factors, logs, s, out[i])


@_compiled
def grid_totals(
    F: Any, K: Any, T: Any, vol: Any, D: Any, call: Any, factors: Any, logs: Any, shifts: Any, quantity: Any, out: Any
) -> None:
    """As `grid`, times `quantity`, added to `out` leg by leg."""
    s = np.empty(factors.size)
    for i in range(F.size):
        _deviations(vol, i, T[i], shifts, s)
        _add(1.0 if call[i] else -1.0, F[i], K[i], quantity[i] * D[i], factors, logs, s, out)
