"""Which alert explains which: one cause, one alert shown. To hide a consequence behind its cause, add a row."""

from __future__ import annotations

import re
from functools import cache

import msgspec

#: States of the breaker in which the gate refuses what adds risk.
_SHUT = ("tripped", "emergency_stop", "market_halt", "manual_disable")
#: What silence of the market makes of itself.
_SILENCE = ("data:stale:*", "data:missing:*", "data:blind:*", "limits:warn:* stale", "limits:warn:* stale_warn",
            "limits:breach:* stale", "orders:refused:* stale", "orders:refused:* blind")  # fmt: skip


class Explains(msgspec.Struct, frozen=True):
    """Alerts like ``by`` hide alerts like ``what``: ``*`` is anything, ``{}`` the same in both.

    In ``by`` the subject alone is one of the two, or it is meant as it stands.
    """

    by: str
    what: str


EXPLAINS: tuple[Explains, ...] = (
    *(Explains("data:feed_down:*", what) for what in (*_SILENCE, "pnl:residual:*", "limits:warn:* iv_shock")),
    *(Explains("venue:halted:*", what) for what in _SILENCE),
    *(Explains("limits:breach:* stale", what) for what in _SILENCE if not what.startswith("limits:breach")),
    *(Explains("data:blind:*", what) for what in _SILENCE if not what.startswith(("data:blind", "limits:breach"))),
    *(Explains(f"breaker:{state}:*", "orders:refused:* breaker") for state in _SHUT),
    Explains("breaker:market_halt:*", "orders:refused:* market_halt"),
    Explains("breaker:market_halt:*", "venue:halted:*"),
    Explains("breaker:shut:*", "orders:refused:* breaker_scope"),
    Explains("strategy:disabled:{}", "orders:refused:{} disabled_strategy"),
    Explains("limits:breach:{}", "limits:warn:{}"),
    Explains("limits:scope_breach:{}", "limits:warn:{}"),
    Explains("venue:silent:*", "orders:unknown:*"),
    Explains("venue:silent:*", "orders:close_fails:*"),
    Explains("venue:silent:*", "venue:unconfirmed:*"),
    Explains("storage:journal:*", "storage:*:*"),
)


#: The kinds (source and kind) that explain others.
CAUSES: frozenset[tuple[str, ...]] = frozenset(tuple(row.by.split(":", 2)[:2]) for row in EXPLAINS)


class Candidate(msgspec.Struct, frozen=True):
    """Who may explain an alert: every alert of a source and kind, or with ``fingerprint`` that one alone."""

    source: str
    kind: str
    fingerprint: str = ""


def candidates(fingerprint: str) -> tuple[Candidate, ...]:
    """Who may explain an alert, the likeliest first; nobody explains one of its own kind.

    >>> candidates("limits:warn:main net_vega")[0].fingerprint
    'limits:breach:main net_vega'
    """
    source, kind, _ = fingerprint.split(":", 2)
    found = []
    for row in EXPLAINS:
        by_source, by_kind, subject = row.by.split(":", 2)
        match = _pattern(row.what).fullmatch(fingerprint)
        if match and (by_source, by_kind) != (source, kind):
            same = match["same"] if "{}" in row.what else ""
            found.append(Candidate(by_source, by_kind, "" if subject == "*" else row.by.replace("{}", same)))
    return tuple(found)


@cache
def _pattern(what: str) -> re.Pattern[str]:
    text = re.escape(what).replace(r"\*", ".*").replace(r"\{\}", "(?P<same>.+)")
    return re.compile(text, re.DOTALL)


def rank(found: tuple[Candidate, ...]) -> int:
    """How many steps from a cause that nothing explains: causes are judged before what they explain."""
    return max((1 + _depth(one.source, one.kind) for one in found), default=0)


@cache
def _depth(source: str, kind: str) -> int:
    rows = [row.by.split(":", 2) for row in EXPLAINS if row.what.split(":", 2)[:2] == [source, kind]]
    return max((1 + _depth(by_source, by_kind) for by_source, by_kind, _ in rows), default=0)
