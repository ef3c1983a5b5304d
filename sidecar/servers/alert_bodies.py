"""What may be told about alerts: one's own, strict as every body, and Alertmanager's webhook, which may grow."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from sidecar.domain.alerts import AlertLevel
from sidecar.servers.bodies import Body
from sidecar.servers.words import PLAIN, Note, Reason, plain

LevelWord = Literal["info", "warning", "error", "critical"]
#: How severe an alert of each level is, where nobody says.
SEVERITY = {AlertLevel.INFO: 1, AlertLevel.WARNING: 3, AlertLevel.ERROR: 4, AlertLevel.CRITICAL: 5}
#: Alerts in one webhook: hardly more fit into a body.
MOST_WEBHOOK_ALERTS = 120

Title = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra=PLAIN), AfterValidator(plain)]
Text = Annotated[str, Field(max_length=2_000, json_schema_extra=PLAIN), AfterValidator(plain)]
Kind = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Subject = Annotated[str, Field(max_length=200, json_schema_extra=PLAIN), AfterValidator(plain)]
DetailName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
Details = Annotated[
    dict[DetailName, Note],
    # `additionalProperties` too: a name outside the pattern is refused, and the schema says so.
    Field(max_length=20, json_schema_extra={"additionalProperties": False}),
]
#: Alertmanager's own: a text each.
Labels = dict[str, str]


class AlertBody(Body):
    """What somebody found. Alerts of one ``kind`` and ``subject`` are one alert with a count.

    Without a ``subject`` it is the title; without a ``severity`` it follows from the level.
    """

    title: Title
    message: Text = ""
    level: LevelWord = "warning"
    severity: Annotated[int, Field(ge=1, le=5)] | None = None
    kind: Kind = "told"
    subject: Subject = ""
    details: Details = Field(default_factory=dict)


class AcknowledgeBody(Body):
    """Somebody deals with it."""

    note: Note = ""


class ResolveBody(Body):
    """It is over, and why."""

    reason: Reason = "no reason given"


class _Grown(Body):
    """A format of others: what they add is let be, what we read must be of its type."""

    model_config = ConfigDict(extra="ignore")


class WebhookAlert(_Grown):
    """One alert of Alertmanager; its ``fingerprint`` is the same when it fires and when it is resolved."""

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = Field(default_factory=dict)
    startsAt: str = ""  # noqa: N815 - their names
    endsAt: str = ""  # noqa: N815
    generatorURL: str = ""  # noqa: N815
    fingerprint: str = ""


class WebhookBody(_Grown):
    """Alertmanager's webhook, version 4: a group of alerts. ``truncatedAlerts`` were left out by ``max_alerts``."""

    version: Literal["4"]
    status: Literal["firing", "resolved"]
    alerts: Annotated[list[WebhookAlert], Field(min_length=1, max_length=MOST_WEBHOOK_ALERTS)]
    receiver: str = ""
    groupKey: str = ""  # noqa: N815
    truncatedAlerts: Annotated[int, Field(ge=0)] = 0  # noqa: N815
    groupLabels: Labels = Field(default_factory=dict)  # noqa: N815
    commonLabels: Labels = Field(default_factory=dict)  # noqa: N815
    commonAnnotations: Labels = Field(default_factory=dict)  # noqa: N815
    externalURL: str = ""  # noqa: N815
