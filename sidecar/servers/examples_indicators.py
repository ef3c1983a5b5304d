"""One worked example of indicators asked for and told, for the API's document."""

from __future__ import annotations

from typing import Any

from sidecar.servers.shapes import Maybe

AT = "2025-11-24T06:29:00+00:00"
INDICATORS_ASKED: dict[str, Any] = {"symbol": "NIFTY", "from": "2025-11-24T03:45:00+00:00"}
_NOW: dict[str, Any] = {
    "sma_20": 26_114.2,
    "sma_50": 26_101.7,
    "ema_20": 26_115.9,
    "ema_50": 26_103.3,
    "rsi": 58.4,
    "macd": {"macd_line": 6.1, "signal_line": 5.2, "histogram": 0.9},
    "bollinger_bands": {"upper_band": 26_139.0, "middle_band": 26_114.2, "lower_band": 26_089.4},
    "volume_sma": 4_350.0,
}


def _series(value: Any) -> Any:
    return {name: _series(one) for name, one in value.items()} if isinstance(value, dict) else [value]


INDICATORS: dict[str, Any] = {
    "symbol": Maybe("NIFTY"),
    "simulated": Maybe(True),
    "sources": Maybe(["live"]),
    "timestamps": Maybe([AT]),
    "close": [26_120.0],
    **_series(_NOW),
    "indicators_count": 8,
    "count": 1,
    "warmup": {
        "sma_20": 19,
        "sma_50": 49,
        "ema_20": 19,
        "ema_50": 49,
        "rsi": 14,
        "macd": 33,
        "bollinger_bands": 19,
        "volume_sma": 19,
    },
    "as_of": Maybe("2025-11-24T06:30:00+00:00"),
    "forming": Maybe({"timestamp": "2025-11-24T06:30:20+00:00", "price": 26_121.5, **_NOW}),
}
