/* The limit that bench/pricing.py holds the scenario grid against: what black.c does for one option, with all that the
 * scenarios of a leg, or the legs in a scenario, share taken out of the inner loop. */
#include "black.c"

/* factors, logs and shifts: one for each of the m scenarios; vol: one a leg; s: m numbers of working room */
#define SCENARIOS(write)                                                                                               \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
        double root_T = sqrt(T[i]), x = log_ratio(F[i], K[i]), w = call[i] ? 1.0 : -1.0;                               \
        for (int64_t c = 0; c < m; c++) {                                                                              \
            double shifted = vol[i] + shifts[c];                                                                       \
            s[c] = root_T * (shifted < 0.0 ? 0.0 : shifted);                                                           \
        }                                                                                                              \
        _Pragma("GCC ivdep") for (int64_t c = 0; c < m; c++) {                                                         \
            double forward = F[i] * factors[c], one_over_s = 1.0 / (s[c] < 1e-305 ? 1e-305 : s[c]);                    \
            Tails tail = tails_at(forward, K[i], x + logs[c], s[c], one_over_s);                                       \
            double e = 0.5 * (w - (forward <= K[i] ? 1.0 : -1.0)), most = w > 0.0 ? forward : K[i];                    \
            double worth = fma(e, forward - K[i], tail.value);                                                         \
            worth = worth > most ? most : worth;                                                                       \
            write;                                                                                                     \
        }                                                                                                              \
    }

void grid(int64_t n, int64_t m, COLUMN F, COLUMN K, COLUMN T, COLUMN vol, COLUMN D, const uint8_t *restrict call,
          COLUMN factors, COLUMN logs, COLUMN shifts, double *restrict s, double *restrict out) {
    SCENARIOS(out[i * m + c] = D[i] * worth)
}

void totals(int64_t n, int64_t m, COLUMN F, COLUMN K, COLUMN T, COLUMN vol, COLUMN D, const uint8_t *restrict call,
            COLUMN factors, COLUMN logs, COLUMN shifts, COLUMN quantity, double *restrict s, double *restrict out) {
    SCENARIOS(out[c] += quantity[i] * D[i] * worth)
}
