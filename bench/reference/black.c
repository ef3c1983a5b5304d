/* The limit that bench/pricing.py holds the desk's kernels against: the same algorithm (see sidecar/pricing/kernels.py)
 * in C, which gcc turns into vector code. */
#include <math.h>
#include <stdint.h>
#include <string.h>

static const double E[10] = {
    0.5000000000000001, 0.16666666666666669, 0.041666666666624164, 0.008333333333330065,
    0.0013888888917196719, 0.00019841269863040545, 2.4801521322368692e-05, 2.7557268480310024e-06,
    2.7620075879983367e-07, 2.5100375832561234e-08,
};
static const double L[7] = {
    0.6666666666666694, 0.3999999999932531, 0.28571428839454954, 0.22222182368455407,
    0.1818463205996812, 0.15283171992302488, 0.15123307231226327,
};
static const double P[11] = {
    9364973.17089744, 17078102.59669347, 15409141.016501239, 8953619.432097733,
    3694370.5308107645, 1132065.4522066498, 262510.384652392, 46092.69556348656,
    6020.89311314246, 559.8877049710787, 33.61622766002859,
};
static const double M[11] = {
    7472167.50539212, 10223308.30709684, 7109716.726863346, 3227069.5798605313,
    1045405.0043940429, 250804.75849777722, 44982.92020723217, 5953.660656912105,
    557.8877049810789, 33.61622765996564, 1.00000000000017,
};

#define INLINE static inline __attribute__((always_inline))

INLINE double from_bits(int64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
INLINE int64_t to_bits(double x) { int64_t bits; memcpy(&bits, &x, 8); return bits; }

INLINE double exponential(double x) {
    double held = x < -708.0 ? -708.0 : x;
    held = held > 709.0 ? 709.0 : held;
    double k_bits = fma(held, 1.4426950408889634, 6755399441055744.0), k = k_bits - 6755399441055744.0;
    double r = fma(-k, 2.3190468138462996e-17, fma(-k, 0.6931471805599453, held));
    double p = E[9];
#define STEP(i) p = fma(p, r, E[i]);
    STEP(8) STEP(7) STEP(6) STEP(5) STEP(4) STEP(3) STEP(2) STEP(1) STEP(0)
#undef STEP
    double y = (fma(r * r, p, r) + 1.0) * from_bits((to_bits(k_bits) << 52) + 0x3FF0000000000000);
    y = x < -708.0 ? 0.0 : y;
    return x > 709.0 ? INFINITY : y;
}

INLINE double log_ratio(double a, double b) {
    int64_t k = (to_bits(a) - to_bits(b) + (INT64_C(1) << 51)) >> 52;
    double near = from_bits(to_bits(b) + (k << 52)), s = (a - near) / (a + near), w = s * s, p = L[6];
#define STEP(i) p = fma(p, w, L[i]);
    STEP(5) STEP(4) STEP(3) STEP(2) STEP(1) STEP(0)
#undef STEP
    double power = from_bits(k + 0x4338000000000000) - 6755399441055744.0;
    return fma(power, 0.6931471805599453, fma(power, 2.3190468138462996e-17, fma(s * w, p, s + s)));
}

typedef struct { double value, density, near, far, z1, z2; } Tails;

INLINE Tails tails_at(double F, double K, double x, double s, double one_over_s) {
    double h = fabs(x) * one_over_s, z1 = h - 0.5 * s, z2 = h + 0.5 * s;
    z1 = z1 > 100.0 ? 100.0 : z1;
    z1 = z1 < -100.0 ? -100.0 : z1;
    z2 = z2 > 100.0 ? 100.0 : z2;
    int wide = z1 < -0.125;
    double a = wide ? -z1 : z1, b = z2;
    double p = fma(a, a + P[10], P[9]), dp = b + (a + P[10]), t = fma(a, M[10], M[9]), dt = M[10];
#define STEP(i) dp = fma(b, dp, p), p = fma(a, p, P[i]), dt = fma(b, dt, t), t = fma(a, t, M[i]);
    STEP(8) STEP(7) STEP(6) STEP(5) STEP(4) STEP(3) STEP(2) STEP(1) STEP(0)
#undef STEP
    double p_b = fma(b - a, dp, p), t_b = fma(b - a, dt, t), q = fma(a, p, t), q_b = fma(b, p_b, t_b);
    double one_over = 1.0 / (q * q_b), m1 = p * q_b * one_over, m2 = p_b * q * one_over;
    double slope = fma(p, p_b, fma(p, dt, -dp * t)) * one_over, least = F < K ? F : K;
    double density = least * (0.3989422804014327 * exponential(-0.5 * z1 * z1)), near = density * m1, far = density * m2;
    return (Tails){wide ? least - (near + far) : density * s * slope, density, wide ? least - near : near, far, z1, z2};
}

INLINE void option(double F, double K, double T, double vol, double r, double D, double root_T, double w,
                   double *restrict g) {
    double s = vol * root_T, one_over_s = 1.0 / s;
    Tails tail = tails_at(F, K, log_ratio(F, K), s, one_over_s);
    int up = F <= K;
    double v = up ? 1.0 : -1.0, e = 0.5 * (w - v), most = w > 0.0 ? F : K, worth = fma(e, F - K, tail.value);
    double value = D * (worth > most ? most : worth), density = D * tail.density, one_over_F = 1.0 / F;
    double delta = D * fma(v, up ? tail.near : tail.far, e * F) * one_over_F, d2 = up ? -tail.z2 : tail.z1;
    double one_over_root_T = vol * one_over_s, root_T_over_s = root_T * one_over_s;
    g[0] = value;
    g[1] = delta;
    g[2] = density * one_over_s * one_over_F * one_over_F;
    g[3] = density * root_T * 0.01;
    g[4] = (r * value - 0.5 * density * vol * one_over_root_T) * (1.0 / 365);
    g[5] = -T * value * 0.01;
    g[6] = -density * one_over_F * d2 * root_T_over_s * 0.01;
    g[7] = density * root_T * tail.z1 * tail.z2 * root_T_over_s * 0.0001;
    g[8] = (r * delta + density * one_over_F * 0.5 * d2 * one_over_root_T * one_over_root_T) * (1.0 / 365);
}

/* out: `count` rows of n, 6 or 9 */
#define FILL(count, F, T, r, D, root_T)                                                                                \
    _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) {                                                             \
        double g[9];                                                                                                   \
        option(F, K[i], T, vol[i], r, D, root_T, call[i] ? 1.0 : -1.0, g);                                             \
        out[i] = g[0], out[n + i] = g[1], out[2 * n + i] = g[2];                                                       \
        out[3 * n + i] = g[3], out[4 * n + i] = g[4], out[5 * n + i] = g[5];                                           \
        if (count == 9) out[6 * n + i] = g[6], out[7 * n + i] = g[7], out[8 * n + i] = g[8];                           \
    }
#define COLUMN const double *restrict
#define GREEKS(count)                                                                                                  \
    void greeks_##count(int64_t n, COLUMN F, COLUMN K, COLUMN T, COLUMN vol, COLUMN r, const uint8_t *restrict call,   \
                        double *restrict out) {                                                                        \
        FILL(count, F[i], T[i], r[i], exponential(-r[i] * T[i]), sqrt(T[i]))                                           \
    }                                                                                                                  \
    void chain_##count(int64_t n, double F, COLUMN K, double T, COLUMN vol, double r, const uint8_t *restrict call,    \
                       double *restrict out) {                                                                         \
        double D = exponential(-r * T), root_T = sqrt(T);                                                              \
        FILL(count, F, T, r, D, root_T)                                                                                \
    }

GREEKS(6)
GREEKS(9)
