"""What a program says, and what it has loaded at its end, in an interpreter that had loaded nothing before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def said_and_loaded(code: str, *arguments: str, **variables: str) -> tuple[str, set[str]]:
    """Of a program with these arguments and variables of its environment; modules by their whole names."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-c", f"{code}\nimport sys; print(); print(*sys.modules)", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *said, modules = done.stdout.splitlines()
    return "\n".join(said).strip(), set(modules.split())


def loaded_by(code: str) -> set[str]:
    return said_and_loaded(code)[1]
