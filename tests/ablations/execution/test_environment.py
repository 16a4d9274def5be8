"""The facts of the machine: what explains a difference, and nothing that names a person or a host."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ablations.execution.environment import _checkout, environment


def test_the_facts_name_versions_machine_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/home/someone/bin/ablations", "run", "my study"])
    facts = environment("cpu")
    assert facts["command"] == "ablations run 'my study'"
    assert facts["version.numpy"] == __import__("numpy").__version__
    assert facts["python"].endswith(platform.python_version())
    assert facts["device"] == "cpu"
    assert facts["cpu"]
    assert facts["cpu_count"] == str(os.cpu_count())
    assert all(isinstance(value, str) for value in facts.values())


def test_no_fact_names_the_host_or_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    host, user = "a-host-4711", "a-user-4711"
    named, posix = platform.uname()._replace(node=host), [*os.uname()]
    monkeypatch.setattr(platform, "node", lambda: host)
    monkeypatch.setattr(platform, "uname", lambda: named)
    monkeypatch.setattr(platform, "_platform_cache", {})
    monkeypatch.setattr(os, "uname", lambda: os.uname_result([posix[0], host, *posix[2:]]))
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    monkeypatch.setattr(os, "getlogin", lambda: user)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, user)
    monkeypatch.setenv("HOME", f"/home/{user}")
    monkeypatch.setattr(sys, "argv", [f"/home/{user}/bin/ablations", "run"])
    told = str(environment("cpu"))
    assert host not in told
    assert user not in told


def test_a_password_on_the_command_line_is_no_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ablations", "search", "--storage", "postgresql://owner:tell-nobody@db/optuna"])
    facts = environment("cpu")
    assert facts["command"] == "ablations search --storage postgresql://owner:***@db/optuna"
    assert "tell-nobody" not in str(facts)


def test_the_commit_and_its_state_come_from_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "ablations"
    package.mkdir()
    (package / "code.py").write_text("x = 1\n")
    monkeypatch.setattr("ablations.execution.environment.PACKAGE", package)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert "git_commit" not in environment()

    _checkout.cache_clear()
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.hooksPath=/dev/null"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "--no-verify", "-m", "x"]):
        subprocess.run(["git", "-C", str(tmp_path), *identity, *command], check=True, capture_output=True)
    facts = environment()
    assert len(facts["git_commit"]) == 40
    assert facts["git_state"] == "clean"

    (tmp_path / "note.txt").write_text("beside the package")
    _checkout.cache_clear()
    assert environment()["git_state"] == "clean"

    (package / "code.py").write_text("x = 2\n")
    _checkout.cache_clear()
    assert environment()["git_state"] == "dirty"
    _checkout.cache_clear()
