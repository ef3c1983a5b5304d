"""What a process beside the desk is bound to; its parent's end stands in ``test_training.py``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sidecar.bounds import in_a_line, starved


def ran(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_it_has_the_lowest_priority_and_speaks_in_lines() -> None:
    code = "import os\nfrom sidecar.bounds import give_way, tell\nfrom sidecar.learning.plan import Progress\n"
    told = ran(code + "give_way(0)\ntell(Progress('step', 1, 2, 'a\\nb'))\nprint(os.nice(0))")
    assert told.stdout.splitlines() == ['["step",1,2,"a\\nb"]', "19"], told.stderr


def test_one_whose_parent_is_gone_already_ends_at_once() -> None:
    stranger = os.getpid() + 1
    told = ran(f"from sidecar.bounds import ends_with\nends_with({stranger})\nprint('went on')")
    assert (told.returncode, told.stdout) == (1, "")


def test_memory_beyond_its_bound_is_not_given() -> None:
    told = ran("from sidecar.bounds import bound\nbound(64)\nbytes(1 << 20)\nbytes(1 << 28)")
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1] == "MemoryError"


@pytest.mark.parametrize(
    ("error", "is_so"),
    [(MemoryError(), True), (RuntimeError("std::bad_alloc"), True), (ValueError("Unable to allocate 8 GiB"), True),
     (ValueError("a bad price"), False)],
)  # fmt: skip
def test_want_of_memory_is_known_by_whatever_words_it_has(error: Exception, is_so: bool) -> None:
    assert starved(error) is is_so


def test_any_text_is_one_line_that_is_not_too_long() -> None:
    assert in_a_line("a\n b\tc ") == "a b c"
    assert len(in_a_line("x" * 9_999)) == 300
