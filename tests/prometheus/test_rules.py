"""The rules: Prometheus takes them, each fires and ends as its test says, and they ask for what there is."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from sidecar.settings import REPOSITORY
from tests.prometheus.shipped import FOLDER, alerts, metrics_of, read, rules, run, series

ALERTS = alerts()
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
CASES = [one["alert_rule_test"] for path in TESTS for one in read(path)["tests"]]


def test_prometheus_takes_the_rules_and_the_configuration() -> None:
    told = run("promtool", "check", "rules", *sorted((FOLDER / "rules").glob("*.yml")))
    assert sum(map(int, re.findall(r"SUCCESS: (\d+) rules found", told))) == len(rules())
    assert "is valid prometheus config file syntax" in run("promtool", "check", "config", FOLDER / "prometheus.yml")


def test_the_configuration_for_a_desk_elsewhere_is_right_too(tmp_path: Path) -> None:
    text = (FOLDER / "prometheus.yml").read_text()
    here = text.index("  - job_name: deskwatch")
    shown = text.index("  # - job_name: deskwatch")
    elsewhere = re.sub(r"^  # ?", "  ", text[shown : text.index("  # What watches")], flags=re.MULTILINE)
    written = text[:here] + elsewhere + text[text.index("  # What watches") :]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "viewer.key").write_text("k")
    (tmp_path / "prometheus.yml").write_text(written.replace("rules/*.yml", str(FOLDER / "rules" / "*.yml")))
    run("promtool", "check", "config", tmp_path / "prometheus.yml")
    (job,) = (job for job in read(tmp_path / "prometheus.yml")["scrape_configs"] if job["job_name"] == "deskwatch")
    assert (job["scheme"], job["authorization"]) == ("https", {"credentials_file": "secrets/viewer.key"})


def test_every_alert_stays_quiet_fires_with_its_words_and_ends() -> None:
    told = run("promtool", "test", "rules", *TESTS)
    assert told.count("SUCCESS") == len(TESTS) > 0


@pytest.mark.parametrize("name", ALERTS)
def test_an_alerts_test_has_it_quiet_then_firing_then_over(name: str) -> None:
    stories = ["".join("f" if case["exp_alerts"] else "q" for case in cases if case["alertname"] == name)
               for cases in CASES]  # fmt: skip
    assert any(re.fullmatch(r"q+f+q+", story) for story in stories), stories


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_grave_it_is_what_is_wrong_and_where_its_runbook_lies(name: str) -> None:
    alert = ALERTS[name]
    assert alert.labels.keys() == {"severity"}
    assert alert.labels["severity"] in ("info", "warning", "critical")
    assert alert.annotations.keys() == {"summary", "description", "runbook_url"}
    # The desk cuts titles at 200 characters, and values belong into the description: a title that moves is another.
    assert len(alert.annotations["summary"]) <= 80
    assert "$value" not in alert.annotations["summary"]
    assert alert.annotations["description"] != alert.annotations["summary"]
    assert alert.annotations["runbook_url"] == "{{ $externalLabels.runbooks }}/" + name + ".md"


def test_names_are_used_once() -> None:
    names = Counter(rule.get("alert") or rule["record"] for rule in rules())
    assert [name for name, count in names.items() if count > 1] == []


def test_the_rules_ask_for_series_that_the_desk_has() -> None:
    asked = {name for rule in rules() for name in metrics_of(rule["expr"])}
    assert asked - series() == set()
    assert len(asked) > 20


def test_what_is_recorded_is_used_by_an_alert_or_on_a_dashboard() -> None:
    told = "".join(alert.expr for alert in ALERTS.values())
    told += "".join(path.read_text() for path in REPOSITORY.glob("grafana/dashboards/*.json"))
    recorded = [rule["record"] for rule in rules() if "record" in rule]
    assert recorded
    assert [name for name in recorded if name not in told] == []


def test_no_rule_asks_for_the_desks_own_alerts_or_an_alert_would_raise_itself() -> None:
    assert [rule["expr"] for rule in rules() if "trading_alerts" in rule["expr"]] == []


def test_what_somebody_must_know_within_ten_seconds_is_looked_at_every_second() -> None:
    config = read(FOLDER / "prometheus.yml")
    assert (config["global"]["scrape_interval"], config["global"]["evaluation_interval"]) == ("5s", "5s")
    (group,) = (group for group in read(FOLDER / "rules" / "desk.yml")["groups"] if group["name"] == "desk")
    assert group["interval"] == "1s"
    assert ALERTS["BreakerActive"].group == "desk"
