"""Settings: flags over the environment over the file; what is wrong is one line that names the field."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from sidecar.domain.errors import ConfigurationError, InputError
from sidecar.settings import REPOSITORY, Settings, desk_config, load_settings

TEXT = (REPOSITORY / "desk.toml").read_text()


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DESK_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file of its own; tests write it."""
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    monkeypatch.setenv("DESK_SETTINGS", str(path))
    return path


def problem(error: InputError) -> str:
    told = str(error)
    assert "\n" not in told
    return told


def refused() -> str:
    with pytest.raises(InputError) as caught:
        desk_config(load_settings())
    return problem(caught.value)


def test_the_file_that_comes_with_the_program_is_a_desk() -> None:
    config = desk_config(load_settings())
    assert config.capital == {"main": Decimal(2_000_000)}
    assert config.limits["daily_loss"] == 0.03


def test_a_credential_of_the_service_manager_is_taken_where_neither_flag_nor_variable_says_otherwise(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "desk_bootstrap_keys").write_text(f"admin:{'a' * 32}\n")
    (given / "desk_port").write_text("8100")
    (given / "someone_elses").write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert (load_settings().bootstrap_keys, load_settings().port) == (f"admin:{'a' * 32}", 8100)
    monkeypatch.setenv("DESK_PORT", "8200")
    assert load_settings().port == 8200


def test_a_flag_beats_the_environment_and_the_environment_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = 8100\n" + TEXT)
    assert load_settings().port == 8100
    monkeypatch.setenv("DESK_PORT", "8200")
    assert load_settings().port == 8200
    assert load_settings(port=8300).port == 8300
    assert load_settings(port=None).port == 8200


def test_one_value_of_a_table_is_overridden_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_LIMITS__VIX", "30")
    monkeypatch.setenv("DESK_DESK__BEAT_MS", "50")
    monkeypatch.setenv("DESK_CAPITAL__SECOND", "1000000.25")
    settings = load_settings(simulation={"expiries": 1})
    assert (settings.limits["vix"], settings.limits["positions"]) == (30.0, 20.0)
    assert (settings.desk.beat_ms, settings.desk.confirmations) == (50, 3)
    assert settings.capital == {"main": Decimal(2_000_000), "second": Decimal("1000000.25")}
    assert (settings.simulation.expiries, settings.simulation.strikes_each_side) == (1, 20)


def test_settings_do_not_change_once_they_are_read() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.port = 1
    with pytest.raises(ValidationError):
        settings.desk.beat_ms = 1


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("beat_ms = 100", "beat_ms = 100\nbeats = 5", "desk.beats"),
        ("[desk]", "[dask]\na = 1\n[desk]", "dask"),
        ("beat_ms = 100", "beat_ms = 1", "desk.beat_ms"),
        ("beat_ms = 100", "beat_ms = true", "desk.beat_ms"),
        ("beat_ms = 100", 'beat_ms = "soon"', "desk.beat_ms"),
        ("quotes_per_second = 300.0", "quotes_per_second = nan", "simulation.quotes_per_second"),
        ("quotes_per_second = 300.0", "quotes_per_second = 0", "simulation.quotes_per_second"),
        ("risk_free_rate = 0.065", "risk_free_rate = nan", "desk.risk_free_rate"),
        ("margin_scale = 1.0", "margin_scale = 0.5", "desk.margin_scale"),
        ("main = 2000000", "main = nan", "capital.main"),
        ("main = 2000000", "main = inf", "capital.main"),
        ("main = 2000000", "main = -5", "capital.main"),
        ("main = 2000000", "main = 0", "capital.main"),
        ("main = 2000000", "main = true", "capital.main"),
        ("main = 2000000", 'main = 2000000\n"my fund" = 1', "capital.my fund: cannot name a fund"),
        ("main = 2000000", 'main = 2000000\n"*" = 1', "capital.*: cannot name a fund"),
        ("main = 2000000", 'main = 2000000\n"main/hand" = 1', "capital.main/hand: cannot name a fund"),
        ("main = 2000000", "", "capital"),
        ("main = 2000000", "other = 2000000", "fund: 'main'"),
        ("vix = 40", "", "limits.vix: has no limit"),
        ("vix = 40", "vix = nan", "limits.vix"),
        ("vix = 40", "vix = -1", "vix: -1 is negative"),
        ("vix = 40", "vix = true", "limits.vix"),
        ("vix = 40", "vix = 40\nvixx = 40", "limits.vixx: is not a limit"),
        ("positions = 20 ", "positions = 2.5 ", "limits.positions: 2.5 is not a whole number"),
        ("stale_warn = 5 ", "stale_warn = 11 ", "limits.stale_warn: 11 is above stale, 10"),
        ('underlyings = ["NIFTY"]', "underlyings = []", "simulation.underlyings"),
        ("daily_loss = 0.03", "daily_loss = 3", "daily_loss: 3 is more than the whole"),
        ("[desk]", "[desk", "mine.toml"),
        ("[capital]", "port = 0\n[capital]", "port"),
        ("[capital]", 'market = "mars"\n[capital]', "market"),
        ("[capital]", "spede = 2\n[capital]", "spede"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(file: Path, old: str, new: str, names: str) -> None:
    assert TEXT.count(old) >= 1
    file.write_text(TEXT.replace(old, new, 1))
    assert names in refused()


def test_a_file_without_limits_is_refused(file: Path) -> None:
    head, _, rest = TEXT.partition("[limits]")
    file.write_text(head + rest[rest.index("[desk]") :])
    assert "limits" in refused()
    file.write_text(head + "[limits]\n" + rest[rest.index("[desk]") :])
    assert "nothing may trade" in refused()


@pytest.mark.parametrize(
    ("name", "value", "names"),
    [
        ("DESK_SPEEED", "2", "DESK_SPEEED: is no setting"),
        ("DESK_LIMIT__VIX", "2", "DESK_LIMIT__VIX: is no setting"),
        ("DESK_DESK__BEATS", "2", "desk.beats"),
        ("DESK_LIMITS__BOGUS", "2", "limits.bogus: is not a limit"),
        ("DESK_LIMITS", "notjson", "DESK_LIMITS: is not JSON"),
        ("DESK_LIMITS", "[1]", "limits: "),
        ("DESK_DESK", "fast", "DESK_DESK: is not JSON"),
        ("DESK_SERVER__ALLOWED_HOSTS", "localhost", "DESK_SERVER__ALLOWED_HOSTS: is not JSON"),
        ("DESK_SERVER__ALLOWED_HOSTS", "[]", "server.allowed_hosts"),
        ("DESK_SERVER__ALLOWED_HOSTS", '[""]', "server.allowed_hosts"),
        ("DESK_SERVER__ALLOWED_ORIGINS", "[]", "server.allowed_origins"),
        ("DESK_SIMULATION__UNDERLYINGS", "[]", "simulation.underlyings"),
        ("DESK_SPEED", "nan", "speed"),
        ("DESK_SPEED", "inf", "speed"),
        ("DESK_SPEED", "-1", "speed"),
        ("DESK_PORT", "eighty", "port"),
        ("DESK_CAPITAL__MAIN", "lots", "capital.main"),
        ("DESK_CAPITAL", "lots", "DESK_CAPITAL: is not JSON"),
        ("DESK_SEED", "-1", "seed"),
    ],
)
def test_a_wrong_variable_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, names: str
) -> None:
    monkeypatch.setenv(name, value)
    assert names in refused()


def test_the_clients_variables_are_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DESK_URL", "DESK_KEY", "DESK_UI_KEY_FILE"):
        monkeypatch.setenv(name, "x")
    assert load_settings().port == 8000


def test_a_settings_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DESK_SETTINGS", str(tmp_path / "gone.toml"))
    with pytest.raises(ConfigurationError, match=r"gone.toml does not exist"):
        load_settings()


def test_a_settings_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    assert "mine.toml" in refused()


def test_a_broken_variable_is_named_even_beside_others_that_are_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_DESK__CURRENCY", "USD")
    assert desk_config(load_settings()).currency == "USD"
    monkeypatch.setenv("DESK_SIMULATION__UNDERLYINGS", "NIFTY")
    assert refused().startswith("DESK_SIMULATION__UNDERLYINGS: is not JSON")


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
