"""The tables of ``desk.toml``, and the numbers that may stand in them. ``settings.py`` reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("is true or false, not a number")
    return value


Number = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Money = Annotated[Decimal, BeforeValidator(_no_bool)]
Whole = Annotated[int, BeforeValidator(_no_bool)]
Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
Positive = Annotated[Number, Field(gt=0.0)]
Rate = Annotated[Number, Field(ge=-0.1, le=1.0)]
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Section(BaseModel):
    """A table of ``desk.toml``: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DeskSection(Section):
    """The book and how it is valued."""

    exchange: str = "NSE"
    currency: str = "INR"
    volatility_index: str = "INDIAVIX"
    risk_free_rate: Rate = 0.065
    rate_curve: tuple[tuple[Positive, Rate], ...] = ()
    history: str = ""
    history_method: Literal["filtered", "historical"] = "filtered"
    beat_ms: Annotated[Whole, Field(ge=10, le=10_000)] = 100
    watchdog_s: Annotated[Number, Field(ge=0.5, le=600.0)] = 10.0
    confirmations: Annotated[Whole, Field(ge=1, le=100)] = 3
    margin_scale: Annotated[Number, Field(ge=1.0, le=10.0)] = 1.0
    order_timeout_s: Positive = 5.0
    cancel_retry_s: Positive = 2.0
    ask_every_s: Positive = 2.0
    reconcile_every_s: Positive = 60.0


class MarketSection(Section):
    """The simulated market and the paper account."""

    start_date: str = "2026-09-07"
    underlyings: Names = ("NIFTY",)
    strikes_each_side: Annotated[Whole, Field(ge=3, le=200)] = 20
    expiries: Annotated[Whole, Field(ge=1, le=8)] = 2
    quotes_per_second: Positive = 300.0
    paper_latency_ms: Annotated[Whole, Field(ge=0, le=60_000)] = 50
    paper_reject_rate: Fraction = 0.0
    paper_assumed_spread: Fraction = 0.01
    paper_faults: str = ""


class ServerSection(Section):
    """The doors."""

    allowed_hosts: Names = ("127.0.0.1", "localhost", "[::1]")
    allowed_origins: Names = ("http://127.0.0.1:8501", "http://localhost:8501")
    stop_wait_s: Positive = 1.0
    answer_wait_s: Positive = 5.0
    heartbeat_s: Positive = 30.0
    status_every_s: Annotated[Number, Field(ge=1.0, le=600.0)] = 5.0
    flatten_on_stop: bool = False


class AlertsSection(Section):
    """How long alerts wait, in market seconds, and how many are shown."""

    escalate_s: Annotated[Number, Field(ge=10.0, le=86_400.0)] = 900.0
    quiet_s: Annotated[Number, Field(ge=1.0, le=86_400.0)] = 300.0
    hold_s: Annotated[Number, Field(ge=1.0, le=3_600.0)] = 30.0
    count_every_s: Annotated[Number, Field(ge=1.0, le=3_600.0)] = 30.0
    shown: Annotated[Whole, Field(ge=2, le=1_000)] = 10
    window_s: Annotated[Number, Field(ge=1.0, le=86_400.0)] = 600.0
    standing: Annotated[Whole, Field(ge=10, le=5_000)] = 500


class NoticesSection(Section):
    """What is told to people's pockets, and how patiently; where to is secret, see ``notify.urls`` in the data."""

    least: Literal["info", "warning", "error", "critical"] = "warning"
    group_s: Annotated[Number, Field(ge=0.0, le=60.0)] = 1.0
    retry_s: Annotated[Number, Field(ge=0.1, le=300.0)] = 2.0
    give_up_s: Annotated[Number, Field(ge=60.0, le=2_592_000.0)] = 86_400.0
    urls: tuple[SecretStr, ...] = ()


class QuerySection(Section):
    """What a question in SQL may take."""

    timeout_s: Annotated[Number, Field(ge=0.1, le=60.0)] = 5.0
    at_once: Annotated[Whole, Field(ge=1, le=16)] = 4
    memory_mb: Annotated[Whole, Field(ge=64, le=768)] = 384
    answer_mb: Annotated[Whole, Field(ge=1, le=256)] = 32


class StoreSection(Section):
    """What is written, how often, and for how long."""

    commit_ms: Annotated[Whole, Field(ge=10, le=60_000)] = 250
    report_every_s: Positive = 1.0
    quotes: bool = True


Days = Annotated[Whole, Field(ge=0, le=36_500)]


class RetentionSection(Section):
    """How many days, of the market's, stay in the database; older ones become Parquet files. 0 is for ever."""

    quotes_days: Days = 7
    reports_days: Days = 30
    greeks_days: Days = 30
    pnl_days: Days = 365
    bars_days: Days = 0
    system_days: Days = 30


class LearningSection(Section):
    """What is predicted, and the training after the session."""

    enabled: bool = True
    symbol: str = ""
    label: Literal["fixed_horizon", "triple_barrier"] = "fixed_horizon"
    horizon: Annotated[Whole, Field(ge=1, le=240)] = 15
    train_at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "16:00"
    first_sessions: Annotated[Whole, Field(ge=0, le=500)] = 60
    sessions: Annotated[Whole, Field(ge=5, le=5_000)] = 500
    search: Annotated[Whole, Field(ge=1, le=200)] = 1
    timeout_s: Positive = 3_600.0
    memory_mb: Annotated[Whole, Field(ge=256)] = 4_096
    threads: Annotated[Whole, Field(ge=1, le=64)] = 1


class BacktestSection(Section):
    """What a backtest of the desk's may take, and how many results are kept."""

    keep: Annotated[Whole, Field(ge=1, le=10_000)] = 50
    timeout_s: Positive = 1_800.0
    memory_mb: Annotated[Whole, Field(ge=256)] = 4_096
    strategy_seconds: Annotated[Number, Field(ge=0.1, le=600.0)] = 5.0


class LogSection(Section):
    """Where log lines go, one JSON object each."""

    level: Literal["info", "warning", "error"] = "warning"
    file: str = ""
    file_mb: Annotated[Whole, Field(ge=1, le=10_000)] = 20
    files: Annotated[Whole, Field(ge=2, le=100)] = 5
