"""What a clearing corporation asks for: the numbers of its margin rules for one underlying on one day."""

from __future__ import annotations

from math import isfinite, nan, sqrt

import msgspec

_DAYS_A_YEAR = 365.0


class MarginRules(msgspec.Struct, frozen=True):
    """Rates are fractions of the underlying's price, volatilities a year; the table's sources are in the reference.

    Price scan range: ``price_scan_deviations`` standard deviations of a day, over ``price_scan_days`` (their square
    root), and never less than ``price_scan_floor``. Volatility scan range: ``volatility_scan_share`` of the yearly
    volatility, never less than ``volatility_scan_floor``. ``extreme_move``: how many price scan ranges the two extreme
    scenarios move, ``extreme_cover`` the part of their loss that counts. ``look_ahead_days``: calendar days that pass
    in every scenario. ``short_option_minimum``, ``exposure`` (short options and all futures) and ``exposure_on_expiry``
    (short options on their last day) are of notional, and so is ``exposure_far``: short options out of the money by
    more than ``far`` of the underlying's price. ``calendar_charge`` is of the notional of a spread between expiries.
    ``expiry_apart``: 1 where contracts that expire today offset no others.
    """

    price_scan_floor: float
    price_scan_deviations: float
    price_scan_days: float
    volatility_scan_floor: float
    volatility_scan_share: float
    extreme_move: float
    extreme_cover: float
    look_ahead_days: float
    short_option_minimum: float
    exposure: float
    exposure_on_expiry: float
    exposure_far: float
    far: float
    calendar_charge: float
    expiry_apart: float

    def price_scan(self, volatility: float = nan) -> float:
        """The price scan range as a fraction of the price; the floor where the day's yearly volatility is not known.

        On 2021-01-04 the exchange's volatility was 0.29499 (published as 0.2950) and its range 1836.8 on 14018.50:

        >>> rules = MarginRules(0.093, 6, 2, 0.04, 0.25, 2, 0.35, 2, 0, 0.02, 0.02, 0.03, 0.1, 0.0175, 1)
        >>> round(rules.price_scan(0.295) * 14018.50, 1)
        1836.7
        """
        if not isfinite(volatility):
            return self.price_scan_floor
        day = volatility / sqrt(_DAYS_A_YEAR)
        return max(self.price_scan_floor, self.price_scan_deviations * sqrt(self.price_scan_days) * day)

    def volatility_scan(self, volatility: float = nan) -> float:
        """The volatility scan range, a year; the floor where the volatility is not known."""
        if not isfinite(volatility):
            return self.volatility_scan_floor
        return max(self.volatility_scan_floor, self.volatility_scan_share * volatility)


#: The table's parts, in the order of the struct.
PARTS: tuple[str, ...] = MarginRules.__struct_fields__
