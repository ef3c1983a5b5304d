"""The compose files: of the published form, and closed to everybody but this machine. No Docker runs them here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.settings import _known_environment

FILES = ("docker-compose.yml", "docker-compose.monitoring.yml")
MONITORING = FILES[1]
#: Ours is built here; any other image is pinned by version and digest.
PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}|deskwatch:\d+\.\d+\.\d+")
#: Of each service what makes it listen, and the Debian program that knows the same flags.
LISTENS = {
    "prometheus": ("--web.listen-address=127.0.0.1:9090", "prometheus"),
    "alertmanager": ("--web.listen-address=127.0.0.1:9093", "prometheus-alertmanager"),
    "node-exporter": ("--web.listen-address=127.0.0.1:9100", "prometheus-node-exporter"),
}
#: Compose's own form: name, and what it does where the variable is not set.
VARIABLE = re.compile(r"\$\{(\w+)(:[?-])?([^}]*)\}")


def services(repository: Path, name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((repository / name).read_text())["services"]
    return found


@pytest.mark.parametrize("name", FILES)
def test_they_are_of_the_form_that_the_compose_specification_publishes(repository: Path, name: str) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    if not checker.exists():
        pytest.skip("check-jsonschema, which carries the specification's schema, is not installed")
    command = [str(checker), "--builtin-schema", "vendor.compose-spec", str(repository / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FILES)
def test_each_service_is_pinned_and_may_do_little(repository: Path, name: str) -> None:
    for service, told in services(repository, name).items():
        assert PINNED.fullmatch(told["image"]), service
        assert told["read_only"] is True, service
        assert told["cap_drop"] == ["ALL"], service
        assert told["security_opt"] == ["no-new-privileges:true"], service
        assert re.fullmatch(r"[1-9]\d*:\d+", told["user"]), service
        assert {"privileged", "cap_add", "devices", "env_file"}.isdisjoint(told), service
        assert told["mem_limit"], service
        assert told["pids_limit"] <= 512, service
        assert told["healthcheck"]["test"][0] == "CMD", service
        assert told["restart"] == "unless-stopped", service
        assert told["logging"]["options"]["max-size"], service


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_open_but_to_this_machine(repository: Path, name: str) -> None:
    for service, told in services(repository, name).items():
        assert "ports" not in told, service
        assert told["network_mode"] == "host", service
        text = yaml.safe_dump(told)
        assert "0.0.0.0" not in text, service
        addresses = re.findall(r"https?://([^/:]+)", text)
        assert set(addresses) <= {"127.0.0.1"}, service


def test_each_program_of_the_monitoring_is_told_to_listen_on_loopback(repository: Path) -> None:
    found = services(repository, MONITORING)
    for service, (flag, _) in LISTENS.items():
        assert flag in found[service]["command"]
    assert found["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert "--cluster.listen-address=" in found["alertmanager"]["command"]  # else 9094, everywhere
    assert {*LISTENS, "grafana"} == set(found)


@pytest.mark.parametrize("service", LISTENS)
def test_the_flags_are_the_programs_own(repository: Path, service: str) -> None:
    program = LISTENS[service][1]
    if not shutil.which(program):
        pytest.skip(f"no {program} here")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False, timeout=30)
    for flag in services(repository, MONITORING)[service]["command"]:
        assert f"{flag.partition('=')[0]}=" in done.stdout + done.stderr, flag


@pytest.mark.parametrize(
    ("name", "variable"), [(FILES[0], "DESK_BOOTSTRAP_KEYS"), (FILES[1], "GRAFANA_ADMIN_PASSWORD")]
)
def test_a_secret_has_no_default_and_nothing_starts_without_it(repository: Path, name: str, variable: str) -> None:
    text = (repository / name).read_text()
    found = {told[1]: told for told in VARIABLE.finditer(text)}
    assert found[variable][2] == ":?"
    assert len(found[variable][3]) > 20  # what to do
    assert all(told[2] == ":-" for other, told in found.items() if other != variable)
    secret = [line for line in text.splitlines() if re.search(r"PASSWORD|KEYS|SECRET|TOKEN", line) and ": " in line]
    assert [line for line in secret if "${" not in line and not line.lstrip().startswith("#")] == []


def test_what_the_desk_is_told_is_a_setting(repository: Path) -> None:
    for service in services(repository, FILES[0]).values():
        names = [name.removeprefix("DESK_").lower() for name in service["environment"]]
        assert set(names) <= _known_environment()


def test_prometheus_keeps_thirty_days_and_lets_nobody_delete_or_reload(repository: Path) -> None:
    told = services(repository, MONITORING)["prometheus"]["command"]
    assert "--storage.tsdb.retention.time=30d" in told
    assert not [flag for flag in told if "enable" in flag]


def test_what_is_mounted_of_the_repository_is_there_and_cannot_be_written(repository: Path) -> None:
    for told in services(repository, MONITORING).values():
        for volume in told["volumes"]:
            if isinstance(volume, dict):
                assert (volume["read_only"], volume["bind"]) == (True, {"create_host_path": False})
                continue
            source, _, target = volume.partition(":")
            if source.startswith((".", "/")):
                assert target.partition(":")[2].startswith("ro")
            if source.startswith("."):
                folder = repository / source.split("/")[1]
                assert not folder.exists() or (repository / source).exists(), source


def test_what_asks_and_what_is_asked_name_the_same_addresses(repository: Path) -> None:
    listening = {flag.partition("=")[2] for flag, _ in LISTENS.values()} | {"127.0.0.1:8000", "127.0.0.1:3000"}
    asking = [*(repository / "prometheus").glob("*.yml"), *(repository / "grafana").glob("provisioning/*/*.yml")]
    asked = {one for file in asking for one in re.findall(r"127\.0\.0\.1:\d+", file.read_text())}
    assert asked <= listening
