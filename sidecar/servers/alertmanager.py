"""From Alertmanager's words to the desk's: a firing alert is a finding, a resolved one clears it.

What it sends is cleaned and cut, never refused for its text: Alertmanager does not try a refused message again, so a
line break in an annotation would lose the alert.
"""

from __future__ import annotations

from hashlib import sha256

from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.servers.alert_bodies import SEVERITY, WebhookAlert, WebhookBody
from sidecar.servers.words import plain

KIND = "alertmanager"
_LONGEST_TITLE = 200
_LONGEST_MESSAGE = 2_000
_LONGEST_DETAIL = 500
_MOST_DETAILS = 20
#: What people write into the label ``severity``; what is not here, or is missing, is a warning.
LEVELS = {
    "critical": AlertLevel.CRITICAL,
    "page": AlertLevel.CRITICAL,
    "error": AlertLevel.ERROR,
    "high": AlertLevel.ERROR,
    "major": AlertLevel.ERROR,
    "info": AlertLevel.INFO,
    "none": AlertLevel.INFO,
    "notice": AlertLevel.INFO,
}


def findings(body: WebhookBody) -> tuple[Finding, ...]:
    """What fires, each alert once, and that some were left out where some were."""
    firing = {
        found.fingerprint: found for alert in body.alerts if alert.status == "firing" for found in [_found(alert)]
    }
    missing = (_left_out(body),) if body.truncatedAlerts else ()
    return (*firing.values(), *missing)


def cleared(body: WebhookBody) -> tuple[str, ...]:
    """The fingerprints of what is over."""
    return tuple(dict.fromkeys(_found(alert).fingerprint for alert in body.alerts if alert.status == "resolved"))


def _found(alert: WebhookAlert) -> Finding:
    name = _clean(alert.labels.get("alertname", ""), 100) or "unnamed"
    level = LEVELS.get(alert.labels.get("severity", "").strip().lower(), AlertLevel.WARNING)
    told = alert.annotations
    title = _clean(told.get("summary", ""), _LONGEST_TITLE) or name
    message = _clean(told.get("description", "") or told.get("message", ""), _LONGEST_MESSAGE)
    return Finding(
        "outside", KIND, f"{name} {_identity(alert)}", level, SEVERITY[level], title, message, _details(alert)
    )


def _identity(alert: WebhookAlert) -> str:
    if alert.fingerprint and alert.fingerprint.isalnum() and alert.fingerprint.isascii():
        return alert.fingerprint[:32]
    labels = "\0".join(f"{name}\0{value}" for name, value in sorted(alert.labels.items()))
    return sha256(labels.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _details(alert: WebhookAlert) -> dict[str, str]:
    ours = {"startsAt": alert.startsAt, "generatorURL": alert.generatorURL}
    if runbook := alert.annotations.get("runbook_url", ""):
        ours["runbook_url"] = runbook
    labels = dict(list(alert.labels.items())[: _MOST_DETAILS - len(ours)])
    told = {_clean(name, 64): _clean(value, _LONGEST_DETAIL) for name, value in (labels | ours).items()}
    return {name: value for name, value in told.items() if name and value}


def _left_out(body: WebhookBody) -> Finding:
    group = _clean(body.groupKey or body.receiver, 150)
    title = f"Alertmanager left out {body.truncatedAlerts} alerts"
    message = "max_alerts of its webhook cut them off; look there, raise it, and resolve this by hand"
    return Finding("outside", KIND, f"truncated {group}", AlertLevel.WARNING, 3, title, message, {"groupKey": group})


def _clean(text: str, longest: int) -> str:
    """The text on one line, without what a terminal or a reader would obey, cut to ``longest``."""
    line = " ".join(text.split())
    safe = "".join(one for one in line if _harmless(one))
    return safe if len(safe) <= longest else safe[: longest - 1] + "…"


def _harmless(character: str) -> bool:
    try:
        plain(character)
    except ValueError:
        return False
    return True
