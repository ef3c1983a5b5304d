"""Exchange files in, archive and tapes out: what was taken, what was refused and why.

Everything of a file is read and sifted before anything of it is written; an unreadable file is refused in one line and
the others go on. One tape a format and trading day: contracts, quotes by time, and on expiry days the settlement.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import chain
from pathlib import Path

import msgspec
import pandas as pd

from sidecar.domain.errors import FileRefused, InputError
from sidecar.domain.events import AnyEvent, Listed, Quote
from sidecar.domain.reference import Reference
from sidecar.store import archive
from sidecar.store.importers import sources
from sidecar.store.importers.formats import TAPE, Format, detected, format_named
from sidecar.store.importers.listing import Listing
from sidecar.store.importers.rows import Options, parsed, zone_named
from sidecar.store.importers.settling import settlements
from sidecar.store.importers.sift import QUOTE_COLUMNS, Refused, sift
from sidecar.store.tape import TapeHeader, TapeWriter, read, read_end, read_header

Progress = Callable[[str], None]
_UNFINISHED = ".unfinished"


class DayTaken(msgspec.Struct, frozen=True):
    """One trading day that was written. ``replaced``: it had been imported before and took its own place."""

    format: str
    day: date
    quotes: int
    contracts: int
    settlements: int
    tape: str
    replaced: bool


class ImportResult(msgspec.Struct, frozen=True):
    """What an import did: ``files`` read, files ``failed`` (one line each), ``days`` written, what was ``refused``.

    ``rows`` were read. A row of a chain may be several quotes (a call, a put, the index once an instant), and each of
    them is taken or refused; a row that cannot be divided is refused as one.
    """

    files: tuple[str, ...]
    failed: tuple[str, ...]
    days: tuple[DayTaken, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]
    rows: int

    @property
    def taken(self) -> int:
        """Quotes written."""
        return sum(day.quotes for day in self.days)

    @property
    def tapes(self) -> tuple[str, ...]:
        """The tapes written, in order."""
        return tuple(dict.fromkeys(day.tape for day in self.days))


def run_import(
    paths: Sequence[Path],
    *,
    data_dir: Path,
    reference: Reference,
    format: str | None = None,  # noqa: A002 - the option's own name
    zone: str | None = None,
    expiry: date | None = None,
    day: date | None = None,
    progress: Progress = lambda _: None,
) -> ImportResult:
    """Imports ``paths`` into ``data_dir/archive`` and ``data_dir/tapes``; all files of a format and day make one tape.

    ``format`` forces a format, ``zone`` says where times without an offset were written, ``expiry`` and ``day`` fill in
    what a file does not say. A file that cannot be read becomes a line of ``failed``; the rest goes on.

    :raises InputError: an unknown format or zone.
    """
    options = Options(reference, zone, expiry, day)
    if zone is not None:
        zone_named(zone)
    forced = format_named(format) if format not in (None, TAPE) else None
    tables: dict[tuple[str, str], list[pd.DataFrame]] = {}
    outcome = _Outcome(data_dir)
    for path in sorted(dict.fromkeys(paths)):
        progress(f"reading {path.name}")
        try:
            if format == TAPE or (forced is None and path.suffix == ".tape"):
                outcome.take_tape(path)
            else:
                chosen = forced or detected(sources.glance(path))
                table = chosen.load(path)
                if table.empty:
                    raise FileRefused(str(path), "holds no rows")
                market = str(table["market"].iloc[0]) if "market" in table else ""
                tables.setdefault((chosen.name, market), []).append(table)
                outcome.rows += len(table)
            outcome.files.append(path.name)
        except InputError as refused:
            outcome.failed.append(str(refused))
    for name, market in sorted(tables):
        progress(f"sifting {name}")
        outcome.take(format_named(name), sources.joined(tables[name, market]), options, progress)
    return outcome.result()


def describe(result: ImportResult) -> str:
    """The result in lines: a file that failed, a day, a reason, a note each."""
    lines = [f"refused file: {line}" for line in result.failed]
    for day in result.days:
        settled = f", {day.settlements} settlement{'s' * (day.settlements != 1)}" if day.settlements else ""
        again = " (replaced)" if day.replaced else ""
        lines.append(
            f"{day.day} {day.format}: {day.quotes} quotes of {day.contracts} contracts{settled}{again} -> {day.tape}"
        )
    total = sum(one.count for one in result.refused)
    lines.append(f"rows read: {result.rows}; quotes taken: {result.taken}; refused: {total}")
    lines += [f"  {one.reason}: {one.count} (first: {', '.join(one.first_rows)})" for one in result.refused]
    lines += [f"note: {note}" for note in result.notes]
    return "\n".join(lines)


class _Outcome:
    """What has been done so far."""

    def __init__(self, data_dir: Path) -> None:
        self._archive = data_dir / "archive"
        self._tapes = data_dir / "tapes"
        self.files: list[str] = []
        self.failed: list[str] = []
        self.rows = 0
        self._days: list[DayTaken] = []
        self._refused: list[Refused] = []
        self._notes: list[str] = []

    def result(self) -> ImportResult:
        return ImportResult(
            tuple(self.files),
            tuple(self.failed),
            tuple(self._days),
            _added(self._refused),
            tuple(dict.fromkeys(self._notes)),
            self.rows,
        )

    def take(self, chosen: Format, table: pd.DataFrame, options: Options, progress: Progress) -> None:
        rows = parsed(chosen.parse, table, options)
        sifted = sift(rows, options)
        self._refused += sifted.refused
        self._notes += rows.notes
        listing = Listing(options.reference, rows.exchange)
        for day in sifted.days:
            progress(f"writing {chosen.name} {day.day}")
            settled, why = settlements(day, zone_named(rows.zone), lambda name: listing.calendar(name) is not None)
            self._notes += [note for note in why if "no settlement" in note]
            exchanges = sorted({listing.exchange_of(contract.underlying) for contract in day.contracts})
            header = TapeHeader(
                source=chosen.name,
                simulated=False,
                recorded="market",
                exchange=" ".join(exchanges),
                zone=rows.zone,
                contracts=day.contracts,
                sessions=(day.day,),
                notes=(*rows.notes, *why),
            )
            tape = self._tapes / f"{chosen.name}{rows.label}-{day.day}.tape"
            again = tape.exists()
            listed = Listed(int(day.quotes["at"].iloc[0]), day.contracts, chosen.name)
            _write_tape(tape, header, chain([listed], _quotes(day.quotes), settled))
            held = archive.put_day(self._archive, chosen.name, day.day, day.quotes, day.contracts, day.bars)
            again = bool(held) or again
            count = (len(day.quotes), len(day.contracts), len(settled))
            self._days.append(DayTaken(chosen.name, day.day, *count, str(tape), again))

    def take_tape(self, path: Path) -> None:
        """A tape is taken as it is, if it is whole; its quotes go into the archive by day."""
        header, end = read_header(path), read_end(path)
        zone_named(header.zone)
        quotes, contracts, settled = [], {contract.id: contract for contract in header.contracts}, 0
        for event in read(path):
            if type(event) is Quote:
                quotes.append(event)
            elif isinstance(event, Listed):
                contracts.update({contract.id: contract for contract in event.contracts})
            settled += type(event).__name__ == "Settlement"
        if end is None or not quotes:
            raise FileRefused(str(path), "holds no quotes")
        frame = pd.DataFrame([msgspec.structs.asdict(quote) for quote in quotes])[list(QUOTE_COLUMNS)]
        strange = ~frame["symbol"].isin(list(contracts))
        if strange.any():
            raise FileRefused(str(path), f"has quotes of {frame['symbol'][strange].iloc[0]}, which it never lists")
        self.rows += len(frame)
        tape = self._tapes / path.name
        again = tape.exists()
        if not again or not tape.samefile(path):
            tape.parent.mkdir(parents=True, exist_ok=True)
            unfinished = tape.with_name(tape.name + _UNFINISHED)
            shutil.copyfile(path, unfinished)
            unfinished.replace(tape)
        source = archive.SIMULATED_TAPE if header.simulated else TAPE
        days = pd.to_datetime(frame["at"], unit="us", utc=True).dt.tz_convert(header.zone).dt.date
        for day, rows in frame.groupby(days, sort=True):
            listed = tuple(contracts[symbol] for symbol in pd.unique(rows["symbol"]) if symbol in contracts)
            archive.put_day(self._archive, source, day, rows, listed)
            self._days.append(DayTaken(TAPE, day, len(rows), len(listed), settled, str(tape), again))


def _write_tape(path: Path, header: TapeHeader, events: Iterable[AnyEvent]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + _UNFINISHED)
    with TapeWriter(unfinished, header) as tape:
        tape.write(events)
    unfinished.replace(path)


def _quotes(frame: pd.DataFrame) -> Iterable[Quote]:
    at = frame["at"].tolist()
    values = [frame[name].tolist() for name in QUOTE_COLUMNS[2:]]
    return map(Quote, frame["symbol"].tolist(), at, at, *values)


def _added(refused: Iterable[Refused]) -> tuple[Refused, ...]:
    found: dict[str, Refused] = {}
    for one in refused:
        held = found.get(one.reason, Refused(one.reason, 0, ()))
        found[one.reason] = Refused(one.reason, held.count + one.count, (*held.first_rows, *one.first_rows)[:3])
    return tuple(sorted(found.values(), key=lambda one: (-one.count, one.reason)))
