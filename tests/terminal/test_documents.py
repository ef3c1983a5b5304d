"""What is written from the code: the settings reference, and who may do what."""

from pathlib import Path

from sidecar.settings import Settings
from sidecar.terminal.documents import (
    METRICS,
    ROLES,
    STREAMS,
    metric_reference,
    role_matrix,
    settings_reference,
    stream_description,
)


def rows() -> dict[str, str]:
    lines = [line.strip("| ").split(" | ") for line in settings_reference().splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[3].strip() if len(cells) > 3 else "" for cells in lines}


def test_a_setting_that_the_file_has_no_words_on_is_described_by_the_code() -> None:
    found = rows()
    assert found["port"] == Settings.model_fields["port"].description
    assert found["limits.vix"] == "volatility index"
    assert found["limits.daily_loss"] == "of capital"


def test_two_settings_of_one_name_have_each_their_own_words() -> None:
    found = rows()
    assert found["query.timeout_s"] == "after which a question in SQL is ended"
    assert len({found[f"{name}.timeout_s"] for name in ("query", "learning", "backtest")}) == 3


def test_no_setting_is_left_without_words() -> None:
    assert [name for name, what in rows().items() if not what] == []


def test_the_table_of_roles_is_the_one_that_the_routes_make(repository: Path) -> None:
    assert (repository / ROLES).read_text() == role_matrix(), "run: make docs"


def test_the_streams_description_is_the_one_that_the_topics_make(repository: Path) -> None:
    assert (repository / STREAMS).read_text() == stream_description(), "run: make docs"


def test_the_reference_of_metrics_is_the_catalogues(repository: Path) -> None:
    assert (repository / METRICS).read_text() == metric_reference(), "run: make docs"
