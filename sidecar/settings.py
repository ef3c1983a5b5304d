"""Every setting, read once and frozen: ``desk.toml``, overridden by ``DESK_…`` environment variables and by flags.

A unit stands in each name: ``_ms``, ``_s``, ``_bytes``; rates and shares are fractions.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from sidecar.desk.config import DeskConfig
from sidecar.domain.errors import ConfigurationError
from sidecar.risk.limits import validate

REPOSITORY = Path(__file__).resolve().parent.parent


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("is true or false, not a number")
    return value


Number = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Money = Annotated[Decimal, BeforeValidator(_no_bool)]
Whole = Annotated[int, BeforeValidator(_no_bool)]
Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
Positive = Annotated[Number, Field(gt=0.0)]


class Section(BaseModel):
    """A table of ``desk.toml``: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DeskSection(Section):
    """The book and how it is valued."""

    exchange: str = "NSE"
    currency: str = "INR"
    volatility_index: str = "INDIAVIX"
    risk_free_rate: Annotated[Number, Field(ge=-0.1, le=1.0)] = 0.065
    beat_ms: Annotated[Whole, Field(ge=10, le=10_000)] = 100
    confirmations: Annotated[Whole, Field(ge=1, le=100)] = 3
    option_margin_rate: Fraction = 0.12
    future_margin_rate: Fraction = 0.12


class MarketSection(Section):
    """The simulated market and the paper account."""

    start_date: str = "2026-09-07"
    underlyings: tuple[str, ...] = ("NIFTY",)
    strikes_each_side: Annotated[Whole, Field(ge=3, le=200)] = 20
    expiries: Annotated[Whole, Field(ge=1, le=8)] = 2
    quotes_per_second: Positive = 300.0
    paper_latency_ms: Annotated[Whole, Field(ge=0, le=60_000)] = 50
    paper_reject_rate: Fraction = 0.0
    paper_assumed_spread: Fraction = 0.01


class ServerSection(Section):
    """The doors."""

    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    allowed_origins: tuple[str, ...] = ("http://127.0.0.1:8501", "http://localhost:8501")
    stop_wait_s: Positive = 1.0
    answer_wait_s: Positive = 5.0
    heartbeat_s: Positive = 30.0
    flatten_on_stop: bool = False


class StoreSection(Section):
    """What is written, how often, and for how long."""

    commit_ms: Annotated[Whole, Field(ge=10, le=60_000)] = 250
    report_every_s: Positive = 1.0
    quotes: bool = True


class Settings(BaseSettings):
    """All settings. ``capital`` is by fund, in the account currency; ``limits`` are the rails of CONTRACT section 4."""

    model_config = SettingsConfigDict(
        env_prefix="DESK_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = REPOSITORY / "data"
    host: str = "127.0.0.1"
    port: Annotated[Whole, Field(ge=1, le=65_535)] = 8000
    ui_port: Annotated[Whole, Field(ge=1, le=65_535)] = 8501
    market: Literal["sim", "replay"] = "sim"
    tape: Path | None = None
    record: Path | None = None
    speed: Positive = 1.0
    seed: Annotated[Whole, Field(ge=0)] = 1
    strategy: str = "demo"
    fund: str = "main"
    bootstrap_keys: str = ""

    capital: dict[str, Money]
    limits: dict[str, Number]
    desk: DeskSection = DeskSection()
    simulation: MarketSection = MarketSection()
    server: ServerSection = ServerSection()
    store: StoreSection = StoreSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic names the parameters
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.toml_path())

    @classmethod
    def toml_path(cls) -> Path:
        """The settings file: ``DESK_SETTINGS`` if set, else ``desk.toml`` beside the program."""
        return Path(os.environ.get("DESK_SETTINGS", REPOSITORY / "desk.toml"))


def load_settings(**flags: Any) -> Settings:
    """The settings, with ``flags`` that are not ``None`` on top.

    :raises ConfigurationError: the first wrong, missing or unknown setting, by name.
    """
    path = Settings.toml_path()
    if not path.is_file():
        raise ConfigurationError("desk.toml", f"{path} does not exist", "restore it, or point DESK_SETTINGS at yours")
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith("DESK_") and name.removeprefix("DESK_").split("__")[0].lower() not in _known_environment()
    )
    if unknown:
        raise ConfigurationError(unknown[0], "is no setting of this program", "see desk.toml for the names")
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "desk.toml"
        raise ConfigurationError(field, first["msg"].removeprefix("Value error, "), f"see {path.name}") from None
    except ValueError as error:
        raise ConfigurationError(path.name, str(error), "mend the file") from None


def _known_environment() -> set[str]:
    return {*Settings.model_fields, "settings", "url", "key", "ui_key_file"}


def desk_config(settings: Settings) -> DeskConfig:
    """The core's share of the settings.

    :raises ConfigurationError: a limit is missing, unknown or impossible, or no fund has capital.
    """
    if not settings.capital:
        raise ConfigurationError("capital", "no fund has any", "give one in desk.toml under [capital]")
    for fund, money in settings.capital.items():
        if not money.is_finite() or money <= 0:
            raise ConfigurationError(f"capital.{fund}", f"{money} is no capital", "give a positive amount")
    if settings.fund not in settings.capital:
        raise ConfigurationError("fund", f"{settings.fund!r} has no capital", "add it in desk.toml under [capital]")
    desk = settings.desk
    return DeskConfig(
        capital=dict(settings.capital),
        limits=validate(settings.limits),
        exchange=desk.exchange,
        currency=desk.currency,
        volatility_index=desk.volatility_index,
        risk_free_rate=desk.risk_free_rate,
        confirmations=desk.confirmations,
        option_margin_rate=desk.option_margin_rate,
        future_margin_rate=desk.future_margin_rate,
    )
