"""One worked example of every analytics body and answer, for the API's document."""

from __future__ import annotations

from typing import Any

from sidecar.servers.shapes import Maybe

AT = "2025-11-24T06:30:00+00:00"
_OF: dict[str, Any] = {
    "seq": 1,
    "timestamp": AT,
    "simulated": True,
    "source": "simulated",
    "currency": "INR",
    "feed_up": True,
    "blind": False,
}
_MARKET: dict[str, Any] = {
    "symbol": "NIFTY",
    "spot_price": 26120.0,
    "forward": 26131.0,
    "expiry": Maybe("2025-11-25"),
    "days_to_expiry": 1.2,
    "atm_iv": 0.11,
    "pcr": 0.9,
    "max_pain": 26100.0,
    "vix": 13.6,
    "condition": "normal",
    "timestamp": Maybe(AT),
    "age_s": 0.1,
    "quality": "live",
}
CHAIN: dict[str, Any] = {
    **_OF,
    "market": _MARKET,
    "contracts": [
        {
            "symbol": "NIFTY-20251125-26150-CE",
            "expiry": Maybe("2025-11-25"),
            "strike": 26150.0,
            "option_type": Maybe("CE"),
            "lot_size": 75,
            "bid": 83.35,
            "ask": 83.45,
            "bid_size": 750.0,
            "ask_size": 600.0,
            "last": 83.4,
            "mark": 83.4,
            "volume": 1250000.0,
            "open_interest": 980000.0,
            "forward": 26131.0,
            "iv": 0.11,
            "delta": 0.47,
            "gamma": 0.0024,
            "vega": 5.97,
            "theta": -34.4,
            "rho": 0.4,
            "vanna": 0.003,
            "volga": 0.02,
            "charm": -0.05,
            "vol_quality": Maybe("quoted"),
            "updated_at": Maybe(AT),
            "age_s": 0.1,
        }
    ],
    "count": 1,
}
_SMILE: dict[str, Any] = {
    "underlying": "NIFTY",
    "expiry": "2025-11-25",
    "years": 0.0033,
    "forward": 26131.0,
    "forward_error": 0.4,
    "rate": 0.065,
    "a": 1e-05,
    "b": 0.0009,
    "rho": -0.3,
    "m": 0.002,
    "sigma": 0.01,
    "atm_iv": 0.11,
    "skew_25": 0.012,
    "rmse": 0.0007,
    "inside": 0.94,
    "quotes_fitted": 60,
    "quality": "good",
}
SURFACE: dict[str, Any] = {
    **_OF,
    "market": _MARKET,
    "expiries": [
        {
            **_SMILE,
            "term_slope": -3.3,
            "quotes": [{"strike": 26150.0, "bid_iv": 0.1098, "iv": 0.11, "ask_iv": 0.1102, "fitted_iv": 0.1101}],
        }
    ],
    "grid": {"log_moneyness": [[-0.025, 0.0, 0.025]], "years": [0.0033], "volatility": [[0.121, 0.11, 0.113]]},
    "arbitrage": {"butterfly": 0, "calendar": 0},
}
GREEKS: dict[str, Any] = {
    **_OF,
    "fund_id": "*",
    "lines": [
        {
            "by": "underlying",
            "key": "NIFTY",
            "underlying": "NIFTY",
            "delta": 33.1,
            "gamma": 0.09,
            "vega": 412.0,
            "theta": -1520.0,
            "rho": 1.0,
            "delta_cash": 864572.0,
            "gamma_cash": 614029.0,
            "gamma_pnl": 3070.1,
            "legs": 1,
            "quality": "live",
        }
    ],
    "count": 1,
}
SCENARIOS_ASKED: dict[str, Any] = {
    "spots": [-0.05, 0.0, 0.05],
    "vols": [-0.02, 0.0, 0.02],
    "days": [0.0, 1.0],
    "sticky": "strike",
    "extra": [{"symbol": "NIFTY-20251125-26150-CE", "quantity": -75}],
}
SCENARIOS: dict[str, Any] = {
    **_OF,
    "spots": [-0.05, 0.0],
    "vols": [0.0],
    "days": [0.0],
    "sticky": "strike",
    "total": [[[-6200.0], [0.0]]],
    "legs": [
        {
            "symbol": "NIFTY-20251125-26150-CE",
            "quantity": 75,
            "mark": 83.4,
            "iv": 0.11,
            "vol_quality": Maybe("quoted"),
            "age_s": 0.1,
        }
    ],
    "worst": {"loss": 6200.0, "case": "spot -5 %, volatility +0 points"},
    "payoff": {
        "spots": [-0.05, 0.0011, 0.05],
        "now": [-6200.0, 350.0, 91000.0],
        "expiry": [-6255.0, -6255.0, 89400.0],
        "days": 1.2,
        "breakevens": [0.0043],
    },
    "stresses": [
        {
            "name": "2024-06-04",
            "label": "Election day 2024",
            "spot": -0.0593,
            "days": 1.0,
            "pnl": -6240.0,
            "source": "NIFTY close 23,263.90 to 21,884.50",
            "note": "",
        }
    ],
}
EXPLAIN: dict[str, Any] = {
    **_OF,
    "day": "2025-11-24",
    "lines": [
        {
            "id": "main/demo/NIFTY-20251125-26150-CE",
            "symbol": "NIFTY-20251125-26150-CE",
            "underlying": "NIFTY",
            "strategy": "demo",
            "fund_id": "main",
            "theta": -310.0,
            "delta": 520.0,
            "gamma": 41.0,
            "vega": -12.0,
            "vanna": 0.4,
            "volga": 0.1,
            "trades": 9.5,
            "fees": -20.06,
            "unexplained": 0.81,
            "total": 228.75,
            "unpriced": 0.0,
        }
    ],
    "count": 1,
}
