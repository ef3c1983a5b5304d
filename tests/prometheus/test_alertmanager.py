"""Alertmanager's configuration: that it is right, whom it tells, and what mutes what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.prometheus.shipped import FOLDER, alerts, read, run

CONFIG = FOLDER / "alertmanager.yml"


def test_alertmanager_takes_the_configuration() -> None:
    told = run("amtool", "check-config", CONFIG)
    assert "SUCCESS" in told
    assert "2 receivers" in told


def test_the_configuration_for_e_mail_is_right_too(tmp_path: Path) -> None:
    written = re.sub(r"^    # (email_configs:|  .*)$", r"    \1", CONFIG.read_text(), flags=re.MULTILINE)
    (tmp_path / "alertmanager.yml").write_text(written)
    run("amtool", "check-config", tmp_path / "alertmanager.yml")
    (people,) = (one for one in read(tmp_path / "alertmanager.yml")["receivers"] if one["name"] == "people")
    assert people["email_configs"][0]["auth_password_file"] == "secrets/mail.password"


@pytest.mark.parametrize(("severity", "told"), [("critical", "people,desk"), ("warning", "desk"), ("info", "desk")])
def test_the_desk_is_told_of_everything_and_people_of_what_is_critical(severity: str, told: str) -> None:
    labels = (f"severity={severity}", "alertname=Any")
    assert run("amtool", "config", "routes", "test", f"--config.file={CONFIG}", *labels).strip() == told


def test_no_address_and_no_secret_stands_in_the_configuration() -> None:
    text = CONFIG.read_text()
    assert {"credentials_file: secrets/trader.key", "api_url_file: secrets/people.url"} <= {
        found for found in re.findall(r"\w+_file: [\w./]+", text)
    }
    assert not re.search(r"(?:credentials|api_url|password|service_key|token): *[^ {]", text)


def test_what_mutes_and_what_is_muted_are_alerts_that_exist() -> None:
    names = alerts().keys()
    matchers = [text for rule in read(CONFIG)["inhibit_rules"] for side in ("source", "target")
                for text in rule[f"{side}_matchers"] if text.startswith("alertname")]  # fmt: skip
    named = {name for text in matchers for name in text.split('"')[1].split("|")}
    assert named - names == set()


def test_a_desk_that_is_down_or_silent_mutes_all_else_of_it() -> None:
    first = read(CONFIG)["inhibit_rules"][0]
    assert first == {
        "source_matchers": ['alertname=~"DeskDown|DeskSilent"'],
        "target_matchers": ['alertname!~"DeskDown|DeskSilent"'],
        "equal": ["job", "instance"],
    }


def test_both_roads_tell_of_the_end_and_the_desk_soon() -> None:
    config = read(CONFIG)
    assert [one["send_resolved"] for name in ("webhook_configs", "slack_configs")
            for receiver in config["receivers"] for one in receiver.get(name, ())] == [True, True]  # fmt: skip
    assert (config["route"]["group_wait"], config["route"]["group_interval"]) == ("1s", "5s")
