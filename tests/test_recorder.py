"""A live desk's recording: its replay gives the recorded hash, and what was changed in it is found."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from sidecar.domain.commands import ClosePositions, PlaceOrder
from sidecar.domain.errors import ConfigurationError
from sidecar.domain.events import AnyEvent, Beat, Quote
from sidecar.domain.orders import OrderRequest, Side
from sidecar.markets import paper
from sidecar.reference import load_reference
from sidecar.replay import _PATIENCE, Result, replay
from sidecar.run import Sidecar
from sidecar.settings import desk_config
from sidecar.store.tape import TapeHeader, TapeWriter, read, read_end, read_header
from sidecar.terminal.parser import main
from tests.test_run import slow_tape
from tests.wiring import ask_reset, ask_stop, small, started, until


def replayed(path: Path, folder: Path) -> Result:
    settings = small(folder)
    reference = load_reference()
    calendar = reference.calendar("NSE")
    return replay(
        path, desk_config(settings), reference, calendar, broker=lambda stale_s: paper(settings, calendar, stale_s)
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short morning: the demonstration trades, a person orders, stops, is refused, resets and closes all."""
    folder = tmp_path_factory.mktemp("recording")
    path = folder / "morning.tape"
    with Sidecar(small(folder / "data", strategy="demo", record=path)) as sidecar:
        started(sidecar)
        live = sidecar.live
        until(lambda: len(sidecar.state.book.open_positions()) == 2, what="a strangle")
        symbol = sidecar.state.book.open_positions()[0].symbol
        last = sidecar.state.board.last(symbol)
        assert last is not None

        def order(name: str) -> str:
            request = OrderRequest(symbol, Side.SELL, 65, Decimal(str(round(last.bid, 2))))
            return (
                live.submit(PlaceOrder(at=live.now(), request_id=name, actor="ann", request=request)).result(10).status
            )

        assert order("before") == "done"
        assert ask_stop(live).breaker.status == "emergency_stop"
        assert order("while stopped") == "refused"
        assert ask_reset(live).breaker.active
        live.submit(
            ClosePositions(at=live.now(), request_id="close", actor="ann", reason="lunch", close_all=True)
        ).result(10)
    return path


def test_a_recorded_morning_replays_to_the_recorded_hash(recording: Path, tmp_path: Path) -> None:
    end = read_end(recording)
    assert end is not None
    result = replayed(recording, tmp_path)
    assert result.report_hash == end.report_hash
    assert result.reports == end.reports
    assert result.orders >= 2
    assert result.orders_refused >= 1


def test_a_recording_says_that_it_is_a_desks_and_simulated(recording: Path) -> None:
    header = read_header(recording)
    assert (header.recorded, header.simulated, header.zone) == ("desk", True, "Asia/Kolkata")


def test_verify_says_the_same_of_a_recording(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(recording), "--verify"]) == 0
    assert "verify: same as the recording" in capsys.readouterr().out


def test_a_recording_with_one_price_changed_fails_its_verification(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tampered = tmp_path / "tampered.tape"
    end = read_end(recording)
    assert end is not None
    events: list[AnyEvent] = list(read(recording))
    held = next(event.request.symbol for event in events if isinstance(event, PlaceOrder))
    close = next(place for place, event in enumerate(events) if isinstance(event, ClosePositions))
    beat = max(place for place in range(close) if isinstance(events[place], Beat))
    place, quote = next(
        (place, event)
        for place, event in reversed(list(enumerate(events[:beat])))
        if isinstance(event, Quote) and event.symbol == held
    )
    events[place] = msgspec.structs.replace(quote, bid=quote.bid + 0.05, ask=quote.ask + 0.05)
    writer = TapeWriter(tampered, read_header(recording))
    writer.write(events)
    writer.close(end.report_hash, end.reports)
    assert main(["replay", str(tampered), "--verify"]) == 1
    assert "DIFFERENT as the recording" in capsys.readouterr().out


def test_a_recording_whose_settings_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.tape"
    for config in ("", "{}", '{"capital": {"main": "1"}, "limits": {}}'):
        path.unlink(missing_ok=True)
        with TapeWriter(path, TapeHeader("x", True, "desk", "NSE", "Asia/Kolkata", config=config)) as tape:
            tape.write([Beat(1_788_752_700_000_000)])
        assert main(["replay", str(path)]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert "settings that cannot be used" in told


def test_a_recording_of_a_slow_tape_carries_the_staleness_that_the_desk_ran_with(tmp_path: Path) -> None:
    tape, path = slow_tape(tmp_path / "slow.tape"), tmp_path / "again.tape"
    with Sidecar(
        small(tmp_path / "data", market="replay", tape=tape, record=path, strategy="demo", speed=200.0)
    ) as sidecar:
        started(sidecar)
        until(lambda: not sidecar.state.feed_up, what="the end of the tape")
    end = read_end(path)
    assert end is not None
    result = replayed(path, tmp_path)
    assert result.stale_s == 30.0 * _PATIENCE
    assert result.report_hash == end.report_hash


def test_a_recording_never_writes_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "there.tape"
    path.write_text("something else")
    with pytest.raises(ConfigurationError, match=r"record: .* exists"):
        Sidecar(small(tmp_path / "data", record=path))
    assert path.read_text() == "something else"


def test_a_recording_begins_with_an_empty_book_or_not_at_all(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        started(sidecar)
    with pytest.raises(ConfigurationError, match="record: a recording begins with an empty book"):
        Sidecar(small(tmp_path, record=tmp_path / "late.tape"))
    assert not (tmp_path / "late.tape").exists()
