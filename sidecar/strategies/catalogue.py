"""Every strategy that can be asked for by name, with its parameters: on the live desk, and in a backtest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sidecar.domain.backtests import Engine, StrategyLine
from sidecar.domain.errors import InputError
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.blend import Combined
from sidecar.strategies.buy_and_hold import BuyAndHold
from sidecar.strategies.demo import Demo
from sidecar.strategies.iron_condor import IronCondor
from sidecar.strategies.machine import MachineOnly
from sidecar.strategies.protocol import Strategy
from sidecar.strategies.rules import Rule
from sidecar.strategies.short_strangle import ShortStrangle
from sidecar.strategies.sma_cross import SmaCross
from sidecar.strategies.technical import Technical

Numbers = Mapping[str, float]


class Parameter(NamedTuple):
    """One number of a strategy: what it is without being given, and from where to where it may lie."""

    default: float
    least: float
    most: float
    whole: bool = False


class Entry(NamedTuple):
    """A strategy of the table. ``rule`` is None where it is none on bars; ``make`` takes a fund, an underlying and
    parameters, those that are not given at their defaults. Both raise ``InputError`` as :func:`parameters_of` does.
    """

    line: StrategyLine
    rule: Callable[[Numbers], Rule] | None
    make: Callable[[str, str, Numbers], tuple[Strategy, ...]]


_LOTS = Parameter(1, 1, 1_000, whole=True)
_SWITCH = Parameter(1, 0, 1, whole=True)
_SHARE = Parameter(0.4, 0.0, 0.999)
_CHART = {
    "votes": Parameter(2, 1, 4, whole=True),
    "oversold": Parameter(30, 1, 98),
    "overbought": Parameter(70, 2, 99),
    "short": _SWITCH,
}
_MODEL = {"threshold": _SHARE, "band": _SHARE._replace(default=0.1), "short": _SWITCH}
_BLEND = {**_MODEL, **_CHART, "voices": Parameter(2, 1, 2, whole=True)}
_ENTRY = Parameter(60, 0, 10_000)
_DELTA = Parameter(0.20, 0.01, 0.5)

#: What may be given to each, ``lots`` first.
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "demo": {"lots": _LOTS},
    "buy_and_hold": {"lots": _LOTS},
    "sma_cross": {
        "lots": _LOTS,
        "fast": Parameter(20, 1, 1_000, whole=True),
        "slow": Parameter(50, 2, 5_000, whole=True),
        "short": _SWITCH._replace(default=0),
    },
    "technical_only": {"lots": _LOTS, **_CHART},
    "ml_only": {"lots": _LOTS, **_MODEL},
    "combined": {"lots": _LOTS._replace(default=2), **_BLEND},
    "conservative": {
        "lots": _LOTS,
        **_BLEND,
        "threshold": _SHARE._replace(default=0.5),
        "band": _SHARE._replace(default=0.2),
    },
    "aggressive": {
        "lots": _LOTS._replace(default=4),
        **_BLEND,
        "threshold": _SHARE._replace(default=0.34),
        "band": _SHARE._replace(default=0.02),
        "votes": Parameter(1, 1, 4, whole=True),
        "voices": Parameter(1, 1, 2, whole=True),
    },
    "short_strangle": {
        "lots": _LOTS,
        "delta": _DELTA,
        "roll": Parameter(0.40, 0.02, 1.0),
        "hedge": _SWITCH,
        "hedge_band": Parameter(0.5, 0.5, 1_000),
        "last_entry_minutes": _ENTRY,
    },
    "iron_condor": {
        "lots": _LOTS,
        "delta": _DELTA,
        "wing": _DELTA._replace(default=0.08),
        "stop": Parameter(0, 0, 100),
        "last_entry_minutes": _ENTRY,
    },
}

#: The first of each pair must be below the second.
_ORDERED = (("fast", "slow"), ("oversold", "overbought"), ("delta", "roll"), ("wing", "delta"))


def parameters_of(name: str, given: Numbers) -> dict[str, float]:
    """Every parameter of a strategy of the table: those given, and the defaults of the others.

    :raises InputError: ``strategy`` where the name is not known; ``parameters.<name>`` where one is not its own, out of
        its range, or not below the one that it must be below.
    """
    if name not in PARAMETERS:
        raise InputError("strategy", f"{name[:40]!r} is not known", "use " + ", ".join(PARAMETERS))
    known = PARAMETERS[name]
    for key, value in given.items():
        if key not in known:
            raise InputError(f"parameters.{key[:40]}", f"{name} has no such parameter", "it has " + ", ".join(known))
        _refuse(f"parameters.{key}", value, known[key])
    found = {key: float(given.get(key, row.default)) for key, row in known.items()}
    for lower, upper in _ORDERED:
        if lower in found and upper in found and not found[lower] < found[upper]:
            problem = f"{found[lower]:g} is not below {upper}, {found[upper]:g}"
            field = lower if lower in given else upper
            raise InputError(f"parameters.{field}", f"{lower} {problem}", f"give {lower} below {upper}")
    return found


def _refuse(field: str, value: float, row: Parameter) -> None:
    if not row.least <= value <= row.most or (row.whole and value != int(value)):
        kind = "whole number" if row.whole else "number"
        problem = f"{value:g} is not a {kind} from {row.least:g} to {row.most:g}"
        raise InputError(field, problem, f"leave it away for {row.default:g}")


def _sma_cross(given: Numbers) -> Rule:
    return SmaCross(int(given["fast"]), int(given["slow"]), short=given["short"] > 0)


def _technical(given: Numbers, *, short: bool | None = None) -> Technical:
    short = given["short"] > 0 if short is None else short
    return Technical(int(given["votes"]), given["oversold"], given["overbought"], short=short)


def _machine(given: Numbers, *, short: bool | None = None) -> MachineOnly:
    return MachineOnly(given["threshold"], given["band"], short=given["short"] > 0 if short is None else short)


def _combined(name: str) -> Callable[[Numbers], Rule]:
    return lambda given: Combined(
        _machine(given, short=True), _technical(given, short=True), int(given["voices"]),
        short=given["short"] > 0, name=name,
    )  # fmt: skip


def _strangle(fund_id: str, underlying: str, given: Numbers) -> Strategy:
    return ShortStrangle(
        fund_id, underlying, int(given["lots"]), delta=given["delta"], roll=given["roll"], hedge=given["hedge"] > 0,
        hedge_band=given["hedge_band"], last_entry_minutes=given["last_entry_minutes"],
    )  # fmt: skip


def _condor(fund_id: str, underlying: str, given: Numbers) -> Strategy:
    return IronCondor(
        fund_id, underlying, int(given["lots"]), delta=given["delta"], wing=given["wing"], stop=given["stop"],
        last_entry_minutes=given["last_entry_minutes"],
    )  # fmt: skip


def _demo(fund_id: str, underlying: str, given: Numbers) -> Strategy:
    return Demo(fund_id, underlying, int(given["lots"]))


def _on_bars(name: str, title: str, description: str, rule: Callable[[Numbers], Rule], *, model: bool = False) -> Entry:
    """An entry of a rule: both engines run it, and live it trades the nearest future a minute at a time."""

    def ruled(given: Numbers) -> Rule:
        return rule(parameters_of(name, given))

    def make(fund_id: str, underlying: str, given: Numbers) -> tuple[Strategy, ...]:
        return (BarStrategy(ruled(given), name, fund_id, underlying, int(parameters_of(name, given)["lots"])),)

    engines = (Engine.VECTORISED, Engine.EVENT)
    return Entry(StrategyLine(name, title, description, engines, _defaults(name), model), ruled, make)


def _on_chains(name: str, title: str, description: str, made: Callable[[str, str, Numbers], Strategy]) -> Entry:
    """An entry of a strategy that reads the chain: the event engine alone can run it."""

    def make(fund_id: str, underlying: str, given: Numbers) -> tuple[Strategy, ...]:
        return (made(fund_id, underlying, parameters_of(name, given)),)

    return Entry(StrategyLine(name, title, description, (Engine.EVENT,), _defaults(name)), None, make)


def _defaults(name: str) -> dict[str, float]:
    return {key: row.default for key, row in PARAMETERS[name].items()}


_ENTRIES = (
    _on_chains("demo", "Demonstration", "A short strangle of one lot, and an opinion a minute: a living book.", _demo),
    _on_bars(
        "ml_only", "Model alone",
        "Long where p(buy) is above threshold and leads p(sell) by more than band, short the other way round, "
        "flat otherwise.", _machine, model=True,
    ),
    _on_bars(
        "technical_only", "Chart alone",
        "SMA 20/50, RSI 14, MACD and Bollinger bands vote; long or short where votes more speak for it, else flat.",
        _technical,
    ),
    _on_bars("combined", "Model and chart", "A side is taken where model and chart both name it, else flat.",
             _combined("combined"), model=True),
    _on_bars("conservative", "Model and chart, careful",
             "As combined, where the model is surer of it, and with fewer lots.",
             _combined("conservative"), model=True),
    _on_bars("aggressive", "Model or chart, eager",
             "Either of model and chart is enough unless the other contradicts; lower thresholds, more lots.",
             _combined("aggressive"), model=True),
    _on_bars("sma_cross", "Crossing averages",
             "Long while the mean of the last fast closes is above that of the last slow ones, else flat "
             "(short with short = 1).", _sma_cross),
    _on_chains("short_strangle", "Short strangle",
               "Sells a call and a put of one delta on the nearest expiry, rolls a leg that has grown beyond roll and "
               "hedges with the nearest future where one is listed; settles at expiry.", _strangle),
    _on_chains("iron_condor", "Iron condor",
               "Sells a call and a put behind bought wings, one condor an expiry; settles, or is closed at a loss of "
               "stop times its credit (0: never).", _condor),
    _on_bars("buy_and_hold", "Buy and hold", "Long from the first bar on: what the others are measured against.",
             lambda _: BuyAndHold()),
)  # fmt: skip

CATALOGUE: Mapping[str, Entry] = {entry.line.name: entry for entry in _ENTRIES}
