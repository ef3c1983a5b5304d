"""Data quality as the screens read it: what a score is made of, what it means for trading, what was raised before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pages.parts import reads
from pages.parts.tables import Columns
from pages.parts.words import known, measured, number, percent, phrase, plain

Row = dict[str, Any]
EVERY_S = 5.0
SYMBOL: Columns = {
    "symbol": ("Underlying", "text", ""),
    "score": ("Score", "%,.1f %%", "the least of fresh, clean and steady: 100 % is nothing wrong"),
    "fresh": ("Fresh", "%,.1f %%", "share of the contracts that are heard of in time"),
    "clean": ("Clean", "%,.1f %%", "share of the updates that were accepted"),
    "steady": ("Steady", "%,.1f %%", "share of the messages that were not missed"),
    "age_s": ("Age", "%,.1f s", "of the underlying's newest price, market time"),
    "contracts": ("Contracts", "%,d", ""),
    "live": ("Live", "%,d", "contracts heard of in time"),
    "stale": ("Stale", "%,d", "contracts whose newest quote is too old"),
    "missing": ("Missing", "%,d", "contracts never heard of"),
    "updates": ("Updates", "%,d", "taken since the start"),
    "refused": ("Quarantined", "%,d", "updates that were refused: they move no mark and no limit"),
    "crossed": ("Crossed", "%,d", "bid above ask; refused"),
    "out_of_order": ("Out of order", "%,d", "older than what is known; refused"),
    "gaps": ("Gaps", "%,d", "times that messages were missed"),
    "missed": ("Missed", "%,d", "messages missed in the last minute"),
}
ALERT: Columns = {
    "timestamp": ("Found", "time", "exchange zone"),
    "resolved_at": ("Over", "time", "exchange zone"),
    "level": ("Level", "text", ""),
    "title": ("What", "text", ""),
    "message": ("Detail", "text", ""),
    "count": ("Times", "%,d", "found so often"),
    "acknowledged_by": ("Seen by", "text", ""),
}
#: Health of the stream: icon, colour and what it says.
HEALTH = {
    "up": (":material/check_circle:", "green", "Every underlying is heard of and no message was missed of late."),
    "degraded": (":material/warning:", "orange", "An underlying is not heard of, or messages were missed of late."),
    "silent": (":material/volume_off:", "red", "The feed claims to be up, and no underlying is heard of."),
    "down": (":material/cloud_off:", "red", "The feed says that it is down."),
}
_SHARES = ("score", "fresh", "clean", "steady")


def symbols(quality: Row) -> list[Row]:
    """A row an underlying, the worst first; shares in per cent."""
    rows = [
        {**row, **{name: None if (share := known(row.get(name))) is None else 100 * share for name in _SHARES}}
        for row in (quality.get("symbols") or {}).values()
    ]
    return sorted(rows, key=lambda row: (row["score"] is not None, row["score"] or 0.0))


def overall(quality: Row) -> str:
    """The worst score, in per cent; unknown where one of them is."""
    return percent(quality.get("overall_quality"), 1)


def refusals(quality: Row) -> list[tuple[str, str, int]]:
    """Underlying, reason and how many updates were refused for it, the most first."""
    found = [
        (str(row.get("symbol")), str(reason), int(count))
        for row in (quality.get("symbols") or {}).values()
        for reason, many in (row.get("refused_by_reason") or {}).items()
        if (count := known(many))
    ]
    told = {reason for _, reason, _ in found}
    found += [("all", str(reason), int(count)) for reason, many in (quality.get("refused") or {}).items()
              if reason not in told and (count := known(many))]  # fmt: skip
    return sorted(found, key=lambda row: (-row[2], row))


def bounds(limits: Sequence[Row] | None) -> tuple[float | None, float | None]:
    """From what age data warns, and from what age it trips, in seconds, by the desk's own limits."""
    rows = {row.get("name"): known(row.get("limit")) for row in limits or () if row.get("status") != "off"}
    return rows.get("stale_warn"), rows.get("stale")


def meaning(limits: Sequence[Row] | None) -> list[str]:
    """What the limits make of the data, a sentence each."""
    if limits is None:
        return ["What the limits make of it is unknown."]
    warn, trip = bounds(limits)
    said = []
    if warn is not None:
        said.append(f"Data older than {number(warn, 0)} s warns.")
    if trip is not None:
        said.append(
            f"Data older than {number(trip, 0)} s halts: orders that add risk are refused until a person resets."
        )
    if warn is None and trip is None:
        said.append("No limit on the age of data is in force.")
    for row in limits:
        if row.get("name") in ("stale", "stale_warn", "iv_shock") and row.get("status") in (
            "warn",
            "breach",
            "unknown",
        ):
            value, bound = (measured(row["name"], row.get(name)) for name in ("value", "limit"))
            said.append(f"Now {phrase(row['name'])} is at {value} of {bound}: {row['status']}.")
    return [plain(one) for one in said]


def raised() -> tuple[list[Row] | None, str]:
    """What was raised about data, newest first, over or not."""
    return reads.shared().told(
        "data alerts", EVERY_S, lambda desk: list(desk.alerts("all", source="data", limit=50)["alerts"])
    )


def feeds() -> tuple[list[Row] | None, str]:
    """Measurements of the last hour, which say of each feed whether it was up."""
    return reads.shared().told("feeds", EVERY_S, lambda desk: list(desk.system(720)["system"]))


def drops(rows: Sequence[Row]) -> dict[str, int]:
    """How often each feed came back up in these measurements, which are newest first."""
    found: dict[str, int] = {}
    before: dict[str, str] = {}
    for row in reversed(rows):
        for name, state in (row.get("feeds") or {}).items():
            found[name] = found.get(name, 0) + (state == "up" and before.get(name) not in (None, "up"))
            before[name] = state
    return found
