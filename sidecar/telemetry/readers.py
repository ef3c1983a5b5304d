"""How a metric is read: small functions from one moment to labelled numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import nan

from sidecar.domain.alerts import AlertLevel
from sidecar.domain.analytics import TailLine
from sidecar.domain.clock import from_datetime
from sidecar.domain.models import RunResult
from sidecar.domain.report import Condition, DeskReport, GreeksLine, MarketLine, PositionLine
from sidecar.telemetry.buckets import Buckets
from sidecar.telemetry.measured import Labels
from sidecar.telemetry.scene import ModelFacts, NoticeCounts, Scene, StoreFacts, StreamCounts
from sidecar.telemetry.trips import Earned

Sample = tuple[Labels, float | Buckets]
Samples = Iterable[Sample]
Read = Callable[[Scene], Samples]


#: The parts of the desk that stop it by themselves.
_PARTS = frozenset({"desk", "watchdog", "stop-file", "signal"})


class Kind(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Metric:
    """One family. ``name`` is without the prefix ``trading_``; a counter's ends in ``_total``."""

    name: str
    kind: Kind
    labels: Labels
    help: str
    read: Read


def of(read: Callable[[DeskReport], float]) -> Read:
    """One number of the report."""
    return lambda at: [((), read(at.report))] if at.report else ()


def by(read: Callable[[DeskReport], Samples]) -> Read:
    """Labelled numbers of the report."""
    return lambda at: read(at.report) if at.report else ()


def markets(read: Callable[[MarketLine], float]) -> Read:
    """A number of each underlying."""
    return by(lambda report: [((line.symbol,), read(line)) for line in report.markets])


def greek(read: Callable[[GreeksLine], float]) -> Read:
    """A position Greek of each underlying, all funds together."""
    return by(lambda report: [((line.underlying,), read(line)) for line in report.greeks if line.fund_id == "*"])


def reasons(read: Callable[[DeskReport], Mapping[str, int]], known: Iterable[str] = ()) -> Read:
    """A count by reason. Those that are ``known`` beforehand begin at 0: of a counter that is born with its first
    event, no rate shows that event.
    """
    nought = dict.fromkeys(map(str, known), 0)
    return by(lambda report: [((reason,), float(count)) for reason, count in (nought | dict(read(report))).items()])


def by_strategy(read: Callable[[PositionLine], float]) -> Read:
    """A sum over the positions of each strategy."""

    def found(at: Scene) -> Samples:
        sums: dict[str, float] = {}
        for line in at.report.positions if at.report else ():
            name = at.told.strategy(line.strategy)
            sums[name] = sums.get(name, 0.0) + read(line)
        return [((name,), value) for name, value in sums.items()]

    return found


def one_hot(values: Iterable[str], now: Callable[[DeskReport], str]) -> Read:
    """1 for the value that is, 0 for the others."""
    names = tuple(values)
    return by(lambda report: [((name,), float(name == now(report))) for name in names])


def counted(name: str, labels: Labels, help: str) -> Metric:  # noqa: A002 - the format's own word
    """A counter that was told as it happened; one without labels begins at 0."""
    return Metric(name, Kind.COUNTER, labels, help, lambda at: at.told.counts(name).items() or _zero(labels))


def levelled(name: str, help: str) -> Metric:  # noqa: A002
    """A counter by an alert's level, each of which begins at 0."""
    nought = {(str(level),): 0.0 for level in AlertLevel}
    return Metric(name, Kind.COUNTER, ("level",), help, lambda at: (nought | at.told.counts(name)).items())


def breaches(at: Scene) -> Samples:
    """How often each limit was broken; those that the desk has begin at 0."""
    nought = {(line.name,): 0.0 for line in at.report.limits} if at.report else {}
    return (nought | at.told.counts("risk_limit_breaches_total")).items()


def timed(name: str, labels: Labels, help: str) -> Metric:  # noqa: A002
    """A histogram that was told as it happened."""
    return Metric(name, Kind.HISTOGRAM, labels, help, lambda at: at.told.histograms(name).items())


def _zero(labels: Labels) -> Samples:
    return () if labels else [((), 0.0)]


def streams(read: Callable[[StreamCounts], Samples]) -> Read:
    """What the sockets' hub has done."""
    return lambda at: read(at.streams) if at.streams is not None else ()


def store(read: Callable[[StoreFacts], Samples]) -> Read:
    """What the store's writer knows."""
    return lambda at: read(at.store) if at.store is not None else ()


def notices(read: Callable[[NoticeCounts], Samples]) -> Read:
    """What the notifier owes and has done."""
    return lambda at: read(at.facts.notices()) if at.facts.notices is not None else ()


def tasks(_: Scene) -> Samples:
    """Tasks of the loop that answers this scrape; no sample where none does."""
    try:
        return [((), float(len(asyncio.all_tasks())))]
    except RuntimeError:
        return ()


def heartbeats(at: Scene) -> Samples:
    """Age of the oldest sign of life of each armed client."""
    oldest: dict[str, float] = {}
    for line in at.report.heartbeats if at.report else ():
        name = at.told.client(line.client)
        oldest[name] = max(line.age_s, oldest.get(name, line.age_s))
    return [((name,), age) for name, age in oldest.items()]


def earned(read: Callable[[Earned], float | Buckets]) -> Read:
    """What each strategy's closed round trips come to."""
    return lambda at: (
        [((name,), read(line)) for name, line in at.facts.trips.earned().items()] if at.facts.trips is not None else ()
    )


def trades_today(at: Scene) -> Samples:
    """Round trips closed since the session's open, by strategy; no sample where no session is known."""
    if at.facts.trips is None or at.report is None or at.report.session_open_at is None:
        return ()
    counts = at.facts.trips.since(from_datetime(at.report.session_open_at))
    return [((name,), float(count)) for name, count in counts.items()]


def alerts(report: DeskReport) -> Samples:
    """Alerts that stand, by level."""
    levels = [alert.level for alert in report.alerts if not alert.resolved]
    return [((level,), float(levels.count(level))) for level in AlertLevel]


def vix(report: DeskReport) -> float:
    """The volatility index, NaN where none was seen."""
    return next((line.vix for line in report.markets if line.vix == line.vix), nan)


def quality(report: DeskReport) -> float:
    """The least score of any underlying's data, NaN where none has one."""
    return min((line.score for line in report.data_quality if line.score == line.score), default=nan)


def condition(report: DeskReport) -> str:
    """The gravest condition of any underlying."""
    order = list(Condition)
    seen = [line.condition for line in report.markets if line.condition is not Condition.UNKNOWN]
    return max(seen, key=order.index, default=Condition.UNKNOWN)


def tail(read: Callable[[TailLine], float]) -> Read:
    """A number of the desk's own tail, all funds together."""
    return by(lambda report: [((), read(line)) for line in report.tail if line.fund_id == "*"])


def drill_age(report: DeskReport) -> Samples:
    """Seconds since the last stop drill; no sample when there never was one."""
    last = report.last_drill_at
    return [] if last is None else [((), (report.timestamp - last).total_seconds())]


def causes(report: DeskReport) -> Samples:
    """What holds all trading off, each once, and which part of the desk did it: a name would be no bounded label."""
    rows = {(cause.trigger, cause.actor if cause.actor in _PARTS else "person") for cause in report.breaker.causes}
    return [(row, 1.0) for row in sorted(rows)]


def session_close(report: DeskReport) -> Samples:
    """When this session closes, Unix seconds; no sample outside one."""
    close = report.session_close_at
    return [] if close is None else [((), close.timestamp())]


def utilization(report: DeskReport) -> Samples:
    """Of each limit, how near the nearest scope is to it, where that is known."""
    worst: dict[str, float] = {}
    for line in report.limits:
        if line.utilization == line.utilization:
            worst[line.name] = max(line.utilization, worst.get(line.name, line.utilization))
    return [((name,), value) for name, value in worst.items()]


def models(read: Callable[[ModelFacts], float]) -> Read:
    """A number of each family's live record."""
    return lambda at: [((line.family,), read(line)) for line in at.facts.models()]


def last_training(report: DeskReport) -> Samples:
    """When a training last made a model, Unix seconds; no sample where none did."""
    done = [run.ended_at for run in report.training if run.result is RunResult.DONE]
    return [((), max(done) / 1e6)] if done else []


def system(at: Scene) -> Samples:
    """What runs."""
    names = ("python", "source", "currency")
    return [((at.facts.version, *(at.facts.system.get(name, "") for name in names)), 1.0)]
