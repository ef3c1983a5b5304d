"""India VIX in both forms."""

from pathlib import Path
from typing import Any

from sidecar.domain.clock import iso
from sidecar.store.importers import india_vix_csv
from sidecar.store.importers.sources import glance

EXPORT = "\ufeffDate ,Open ,High ,Low ,Close ,Prev. Close ,Change ,% Change \n"
SERIES = "git_commit,commit_time,Time,Price,Cng,file_rows\n"


def _file(tmp_path: Path, text: str) -> Path:
    (tmp_path / "vix.csv").write_text(text, encoding="utf-8")
    return tmp_path / "vix.csv"


def test_the_export_is_the_close_at_the_end_of_the_session(tmp_path: Path, taken: Any, counts: Any) -> None:
    path = _file(tmp_path, EXPORT + "16-MAY-2024,1,2,3,19.995,4,-0.28,-1.37\n19-MAY-2024,1,2,3,19,4,-0.28,-1.37\n")
    assert india_vix_csv.detect(glance(path))
    sifted = taken(india_vix_csv, path)
    assert counts(sifted) == (1, {"out_of_session": 1})  # a Sunday
    quote = sifted.days[0].quotes.iloc[0]
    assert (quote["symbol"], quote["last"]) == ("INDIAVIX", 19.995)
    assert iso(int(quote["at"])) == "2024-05-16T09:59:59.999999+00:00"


def test_the_series_is_stamped_when_published_and_a_repeated_close_is_refused(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    rows = [
        "a,2025-01-29 10:46:37+05:30,10-46-15,18.82,3.41,305",
        "b,2025-01-29 10:49:13+05:30,10-48,18.84,3.52,306",
        "c,2025-01-29 09:18:00+05:30,15-30-00,18.20,0.42,245",
        "d,never,10-50-00,18.2,0.42,245",
        "e,2025-01-29 10:55:00+05:30,10-54-00,calm,0.42,245",
    ]
    path = _file(tmp_path, SERIES + "\n".join(rows) + "\n")
    assert india_vix_csv.detect(glance(path))
    sifted = taken(india_vix_csv, path)
    assert counts(sifted) == (2, {"unknown_time": 2, "malformed": 1})
    assert iso(int(sifted.days[0].quotes["at"][0])) == "2025-01-29T05:16:37+00:00"


def test_the_real_files_count(shared_data: Path, taken: Any, counts: Any) -> None:
    export = shared_data / "eod" / "india_vix_nse_export_2024-05_2025-05.csv"
    series = shared_data / "bars" / "india_vix_2p5min_2025-01-27_2025-02-14.csv.gz"
    assert counts(taken(india_vix_csv, export)) == (248, {})
    assert counts(taken(india_vix_csv, series)) == (1_603, {"out_of_session": 13, "unknown_time": 3})


def test_a_row_with_another_number_of_columns_is_malformed_and_the_rest_are_taken(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    rows = "16-MAY-2024,1,2,3,19.995,4,-0.28,-1.37\n17-MAY-2024,1,2,3,19,4,-0.28,-1.37,5\n20-MAY-2024,1\n"
    assert counts(taken(india_vix_csv, _file(tmp_path, EXPORT + rows))) == (1, {"malformed": 2})
