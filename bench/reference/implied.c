/* Implied volatility, the algorithm of sidecar/pricing/implied_kernel.py in C: the yardstick of `python -m bench.implied`.

   Loops over restrict pointers that gcc turns into vector code by itself. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 256
#define SIXTH (1.0 / 6.0)
#define ONE_OVER_ROOT_TWO_PI 0.3989422804014327
#define LN2 0.6931471805599453
#define LN2_LOW 2.3190468138462996e-17
#define TWO_PI 6.283185307179586
#define INTEGER 6755399441055744.0
#define INTEGER_BITS 0x4338000000000000LL
#define ROOT_HALF_BITS 0x3FE6A09E667F3BCDLL
#define fma __builtin_fma

typedef double *restrict out;
typedef const double *restrict in;
typedef struct { double tails, one_over_s; } rough;
typedef struct { double newton, second, third; } terms;

static inline int64_t bits(double x) { int64_t y; memcpy(&y, &x, 8); return y; }
static inline double number(int64_t x) { double y; memcpy(&y, &x, 8); return y; }

static inline double rough_logarithm(double y)
{
    int64_t b = bits(y), k = (b - ROOT_HALF_BITS) >> 52;
    double f = number(b - (k << 52)) - 1.0, k_float = number(k + INTEGER_BITS) - INTEGER;
    double p = fma(fma(0.08016461756849357, f, -0.14885623895806993), f, 0.15511923118162452);
    p = fma(fma(fma(p, f, -0.16521165491208004), f, 0.198889297068052), f, -0.2500192690149296);
    p = fma(fma(fma(p, f, 0.3333642897469118), f, -0.5000000894862852), f, 0.9999998655753523);
    return fma(k_float, LN2, p * f);
}

static inline double log_ratio(double a, double b)
{
    int64_t b_bits = bits(b), k = (bits(a) - b_bits + (1LL << 51)) >> 52;
    double near = number(b_bits + (k << 52)), s = (a - near) / (a + near), w = s * s;
    double p = fma(fma(fma(0.15123307231226327, w, 0.15283171992302488), w, 0.1818463205996812), w, 0.22222182368455407);
    p = fma(fma(fma(p, w, 0.28571428839454954), w, 0.3999999999932531), w, 0.6666666666666694);
    double k_float = number(k + INTEGER_BITS) - INTEGER, y = fma(s * w, p, s + s);
    return fma(0.0, b, fma(k_float, LN2, fma(k_float, LN2_LOW, y)));
}

static inline double tails_of(double a, double b, double s, int beyond)
{
    static const double P[12] = {16295106.411915457, 28575700.147998884, 24857284.2715335, 13924109.975747416, 5530975.325535594,
        1627811.5919074554, 361359.5714266722, 60483.72218556798, 7489.885654587423, 655.4276128065454,
        36.655137751537836, 1.0};
    static const double T[11] = {13001613.82270712, 16878790.484964143, 11225676.440078352, 4880432.509143885, 1513324.965528252,
        346746.3288903061, 59182.867664058555, 7416.575363486866, 653.4276130352899, 36.655137749573726,
        1.000000000007389};
    double p = P[11], dp = 0.0, t = T[10], dt = 0.0;
#pragma GCC unroll 16
    for (int i = 10; i >= 0; i--) { dp = fma(b, dp, p); p = fma(a, p, P[i]); }
#pragma GCC unroll 16
    for (int i = 9; i >= 0; i--) { dt = fma(b, dt, t); t = fma(a, t, T[i]); }
    double p_b = fma(b - a, dp, p), t_b = fma(b - a, dt, t), q = fma(a, p, t), q_b = fma(b, p_b, t_b);
    double less = s * fma(p, p_b, fma(p, dt, -dp * t)), sum = fma(p, q_b, p_b * q);
    return (beyond ? -sum : less) / (q * q_b);
}

static inline rough rough_tails(double x, double s, int beyond)
{
    static const double E[6] = {2.239905821438309, 2.5422756722660984, 1.5978942076921658, 0.499383402921423,
        0.04577902369866504, -0.004808867468971723};
    static const double O[5] = {2.5640792818749882, 2.1778085092816797, 0.9867648343498265, 0.19581017240988738,
        -0.004032417861249983};
    double half_square = 0.5 * s * s;
    double near = fma(5.75, s, beyond ? half_square - x : x - half_square), far = fma(5.75, s, x + half_square);
    double one_over = 1.0 / (near * far * s), s_over = s * s * one_over, r = far * s_over, r2 = near * s_over;
    double v = fma(10.0, r, -1.0), v2 = fma(10.0, r2, -1.0), w = v * v, w2 = v2 * v2;
    double e = E[5], de = 0.0, o = O[4], d_o = 0.0;
#pragma GCC unroll 16
    for (int i = 4; i >= 0; i--) { de = fma(w2, de, e); e = fma(w, e, E[i]); }
#pragma GCC unroll 16
    for (int i = 3; i >= 0; i--) { d_o = fma(w2, d_o, o); o = fma(w, o, O[i]); }
    double g = fma(v, o, e), d = fma(v + v2, fma(v2, d_o, de), o);
    double less = (beyond ? 2.0 * x : s * s) * s_over * fma(10.0 * r2, d, g);
    return (rough){beyond ? fma(-2.0 * r, g, less) : less, near * far * one_over};
}

static inline terms orders(double error, double tails, double s, double one_over_s, double h, double B)
{
    double newton = -error * tails * one_over_s, bend = fma(B, B, fma(-3.0 * h, h, -0.25 * s * s));
    double third = fma(newton, fma(newton, bend, 3.0 * B * error), 2.0 * error * error);
    return (terms){newton, fma(newton, B, error), third};
}

static inline double first_guess(double x, double m, double value, double ratio, int beyond)
{
    double over = x * ratio, L = rough_logarithm(beyond ? ratio : 1.0 + over);
    L = beyond ? 2.0 * L : L;
    int tiny = over < 1e-5;
    double top = tiny ? 1.0 + 0.5 * over : over, low = beyond ? 1.0 : ratio * (tiny ? 1.0 : L);
    double X = fma(m, x, 2.0 * value), whole = fma(6.0, m, X), one_over = 1.0 / ((L + 3.0) * whole * low);
    double p = L * whole * low * one_over, q = X * (L + 3.0) * low * one_over, scale = top * (L + 3.0) * whole * one_over;
    scale = beyond ? L + 2.0 * x : scale * scale * fma(0.5, L, TWO_PI);
#define OF(far, near) (beyond ? (far) : (near))
    double a = fma(fma(OF(2.46020148, 9.34466975), q, OF(0.328553381, -0.714352138)), q, OF(0.0454840398, 1.02813606));
    double b = fma(fma(OF(-17.4601096, -51.7669465), q, OF(-2.8097886, -1.47287696)), q, OF(4.00939646, -0.963034652));
    double c = fma(fma(OF(60.0339772, 123.52888), q, OF(-6.82364385, -10.4606914)), q, OF(0.0801024271, 3.05209904));
    double d = fma(fma(OF(-69.4796132, -139.883498), q, OF(-8.89904137, 32.0866771)), q, OF(6.27649344, -5.10100854));
    double e = fma(fma(OF(19.0651104, 58.5473449), q, OF(23.2570686, -19.264112)), q, OF(-7.55556778, 2.9855576));
    return sqrt(scale * fma(fma(fma(fma(e, p, d), p, c), p, b), p, a));
}

static void prepare(int n, in P, in F, in K, in D, const uint8_t *restrict call, out x, out m, out value)
{
    for (int i = 0; i < n; i++) {
        double gain = call[i] ? F[i] - K[i] : K[i] - F[i];
        x[i] = fabs(log_ratio(F[i], K[i]));
        m[i] = F[i] < K[i] ? F[i] : K[i];
        value[i] = P[i] / D[i] - (gain > 0.0 ? gain : 0.0);
    }
}

static void guess(int n, in x, in m, in value, out ratio, out s)
{
    for (int i = 0; i < n; i++) {
        int beyond = fma(-0.22, m[i], value[i]) * (x[i] + 1.0) > 0.39 * x[i] * m[i];
        double size = m[i] / (beyond ? m[i] - value[i] : value[i]);
        s[i] = first_guess(x[i], m[i], value[i], size, beyond);
        ratio[i] = beyond ? -size : size;
    }
}

static void first_step(int n, in x, in ratio, out s)
{
    for (int i = 0; i < n; i++) {
        rough r = rough_tails(x[i], s[i], ratio[i] < 0.0);
        double h = x[i] * r.one_over_s, z1 = fma(-0.5, s[i], h), z2 = fma(0.5, s[i], h);
        double error = fma(-0.5 * z1, z1, rough_logarithm(r.tails * ratio[i] * ONE_OVER_ROOT_TWO_PI));
        terms t = orders(error, r.tails, s[i], r.one_over_s, h, z1 * z2);
        s[i] = fma(s[i], t.newton * fma(0.5, t.second, 1.0) / (1.0 + t.second + t.third * SIXTH), s[i]);
    }
}

static void second_step(int n, in x, in m, in value, in ratio, out s, out step)
{
    for (int i = 0; i < n; i++) {
        int beyond = ratio[i] < 0.0;
        double one_over_s = 1.0 / s[i], h = x[i] * one_over_s, z1 = fma(-0.5, s[i], h), z2 = fma(0.5, s[i], h);
        double tails = tails_of(beyond ? -z1 : z1, z2, s[i], beyond), rest = beyond ? m[i] - value[i] : value[i];
        double error = fma(-0.5 * z1, z1, log_ratio(fabs(tails) * m[i] * ONE_OVER_ROOT_TWO_PI, rest));
        terms t = orders(error, tails, s[i], one_over_s, h, z1 * z2);
        double series = fma(-SIXTH, t.third, fma(0.5 * t.second, t.second, fma(-0.5, t.second, 1.0)));
        s[i] = fma(s[i], t.newton * series, s[i]);
        step[i] = fabs(t.newton) > fabs(t.second) ? fabs(t.newton) : fabs(t.second);
    }
}

static int finish(int n, in P, in F, in K, in T, in D, const uint8_t *restrict call, in value, in s, in step,
    out volatility, int8_t *restrict reason)
{
    double codes[BLOCK];
    int unsolved = 0;
    for (int i = 0; i < n; i++) {
        double total = P[i] + F[i] + K[i] + T[i] + D[i], gain = call[i] ? F[i] - K[i] : K[i] - F[i];
        double least = F[i] < K[i] ? F[i] : K[i], most = F[i] < K[i] ? K[i] : F[i];
        double noise = gain > 0.0 ? 8.881784197001252e-16 * (value[i] + gain) : 0.0;
        noise = noise > 0.0 ? noise : 0.0;
        double code = step[i] <= 1e-3 ? 0.0 : 7.0;
        code = value[i] >= 1e-290 ? code : 7.0;
        code = least >= 1e-100 ? code : 7.0;
        code = most <= 1e100 ? code : 7.0;
        code = value[i] >= least ? 6.0 : code;
        code = value[i] <= noise ? 5.0 : code;
        code = value[i] < -noise ? 4.0 : code;
        code = T[i] == 0.0 ? 3.0 : code;
        code = F[i] <= 0.0 ? 2.0 : code;
        code = D[i] <= 0.0 ? 2.0 : code;
        code = K[i] < 0.0 ? 2.0 : code;
        code = T[i] < 0.0 ? 2.0 : code;
        code = total - total == 0.0 ? code : 1.0;
        volatility[i] = s[i] / sqrt(T[i]);
        codes[i] = code;
    }
    for (int i = 0; i < n; i++) volatility[i] = codes[i] == 0.0 ? volatility[i] : NAN; /* apart, or gcc would branch */
    for (int i = 0; i < n; i++) reason[i] = (int8_t)(int)codes[i];
    for (int i = 0; i < n; i++) unsolved += reason[i] == 7;
    return unsolved;
}

int64_t implied(int64_t n, in price, in forward, in strike, in time, in discount, const uint8_t *restrict call,
    out volatility, int8_t *restrict reason)
{
    double x[BLOCK], m[BLOCK], value[BLOCK], ratio[BLOCK], s[BLOCK], step[BLOCK];
    int64_t unsolved = 0;
    for (int64_t i = 0; i < n; i += BLOCK) {
        int c = n - i < BLOCK ? (int)(n - i) : BLOCK;
        prepare(c, price + i, forward + i, strike + i, discount + i, call + i, x, m, value);
        guess(c, x, m, value, ratio, s);
        first_step(c, x, ratio, s);
        second_step(c, x, m, value, ratio, s, step);
        unsolved += finish(c, price + i, forward + i, strike + i, time + i, discount + i, call + i, value, s, step,
            volatility + i, reason + i);
    }
    return unsolved;
}
