"""The wiring: opening a data directory, closing it in order, and opening it again."""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sidecar.domain.breaker import BreakerStatus, Trigger
from sidecar.domain.clock import SECOND, from_datetime
from sidecar.domain.errors import AlreadyRunning, ConfigurationError, DeskError, FileRefused, SchemaTooNew
from sidecar.domain.events import AnyEvent
from sidecar.domain.records import Entry, Halted, Started, decode, encode
from sidecar.replay import _PATIENCE
from sidecar.run import Sidecar
from sidecar.stop_file import StopFile
from sidecar.store.database import Database
from sidecar.store.frames import scan
from sidecar.store.lock import DataDirectoryLock
from sidecar.store.tape import TapeHeader, TapeWriter
from tests.desk.world import INDEX, LISTED, OPEN, chain
from tests.wiring import ask_reset, ask_stop, small, started, until


def entries(folder: Path) -> list[Entry]:
    return [decode(record.payload) for record in scan((folder / "journal.log").read_bytes()).records]


def status(folder: Path, **more: object) -> BreakerStatus:
    with Sidecar(small(folder, **more)) as sidecar:
        return sidecar.state.breaker.status


def test_a_first_start_makes_the_directory_and_a_desk_that_may_trade(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    with Sidecar(small(folder)) as sidecar:
        started(sidecar)
        assert sidecar.state.breaker.active
        assert sidecar.state.notes == ()
        assert sidecar.live.latest is not None
        assert sidecar.live.latest.report.simulated
    assert isinstance(entries(folder)[0].record, Started)
    assert (folder / "desk.duckdb").is_file()


def test_a_start_that_never_ran_closes_cleanly_and_so_does_a_second_close(tmp_path: Path) -> None:
    sidecar = Sidecar(small(tmp_path))
    sidecar.close()
    sidecar.close()
    DataDirectoryLock(tmp_path).release()


def test_a_restart_resumes_the_same_simulated_market_where_the_journal_stopped(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path, strategy="demo")) as first:
        started(first)
        until(lambda: first.state.book.open_positions(), what="a position")
        until(lambda: first.state.marked_at and first.state.now > first.state.marked_at)
    known = entries(tmp_path)
    held = {position.symbol: position.quantity for position in first.state.book.open_positions()}
    orders = set(first.state.orders)
    newest = max(entry.record.at for entry in known)
    with Sidecar(small(tmp_path, strategy="demo")) as second:
        assert {position.symbol: position.quantity for position in second.state.book.open_positions()} == held
        assert set(second.state.orders) == orders
        assert newest <= second.live.now()
        started(second)
        assert second.live.latest is not None
        assert from_datetime(second.live.latest.report.timestamp) >= newest
        assert second.state.breaker.active, second.state.breaker
        assert second.state.notes == ()
        spot = second.state.board.spot("NIFTY")
    assert abs(spot / first.state.board.spot("NIFTY") - 1) < 0.02


def test_a_restart_in_the_middle_of_a_session_is_not_taken_for_a_silent_feed(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as first:
        started(first)
        opened = first.state.session
        assert opened is not None
        until(lambda: first.state.marked_at > opened.open_at + 60 * SECOND, what="two minutes of the session")
    with Sidecar(small(tmp_path)) as second:
        started(second)
        until(lambda: second.state.now > first.state.marked_at + 20 * SECOND, what="some seconds after the restart")
        assert second.state.breaker.active, second.state.breaker
        assert second.state.breaker.halt_seq == 0


def test_a_fund_that_holds_positions_but_lost_its_capital_refuses_the_start(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sidecar(small(tmp_path, strategy="demo")) as first:
        started(first)
        until(lambda: first.state.book.open_positions(), what="a position")
    settings = tmp_path / "other.toml"
    settings.write_text((repository / "desk.toml").read_text().replace("main = 2000000", "other = 2000000"))
    monkeypatch.setenv("DESK_SETTINGS", str(settings))
    with pytest.raises(ConfigurationError, match=r"capital: fund 'main' holds positions"):
        Sidecar(small(tmp_path, fund="other"))


def test_a_stop_stands_after_a_restart_until_it_is_reset(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        ask_stop(started(sidecar).live, "fat finger")
    with Sidecar(small(tmp_path)) as sidecar:
        assert sidecar.state.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert sidecar.state.breaker.causes[0].detail == "fat finger"
        started(sidecar)
        assert ask_reset(sidecar.live).breaker.active
    assert status(tmp_path) is BreakerStatus.ACTIVE


def test_a_data_directory_of_one_market_is_refused_to_another(tmp_path: Path) -> None:
    assert status(tmp_path) is BreakerStatus.ACTIVE
    with pytest.raises(ConfigurationError, match=r"data_dir: .*'simulated seed 1 .*not of 'simulated seed 2"):
        Sidecar(small(tmp_path, seed=2))
    assert status(tmp_path) is BreakerStatus.ACTIVE


def test_a_second_sidecar_on_one_directory_is_told_who_owns_it(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)), pytest.raises(AlreadyRunning, match=r"process \d+"):
        Sidecar(small(tmp_path))


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"simulation": {"start_date": "tomorrow"}}, "start_date: is not a date"),
        ({"strategy": "martingale"}, "strategy: 'martingale' is not known"),
        ({"market": "replay"}, "tape: is not given"),
        ({"tape": Path("any.tape")}, "tape: the simulated market plays none"),
        ({"record": Path("no/such/folder/a.tape")}, "record: .*is not a directory"),
    ],
)
def test_a_failure_midway_closes_what_was_opened(tmp_path: Path, more: dict[str, object], problem: str) -> None:
    with pytest.raises(DeskError, match=problem):
        Sidecar(small(tmp_path, **more))
    DataDirectoryLock(tmp_path).release()
    with duckdb.connect(tmp_path / "desk.duckdb"):
        pass
    assert status(tmp_path) is BreakerStatus.ACTIVE


def test_a_failure_of_the_venue_at_the_start_closes_everything_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(*_: object) -> None:
        raise FileRefused("the venue", "does not answer")

    with monkeypatch.context() as patch:
        patch.setattr("sidecar.venues.paper.PaperBroker.restore", unanswered)
        with pytest.raises(FileRefused):
            Sidecar(small(tmp_path))
    assert status(tmp_path) is BreakerStatus.ACTIVE


def test_a_venue_that_cannot_be_asked_at_the_start_leaves_trading_off_until_a_person_resets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(*_: object) -> None:
        raise ConnectionResetError("gone")

    with monkeypatch.context() as patch:
        patch.setattr("sidecar.venues.paper.PaperBroker.book", unanswered)
        with Sidecar(small(tmp_path)) as sidecar:
            assert sidecar.state.breaker.status is BreakerStatus.MANUAL_DISABLE
            assert "could not say what it holds: ConnectionResetError" in sidecar.state.breaker.causes[0].detail
    assert status(tmp_path) is BreakerStatus.MANUAL_DISABLE


def test_a_database_that_is_gone_is_made_again_from_the_journal(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path, strategy="demo")) as sidecar:
        started(sidecar)
        until(lambda: sidecar.state.book.open_positions(), what="a position")
        ask_stop(sidecar.live)
    orders = sorted(sidecar.state.orders)
    for path in tmp_path.glob("desk.duckdb*"):
        path.unlink()
    with Sidecar(small(tmp_path)) as sidecar:
        assert sidecar.state.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert sorted(order.id for order in sidecar.reader.orders(1_000)) == orders
        assert not sidecar.writer.failure


def test_a_database_of_a_newer_program_is_refused_untouched(tmp_path: Path) -> None:
    status(tmp_path)
    path = tmp_path / "desk.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    before = path.read_bytes()
    with pytest.raises(SchemaTooNew, match="999 is newer"):
        Sidecar(small(tmp_path))
    assert path.read_bytes() == before
    DataDirectoryLock(tmp_path).release()


def test_a_database_that_is_stopped_where_the_journal_is_not_makes_the_desk_start_stopped(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        ask_stop(started(sidecar).live)
        ask_reset(sidecar.live)
    database = Database(tmp_path / "desk.duckdb", 1)
    connection = database.cursor()
    connection.execute("DELETE FROM breaker_events WHERE seq = (SELECT max(seq) FROM breaker_events)")
    connection.close()
    database.close()
    with Sidecar(small(tmp_path)) as sidecar:
        assert sidecar.state.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert any("database says emergency_stop" in note for note in sidecar.state.notes)


def test_a_damaged_journal_starts_stopped_and_the_next_start_is_an_ordinary_one(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        ask_stop(started(sidecar).live)
        ask_reset(sidecar.live)
    path = tmp_path / "journal.log"
    data = bytearray(path.read_bytes())
    data[-20] ^= 0x40
    path.write_bytes(data)
    with Sidecar(small(tmp_path)) as sidecar:
        causes = sidecar.state.breaker.causes
        assert sidecar.state.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert causes[-1].trigger is Trigger.EMERGENCY_STOP
        assert any("set aside as journal.head.corrupt-" in note for note in sidecar.state.notes)
        assert not sidecar.writer.failure
        started(sidecar)
        assert sidecar.live.latest is not None
        assert any("set aside" in note for note in sidecar.live.latest.report.notes)
    aside = sorted(tmp_path.glob("*.corrupt-*"))
    with Sidecar(small(tmp_path)) as sidecar:
        assert sidecar.state.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert sidecar.state.notes == ()
        assert ask_reset(started(sidecar).live).breaker.active
    assert sorted(tmp_path.glob("*.corrupt-*")) == aside
    assert status(tmp_path) is BreakerStatus.ACTIVE


def test_a_database_behind_the_journal_says_nothing_against_it(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        ask_stop(started(sidecar).live)
    kept = (tmp_path / "desk.duckdb").read_bytes()
    with Sidecar(small(tmp_path)) as sidecar:
        ask_reset(started(sidecar).live)
    (tmp_path / "desk.duckdb").write_bytes(kept)
    with Sidecar(small(tmp_path)) as sidecar:
        assert sidecar.state.breaker.active
        assert sidecar.state.notes == ()


def test_what_the_desk_kept_stands_in_the_database_after_the_close(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path, strategy="demo")) as sidecar:
        started(sidecar)
        until(lambda: sidecar.state.book.open_positions(), what="a position")
    fills = {fill for position in sidecar.state.book.open_positions() for fill in [position.symbol]}
    with Sidecar(small(tmp_path)) as sidecar:
        assert {fill.symbol for fill in sidecar.reader.fills(100)} >= fills
        assert sidecar.writer.head() is not None


def slow_tape(path: Path) -> Path:
    """Six minutes of a chain that is quoted every 30 seconds."""
    with TapeWriter(path, TapeHeader("test", True, "market", "NSE", "Asia/Kolkata", (INDEX,))) as tape:
        tape.write(_six_minutes())
    return path


def _six_minutes() -> Iterator[AnyEvent]:
    yield LISTED
    for step in range(12):
        yield from chain(OPEN + (1 + 30 * step) * 1_000_000, spot=24_700.0 + step)


def test_a_tape_is_a_market_that_resumes_where_it_stopped(tmp_path: Path) -> None:
    tape = slow_tape(tmp_path / "slow.tape")
    settings = small(tmp_path / "data", market="replay", tape=tape, speed=100.0)
    with Sidecar(settings) as sidecar:
        started(sidecar)
        assert sidecar.state.limits[None]["stale"] == 30.0 * _PATIENCE
        assert any(f"staleness limit set to {30 * _PATIENCE} s" in note for note in sidecar.state.notes)
        until(lambda: sidecar.state.board.spot("NIFTY") > 24_703)
    left = max(entry.record.at for entry in entries(tmp_path / "data"))
    with Sidecar(settings) as sidecar:
        sidecar.start()
        until(lambda: sidecar.state.board.last("NIFTY"))
        seen = sidecar.state.board.last("NIFTY")
        assert seen is not None
        assert seen.at >= left
        until(lambda: not sidecar.state.feed_up, what="the end of the tape")
        assert sidecar.state.board.spot("NIFTY") == 24_711.0
        assert not sidecar.live.failure


def test_the_note_of_an_unfinished_recovery_stops_the_desk_once(tmp_path: Path) -> None:
    status(tmp_path)
    (tmp_path / "journal.damaged").write_text("journal.log: the record is torn")
    with Sidecar(small(tmp_path)) as sidecar:
        assert sidecar.state.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert "the record is torn" in sidecar.state.breaker.causes[0].detail
        assert not (tmp_path / "journal.damaged").exists()


def test_encoded_records_carry_the_wall_clock(tmp_path: Path) -> None:
    status(tmp_path)
    for entry in entries(tmp_path):
        assert abs(entry.wall_at - from_datetime(datetime.now().astimezone())) < 3_600 * 1_000_000
        assert re.search(rb'"wall_at":\d+', encode(entry))


def test_a_stop_file_that_lies_there_starts_the_desk_stopped_once(tmp_path: Path) -> None:
    StopFile(tmp_path).give("smoke in the room")
    with Sidecar(small(tmp_path)) as sidecar:
        (cause,) = sidecar.state.breaker.causes
        assert (cause.actor, cause.detail) == ("stop-file", "smoke in the room")
        assert not (tmp_path / "STOP").exists()
        assert ask_reset(started(sidecar).live).breaker.active
    assert status(tmp_path) is BreakerStatus.ACTIVE


def test_the_witness_of_a_stop_that_the_journal_never_confirmed_starts_the_desk_stopped(tmp_path: Path) -> None:
    StopFile(tmp_path).testify("fat finger (by ann; not confirmed by the journal)")
    with Sidecar(small(tmp_path)) as sidecar:
        assert "by ann" in sidecar.state.breaker.causes[0].detail
        assert not (tmp_path / "STOP.witness").exists()
    assert status(tmp_path) is BreakerStatus.EMERGENCY_STOP


def test_a_stop_beside_the_loop_is_the_next_starts_own_and_can_be_reset(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        sidecar.live.keep([Halted(1, "ann", "fat finger", "watchman")]).result(10)
    with Sidecar(small(tmp_path)) as sidecar:
        assert sidecar.state.breaker.status is BreakerStatus.EMERGENCY_STOP
        assert sidecar.state.halted == []
        assert ask_reset(started(sidecar).live).breaker.active
    assert status(tmp_path) is BreakerStatus.ACTIVE


def test_a_recording_does_not_begin_with_a_stop_that_it_would_not_hold(tmp_path: Path) -> None:
    StopFile(tmp_path).give("one")
    with pytest.raises(ConfigurationError, match="stop file"):
        Sidecar(small(tmp_path, record=tmp_path / "day.tape"))


def test_a_stop_is_quick_and_the_desk_goes_on_while_nothing_can_be_written_to_the_database(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        live = started(sidecar).live
        with sidecar.writer._writing:
            began = time.monotonic()
            assert ask_stop(live).breaker.status is BreakerStatus.EMERGENCY_STOP
            assert time.monotonic() - began < 2.5  # the promise is 1 s; other tests run beside this one
            assert live.latest is not None
            seen = live.latest.report.seq
            until(lambda: live.latest and live.latest.report.seq > seen + 5, what="a desk that goes on")
            assert ask_reset(live).breaker.active
