from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bench import bits
from bench.checkout import CheckoutError
from tests.bench.made_package import git

ROOT = Path(__file__).parents[2]
ONLY = "latent-size z1"
"""Trainings with this in their name: a few small ones."""
REMARK = "from collections.abc import Sequence\n"
"""A line of the step before which a remark can stand."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the code of this one, with a commit of its own."""
    for folder in ("ablations", "bench"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        git(tmp_path, *command)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new))


def number(folder: Path, value: int) -> None:
    path = folder / "ablations" / "training" / "numerics.py"
    edit(path, f"NUMERICS = {bits.number_of(folder)}\n", f"NUMERICS = {value}\n")


@pytest.fixture(scope="module")
def before() -> bits.Digests:
    return bits.trained(ROOT, ONLY)


@pytest.mark.slow
def test_what_does_not_change_bits_needs_no_number(repository: Path, before: bits.Digests) -> None:
    edit(repository / "ablations/training/step.py", REMARK, f"# a remark\n{REMARK}")
    (repository / "ablations/parts/unused.py").write_text('"""A loss that nobody uses."""\n')
    after = bits.trained(repository, ONLY)
    assert before
    assert bits.judge(before, after, (1, 1)).problem is None
    problem = bits.judge(before, after, (1, 2)).problem
    assert problem is not None
    assert "no bit has changed" in problem


@pytest.mark.slow
def test_a_changed_rounding_without_a_new_number_is_refused(repository: Path, before: bits.Digests) -> None:
    edit(repository / "ablations/training/step_inputs.py", ".div_(255)", ".mul_(1 / 255)")
    found = bits.compare(repository, "HEAD", ONLY)
    assert found.differing
    assert found.problem is not None
    assert "bits have changed" in found.problem
    assert bits.judge(before, bits.trained(repository, ONLY), (1, 2)).problem is None


@pytest.mark.parametrize(
    ("bits_differ", "numbers", "says"),
    [
        (True, (1, 1), r"bits have changed in 1 of 2 trainings, .* \(one: weights\)"),
        (False, (1, 2), "no bit has changed"),
    ],
)
def test_a_changed_bit_and_a_new_number_go_together(bits_differ: bool, numbers: tuple[int, int], says: str) -> None:
    old = {"one": {"curves": "a", "weights": "b"}, "two": {"curves": "c"}}
    new = {**old, "one": {"curves": "a", "weights": "d" if bits_differ else "b"}}
    problem = bits.judge(old, new, numbers).problem
    assert problem is not None
    assert re.search(says, problem)
    assert bits.judge(old, new, (1, 2) if bits_differ else (1, 1)).problem is None


def test_nothing_compared_is_no_success() -> None:
    assert bits.judge({}, {"one": {"curves": "a"}}, (1, 1)).problem is not None


def test_a_training_that_is_new_or_gone_has_not_changed() -> None:
    old, new = {"one": {"a": "1"}, "gone": {"a": "2"}}, {"one": {"a": "1"}, "new": {"a": "3"}}
    found = bits.judge(old, new, (1, 1))
    assert (found.compared, found.differing, found.problem) == (1, (), None)


def test_the_commit_that_last_set_the_number_is_found(repository: Path) -> None:
    first = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    edit(repository / "ablations/training/step.py", REMARK, f"# a remark\n{REMARK}")
    git(repository, "commit", "-aqm", "second")
    assert bits.last_set(repository) == first
    number(repository, 1000)
    git(repository, "commit", "-aqm", "third")
    assert bits.last_set(repository) != first


def test_without_history_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match="no commit is known"):
        bits.last_set(tmp_path)


@pytest.mark.slow
def test_a_package_that_does_not_run_is_an_error(repository: Path) -> None:
    edit(repository / "ablations/training/step.py", REMARK, f"import nothing_of_that_name\n{REMARK}")
    with pytest.raises(CheckoutError, match="nothing_of_that_name"):
        bits.compare(repository, "HEAD", ONLY)


def test_every_recipe_and_level_is_trained() -> None:
    from ablations.catalog import AXES, RECIPES
    from bench.trainings import variants

    names = variants().keys()
    assert {f"recipe {name}" for name in RECIPES} <= names
    assert {f"{axis.name} {level.name}" for axis in AXES.values() for level in axis.levels} <= names
