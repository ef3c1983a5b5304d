"""The exchange's own sixteen SPAN values against ours, contract by contract.

    python -m bench.span

The sample beside the checkout holds, for three days, the arrays that NSE Clearing published before the open. It does
not hold the spot, the rate and the unrounded volatility that they were made with. These three numbers a day are fitted
on every second contract, and all contracts are then compared: the fitted half and the half that the fit never saw.
Three tables: what was fitted, the errors by scenario, and the errors by moneyness.

What the arrays do not hold is not compared here: short-option minimum, exposure margin and calendar spread charge are
rates that the exchange applies to a whole book after the scan.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from sidecar.risk.legs import Floats, Legs
from sidecar.risk.margin_units import SCENARIOS, composite_delta, scenario_losses

SAMPLE = (
    Path(__file__).resolve().parents[2]
    / "shared/data/reference/nifty_minute_option_bars_with_span_arrays_sample.parquet"
)
COLUMNS = [f"span_s{number}" for number in range(1, SCENARIOS + 1)]
MOVE, COVER, LOOK_AHEAD = 2.0, 0.35, 2.0
#: By how much of the spot the strike lies out of the money, logarithms; below 0 it is in the money.
EDGES = (-np.inf, -0.1, -0.03, 0.0, 0.03, 0.1, np.inf)
PAISA = 0.01


def contracts(path: Path) -> pd.DataFrame:
    """One row a contract and day, in a fixed order, with every day's contracts numbered in ``number``."""
    rows = pd.read_parquet(path)
    keys = ["trade_date", "actual_expiry_date", "option_type", "strike"]
    found = rows[rows["span_join_status"] == "matched"].drop_duplicates(keys).sort_values(keys)
    return found.assign(number=found.groupby("trade_date").cumcount()).reset_index(drop=True)


def legs_of(day: pd.DataFrame, spot: float, rate: float, volatility: float) -> Legs:
    """The day's contracts as the exchange values them: calendar days to the expiry, both ends counted."""
    days = [(expiry - on).days + 1 for expiry, on in zip(day["actual_expiry_date"], day["trade_date"], strict=True)]
    time, n = np.array(days) / 365.0, len(day)
    return Legs(
        symbol=tuple(str(row) for row in range(n)),
        underlying=("NIFTY",) * n,
        option=np.ones(n, dtype=np.bool_),
        call=(day["option_type"] == "CALL").to_numpy(),
        quantity=np.ones(n),
        mark=day["span_price"].to_numpy(),
        spot=np.full(n, spot),
        forward=spot * np.exp(rate * time),
        strike=np.array(day["strike"], dtype=np.float64),
        time=time,
        volatility=np.full(n, volatility),
        rate=np.full(n, rate),
    )


def ours(day: pd.DataFrame, spot: float, rate: float, volatility: float) -> Floats:
    """Our sixteen losses of each contract of a day, (n, 16)."""
    legs, n = legs_of(day, spot, rate, volatility), len(day)
    return scenario_losses(
        legs,
        np.full(n, spot),
        day["span_price_scan_range"].to_numpy() / spot,
        day["span_vol_scan_range"].to_numpy(),
        np.full(n, MOVE),
        np.full(n, COVER),
        np.full(n, LOOK_AHEAD),
    )


def fitted(day: pd.DataFrame) -> tuple[float, float, float]:
    """Spot, rate and volatility of a day, from its contracts of even number and what is not capped there."""
    half = day[day["number"] % 2 == 0]
    theirs = half[COLUMNS].to_numpy()
    free = theirs < half[["span_price"]].to_numpy()
    published = float(half["span_implied_vol"].iloc[0])

    def errors(x: Any, /) -> Any:
        return (ours(half, *x) - theirs)[free]

    start = [float(half["span_price_scan_range"].iloc[0]) / 0.1, 0.05, published]
    found = least_squares(errors, start, x_scale=[100.0, 0.01, 0.01], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    return round(float(found.x[0]), 2), round(float(found.x[1]), 4), float(found.x[2])


def compared(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Per contract and scenario: theirs, ours and whether the fit saw it; and one row a day of what was fitted."""
    parts, days = [], []
    for on, day in rows.groupby("trade_date"):
        spot, rate, volatility = fitted(day)
        legs = legs_of(day, spot, rate, volatility)
        scan = day["span_price_scan_range"].to_numpy() / spot
        delta = np.abs(composite_delta(legs, scan) - day["span_composite_delta"].to_numpy()).max()
        named = {"day": str(on), "spot": spot, "rate": rate, "volatility": volatility, "delta": delta}
        days.append({**named, "published": float(day["span_implied_vol"].iloc[0]), "range": float(scan[0])})
        theirs, values = day[COLUMNS].to_numpy(), ours(day, spot, rate, volatility)
        out = np.where(legs.call, 1.0, -1.0) * np.log(legs.strike / spot)
        names = [f"{strike:g} {'call' if call else 'put'}" for strike, call in zip(legs.strike, legs.call, strict=True)]
        each = {
            "contract": np.repeat(names, SCENARIOS),
            "day": str(on),
            "out": np.repeat(out, SCENARIOS),
            "delta": np.repeat(np.abs(composite_delta(legs, scan) - day["span_composite_delta"].to_numpy()), SCENARIOS),
            "scenario": np.tile(np.arange(1, SCENARIOS + 1), len(day)),
            "theirs": theirs.ravel(),
            "ours": values.ravel(),
            "seen": np.repeat((day["number"] % 2 == 0).to_numpy(), SCENARIOS),
            "capped": (theirs >= day[["span_price"]].to_numpy()).ravel(),
        }
        parts.append(pd.DataFrame(each))
    return pd.concat(parts, ignore_index=True), pd.DataFrame(days)


def tables(path: Path) -> str:
    """Three Markdown tables: what was fitted for each day, and the errors of each scenario and of each moneyness."""
    rows = contracts(path)
    errors, days = compared(rows)
    errors["absolute"] = (errors["ours"] - errors["theirs"]).abs()
    # Relative to a point at least: an error of a rounded paisa on a loss of two paise says nothing.
    errors["relative"] = errors["absolute"] / errors["theirs"].abs().clip(lower=1.0)
    lines = ["| day | spot | rate | volatility | published | price scan range | worst composite delta |"]
    lines.append("| --- " + "| ---: " * 6 + "|")
    lines += [
        f"| {day.day} | {day.spot:.2f} | {day.rate:.4f} | {day.volatility:.6f} | {day.published:.4f} "
        f"| {day.range:.5f} | {day.delta:.6f} |"
        for day in days.itertuples()
    ]
    lines += ["", "| scenario | values | capped | worst, fitted half | worst, other half | where | worst relative |"]
    lines[-1] += " within 0.01 | within 1 % |"
    lines.append("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |")
    parts = [*errors.groupby("scenario"), ("all", errors)]
    lines += [f"| {name} | {len(part)} | {int(part['capped'].sum())} | {_halves(part)}" for name, part in parts]
    lines += ["", "| out of the money | values | worst, fitted half | worst, other half | where | worst relative |"]
    lines[-1] += " within 0.01 | within 1 % | composite delta |"
    lines.append("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    for low, high in pairwise(EDGES):
        part = errors[(errors["out"] >= low) & (errors["out"] < high)]
        if len(part):
            lines.append(f"| {_edge(low, high)} | {len(part)} | {_halves(part)} {part['delta'].max():.6f} |")
    return "\n".join(lines)


def _halves(part: pd.DataFrame) -> str:
    worst = part.iloc[int(part["absolute"].to_numpy().argmax())]
    seen, unseen = part[part["seen"]]["absolute"].max(), part[~part["seen"]]["absolute"].max()
    return (
        f"{seen:.4f} | {unseen:.4f} | {worst['day']} {worst['contract']} | {part['relative'].max():.1e} "
        f"| {(part['absolute'] <= PAISA).mean():.2%} | {(part['relative'] <= 0.01).mean():.2%} |"
    )


def _edge(low: float, high: float) -> str:
    if np.isinf(low):
        return f"below {high:+.0%}"
    return f"from {low:+.0%}" if np.isinf(high) else f"{low:+.0%} to {high:+.0%}"


def main() -> int:
    """Print the tables, or say where the sample is missing."""
    if not SAMPLE.is_file():
        print(f"the sample is not beside this checkout ({SAMPLE.name})", file=sys.stderr)
        return 1
    print(tables(SAMPLE))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
