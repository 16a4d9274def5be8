"""Commands that only look answer without the libraries that train, show and search: those take seconds to load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "torchvision", "mlflow", "optuna", "matplotlib", "pandas", "sklearn", "scipy.stats")
PROGRAM = f"""
import json, sys
from ablations.cli import main
try:
    main(sys.argv[1:], standalone_mode=False)
except Exception as error:
    print(error)
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


def answered(folder: Path, *arguments: str) -> tuple[str, list[str]]:
    """What a command says in a process of its own, and which of the heavy libraries it has loaded."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "ABLATIONS_STORE": str(folder / "store")}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *said, loaded = done.stdout.splitlines()
    return "\n".join(said), json.loads(loaded)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--help",), "compare"),
        (("list",), "precision"),
        (("list", "quick"), "baseline"),
        (("verify", "nosuch"), "there is no store at"),
    ],
)
def test_what_needs_no_torch_does_not_load_it(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    said, loaded = answered(tmp_path, *arguments)
    assert says in said
    assert not loaded


def test_a_first_plan_loads_torch_alone_and_a_second_nothing_and_says_the_same(tmp_path: Path) -> None:
    plan = ("run", "quick", "--seeds", "5", "--data", "digits", "--dry-run", "--json")
    first, loaded = answered(tmp_path, *plan)
    assert loaded == ["torch"]
    second, loaded = answered(tmp_path, *plan)
    assert not loaded
    assert json.loads(second) == json.loads(first)
    assert json.loads(second)["to_train"] == 40
