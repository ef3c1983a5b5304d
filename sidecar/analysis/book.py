"""The book as the newest report has it: exposure tables, P&L explain, and scenarios by full revaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sidecar.analysis.market import grade, listed, surface_of
from sidecar.analysis.words import Json, of
from sidecar.domain import clock
from sidecar.domain.clock import SECOND
from sidecar.domain.errors import InputError
from sidecar.domain.report import DeskReport, Published
from sidecar.pricing.curve import Curve
from sidecar.risk.exposure import TABLES, exposures
from sidecar.risk.legs import Floats, Legs, legs_of
from sidecar.risk.payoff import payoff
from sidecar.risk.scenarios import DAYS_A_YEAR, grid, worst
from sidecar.risk.stresses import Stress, apply

Rows = NDArray[np.intp]

#: Cells of a scenario cube that are worked out, legs included, and numbers of it that are told (some 4 MB of text):
#: while an answer is written nobody else is answered.
MOST_CELLS = 2_000_000
MOST_TOLD = 200_000


@dataclass(frozen=True)
class Question:
    """What a scenario run asks: ``spots`` and ``vols`` as fractions, ``days`` calendar days, whose book, what beside.

    ``extra`` are (instrument id, signed units) laid on top of the book.
    """

    spots: tuple[float, ...]
    vols: tuple[float, ...]
    days: tuple[float, ...] = (0.0,)
    sticky: Literal["strike", "delta"] = "strike"
    fund_id: str = ""
    strategy: str = ""
    underlying: str = ""
    extra: tuple[tuple[str, int], ...] = ()
    per_leg: bool = False


def greeks(published: Published, zone: ZoneInfo, by: str = "", fund_id: str = "") -> Json:
    """Exposure tables: by leg, strategy, fund, underlying and expiry, or one of them; of one fund or of all.

    :raises InputError: there is no such table or fund.
    """
    if by and by not in TABLES:
        raise InputError("by", f"{by[:40]!r} is no table", "choose from " + ", ".join(TABLES))
    report = published.report
    _own(report, fund_id)
    positions = [line for line in report.positions if fund_id in ("", "*", line.fund_id)]
    today = clock.local_date(clock.from_datetime(report.timestamp), zone)
    spots = {line.symbol: line.spot_price for line in report.markets}
    lines = [line for line in exposures(positions, spots, today) if by in ("", line.by)]
    return {**of(report), "fund_id": fund_id or "*", "lines": lines, "count": len(lines)}


def explain(published: Published, fund_id: str = "", strategy: str = "") -> Json:
    """Why the day's P&L is what it is, a line a leg, strategy, fund, and the desk.

    :raises InputError: there is no such fund, or the strategy held nothing today.
    """
    report = published.report
    _own(report, fund_id)
    _traded(report, strategy)
    lines = [line for line in report.explain if fund_id in ("", line.fund_id) and strategy in ("", line.strategy)]
    return {**of(report), "day": report.day, "lines": lines, "count": len(lines)}


def scenarios(published: Published, asked: Question, rates: Curve, named: Sequence[Stress]) -> Json:
    """The book revalued in full over spot x volatility x time, its payoff, and every named stress.

    :raises InputError: there is no such fund, strategy, underlying or contract, or the cube is too large.
    """
    report = published.report
    _own(report, asked.fund_id)
    _traded(report, asked.strategy)
    if asked.underlying:
        listed(report, asked.underlying)
    legs, names = _legs(published, asked, rates)
    _bounded(asked, len(legs))
    smiles = partial(_along, report, legs) if asked.sticky == "delta" else None
    cube = grid(
        legs, asked.spots, asked.vols, [days / DAYS_A_YEAR for days in asked.days], sticky=asked.sticky,
        smiles=smiles,
    )  # fmt: skip
    found, drawn = worst(cube), payoff(legs, asked.spots)
    stresses = [(stress, apply(legs, stress)) for stress in named]
    told = [_leg(published, symbol, quantity) for symbol, quantity in names]
    if asked.per_leg:
        told = [{**leg, "pnl": pnl} for leg, pnl in zip(told, cube.pnl, strict=True)]
    return {
        **of(report),
        "spots": asked.spots,
        "vols": asked.vols,
        "days": asked.days,
        "sticky": asked.sticky,
        "total": cube.total,
        "legs": told,
        "worst": {"loss": found.loss, "case": found.case},
        "payoff": {
            "spots": drawn.spots,
            "now": drawn.now,
            "expiry": drawn.expiry,
            "days": drawn.time * DAYS_A_YEAR,
            "breakevens": drawn.breakevens,
        },
        "stresses": [
            {"name": each.name, "label": each.label, "spot": each.spot, "days": each.days, "pnl": result.total,
             "source": each.source, "note": each.note}
            for each, result in stresses
        ],
    }  # fmt: skip


def _bounded(asked: Question, legs: int) -> None:
    axes = {"spots": len(asked.spots), "vols": len(asked.vols), "days": len(asked.days)}
    points = len(asked.spots) * len(asked.vols) * len(asked.days)
    longest = max(axes, key=axes.__getitem__)
    size = " x ".join(f"{count:,} {name}" for name, count in axes.items())
    if points * max(legs, 1) > MOST_CELLS:
        problem = f"{size} x {legs:,} legs are {points * legs:,} cells"
        raise InputError(longest, problem, f"ask for at most {MOST_CELLS:,}")
    told = points * (legs + 1 if asked.per_leg else 1)
    if told > MOST_TOLD:
        remedy = f"ask for at most {MOST_TOLD:,}" + (", or without per_leg" if asked.per_leg else "")
        raise InputError(longest, f"{size} would be an answer of {told:,} numbers", remedy)


def _leg(published: Published, symbol: str, quantity: int) -> Json:
    """A leg, and what its revaluation rests on."""
    chain = published.chain
    row = chain.rows[symbol]
    at, now = int(chain.at[row]), clock.from_datetime(published.report.timestamp)
    return {
        "symbol": symbol,
        "quantity": quantity,
        "mark": chain.mark[row],
        "iv": chain.iv[row],
        "vol_quality": grade(chain, row),
        "age_s": max(0.0, (now - at) / SECOND) if at else None,
    }


def _legs(published: Published, asked: Question, rates: Curve) -> tuple[Legs, list[tuple[str, int]]]:
    report, chain = published.report, published.chain
    now = clock.from_datetime(report.timestamp)
    held: dict[str, int] = {}
    for line in report.positions:
        chosen = (
            asked.fund_id in ("", "*", line.fund_id)
            and asked.strategy in ("", line.strategy)
            and asked.underlying in ("", line.underlying)
        )
        row = chain.rows.get(line.symbol)  # a held contract that is not there is refused with the others, by its name
        if chosen and (row is None or (chain.contracts[row].expires_at or now + 1) > now):
            held[line.symbol] = held.get(line.symbol, 0) + line.quantity
    for symbol, quantity in asked.extra:
        held[symbol] = held.get(symbol, 0) + quantity
    names = sorted((symbol, quantity) for symbol, quantity in held.items() if quantity)
    return legs_of(names, chain, rates, now), names


def _along(report: DeskReport, legs: Legs, rows: Rows, factors: Floats) -> Floats:
    """The smile's volatility of each leg at its moneyness once the spot has moved by each factor."""
    result = np.full((rows.size, factors.size), np.nan)
    names = np.array(legs.underlying)[rows]
    for name in sorted(set(names.tolist())):
        surface = surface_of([line for line in report.smiles if line.underlying == name])
        own = names == name
        result[own] = surface.scenario_volatility(legs.strike[rows[own]], legs.time[rows[own]], factors, "delta")
    return result


def _own(report: DeskReport, fund_id: str) -> None:
    if fund_id not in ("", *(line.fund_id for line in report.funds)):
        names = ", ".join(line.fund_id for line in report.funds)
        raise InputError("fund_id", f"{fund_id[:40]!r} is not a fund of this desk", f"choose from {names}")


def _traded(report: DeskReport, strategy: str) -> None:
    """Refuse a strategy that neither holds nor held anything today: a slip of the pen must not read as no risk."""
    known = {line.strategy for line in report.positions} | {line.strategy for line in report.explain} - {"*"}
    if strategy and strategy not in known:
        remedy = "choose from " + ", ".join(sorted(known)) if known else "leave it out until one has traded"
        raise InputError("strategy", f"{strategy[:40]!r} held nothing today", remedy)
