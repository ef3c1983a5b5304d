"""Is there skill in real NIFTY bars? The whole training on recorded data, and whatever it finds.

    OMP_NUM_THREADS=1 nice -n 19 python -m bench.learning_real [FOLDER]

FOLDER holds the market data (``../shared/data`` beside the checkout by default); it has no licence to be in the
repository. Two recordings, turned into the desk's bars by its own calendar, contract rules and dated fees:

* one minute, 2024-01-01 to 2024-08-23: the index's OHLC. No volume, no chain. Bars outside the session's hours (the
  recorder ran on after the close of the special Saturday 2024-01-20) are left out.
* fifteen minutes, 2023-01 to 2024-09, each month to its expiry: the at-the-money call and put of the monthly series.
  Its spot is the bar's close (in the median to the tick that of the one-minute file); a bar opens where the one before
  it in the session closed, in the median half a point from the one-minute open, and its high and low are not known
  beyond those two. IV is the mean of both options', without zeros and values above 100 %; the future is the parity's,
  K + C − P; interest and volume are of the one strike and stand for the chain's.

What is traded is a future that moves as the index does, in at the next bar's open and out at the label's end, and it
pays the round trip of its day. Everything else is unknown and NaN. Each line is a training of its own with the settings
fixed beforehand; none was chosen for its result.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.loop import table
from sidecar.domain.bars import INPUTS
from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.errors import NotTrainable
from sidecar.domain.models import LabelKind
from sidecar.domain.reference import Reference
from sidecar.features.labels import LabelSpec
from sidecar.learning.dataset import Dataset, build
from sidecar.learning.plan import Plan
from sidecar.learning.scorecard import Interval, Money
from sidecar.learning.train import train
from sidecar.learning.trained import Trained
from sidecar.pricing.daycount import years
from sidecar.reference import load_reference
from sidecar.tariff import round_trip

SYMBOL = "NIFTY"
FIXED, BARRIER = LabelKind.FIXED_HORIZON, LabelKind.TRIPLE_BARRIER
ONE = Plan()
#: An implied volatility outside of this is one of the file's outliers.
SANE = (0.01, 1.0)

Columns = dict[str, NDArray[Any]]
Reader = Callable[[Path, Reference], Columns]

HEADS = (
    "bars and label", "rows, sessions tested", "verdict", "accuracy (95 %)", "majority", "persistence", "logistic",
    "AUC (chance)", "direction Brier skill (95 %)", "logistic's", "net a session, bp (95 %)", "signals", "DSR",
    "PBO", "trials", "canaries",
)  # fmt: skip


def minute_bars(folder: Path, reference: Reference) -> Columns:
    """The index by the minute; the nearest expiry is the contract rules', the chain unknown."""
    raw = pd.read_csv(folder / "bars" / "NIFTY_1min_2024-01_2024-08.csv.gz", dtype={"Date": str, "Time": str})
    raw["at"] = instants(pd.to_datetime(raw["Date"] + " " + raw["Time"]))
    raw = raw.rename(columns=str.lower)[["at", "open", "high", "low", "close"]]
    return completed(raw, reference, 1, reference.next_expiry)


def option_bars(folder: Path, reference: Reference) -> Columns:
    """Spot and the monthly at-the-money options by the quarter of an hour."""
    files = sorted((folder / "bars" / "nifty_atm_options_15min").glob("*.csv.gz"))
    raw = pd.concat([pd.read_csv(file) for file in files])
    dates = raw["datetime"].str.match(r"\d{4}-")
    written = [pd.to_datetime(raw["datetime"].where(which), format=form) for which, form in
               ((dates, "%Y-%m-%d %H:%M:%S"), (~dates, "%d-%m-%Y %H:%M"))]  # fmt: skip
    raw["at"] = instants(written[0].fillna(written[1]))
    raw = raw.sort_values("at").reset_index(drop=True)
    day = pd.Series(raw["at"] // DAY)  # in India no session crosses midnight UTC
    raw["close"] = raw["spot"]
    raw["open"] = raw.groupby(day)["spot"].shift().fillna(raw["spot"])
    raw["high"], raw["low"] = raw[["open", "close"]].max(axis=1), raw[["open", "close"]].min(axis=1)
    volatility = raw[["CALL_iv", "PUT_iv"]] / 100
    raw["atm_iv"] = volatility.where((volatility > SANE[0]) & (volatility < SANE[1])).mean(axis=1)
    raw["future"] = raw["strike"] + raw["CALL_close"] - raw["PUT_close"]
    for side in ("put", "call"):
        raw[f"oi_{side}"] = raw[f"{side.upper()}_oi"]
        raw[f"volume_{side}"] = raw.groupby(day)[f"{side.upper()}_volume"].cumsum()
    held = completed(raw, reference, 15, lambda _, on: monthly(reference, on))
    held["future_t"] = held["t1"]
    return held


def instants(stamps: pd.Series[Any]) -> NDArray[np.int64]:
    """Naive Indian stamps as microseconds UTC."""
    return np.asarray(stamps.dt.tz_localize("Asia/Kolkata").dt.as_unit("us").astype("int64"), np.int64)


def monthly(reference: Reference, on: date) -> date:
    """The last expiry of the month of ``on``."""
    return max(day for day in reference.expiries(SYMBOL, on, 6) if (day.year, day.month) == (on.year, on.month))


def completed(raw: pd.DataFrame, reference: Reference, minutes: int, expiry_of: Callable[[str, date], date]) -> Columns:
    """The fields of ``domain.bars.Bar``: the bars of ``raw`` that lie on the sessions' own grid, in their places."""
    grid = pd.DataFrame(places(raw, reference, minutes, expiry_of))
    bars = grid.merge(raw, on="at", how="inner").sort_values("at")
    n = len(bars)
    columns: Columns = {name: np.full(n, np.nan) for name in (*INPUTS, "cost")}
    columns |= {name: bars[name].to_numpy() for name in bars.columns if name in INPUTS}
    closes = bars["closes_at"].to_numpy(np.int64)
    expires = bars["expires_at"].to_numpy(np.int64)
    columns |= {
        "at": bars["at"].to_numpy(np.int64), "closes_at": closes, "known_at": closes,
        "symbol": np.full(n, SYMBOL, object), "source": np.full(n, "archive", object), "simulated": np.zeros(n, bool),
        "dte": (expires - closes) / DAY, "t1": years(closes, expires),
    }  # fmt: skip
    days = [date.fromordinal(int(day)) for day in columns["session"]]
    columns["cost"] = np.array(
        [round_trip(reference, SYMBOL, on, price) for on, price in zip(days, columns["close"].tolist(), strict=True)]
    )
    return columns


def places(
    raw: pd.DataFrame, reference: Reference, minutes: int, expiry_of: Callable[[str, date], date]
) -> list[dict[str, float]]:
    """Every bar that the sessions of ``raw``'s days have, with what the calendar and the contract rules say of it."""
    calendar = reference.calendar(reference.exchange(SYMBOL))
    found: list[dict[str, float]] = []
    for day in sorted({calendar.local_date(at) for at in raw["at"].iloc[:: max(1, 4 // minutes)].tolist()}):
        session = calendar.session(day)
        if session is None:
            continue
        spans = [
            (at, min(at + minutes * MINUTE, ends))
            for opens, ends in session.intervals
            for at in range(opens, ends, minutes * MINUTE)
        ]
        expiry = expiry_of(SYMBOL, day)
        said = {
            "minutes": len(spans), "session": day.toordinal(), "is_expiry": float(expiry == day),
            "expiry": int(f"{expiry:%Y%m%d}"), "expires_at": reference.expiry_close(SYMBOL, expiry),
        }  # fmt: skip
        found += [{"at": at, "closes_at": ends, "minute": place, **said} for place, (at, ends) in enumerate(spans)]
    return found


def line(name: str, dataset: Dataset, found: Trained) -> tuple[str, ...]:
    """One training as a row of the table."""
    card = found.scorecard
    beside = {part.name: part.scores for part in card.baselines}
    tested = card.scores.n
    failed = [proof.name for proof in card.canaries if not proof.passed]
    return (
        name, f"{len(dataset.y):,}, {tested:,} in {card.sessions}", f"**{card.verdict.value}**",
        f"{share(card.scores.accuracy)} ({between(card.accuracy, '.1%')})",
        *(share(beside[rule].accuracy) for rule in ("majority", "persistence", "logistic")),
        f"{number(card.scores.auc, '.3f')} ({between(card.chance, '.3f')})",
        f"{number(card.scores.direction_brier_skill, '+.4f')} ({between(card.skill, '+.4f')})",
        number(beside["logistic"].direction_brier_skill, "+.4f"),
        net(card.money, card.sessions), f"{card.money.signals:,}", number(card.money.deflated_sharpe, ".2f"),
        "no search" if card.money.overfitting is None else f"{card.money.overfitting:.2f}",
        str(card.trials), "all passed" if not failed else "failed: " + ", ".join(failed),
    )  # fmt: skip


def net(money: Money, sessions: int) -> str:
    """Basis points a session with 1.96 standard errors over sessions; without a signal there is nothing to tell."""
    if money.sharpe is None or not money.signals:
        return "no signal"
    error = 1.96 * abs(money.net / money.sharpe) / sessions**0.5 if money.sharpe else float("nan")
    return f"{1e4 * money.net:+.2f} ({1e4 * (money.net - error):+.2f} to {1e4 * (money.net + error):+.2f})"


def share(value: float | None) -> str:
    return number(value, ".1%")


def number(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)


def between(found: Interval | None, form: str) -> str:
    return "unknown" if found is None else f"{found.low:{form}} to {found.high:{form}}"


#: What is tried, fixed before any of it was run.
TRIED: tuple[tuple[str, Reader, LabelSpec, Plan], ...] = (
    ("1 minute, direction in 15", minute_bars, LabelSpec(FIXED, 15), ONE),
    ("1 minute, direction in 15, best of 8", minute_bars, LabelSpec(FIXED, 15), Plan(search=8)),
    ("1 minute, direction in 60", minute_bars, LabelSpec(FIXED, 60), ONE),
    ("1 minute, barriers at 1 σ√60", minute_bars, LabelSpec(BARRIER, 60), ONE),
    ("15 minutes and options, direction in 4", option_bars, LabelSpec(FIXED, 4), ONE),
    ("15 minutes and options, direction in 12", option_bars, LabelSpec(FIXED, 12), ONE),
)


def main(folder: Path) -> None:
    if not (folder / "bars").is_dir():
        print(f"skipped: no market data in {folder}")
        return
    reference = load_reference()
    rows, notes = [], []
    for name, reader, spec, plan in TRIED:
        began = time.perf_counter()
        try:
            dataset = build(reader(folder, reference), spec, SYMBOL)
        except NotTrainable as problem:
            notes.append(f"{name}: not trained, {problem}")
            continue
        found = train(dataset, plan)
        rows.append(line(name, dataset, found))
        quality, taken = dataset.quality, time.perf_counter() - began
        notes.append(
            f"{name}: {dataset.bars:,} bars of {quality.sessions} sessions ({quality.broken} broken), "
            f"{len(quality.missing)} of {len(dataset.names)} features unknown, mean cost "
            f"{1e4 * dataset.cost.mean():.2f} bp, {found.rounds} rounds, {taken:.0f} s. {found.scorecard.why}"
        )
        print(notes[-1], file=sys.stderr, flush=True)
    table(HEADS, rows)
    print("\n".join(f"* {note}" for note in notes))


if __name__ == "__main__":
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else beside)
