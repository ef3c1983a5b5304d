"""Alertmanager's configuration: that it is right, whom it tells, and what mutes what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.prometheus.shipped import FOLDER, alerts, read, run
from tests.prometheus.stack import answers, configured, running
from tests.wiring import free_port, until

CONFIG = FOLDER / "alertmanager.yml"
FILES = (("credentials_file", "trader.key"), ("api_url_file", "people.url"))


def test_alertmanager_takes_the_configuration() -> None:
    told = run("amtool", "check-config", CONFIG)
    assert "SUCCESS" in told
    assert "2 receivers" in told


def test_the_configuration_for_e_mail_is_right_too(tmp_path: Path) -> None:
    written = re.sub(r"^    # (email_configs:|  .*)$", r"    \1", CONFIG.read_text(), flags=re.MULTILINE)
    (tmp_path / "alertmanager.yml").write_text(written)
    run("amtool", "check-config", tmp_path / "alertmanager.yml")
    (people,) = (one for one in read(tmp_path / "alertmanager.yml")["receivers"] if one["name"] == "people")
    assert people["email_configs"][0]["auth_password_file"] == "/etc/alertmanager/secrets/mail.password"


@pytest.mark.parametrize(("severity", "told"), [("critical", "people,desk"), ("warning", "desk"), ("info", "desk")])
def test_the_desk_is_told_of_everything_and_people_of_what_is_critical(severity: str, told: str) -> None:
    labels = (f"severity={severity}", "alertname=Any")
    assert run("amtool", "config", "routes", "test", f"--config.file={CONFIG}", *labels).strip() == told


def test_no_address_and_no_secret_stands_in_the_configuration() -> None:
    text = CONFIG.read_text()
    files = set(re.findall(r"\w+_file: [\w./]+", text))
    assert {f"{name}: /etc/alertmanager/secrets/{file}" for name, file in FILES} <= files
    assert not re.search(r"(?:credentials|api_url|password|service_key|token): *[^ {]", text)


def test_what_mutes_and_what_is_muted_are_alerts_that_exist() -> None:
    names = alerts().keys()
    matchers = [text for rule in read(CONFIG)["inhibit_rules"] for side in ("source", "target")
                for text in rule[f"{side}_matchers"] if text.startswith("alertname")]  # fmt: skip
    named = {name for text in matchers for name in text.split('"')[1].split("|")}
    assert named - names == set()


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A running Alertmanager on the shipped configuration, which knows of no desk and no people."""
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    config = configured(folder / "prometheus", {8000: free_port()}) / "alertmanager.yml"
    flags = [f"--config.file={config}", f"--storage.path={folder}", f"--web.listen-address=127.0.0.1:{port}"]
    with (
        running("prometheus-alertmanager", folder, *flags, "--cluster.listen-address="),
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        until(lambda: answers(client), what="Alertmanager")
        yield client


@pytest.mark.parametrize(
    ("source", "target", "other"),
    [
        ("DeskDown", "BreakerActive", {"instance": "another:8000"}),
        ("DeskSilent", "DiskLow", {"job": "node"}),
        ("DeskDown", "NotificationsFailing integration=webhook", {"integration": "slack", "job": "alertmanager"}),
        ("FeedDown", "FeedStale", {"instance": "another:8000"}),
        ("FeedDown", "DeskBlind", {"instance": "another:8000"}),
        ("DeskBlind", "FeedStale", {"instance": "another:8000"}),
        ("LimitNearlyBroken limit_type=vix", "LimitNear limit_type=vix", {"limit_type": "net_vega"}),
        ("DiskNearlyFull", "DiskLow", {"instance": "another:8000"}),
        ("BreakerActive", "OrdersRefused strategy=demo", {"instance": "another:8000"}),
    ],
)
def test_one_cause_is_one_alert(post: httpx2.Client, source: str, target: str, other: dict[str, str]) -> None:
    told = [_labels(source), _labels(target), {**_labels(target), **other}]
    assert post.post("/api/v2/alerts", json=[{"labels": labels} for labels in told]).status_code == 200
    try:
        until(lambda: _muted(post) == [told[1]], 5.0, "the inhibition of one, and of no other")
    finally:
        over = [{"labels": labels, "endsAt": "2020-01-01T00:00:00Z"} for labels in told]
        post.post("/api/v2/alerts", json=over).raise_for_status()
        until(lambda: not post.get("/api/v2/alerts").json(), what="silence")


def _labels(text: str) -> dict[str, str]:
    name, *more = text.split()
    return {"alertname": name, "instance": "desk:8000", "job": "deskwatch", **dict(one.split("=") for one in more)}


def _muted(post: httpx2.Client) -> list[dict[str, str]]:
    found: list[dict[str, Any]] = post.get("/api/v2/alerts").json()
    assert len(found) == 3
    return [one["labels"] for one in found if one["status"]["inhibitedBy"]]


def test_both_roads_tell_of_the_end_and_the_desk_soon() -> None:
    config = read(CONFIG)
    assert [one["send_resolved"] for name in ("webhook_configs", "slack_configs")
            for receiver in config["receivers"] for one in receiver.get(name, ())] == [True, True]  # fmt: skip
    assert (config["route"]["group_wait"], config["route"]["group_interval"]) == ("1s", "5s")
