"""Tail risk on real days it had not seen: how often losses passed the VaR, and whether that is what it promised.

    python -m bench.tail [folder]

``folder`` holds the market data (``../shared/data`` beside the checkout by default). Each day's VaR and ES use the 500
moves before it; the next day's P&L decides. Books of index options are Black-76 at the volatility index, with 30 days
to run, on the day and on the next: they test the moves and the revaluation, not the smile. The NIFTY option books are
real contracts at the exchange's settlement prices on both days; no volatility index reaches 500 days before them, so
only the model's moves can be tried. A day before a hole of more than five days (2001-09-10) is left out.

Of every twenty verdicts on a right model one says that it fails; the p-values of 99 % rest on a handful of exceptions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np
import pandas as pd

from bench.loop import Row, table
from sidecar.pricing.curve import forward_by_parity_from_marks
from sidecar.pricing.implied import implied_volatility
from sidecar.risk.coverage import christoffersen, exceptions, kupiec, shortfall
from sidecar.risk.legs import Floats, Legs
from sidecar.risk.shocks import LONGEST_GAP, WARM_UP, Shocks, filtered, historical, implied
from sidecar.risk.tail import expected_shortfall, measure, unit_vectors, value_at_risk

WINDOW = 500
RATE = 0.068
HEADS = (
    "market", "book", "method", "days", "95 %: seen / due", "Kupiec p", "Christoffersen p",
    "99 %: seen / due", "Kupiec p", "Christoffersen p", "Z₂ of ES 97.5 (5 %: below)", "fails at 5 %",
)  # fmt: skip
FUTURES = {"long": (1.0,), "short": (-1.0,)}
#: Quantities of a future, then of at-the-money call and put, 5 % out-of-the-money put and call, 8 % put and call.
OPTIONS = {
    "long index": (1, 0, 0, 0, 0, 0, 0),
    "long call": (0, 1, 0, 0, 0, 0, 0),
    "short straddle": (0, -1, -1, 0, 0, 0, 0),
    "long straddle": (0, 1, 1, 0, 0, 0, 0),
    "short strangle": (0, 0, 0, -1, -1, 0, 0),
    "iron condor": (0, 0, 0, -1, -1, 1, 1),
}
STRIKES = (1.0, 1.0, 1.0, 0.95, 1.05, 0.92, 1.08)
CALLS = (False, True, False, False, True, False, True)


class Market(NamedTuple):
    """Closes by day, and the volatility index where there is one."""

    name: str
    days: np.ndarray
    close: Floats
    vix: Floats | None


class Record(NamedTuple):
    """One book's losses and the forecasts for them, by day."""

    loss: Floats
    var_95: Floats
    var_99: Floats
    var_975: Floats
    es_975: Floats


def index_legs(spot: float, vix: float) -> Legs:
    """The unit contracts of the books: a future, or with a volatility index the seven of ``OPTIONS``."""
    n = 1 if np.isnan(vix) else len(STRIKES)
    option, call = np.arange(n) > 0, np.array(CALLS[:n])
    same = np.full(n, spot)
    years, none = np.full(n, 30 / 365), np.zeros(n)
    strike = spot * np.array(STRIKES[:n])
    return Legs(("",) * n, ("X",) * n, option, call, none, none, same, same, strike, years, np.full(n, vix), none)


def one_move(log_return: float, change: float) -> Shocks:
    """What really happened, as the only move."""
    return Shocks(("X",), np.array([[log_return]]), np.array([[change]]), "historical")


def judged(losses: list[Floats], forecasts: list[Floats]) -> list[Record]:
    """By book: ``losses`` are (books,) a day, ``forecasts`` (books, moves) a day."""
    numbers = [
        [
            value_at_risk(each, 0.95),
            value_at_risk(each, 0.99),
            value_at_risk(each, 0.975),
            expected_shortfall(each, 0.975),
        ]
        for each in forecasts
    ]
    return [Record(*each) for each in zip(np.array(losses).T, *np.array(numbers).transpose(1, 2, 0), strict=True)]


def backtest(market: Market, method: str, books: Floats) -> list[Record]:
    """Every day with a whole window before it."""
    losses, forecasts = [], []
    extra = WARM_UP if method == "filtered" else 0
    for day in range(WINDOW + WARM_UP, len(market.days) - 1):
        gap = int((market.days[day + 1] - market.days[day]).astype(int))
        if gap > LONGEST_GAP:
            continue
        vix = market.vix[day] / 100 if market.vix is not None else np.nan
        past = slice(day - WINDOW - extra, day + 1)
        given = {"X": market.vix[past]} if market.vix is not None else {}
        if method == "implied":
            shocks: Shocks | None = implied({"X": vix}, moves=WINDOW)
        else:
            build = historical if method == "historical" else filtered
            shocks = build(market.days[past], {"X": market.close[past]}, given)
        assert shocks is not None
        legs = index_legs(market.close[day], vix)
        change = market.vix[day + 1] / market.vix[day] - 1 if market.vix is not None else np.nan
        happened = one_move(float(np.log(market.close[day + 1] / market.close[day])), float(change))
        losses.append(-books @ unit_vectors(legs, happened, days=gap)[:, 0])
        forecasts.append(-books @ unit_vectors(legs, shocks, days=gap))
    return judged(losses, forecasts)


def line(market: str, book: str, method: str, record: Record) -> Row:
    n = len(record.loss)
    cells, failed = [], []
    for name, var, rate in (("95", record.var_95, 0.05), ("99", record.var_99, 0.01)):
        hits = exceptions(record.loss, var)
        count, when = kupiec(hits, rate).p_value, christoffersen(hits).p_value
        cells += [f"{hits.sum()} / {n * rate:.1f}", f"{count:.3f}", f"{when:.3f}"]
        if count < 0.05:
            failed.append(f"{name} {'too many' if hits.sum() > n * rate else 'too few'}")
        if when < 0.05:
            failed.append(f"{name} clustered")
    statistic, bound = shortfall(record.loss, record.var_975, record.es_975, 0.975), -0.70 * (250 / n) ** 0.5
    if statistic < bound:
        failed.append("ES too low")
    return market, book, method, f"{n:,}", *cells, f"{statistic:+.2f} ({bound:.2f})", ", ".join(failed) or "passes"


def markets(folder: Path) -> Iterator[Market]:
    bars = folder / "bars"
    daily = pd.read_csv(bars / "arch_sp500_daily.csv.gz")
    spx = pd.Series(daily["Close"].to_numpy(float), index=pd.to_datetime(daily["Date"], format="%m/%d/%Y"))
    yield market("S&P 500 1999-2018", spx)
    quarters = pd.read_csv(bars / "BANKNIFTY_15min_2018_2023.csv.gz")
    days = pd.to_datetime(quarters["Time"], unit="s").dt.normalize()  # the session is one UTC day
    yield market("BANKNIFTY 2018-2023", quarters.groupby(days)["Close"].last())
    index = pd.read_csv(bars / "arch_vix_daily.csv.gz", skipinitialspace=True)
    index.columns = index.columns.str.strip()
    vix = pd.to_numeric(index["vix"], errors="coerce").set_axis(pd.to_datetime(index["Date"], format="%m/%d/%Y"))
    yield market("S&P 500 and VIX 2014-2018", spx, vix)


def market(name: str, close: pd.Series[float], vix: pd.Series[float] | None = None) -> Market:
    both = close.to_frame("close") if vix is None else pd.concat([close, vix], axis=1, keys=["close", "vix"], sort=True)
    both = both.dropna()
    days = both.index.to_numpy().astype("datetime64[D]")
    return Market(name, days, both["close"].to_numpy(), None if vix is None else both["vix"].to_numpy())


def settled(folder: Path) -> tuple[dict[str, pd.DataFrame], pd.Series[float]]:
    """NIFTY's settlement prices by day, each (expiry, strike) x right, and the index's closes."""
    with ZipFile(folder / "eod" / "nifty_options_eod_2024-01_2024-04.zip") as archive:
        frames = {name[:10]: pd.read_csv(archive.open(name)) for name in sorted(archive.namelist())}
    spot = pd.read_csv(folder / "eod" / "nifty_spot_daily_yf_2024-01_2024-05.csv", skiprows=3, header=None)
    chains = {
        day: frame.pivot_table(index=["Expiry", "Strike"], columns="OptionType", values="SettlementPrice")
        for day, frame in frames.items()
    }
    return chains, pd.Series(spot[1].to_numpy(), index=spot[0].astype(str))


def nifty_legs(chain: pd.DataFrame, spot: float, day: str) -> tuple[Legs, list[tuple[str, float, str]]]:
    """Real contracts nearest to the seven of ``OPTIONS``, of the first expiry at least ten days away."""
    expiries = [each for each in chain.index.unique(0) if (pd.Timestamp(each) - pd.Timestamp(day)).days >= 10]
    smile = chain.loc[expiries[0]].dropna()
    years = ((pd.Timestamp(expiries[0]) - pd.Timestamp(day)).days) / 365
    discount = float(np.exp(-RATE * years))
    strikes = smile.index.to_numpy(float)
    hundreds = strikes[strikes % 100 == 0]
    forward = forward_by_parity_from_marks(strikes, smile["CE"], smile["PE"], spot, discount).forward
    picked = np.array([hundreds[np.argmin(np.abs(hundreds - forward * level))] for level in STRIKES])
    rights = ["CE" if call else "PE" for call in CALLS]
    mark = np.array([smile.at[strike, right] for strike, right in zip(picked, rights, strict=True)])
    call = np.array(CALLS)
    vol, _ = implied_volatility(mark, forward, picked, years, discount, call=call)
    n = len(picked)
    prices, forwards, left, rates = (np.full(n, number) for number in (spot, forward, years, RATE))
    legs = Legs(("",) * n, ("X",) * n, np.arange(n) > 0, call, np.zeros(n), mark, prices, forwards, picked, left, vol,
                rates)  # fmt: skip
    return legs, [(expiries[0], strike, right) for strike, right in zip(picked, rights, strict=True)]


def nifty(folder: Path, books: Floats) -> list[Record]:
    """Real option books; P&L is the change of the settlement prices of the same contracts."""
    chains, spots = settled(folder)
    losses, forecasts = [], []
    days = [day for day in chains if day in spots.index]
    for day, following in pairwise(days):
        legs, contracts = nifty_legs(chains[day], float(spots[day]), day)
        if np.isnan(legs.volatility).any():
            continue
        then = [chains[following]["CE" if i == 0 else right].get((expiry, strike), np.nan)
                for i, (expiry, strike, right) in enumerate(contracts)]  # fmt: skip
        change = np.array(then) - legs.mark
        change[0] = spots[following] - spots[day]  # no future in the file: the index in its place
        if np.isnan(change).any():
            continue
        gap = (pd.Timestamp(following) - pd.Timestamp(day)).days
        shocks = implied({"X": float(legs.volatility[1])}, moves=WINDOW)
        losses.append(-books @ change)
        forecasts.append(-books @ unit_vectors(legs, shocks, days=gap))
    return judged(losses, forecasts)


def speed() -> list[Row]:
    n, rows = 60, list[Row]()
    rng = np.random.default_rng(1)
    spot, years = np.full(n, 24_600.0), rng.uniform(0.01, 0.2, n)
    legs = Legs(("",) * n, ("X",) * n, np.arange(n) > 2, rng.random(n) < 0.5, np.ones(n), np.ones(n), spot, spot,
                rng.uniform(23_000, 26_000, n), years, np.full(n, 0.14), np.full(n, RATE))  # fmt: skip
    shocks = implied({"X": 0.14})
    loss = -unit_vectors(legs, shocks).sum(axis=0)
    singly = [Shocks(("X",), spot[:, None], vol[:, None], "historical")
              for spot, vol in zip(shocks.spot.T, shocks.vol.T, strict=True)]  # fmt: skip
    for name, call in (("unit_vectors, 60 legs x 500 moves", lambda: unit_vectors(legs, shocks)),
                       ("the same, one move at a time", lambda: [unit_vectors(legs, each) for each in singly]),
                       ("measure, with its errors", lambda: measure(loss, "historical")),
                       ("value_at_risk", lambda: value_at_risk(loss, 0.95))):  # fmt: skip
        took = []
        for _ in range(20 if "one move" in name else 200):
            began = time.perf_counter()
            call()
            took.append(time.perf_counter() - began)
        p50, p99 = np.percentile(took, [50, 99]) * 1e3
        rows.append((name, f"{p50:.3f}", f"{p99:.3f}"))
    return rows


def main(folder: Path) -> None:
    table(("what", "p50 ms", "p99 ms"), speed())
    if not folder.is_dir():
        print(f"No market data in {folder}: the backtest is left out.")
        return
    rows = []
    for each in markets(folder):
        named = FUTURES if each.vix is None else OPTIONS
        books = np.array(list(named.values()), dtype=np.float64)
        for method in ("historical", "filtered") if each.vix is None else ("historical", "filtered", "implied"):
            found = backtest(each, method, books)
            rows += [line(each.name, book, method, record) for book, record in zip(named, found, strict=True)]
    found = nifty(folder, np.array(list(OPTIONS.values()), dtype=np.float64))
    rows += [line("NIFTY 2024-01..04, settled", book, "implied", one) for book, one in zip(OPTIONS, found, strict=True)]
    table(HEADS, rows)


if __name__ == "__main__":
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else beside)
