"""The rule of the numerics: a changed bit needs a new number, and a new number a changed bit.

The short trainings of `trainings` are made with the package of the working tree and with that of a revision, on this
machine, one after the other, on the engine that the revision takes here: an engine that came later is no changed bit,
since it is part of what identifies a run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.training.instruction_set import default_environment
from bench.checkout import CheckoutError, checked_out

TRAININGS = Path(__file__).with_name("trainings.py")
_NUMBER = re.compile(r"^NUMERICS = (\d+)$", re.MULTILINE)
_FILE = "ablations/training/numerics.py"

Digests = Mapping[str, Mapping[str, str]]
"""Name of a training to quantity to SHA-256."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the comparison of two trees has come to."""

    numbers: tuple[int, int]
    """Of the revision and of the working tree."""
    compared: int
    """Trainings that both have."""
    differing: tuple[str, ...]
    """Names of those whose bits differ, each with the first quantity that does."""

    @property
    def problem(self) -> str | None:
        """In which way the rule is broken; None where it holds."""
        old, new = self.numbers
        if not self.compared:
            return "the two trees have no training in common, so nothing was compared"
        if self.differing and old == new:
            return (
                f"bits have changed in {len(self.differing)} of {self.compared} trainings, and NUMERICS is {new} "
                f"still: give it the next number if the change is meant ({'; '.join(self.differing[:5])})"
            )
        if not self.differing and old != new:
            return f"NUMERICS went from {old} to {new}, and no bit has changed: stored runs would be lost for nothing"
        return None


def judge(old: Digests, new: Digests, numbers: tuple[int, int]) -> Outcome:
    """Compare what both trees have; trainings that only one of them names are new or gone, not changed."""
    shared = sorted(old.keys() & new.keys())
    differing = []
    for name in shared:
        either = {**old[name], **new[name]}
        first = next((key for key in either if old[name].get(key) != new[name].get(key)), None)
        if first is not None:
            differing.append(f"{name}: {first}")
    return Outcome(numbers=numbers, compared=len(shared), differing=tuple(differing))


def compare(repository: Path, revision: str, pattern: str = "") -> Outcome:
    """The working tree of a repository against a revision of it.

    Raises:
        CheckoutError: git does not know the revision, or its package does not run.
    """
    with checked_out(repository, revision, "ablations", "bench") as tree:
        numbers = (number_of(tree), number_of(repository))
        return judge(trained(tree, pattern), trained(repository, pattern, engine_of(tree)), numbers)


def number_of(tree: Path) -> int:
    """A tree's number; 1 for one from before there was one."""
    path = tree / _FILE
    found = _NUMBER.search(path.read_text()) if path.exists() else None
    return int(found.group(1)) if found else 1


def engine_of(tree: Path) -> str:
    """The engine that a tree's package chooses on this machine, as JSON."""
    ask = (
        "import dataclasses, json; from ablations.training.engine import choose_engine; "
        "print(json.dumps(dataclasses.asdict(choose_engine('cpu'))))"
    )
    return _printed(tree, "-c", ask).strip()


def trained(tree: Path, pattern: str = "", engine: str = "") -> Digests:
    """The digests of a tree's trainings, made in a process of its own by its own script, or by today's; on an engine
    of `engine_of`, or on the tree's own.
    """
    script = tree / "bench" / TRAININGS.name
    asked = [pattern, engine] if engine else [pattern]
    return dict(json.loads(_printed(tree, str(script if script.exists() else TRAININGS), *asked)))


def _printed(tree: Path, *arguments: str) -> str:
    """By a Python process with a tree's package, held to the default instruction set and one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=tree,
        env={**os.environ, **threads, **default_environment(), "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CheckoutError(f"the trainings cannot be made with the package in {tree}:\n{done.stderr.strip()}")
    return done.stdout


def last_set(repository: Path) -> str:
    """The commit that last set the number.

    Raises:
        CheckoutError: git does not tell, as in a copy without history.
    """
    command = ["git", "-C", str(repository), "log", "-1", "--format=%H", "-G", "^NUMERICS = ", "--", _FILE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise CheckoutError(f"no commit is known that set the number in {_FILE}: {done.stderr.strip() or 'no history'}")
    return done.stdout.strip()
