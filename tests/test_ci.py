"""What `.ci/run` does with a failure: the script itself, with a `nox` that does nothing but what the test says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SESSIONS = ("env", "lint types", "bits", "chaos -- --kills 3 --steps 400 --seed 1", "docs", "bench -- --quick", "tests")

NOX = """#!/usr/bin/env bash
session="${*:2}"
echo "$session" >> "$CALLS"
echo "this is $session"
[ "$session" = "$SLOW" ] && sleep 60
[ "$session" = "$FAILS" ] && exit 3
[ "$session" = tests ] && echo "5 passed in 1 s"
exit 0
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the script and its stand-in for nox."""
    programs = tmp_path / ".ci" / "env" / "bin"
    programs.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (programs / "nox").write_text(NOX)
    (programs / "nox").chmod(0o755)
    return tmp_path


def ci(clone: Path, *, fails: str = "", slow: str = "") -> tuple[int, str, list[str]]:
    """The exit status, what was printed and the sessions that were called."""
    calls = clone / "calls"
    environment = os.environ | {"CALLS": str(calls), "FAILS": fails, "SLOW": slow}
    done = subprocess.run(
        ["bash", str(clone / ".ci" / "run")], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    return done.returncode, done.stdout + done.stderr, calls.read_text().splitlines()


def test_every_session_is_called_once_and_the_tests_come_last(clone: Path) -> None:
    status, printed, called = ci(clone)

    assert status == 0
    assert sorted(called) == sorted(SESSIONS)
    assert (called[0], called[-1]) == ("env", "tests")
    assert all(f"this is {session}" in printed for session in SESSIONS)
    assert printed.rstrip().endswith("5 passed in 1 s")


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_that_fails_fails_all(clone: Path, session: str) -> None:
    status, printed, called = ci(clone, fails=session)

    assert status == 3
    assert f"this is {session}" in printed
    assert "tests" not in called or session == "tests"


def test_what_runs_beside_a_failure_is_stopped(clone: Path) -> None:
    assert ci(clone, fails="docs", slow="lint types")[0] == 3  # well before the 60 seconds of the other lane
