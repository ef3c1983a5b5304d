"""Rules of the repository that a machine can check."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import BaseModel

from sidecar.servers.keys import _DENIED
from sidecar.settings import Settings
from sidecar.terminal.parser import COMMANDS

#: Lines a file may have, and the files that may have more, with the reason.
LONGEST = 250
LONGER = {
    "sidecar/domain/report.py": "one struct a line of the report: splitting it would scatter the public shape",
    "sidecar/pricing/implied_kernel.py": "numba's cache watches one file: what is compiled together stands together",
    "sidecar/pricing/kernels.py": "numba's cache watches one file: what is compiled together stands together",
}
FLOORS = {
    "starlette": (1, 1),
    "python-multipart": (0, 0, 27),
    "h11": (0, 16),
    "streamlit": (1, 61),
    "duckdb": (1, 5, 6),
}
MAY_BE_ABSENT = {"python-multipart"}


def tracked(repository: Path, *patterns: str) -> list[Path]:
    """The files of the repository, committed or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns]
    told = subprocess.run(command, cwd=repository, capture_output=True, check=False)
    if told.returncode:
        pytest.skip("not a git checkout")
    return [path for name in told.stdout.decode().split("\0") if name and (path := repository / name).is_file()]


def texts(repository: Path) -> Iterator[tuple[str, str]]:
    for path in tracked(repository):
        try:
            yield str(path.relative_to(repository)), path.read_text()
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_machine_or_a_package_registry(repository: Path) -> None:
    roots = "|".join(("work", "root", "home/[a-z]", "Users/[A-Za-z]", "tmp/[a-z]"))
    machine = re.compile(rf"(?<![\w.\-/~}}*]){'/'}(?:{roots})(?:/|\b)")
    registry = re.compile(
        r"--(?:extra-)?index-url|https?://[\w.\-]*(?:pypi|pythonhosted|artifactory|nexus)[\w.\-]*/", re.IGNORECASE
    )
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts(repository)
        if name != "tests/test_repository.py"
        for number, line in enumerate(text.splitlines(), 1)
        if machine.search(line) or registry.search(line)
    ]
    assert found == []


def test_published_sample_keys_stand_only_in_the_test_of_the_deny_list(repository: Path) -> None:
    word = re.compile(r"[A-Za-z0-9_\-]{6,64}")
    found = {
        name
        for name, text in texts(repository)
        if not name.startswith("requirements") and not name.endswith((".csv", ".lock"))
        for one in set(word.findall(text))
        if sha256(one.encode()).hexdigest() in _DENIED
    }
    assert found <= {"tests/servers/test_keys.py"}


def test_no_secret_of_a_known_shape_is_in_the_repository(repository: Path) -> None:
    shapes = re.compile(r"AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY|xox[bp]-[0-9A-Za-z-]{20,}")
    assert [name for name, text in texts(repository) if shapes.search(text)] == []


@pytest.mark.parametrize("name", FLOORS)
def test_the_lock_stands_at_or_above_the_floor(repository: Path, name: str) -> None:
    lock = (repository / "requirements.txt").read_text()
    found = re.search(rf"^{re.escape(name)}==([0-9.]+)", lock, re.MULTILINE)
    if found is None:
        assert name in MAY_BE_ABSENT | {"h11"}, f"{name} is not in requirements.txt"
        return
    assert tuple(map(int, found[1].split("."))) >= FLOORS[name]


def test_every_locked_package_carries_a_hash(repository: Path) -> None:
    blocks = re.split(r"\n(?=\S)", (repository / "requirements.txt").read_text())
    packages = [block for block in blocks if re.match(r"[A-Za-z0-9_.\-]+==", block)]
    assert len(packages) > 20
    assert [block.split("==")[0] for block in packages if "--hash=sha256:" not in block] == []


#: Given by a flag or a variable where they differ from their default: not part of the file that describes a desk.
BY_FLAG = {"data_dir", "host", "port", "ui_port", "market", "tape", "record", "speed", "seed", "strategy", "fund",
           "bootstrap_keys"}  # fmt: skip


def test_every_setting_stands_in_the_settings_file_and_nothing_else(repository: Path) -> None:
    written = tomllib.loads((repository / "desk.toml").read_text())
    assert set(written) == set(Settings.model_fields) - BY_FLAG
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            assert set(written[name]) == set(section.model_fields), name
            defaults = section().model_dump()
            for key, value in written[name].items():
                default = defaults[key]
                assert value == (list(default) if isinstance(default, tuple) else default), f"{name}.{key}"


def test_every_setting_given_by_flag_has_its_flag(repository: Path) -> None:
    parser = (repository / "sidecar" / "terminal" / "parser.py").read_text()
    for name in sorted(BY_FLAG - {"bootstrap_keys"}):
        assert f'"--{name.replace("_", "-")}"' in parser, name


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_stands_in_the_readme(repository: Path, name: str) -> None:
    readme = (repository / "README.md").read_text()
    assert re.search(rf"`{name}\b|python -m sidecar {name}\b", readme), f"{name} is not in README.md"


def test_no_source_file_is_longer_than_a_reader_can_hold(repository: Path) -> None:
    files = {
        str(path.relative_to(repository)): len(path.read_text().splitlines())
        for path in tracked(repository, "sidecar/*.py", "pages/*.py")
    }
    long = {name: lines for name, lines in files.items() if lines > LONGEST}
    assert {name: lines for name, lines in long.items() if name not in LONGER} == {}
    assert set(LONGER) <= set(long), "an exception that is no longer needed"


def test_a_broad_except_says_why(repository: Path) -> None:
    found = []
    for path in tracked(repository, "sidecar/*.py", "pages/*.py", "app.py"):
        lines = path.read_text().splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
                continue  # it only tidies up on the way
            broad = any(kind is None or getattr(kind, "id", "") in ("Exception", "BaseException") for kind in kinds)
            near = lines[node.lineno - 2 : node.body[0].lineno + 1]
            if broad and not any("# " in line for line in near):
                found.append(f"{path.relative_to(repository)}:{node.lineno}")
    assert found == []
