"""What needs a person now: a rule each, over what was read. What could not be read is said to be unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from pages.parts.banner import STATES
from pages.parts.picture import Picture
from pages.parts.words import ZONE, age, clock, known, moment, percent, phrase, plain

Row = dict[str, Any]
ACT, LOOK, KNOW = 0, 1, 2
#: How the three grades are told apart: icon and word.
GRADES = {
    ACT: (":material/priority_high:", "act"),
    LOOK: (":material/visibility:", "look"),
    KNOW: (":material/info:", "to know"),
}
#: Data of a lower score than this wants a look (1 is whole and fresh).
_SCORE = 0.8
_SOON = timedelta(days=1)


class Need(NamedTuple):
    """One thing: how urgent, what (Markdown), and the page where one acts, with its filters."""

    grade: int
    says: str
    page: str
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Seen:
    """What was read; None is what could not be, and ``unknown`` why, by its name."""

    picture: Picture
    alerts: list[Row] | None = None
    drifts: list[Row] | None = None
    trainings: list[Row] | None = None
    backtests: list[Row] | None = None
    unknown: dict[str, str] = field(default_factory=dict)


def needs(seen: Seen) -> list[Need]:
    """Everything that needs a person, the most urgent first."""
    return sorted((need for rule in RULES for need in rule(seen)), key=lambda need: need.grade)


def unread(seen: Seen) -> dict[str, str]:
    """What could not be looked at, and why: without it nobody can say that nothing needs you."""
    missing = dict(seen.picture.missing)
    if seen.picture.problem:
        missing["desk"] = seen.picture.problem
    elif seen.picture.status is None:
        missing["desk"] = "never seen"
    return {**missing, **seen.unknown}


def _halted(seen: Seen) -> Iterator[Need]:
    picture, breaker = seen.picture, seen.picture.breaker
    if picture.state not in ("active", "unknown"):
        because = "; ".join(_cause(row) for row in (breaker.get("triggers") or ())[:2])
        says = STATES.get(picture.state, STATES["unknown"])[0]
        since = f" since {clock(breaker['since'])}" if breaker.get("since") else ""
        yield Need(ACT, f"**{says}**{since}{': ' + because if because else ''}", "emergency")
    for row in breaker.get("partial") or ():
        yield Need(LOOK, f"**{plain(row.get('scope'))} is shut**: {_cause(row)}", "emergency")


def _cause(row: Row) -> str:
    detail = plain(row.get("detail") or "", 120)
    return plain(phrase(row.get("trigger"))) + (f" ({detail})" if detail else "")


def _override(seen: Seen) -> Iterator[Need]:
    if row := seen.picture.breaker.get("override"):
        names = ", ".join(plain(phrase(name)) for name in row.get("limits") or ())
        yield Need(LOOK, f"**Override on** for {names} until {clock(row.get('expires_at'))}", "emergency")


def _limits(seen: Seen) -> Iterator[Need]:
    for status, grade, word in (("breach", ACT, "BREACH"), ("warn", LOOK, "near its limit")):
        lines = [line for line in seen.picture.limits or () if line.get("status") == status]
        lines.sort(key=lambda line: -(known(line.get("utilization")) or 0.0))
        if lines:
            told = ", ".join(_limit(line) for line in lines[:3])
            more = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
            yield Need(grade, f"**{word}**: {told}{more}", "limits")


def _limit(line: Row) -> str:
    scope = "" if line.get("scope") == "*" else f" of {plain(line.get('scope'))}"
    return f"{plain(phrase(line.get('name')))}{scope} {percent(line.get('utilization'), 0)}"


def _alerts(seen: Seen) -> Iterator[Need]:
    open_ = [row for row in seen.alerts or () if row.get("shown", True) and not row.get("acknowledged_by")]
    grave = [row for row in open_ if row.get("level") == "critical"]
    for row in grave[:3]:
        query = (("alert", str(row.get("id"))),)
        yield Need(ACT, f"**Critical alert**, nobody has it: {plain(row.get('title'), 120)}", "alerts", query)
    rest = len(open_) - min(len(grave), 3)
    if rest:
        levels = Counter(str(row.get("level")) for row in [*grave[3:], *(r for r in open_ if r not in grave)])
        told = ", ".join(f"{count} {plain(level)}" for level, count in levels.most_common())
        yield Need(LOOK, f"**{rest} {_plural('alert', rest)}** that nobody has acknowledged ({told})", "alerts")


def _data(seen: Seen) -> Iterator[Need]:
    if seen.picture.breaker.get("blind"):
        yield Need(ACT, "**Blind**: no trusted marks, so no trusted P&L and no orders that add risk", "data_quality")
    report = seen.picture.quality or {}
    if (health := report.get("streaming_health")) not in (None, "up"):
        yield Need(ACT, f"**Feed {plain(health)}**", "data_quality")
    for name, row in (report.get("symbols") or {}).items():
        score = known(row.get("score"))
        if (score is not None and score < _SCORE) or row.get("missed"):
            told = f"score {percent(score, 0)}, {row.get('stale')} stale and {row.get('missing')} missing of "
            told += f"{row.get('contracts')} contracts, {row.get('missed')} messages missed in the last minute"
            yield Need(LOOK, f"**Data of {plain(name)}**: {told}, {age(row.get('age_s'))} old", "data_quality")


def _orders(seen: Seen) -> Iterator[Need]:
    status = seen.picture.status or {}
    if owed := (status.get("orders") or {}).get("unconfirmed"):
        says = f"**{owed} {_plural('order', owed)}** of which the venue owes an answer"
        yield Need(LOOK, says, "positions", (("tab", "Orders"),))
    if closing := (status.get("positions") or {}).get("closing"):
        yield Need(KNOW, f"**Still closing: {closing}** {_plural('position', closing)}", "positions")


def _expiries(seen: Seen) -> Iterator[Need]:
    now = moment((seen.picture.status or {}).get("timestamp"))
    if now is None:
        return
    today = now.astimezone(ZONE).date()
    counts = Counter(day for row in seen.picture.positions or () if (day := _day(row.get("expiry"))) is not None)
    for day, count in sorted(counts.items()):
        if day - today <= _SOON:
            when = "today" if day == today else "tomorrow" if day > today else "since"
            says = f"**{count} {_plural('position', count)}** expire{'s' * (count == 1)} {when} ({day:%d %b})"
            yield Need(LOOK if day <= today else KNOW, says, "positions", (("by", "expiry"),))


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _models(seen: Seen) -> Iterator[Need]:
    for row in seen.drifts or ():
        name = plain(row.get("model_id"))
        if row.get("suspended"):
            why = plain("; ".join(map(str, row["suspended"])), 160)
            yield Need(LOOK, f"**Model held back** ({name}): {why}", "model_accuracy")
        elif any(line.get("alarm") for line in row.get("lines") or ()):
            yield Need(KNOW, f"**Model drifts** ({name}): it sees other data than it learnt from", "model_accuracy")


def _jobs(seen: Seen) -> Iterator[Need]:
    for noun, page, rows in (("training", "training", seen.trainings), ("backtest", "backtest", seen.backtests)):
        last = next(iter(rows or ()), None)
        if last is not None and last.get("state") == "failed":
            why = plain(last.get("reason") or "no reason given", 160)
            yield Need(KNOW, f"**The last {noun} failed**: {why}", page)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


#: Every rule, in the order in which needs of one grade stand.
RULES: tuple[Callable[[Seen], Iterable[Need]], ...] = (
    _halted,
    _data,
    _limits,
    _alerts,
    _orders,
    _override,
    _expiries,
    _models,
    _jobs,
)
