"""A history of closes: what is read, and what is refused with its row."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sidecar.desk.config import DeskConfig
from sidecar.domain.errors import ConfigurationError, FileRefused
from sidecar.history import load_history
from sidecar.settings import desk_config, load_settings

RANDOM = np.random.default_rng(3)


def closes(path: Path, days: int = 200, *, more: str = "", without: str = "") -> Path:
    first, lines = date(2025, 1, 1), ["date,symbol,close"]
    levels = {"NIFTY": 24_000.0, "BANKNIFTY": 51_000.0, "INDIAVIX": 14.0}
    for number in range(days):
        for name in levels:
            levels[name] *= float(np.exp(RANDOM.normal(0, 0.01)))
            if name != without:
                lines.append(f"{first + timedelta(days=number)},{name},{levels[name]:.2f}")
    path.write_text("\n".join(lines) + "\n" + more)
    return path


@pytest.mark.parametrize("method", ["filtered", "historical"])
def test_moves_are_of_the_indices_and_not_of_the_volatility_index(tmp_path: Path, method: str) -> None:
    moves = load_history(closes(tmp_path / "closes.csv"), method, "INDIAVIX")
    assert moves.underlyings == ("BANKNIFTY", "NIFTY")
    assert moves.method == method
    assert moves.moves == (199 if method == "historical" else 169)
    assert np.isfinite(moves.spot).all()
    assert np.array_equal(moves.vol[0], moves.vol[1])


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    path = closes(tmp_path / "closes.csv")
    head, *rows = path.read_text().splitlines()
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([head, *reversed(rows)]))
    one, other = (load_history(each, "historical", "INDIAVIX") for each in (path, turned))
    assert np.array_equal(one.spot, other.spot)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-01-01,NIFTY,nothing", "row 602"),
        ("01/01/2026,NIFTY,1", "row 602"),
        ("2026-01-01,NIFTY,-5", "closes are above zero"),
        ("2026-01-01,NIFTY,nan", "closes are above zero"),
        ("2025-01-01,NIFTY,5", "closed twice on 2025-01-01"),
        ("2026-01-01", "row 602"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        load_history(closes(tmp_path / "closes.csv", more=line), "filtered", "INDIAVIX")


def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("day,close\n")
    for path in (tmp_path / "missing.csv", tmp_path, other):
        with pytest.raises(FileRefused) as refused:
            load_history(path, "filtered", "INDIAVIX")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("without", ["INDIAVIX", ""])
def test_too_short_a_history_or_one_without_volatility_says_what_to_give(tmp_path: Path, without: str) -> None:
    path = closes(tmp_path / "closes.csv", days=200 if without else 90, without=without)
    with pytest.raises(
        ConfigurationError, match="too few days on which every index and INDIAVIX closed; give at least"
    ):
        load_history(path, "filtered", "INDIAVIX")


def test_the_setting_reaches_the_desk(tmp_path: Path) -> None:
    path = closes(tmp_path / "closes.csv")
    settings = load_settings(data_dir=tmp_path, desk={"history": str(path)})
    history = desk_config(settings).history
    assert history is not None
    assert history.method == "filtered"
    moves = load_history(path, "filtered", "INDIAVIX")
    assert np.array_equal(history.shocks.spot, moves.spot)
    assert np.array_equal(history.shocks.vol, moves.vol)
    recorded = msgspec.json.decode(msgspec.json.encode(desk_config(settings)), type=DeskConfig)
    assert recorded.history == history, "a tape carries the moves to the last bit"
    assert desk_config(load_settings(data_dir=tmp_path)).history is None
