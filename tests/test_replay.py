"""A tape through the desk offline: the same reports every time, nothing stale without cause, settled to the paisa."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from sidecar.desk.state import DeskState
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.contracts import Right
from sidecar.domain.errors import FileRefused
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote, Settlement
from sidecar.domain.orders import Fill
from sidecar.domain.records import FillRecorded
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.markets import paper
from sidecar.replay import _PATIENCE, Result, beaten, loosened, replay, staleness
from sidecar.settings import REPOSITORY, desk_config
from sidecar.store.importing import run_import
from sidecar.store.tape import TapeHeader, TapeWriter, read, read_header
from sidecar.strategies.demo import Demo
from sidecar.strategies.protocol import Strategy
from sidecar.terminal.parser import main
from tests.desk.world import CALENDAR, INDEX, LISTED, OPEN, REFERENCE, chain, index
from tests.wiring import environment, small


def run(path: Path, folder: Path, *strategies: Strategy, **more: object) -> Result:
    settings = small(folder, **more)
    return replay(
        path,
        desk_config(settings),
        REFERENCE,
        CALENDAR,
        broker=lambda stale_s: paper(settings, CALENDAR, stale_s),
        strategies=strategies or (Demo(),),
    )


def tape_of(path: Path, events: Iterable[AnyEvent]) -> Path:
    with TapeWriter(path, TapeHeader("test", True, "market", "NSE", "Asia/Kolkata", (INDEX,))) as tape:
        tape.write(events)
    return path


def morning(minutes: int = 8) -> Iterator[AnyEvent]:
    """A chain quoted every ten seconds while the index wanders."""
    yield LISTED
    for step in range(minutes * 6):
        yield from chain(OPEN + (1 + 10 * step) * SECOND, spot=24_700.0 + 3.0 * ((step * 7) % 11 - 5))


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tape_of(tmp_path_factory.mktemp("tapes") / "morning.tape", morning())


def test_a_market_tape_gives_one_hash_however_often_it_is_replayed(tape: Path, tmp_path: Path) -> None:
    first, second = run(tape, tmp_path), run(tape, tmp_path)
    assert first.report_hash == second.report_hash
    assert first.orders >= 2
    assert first.open_positions == 2
    assert first.reports >= 480
    assert first.breaker == "active"


def test_another_hash_seed_and_another_process_give_the_same_hash(tape: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sidecar", "replay", str(tape), "--hash-only"]
    hashes = {
        subprocess.run(
            command, cwd=REPOSITORY, env=environment(PYTHONHASHSEED=seed), capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("4242",)
    }
    assert hashes == {run(tape, tmp_path).report_hash}


def test_another_strategy_or_price_gives_another_hash(tape: Path, tmp_path: Path) -> None:
    events = list(read(tape))
    place = next(n for n, event in enumerate(events) if n > 200 and isinstance(event, Quote) and event.bid > 50)
    quote = events[place]
    assert isinstance(quote, Quote)
    events[place] = Quote(quote.symbol, quote.at, quote.received_at, quote.bid - 0.05, quote.ask)
    other = tape_of(tmp_path / "other.tape", events)
    hashes = {run(tape, tmp_path).report_hash, run(other, tmp_path).report_hash}
    hashes.add(run(tape, tmp_path, _Nothing()).report_hash)
    assert len(hashes) == 3


class _Nothing:
    name = "nothing"

    def on_report(self, _: Published) -> tuple[()]:
        return ()


def test_verify_keeps_the_hash_of_a_market_tape_and_holds_the_next_replay_to_it(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "morning.tape"
    path.write_bytes(tape.read_bytes())
    assert main(["replay", str(path), "--verify"]) == 0
    told = capsys.readouterr().out
    assert "same as a second run in another process with another PYTHONHASHSEED" in told
    assert main(["replay", str(path), "--verify"]) == 0
    assert "same as an earlier replay" in capsys.readouterr().out
    tape_of(path, [event for n, event in enumerate(read(tape)) if n != 400])
    assert main(["replay", str(path), "--verify"]) == 1
    assert "DIFFERENT as an earlier replay" in capsys.readouterr().out
    beside = path.with_name("morning.tape.hash.json")
    beside.write_text("{")
    assert main(["replay", str(path), "--verify"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("share", [0.999, 0.5, 0.02, 0.0])
def test_a_truncated_tape_is_refused_in_one_line(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float
) -> None:
    data = tape.read_bytes()
    path = tmp_path / "cut.tape"
    path.write_bytes(data[: int(len(data) * share)])
    assert main(["replay", str(path)]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("deskwatch: ")
    assert told.err.count("\n") == 1
    assert "report hash" not in told.out


def test_a_tape_with_a_flipped_bit_is_refused(tape: Path, tmp_path: Path) -> None:
    data = bytearray(tape.read_bytes())
    data[len(data) * 3 // 4] ^= 0x10
    path = tmp_path / "flipped.tape"
    path.write_bytes(data)
    with pytest.raises(FileRefused):
        run(path, tmp_path)


def test_a_tape_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["replay", str(tmp_path / "none.tape")]) == 2
    assert "none.tape: does not exist" in capsys.readouterr().err


def test_progress_is_told_and_ends_with_all_events(tape: Path, tmp_path: Path) -> None:
    settings = small(tmp_path)
    told: list[int] = []
    result = replay(
        tape,
        desk_config(settings),
        REFERENCE,
        CALENDAR,
        broker=lambda stale_s: paper(settings, CALENDAR, stale_s),
        on_progress=told.append,
    )
    assert told[-1] == result.events
    assert result.orders == 0


def test_beats_come_every_second_between_the_events_and_twice_after_the_last() -> None:
    events = [index(OPEN + 100), index(OPEN + 2 * SECOND + 5)]
    found = list(beaten(events))
    assert [event.at for event in found] == [OPEN + 100, OPEN + SECOND, OPEN + 2 * SECOND, OPEN + 2 * SECOND + 5,
                                             OPEN + 3 * SECOND, OPEN + 4 * SECOND]  # fmt: skip
    assert [isinstance(event, Beat) for event in found] == [False, True, True, False, True, True]
    assert list(beaten([])) == []


def test_time_never_goes_back_on_a_beaten_tape(tape: Path) -> None:
    times = [event.at for event in beaten(read(tape))]
    assert all(a <= b for a, b in pairwise(times))


def test_a_tape_is_stale_after_a_few_of_its_usual_gaps(tmp_path: Path) -> None:
    gaps = [0, 155, 310, 465, 900, 1055]
    path = tape_of(tmp_path / "a.tape", [LISTED, *(index(OPEN + gap * SECOND) for gap in gaps)])
    assert staleness(path, 10.0) == 155.0 * _PATIENCE
    assert staleness(path, 1_000.0) == 1_000.0
    one = tape_of(tmp_path / "b.tape", [LISTED, index(OPEN)])
    assert staleness(one, 10.0) == 10.0


def test_staleness_is_only_ever_loosened_and_its_warning_with_it() -> None:
    limits = {"stale": 10.0, "stale_warn": 5.0, "vix": 40.0}
    assert loosened(limits, 10.0) == limits
    assert loosened(limits, 3.0) == limits
    assert loosened(limits, 465.0) == {"stale": 465.0, "stale_warn": 232.5, "vix": 40.0}
    assert limits["stale"] == 10.0


# ---- real days -----------------------------------------------------------------------------------------------------

DAYS = (
    ("nifty_chain_1min_option_chain_20260818.parquet", "timestamp", date(2026, 8, 18)),
    ("nse_bse_index_chain_2p5min_2025-01-25_2025-02-14.parquet", "commit_time", date(2025, 1, 30)),
)


def the_end_of(path: Path, folder: Path, minutes: int) -> tuple[Path, Settlement]:
    """The last ``minutes`` of NIFTY's expiry on a tape, round the money, and what it settled at."""
    events = list(read(path))
    (settled,) = (event for event in events if isinstance(event, Settlement) and event.underlying == "NIFTY")
    near = [
        contract
        for event in events
        if isinstance(event, Listed)
        for contract in event.contracts
        if contract.id == "NIFTY"
        or (contract.underlying == "NIFTY" and abs((contract.strike or 0) - settled.price) < 500)
    ]
    since, names = settled.at - minutes * MINUTE, {contract.id for contract in near}
    quotes = [event for event in events if isinstance(event, Quote) and event.at >= since and event.symbol in names]
    part = folder / "end.tape"
    with TapeWriter(part, msgspec.structs.replace(read_header(path), contracts=tuple(near))) as tape:
        tape.write([Listed(since, tuple(near), "part"), *quotes, settled])
    return part, settled


@pytest.mark.slow
@pytest.mark.parametrize(("name", "column", "day"), DAYS)
def test_on_a_real_expiry_day_positions_settle_exactly_at_the_closing_value(
    shared_data: Path, tmp_path: Path, name: str, column: str, day: date
) -> None:
    table = pd.read_parquet(shared_data / "chain_intraday" / name)
    table = table[table[column].astype(str).str.replace("-", "").str.startswith(f"{day:%Y%m%d}")]
    table.to_parquet(tmp_path / name)
    result = run_import([tmp_path / name], data_dir=tmp_path, reference=REFERENCE)
    assert [taken.day for taken in result.days] == [day]
    part, settled = the_end_of(Path(result.days[0].tape), tmp_path, 70)

    config = msgspec.structs.replace(desk_config(small(tmp_path)), capital={"main": Decimal(5_000_000)})
    stale_s = staleness(part, config.limits["stale"])
    state = DeskState(msgspec.structs.replace(config, limits=loosened(config.limits, stale_s)), REFERENCE, CALENDAR)
    fills: list[Fill] = []

    def take(published: Published) -> None:
        fills.extend(row.fill for row in published.report.records if isinstance(row, FillRecorded))

    drive = Drive(state, paper(small(tmp_path), CALENDAR, stale_s), (Demo(),), publish=take)
    for event in beaten(read(part)):
        drive.handle(event)

    at_expiry = [fill for fill in fills if fill.note == "settlement"]
    assert len(at_expiry) >= 2
    assert state.book.open_positions() == []
    close = Decimal(repr(settled.price))
    for fill in at_expiry:
        contract = state.contracts[fill.symbol]
        assert contract.strike is not None
        strike = Decimal(repr(contract.strike))
        worth = close - strike if contract.right is Right.CALL else strike - close
        assert fill.price == max(worth, Decimal(0))
        assert fill.at >= (contract.expires_at or 0)
    assert state.book.realized() == sum((-fill.quantity * fill.price for fill in fills), Decimal(0))
    values = [event.last for event in read(part) if isinstance(event, Quote) and event.symbol == "NIFTY"]
    assert settled.price in values
    assert settled.observed_at <= settled.at


@pytest.mark.slow
def test_a_real_day_gives_one_hash_under_any_hash_seed(shared_data: Path, tmp_path: Path) -> None:
    name, column, day = DAYS[0]
    table = pd.read_parquet(shared_data / "chain_intraday" / name)
    table[table[column] >= f"{day:%Y%m%d}1520"].to_parquet(tmp_path / name)
    result = run_import([tmp_path / name], data_dir=tmp_path, reference=REFERENCE)
    tape = Path(result.days[0].tape)
    assert main(["replay", str(tape), "--verify"]) == 0
