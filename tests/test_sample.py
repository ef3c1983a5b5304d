"""The recording that comes with the program."""

from pathlib import Path

from sidecar.reference import load_reference
from sidecar.replay import Silent, replay
from sidecar.settings import desk_config, load_settings
from sidecar.store import tape


def test_the_sample_replays_to_the_hash_that_the_desk_recorded(repository: Path) -> None:
    path = repository / "data" / "sample" / "morning.tape"
    header, end = tape.read_header(path), tape.read_end(path)
    assert header.simulated
    assert header.recorded == "desk"
    assert end is not None
    reference = load_reference()
    result = replay(path, desk_config(load_settings()), reference, reference.calendar("NSE"), broker=lambda _: Silent())
    assert result.report_hash == end.report_hash
    assert result.reports == end.reports > 100
    assert result.orders >= 2
