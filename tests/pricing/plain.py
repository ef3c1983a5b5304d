# ruff: noqa: N806
"""A second, plain implementation: one option at a time, `math.erfc`, nothing shared with the product."""

import math


def tail(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def black_scholes_merton(
    w: int, spot: float, strike: float, rate: float, carry_yield: float, time: float, volatility: float
) -> dict[str, float]:
    """Haug 2007 chapters 1 and 2, in his units: per 1.00 of volatility and rate, per year."""
    S, K, r, q, T, v = spot, strike, rate, carry_yield, time, volatility
    b = r - q
    root = math.sqrt(T)
    d1 = (math.log(S / K) + (b + v * v / 2) * T) / (v * root)
    d2 = d1 - v * root
    grow, discount = math.exp((b - r) * T), math.exp(-r * T)
    return {
        "price": w * (S * grow * tail(w * d1) - K * discount * tail(w * d2)),
        "delta": w * grow * tail(w * d1),
        "gamma": density(d1) * grow / (S * v * root),
        "vega": S * grow * density(d1) * root,
        "theta": -S * grow * density(d1) * v / (2 * root)
        - w * (b - r) * S * grow * tail(w * d1)
        - w * r * K * discount * tail(w * d2),
        "rho": w * T * K * discount * tail(w * d2),
        "vanna": -grow * d2 / v * density(d1),
        "volga": S * grow * density(d1) * root * d1 * d2 / v,
        "charm": -grow * (density(d1) * (b / (v * root) - d2 / (2 * T)) + w * (b - r) * tail(w * d1)),
    }


def black_76(w: int, forward: float, strike: float, rate: float, time: float, volatility: float) -> dict[str, float]:
    """With q = r, S is the forward; only theta, rho and charm are then of another kind, and are derived here."""
    greek = black_scholes_merton(w, forward, strike, rate, rate, time, volatility)
    greek["rho"] = -time * greek["price"]
    return greek
