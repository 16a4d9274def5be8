"""Commands that only look answer without the libraries that train, show and search: those take seconds to load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ablations.loaded import said_and_loaded

HEAVY = {"torch", "torchvision", "mlflow", "optuna", "matplotlib", "pandas", "sklearn", "scipy.stats"}
PROGRAM = """
import sys
from ablations.cli import main
try:
    main(sys.argv[1:], standalone_mode=False)
except Exception as error:
    print(error)
"""


def answered(folder: Path, *arguments: str) -> tuple[str, set[str]]:
    """What a command says in a process of its own, and all that it has loaded."""
    places = {"XDG_CACHE_HOME": str(folder / "cache"), "ABLATIONS_STORE": str(folder / "store")}
    return said_and_loaded(PROGRAM, *arguments, **places)


@pytest.mark.parametrize(
    ("arguments", "says"), [(("--help",), "compare"), (("list",), "precision"), (("list", "quick"), "baseline")]
)
def test_what_computes_nothing_loads_no_library_for_it(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """So the command line can still hold its process to an instruction set: libraries choose when they are loaded."""
    said, loaded = answered(tmp_path, *arguments)
    assert says in said
    assert not loaded & (HEAVY | {"numpy", "scipy", "ray", "rich"})


def test_what_needs_no_torch_does_not_load_it(tmp_path: Path) -> None:
    said, loaded = answered(tmp_path, "verify", "nosuch")
    assert "there is no store at" in said
    assert not loaded & HEAVY


def test_a_first_plan_loads_torch_alone_and_a_second_nothing_and_says_the_same(tmp_path: Path) -> None:
    plan = ("run", "quick", "--seeds", "5", "--data", "digits", "--dry-run", "--json")
    first, loaded = answered(tmp_path, *plan)
    assert loaded & HEAVY == {"torch"}
    second, loaded = answered(tmp_path, *plan)
    assert not loaded & HEAVY
    assert json.loads(second) == json.loads(first)
    assert json.loads(second)["to_train"] == 40
