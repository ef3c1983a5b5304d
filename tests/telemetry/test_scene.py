"""What one scrape looks at, of a real sidecar."""

from __future__ import annotations

from pathlib import Path

from sidecar.doors import facts_of
from sidecar.run import Sidecar
from sidecar.telemetry.exposition import scraper
from tests.wiring import small


def test_a_scrape_asks_the_database_nothing_and_answers_when_it_is_closed(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        scrape = scraper(facts_of(sidecar), sidecar.telemetry)
        before, _ = scrape()
    after, _ = scrape()
    for text in (before.decode(), after.decode()):
        assert "\ntrading_store_size_bytes " in text
        assert "\ntrading_store_free_bytes " in text
        assert "\ntrading_notices_owed 0.0\n" in text
        assert "\ntrading_system_ready " in text
        assert 'source="sim"' in text
