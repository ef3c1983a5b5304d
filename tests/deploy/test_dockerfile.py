"""The image: its recipe is sound, and what it copies is enough for a desk and no more. No Docker builds it here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: What a start reads of the files beside the program.
READS = """
from sidecar.reference import load_reference, load_stresses
from sidecar.settings import REPOSITORY, load_settings
from sidecar.store.schema import migrations
load_settings(); load_reference(); load_stresses(); assert migrations()
print(REPOSITORY)
"""


@pytest.fixture(scope="module")
def context(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Docker would be sent: what ``.dockerignore`` lets through."""
    rules = [line for line in (repository / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    assert rules[-1] == "**/__pycache__"
    assert all(rule.startswith("!") for rule in rules[1:-1])
    folder = tmp_path_factory.mktemp("context")
    for rule in rules[1:-1]:
        source, target = repository / rule[1:], folder / rule[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return folder


def test_hadolint_finds_nothing(repository: Path) -> None:
    checker = Path(sys.executable).with_name("hadolint")
    if not checker.exists():
        pytest.skip("hadolint is not installed")
    done = subprocess.run([checker, repository / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_is_copied_is_enough_for_a_desk_and_its_app(context: Path, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", READS]
    done = subprocess.run(
        command, cwd=context, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(context)), done.stderr
    programs = ("sidecar/__main__.py", "pages/parts/server.py", "app.py", ".streamlit/config.toml", "deploy/answers.py")
    assert [name for name in programs if not (context / name).is_file()] == []


def test_no_key_journal_or_history_is_copied(context: Path) -> None:
    names = {path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()}
    assert {name.split("/")[1] for name in names if name.startswith("data/")} == {"reference", "sample"}
    assert {name.split("/")[0] for name in names}.isdisjoint({"tests", "bench", "docs", ".git", ".venv", ".ci"})
    assert [name for name in names if re.search(r"\.key$|keys\.json|notify\.urls|\.duckdb|journal\.log", name)] == []


def test_its_steps_are_targets_of_the_makefile(repository: Path, context: Path) -> None:
    targets = re.findall(r"make (\S+)", re.sub(r"#.*", "", (repository / "Dockerfile").read_text()))
    targets = [target for target in targets if target.startswith(".")]
    assert targets == [".venv/.installed", ".venv/.compiled"]
    done = subprocess.run(
        ["make", "--dry-run", *targets], cwd=context, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert "--require-hashes" in done.stdout


def test_both_stages_are_the_pinned_image_and_the_last_runs_as_nobody_in_particular(repository: Path) -> None:
    text = (repository / "Dockerfile").read_text()
    assert re.search(r"^ARG PYTHON=python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${PYTHON}"] * 2
    last = text.rpartition("FROM ")[2]
    assert re.findall(r"^USER (\S+)", last, re.MULTILINE) == ["10001:10001"]
    assert "HEALTHCHECK" in last
    assert "ADD " not in text
