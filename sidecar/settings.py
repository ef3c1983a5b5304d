"""Every setting, read once and frozen: ``desk.toml``, overridden by ``DESK_…`` environment variables and by flags.

A unit stands in each name: ``_ms``, ``_s``, ``_bytes``; rates and shares are fractions.
"""

from __future__ import annotations

import json
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from sidecar.alerts.policy import Policy
from sidecar.desk.config import DeskConfig, History
from sidecar.domain.errors import ConfigurationError, InputError
from sidecar.history import load_history
from sidecar.risk.limits import validate
from sidecar.sections import (
    AlertsSection,
    BacktestSection,
    DeskSection,
    LearningSection,
    LogSection,
    MarketSection,
    Money,
    NoticesSection,
    Number,
    Positive,
    QuerySection,
    RetentionSection,
    ServerSection,
    StoreSection,
    Whole,
)

REPOSITORY = Path(__file__).resolve().parent.parent

#: What every door takes as the name of a fund.
_FUND = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Settings(BaseSettings):
    """All settings. ``capital`` is by fund, in the account currency; ``limits`` are the rails of CONTRACT section 4."""

    model_config = SettingsConfigDict(
        env_prefix="DESK_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(REPOSITORY / "data", description="where journal, database and keys live")
    host: str = Field("127.0.0.1", description="address to listen on; only loopback is taken")
    port: Whole = Field(8000, ge=1, le=65_535, description="port of the sidecar")
    ui_port: Whole = Field(8501, ge=1, le=65_535, description="port of the app")
    market: Literal["sim", "replay"] = Field("sim", description="where quotes come from")
    tape: Path | None = Field(None, description="the tape that the market `replay` plays")
    record: Path | None = Field(None, description="where every event is recorded; nowhere if not set")
    speed: Positive = Field(1.0, description="market seconds per second")
    seed: Whole = Field(1, ge=0, description="seed of the simulated market and of the paper venue")
    strategy: str = Field(
        "demo",
        description="who trades: a name of the catalogue as `demo` or `sma_cross`, `none`, or a Python file with a "
        "class Strategy or Rule",
    )
    fund: str = Field("main", description="the fund the strategy trades for")
    bootstrap_keys: str = Field(
        "", description="keys to begin with, `role:secret` parted by commas; else made at random"
    )

    capital: dict[str, Money] = Field(description="of a fund, in the account currency")
    limits: dict[str, Number] = Field(description="the rails; with none of these nothing trades")
    desk: DeskSection = Field(DeskSection(), description="the book and how it is valued")
    simulation: MarketSection = Field(MarketSection(), description="the simulated market and the paper account")
    server: ServerSection = Field(ServerSection(), description="the doors")
    alerts: AlertsSection = Field(AlertsSection(), description="how long alerts wait, and how many are shown")
    notices: NoticesSection = Field(NoticesSection(), description="what is told to people's pockets")
    learning: LearningSection = Field(LearningSection(), description="what is predicted, and how models are trained")
    backtest: BacktestSection = Field(BacktestSection(), description="what a backtest may take, and what is kept")
    query: QuerySection = Field(QuerySection(), description="what a question in SQL may take")
    store: StoreSection = Field(StoreSection(), description="what is written, and how often")
    retention: RetentionSection = Field(RetentionSection(), description="how long it stays in the database")
    log: LogSection = Field(LogSection(), description="where log lines go")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic names the parameters
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the service manager's credentials, then the file."""
        given = SecretsSettingsSource(settings_cls, os.environ.get("CREDENTIALS_DIRECTORY"))
        return init_settings, env_settings, given, TomlConfigSettingsSource(settings_cls, cls.toml_path())

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
        variable = _not_json() if isinstance(error, SettingsError) else None
        if variable is not None:
            raise ConfigurationError(variable, "is not JSON", 'write it so: {"name": value} or ["value"]') from None
        raise ConfigurationError(path.name, " ".join(str(error).split()), "mend the file") from None


def _not_json() -> str | None:
    """The first variable that cannot be read as the table or list that it stands for."""
    for name in sorted(os.environ):
        top, _, inner = name.removeprefix("DESK_").lower().partition("__")
        field = Settings.model_fields.get(top) if name.startswith("DESK_") else None
        section = field.annotation if field is not None else None
        if inner and isinstance(section, type) and issubclass(section, BaseModel):
            field = section.model_fields.get(inner)
            section = field.annotation if field is not None else None
        elif inner:
            continue
        try:
            if get_origin(section) in (dict, tuple) or (isinstance(section, type) and issubclass(section, BaseModel)):
                json.loads(os.environ[name])
        except ValueError:
            return name
    return None


def _history(desk: DeskSection) -> History | None:
    if not desk.history:
        return None
    return History.of(load_history(Path(desk.history), desk.history_method, desk.volatility_index))


def _nodes(curve: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if any(a[0] >= b[0] for a, b in pairwise(curve)):
        raise ConfigurationError("desk.rate_curve", "its years do not rise", "sort its [years, rate] pairs by years")
    return curve


def _limits(settings: Settings) -> dict[str, float]:
    try:
        return validate(settings.limits)
    except InputError as error:
        field = error.field if error.field == "limits" else f"limits.{error.field}"
        raise ConfigurationError(field, error.problem, error.remedy) from None


def _known_environment() -> set[str]:
    return {*Settings.model_fields, "settings", "url", "key", "ui_key_file", "admin_key"}


def desk_config(settings: Settings) -> DeskConfig:
    """The core's share of the settings.

    :raises ConfigurationError: a limit is missing, unknown or impossible, or no fund has capital.
    """
    if not settings.capital:
        raise ConfigurationError("capital", "no fund has any", "give one in desk.toml under [capital]")
    for fund, money in settings.capital.items():
        if not _FUND.fullmatch(fund):
            remedy = "take letters, digits and _ . : - only, 64 at most"
            raise ConfigurationError(f"capital.{fund}", "cannot name a fund", remedy)
        if not money.is_finite() or money <= 0:
            raise ConfigurationError(f"capital.{fund}", f"{money} is no capital", "give a positive amount")
    if settings.fund not in settings.capital:
        raise ConfigurationError("fund", f"{settings.fund!r} has no capital", "add it in desk.toml under [capital]")
    desk = settings.desk
    return DeskConfig(
        capital=dict(settings.capital),
        limits=_limits(settings),
        exchange=desk.exchange,
        currency=desk.currency,
        volatility_index=desk.volatility_index,
        risk_free_rate=desk.risk_free_rate,
        rate_curve=_nodes(desk.rate_curve),
        history=_history(desk),
        confirmations=desk.confirmations,
        margin_scale=desk.margin_scale,
        # An intent needs time to reach the disk, and that is not the market's: a second of the wall's clock at least.
        order_timeout_s=max(desk.order_timeout_s, settings.speed),
        cancel_retry_s=desk.cancel_retry_s,
        ask_every_s=desk.ask_every_s,
        reconcile_every_s=desk.reconcile_every_s,
        rehearsed=settings.simulation.paper_faults,
        alerts=Policy(**settings.alerts.model_dump()),
    )
