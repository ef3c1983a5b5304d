"""What of a measurement somebody should know: a table of thresholds, and what was told of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.system import SystemLine

#: Fraction of memory in use; seconds that a beat is late; errors logged between two measurements.
MOST_MEMORY = 0.90
MOST_LAG_S = 1.0
MOST_ERRORS = 10
#: How many measurements without it end a trouble that stood; and how often (seconds) one that stands is told again.
CLEAR_AFTER = 3
AGAIN_S = 60.0


@dataclass(frozen=True)
class Seen:
    """One measurement, and what of the machine is not in its line. ``errors`` were logged since the one before.

    ``database`` says why the database falls behind, empty where it does not.
    """

    line: SystemLine
    free_bytes: float
    least_free_bytes: int
    errors: float
    database: str


#: What is wrong, "" where nothing is, None where it cannot be known.
Look = Callable[[Seen], str | None]


@dataclass(frozen=True)
class Trouble:
    """One row: a trouble that is found ``times`` measurements in a row becomes a finding."""

    source: str
    kind: str
    subject: str
    level: AlertLevel
    severity: int
    title: str
    look: Look
    times: int = 1

    def finding(self, message: str) -> Finding:
        """The finding that it makes."""
        return Finding(self.source, self.kind, self.subject, self.level, self.severity, self.title, message)


def _over(value: Callable[[Seen], float], most: Callable[[Seen], float], say: Callable[[Seen], str]) -> Look:
    def look(seen: Seen) -> str | None:
        measured = value(seen)
        if measured != measured:
            return None
        return say(seen) if measured > most(seen) else ""

    return look


TROUBLES: tuple[Trouble, ...] = (
    Trouble("system", "memory", "machine", AlertLevel.WARNING, 3, "Memory is nearly used up",
            _over(lambda s: s.line.memory_usage, lambda _: MOST_MEMORY,
                  lambda s: f"{s.line.memory_usage:.0%} of the machine's memory is in use; "
                            f"this process holds {s.line.process_memory_bytes / 2**20:.0f} MiB")),
    Trouble("storage", "disk", "data", AlertLevel.ERROR, 4, "The disk is nearly full",
            _over(lambda s: -s.free_bytes, lambda s: -s.least_free_bytes,
                  lambda s: f"{s.free_bytes / 2**20:.0f} MiB are left for journal and database; make room")),
    Trouble("system", "loop_lag", "desk", AlertLevel.ERROR, 4, "The desk's loop is late",
            _over(lambda s: s.line.loop_lag_s, lambda _: MOST_LAG_S,
                  lambda s: f"beats come up to {s.line.loop_lag_s:.1f} s late"), times=3),
    Trouble("storage", "database", "desk.duckdb", AlertLevel.ERROR, 4, "The database falls behind the journal",
            lambda s: s.database),
    Trouble("system", "errors", "log", AlertLevel.WARNING, 3, "Many errors are being logged",
            _over(lambda s: s.errors, lambda _: MOST_ERRORS,
                  lambda s: f"{s.errors:.0f} errors were logged since the measurement before")),
)  # fmt: skip


@dataclass
class _Told:
    in_a_row: int = 0
    clear: int = 0
    stands: bool | None = None  # None: nothing was told since the start
    at_s: float = 0.0


class Watch:
    """Remembers what was told, so that each trouble is told when it begins, now and then while it stands, and once when
    it has ended. What a run before may have left standing is ended by the first measurement that does not find it.
    """

    def __init__(self, troubles: Sequence[Trouble] = TROUBLES) -> None:
        self._told = [(trouble, _Told()) for trouble in troubles]

    def look(self, seen: Seen, now_s: float) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """What to tell of a measurement: findings, and the fingerprints that are cleared. ``now_s`` only rises."""
        findings: list[Finding] = []
        cleared: list[str] = []
        for trouble, told in self._told:
            message = trouble.look(seen)
            if message:
                told.in_a_row, told.clear = told.in_a_row + 1, 0
                due = not told.stands or now_s - told.at_s >= AGAIN_S
                if told.in_a_row >= trouble.times and due:
                    told.stands, told.at_s = True, now_s
                    findings.append(trouble.finding(message))
            elif message is not None:
                told.in_a_row, told.clear = 0, told.clear + 1
                if told.stands is None or (told.stands and told.clear >= CLEAR_AFTER):
                    told.stands = False
                    cleared.append(trouble.finding("").fingerprint)
        return tuple(findings), tuple(cleared)
