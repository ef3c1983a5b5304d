"""The functions that a question in SQL may call: none reads beyond the tables, none has an effect, none makes much.

Missing on purpose: what builds lists and structures, whose memory DuckDB does not count, and what makes a text many
times as long as those that it is given (``repeat``, ``replace``, ``lpad``): nothing can interrupt such a call.
"""

from __future__ import annotations

_OPERATORS = "+ - * / // % ** ^ & | << >> ~ ~~ !~~ ~~* !~~* ~~~ ^@ -> ->> || ! = <> != < <= > >="
_AGGREGATES = """
any_value approx_count_distinct arg_max arg_min argmax argmin avg bit_and bit_or bit_xor bool_and bool_or corr count
count_if count_star countif covar_pop covar_samp entropy favg first fsum geomean group_concat kurtosis kurtosis_pop last
mad max max_by mean median min min_by mode product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count
regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp string_agg sum
sumkahan var_pop var_samp variance wavg weighted_avg
"""
_WINDOWS = """
cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_NUMBERS = """
abs acos add asin atan atan2 bit_count cbrt ceil ceiling cos cosh cot degrees divide even exp fdiv floor fmod gamma gcd
greatest isfinite isinf isnan lcm least lgamma ln log log10 log2 mod multiply pi pow power radians round round_even sign
signbit sin sinh sqrt subtract tan tanh trunc xor
"""
_TIMES = """
age ago century current_date date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day
dayname dayofmonth dayofweek dayofyear decade epoch epoch_ms epoch_ns epoch_us era get_current_time
get_current_timestamp hour isodow isoyear julian last_day make_date make_time make_timestamp make_timestamp_ms
make_timestamptz microsecond millisecond minute month monthname now quarter second strftime strptime time_bucket
timezone to_days to_hours to_microseconds to_milliseconds to_minutes to_months to_seconds to_timestamp to_weeks to_years
today transaction_timestamp try_strptime week weekday weekofyear year yearweek
"""
_TEXTS = """
ascii char_length character_length chr concat concat_ws contains damerau_levenshtein ends_with hash ilike_escape instr
jaccard jaro_similarity jaro_winkler_similarity lcase left length levenshtein like_escape lower ltrim md5
not_ilike_escape not_like_escape ord position prefix regexp_extract regexp_full_match regexp_matches reverse right rtrim
sha256 split split_part starts_with strip_accents strlen strpos substr substring suffix translate trim ucase unicode
upper
"""
_JSON = """
json json_array_length json_contains json_exists json_extract json_extract_path_text json_extract_string json_type
json_valid json_value
"""
_CHOICES = "coalesce constant_or_null if ifnull nullif typeof"

#: Those that give a value, by their names in small letters.
FUNCTIONS = frozenset(" ".join((_OPERATORS, _AGGREGATES, _WINDOWS, _NUMBERS, _TIMES, _TEXTS, _JSON, _CHOICES)).split())
#: Those that give rows.
TABLE_FUNCTIONS = frozenset({"generate_series", "range", "unnest"})
