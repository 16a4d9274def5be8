import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.config.errors import DataError
from ablations.execution import environment as rooms
from ablations.execution.environment import environment, source_digest

CODE = '''"""What it is."""

import math  # for pi


class Circle:
    """A circle."""

    radius: float = 1.0
    """In metres."""

    def area(self) -> float:
        """Its area."""
        return math.pi * self.radius**2  # square metres
'''


def digest_of(folder: Path, code: str, name: str = "module.py") -> str:
    path = folder / name
    path.write_text(code)
    return source_digest([path])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # for pi", ""),
        ("  # square metres", "  # m^2, café"),
        ('"""What it is."""', '"""What it was."""'),
        ('"""A circle."""', '"""Round."""'),
        ('    """In metres."""\n', ""),
        ('        """Its area."""\n', ""),
        ("\n\n\nclass", "\n\n\n\n\nclass"),
        ("math.pi * self.radius**2", "(math.pi\n            * self.radius ** 2)"),
        ("1.0", "1.00"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert digest_of(tmp_path, CODE) == digest_of(tmp_path, CODE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.0", "1.5"),
        ("1.0", "1"),
        ("radius**2", "radius**3"),
        ("math.pi * self", "math.pi + self"),
        ("float = 1.0", "int = 1.0"),
        ("radius", "diameter"),
        ("import math", "import cmath as math"),
        ("        return math", "        if self.radius:\n            return 1\n        return math"),
    ],
)
def test_every_change_of_code_counts(tmp_path: Path, old: str, new: str) -> None:
    assert digest_of(tmp_path, CODE) != digest_of(tmp_path, CODE.replace(old, new))


@given(left=st.text(max_size=20), right=st.text(max_size=20))
def test_strings_that_are_values_count(tmp_path_factory: pytest.TempPathFactory, left: str, right: str) -> None:
    folder = tmp_path_factory.mktemp("code")
    same = digest_of(folder, f"name = {left!a}") == digest_of(folder, f"name = {right!a}")
    assert same == (left == right)


def test_which_file_the_code_is_in_counts_and_the_order_does_not(tmp_path: Path) -> None:
    for name, code in (("a.py", "x = 1"), ("b.py", "y = 2")):
        (tmp_path / name).write_text(code)
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    forward = source_digest([a, b])
    assert forward == source_digest([b, a])
    a.write_text("y = 2")
    b.write_text("x = 1")
    assert forward != source_digest([a, b])


def test_a_package_counts_with_all_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "PACKAGE", tmp_path)
    (tmp_path / "losses" / "deep").mkdir(parents=True)
    (tmp_path / "losses" / "deep" / "bce.py").write_text("x = 1")
    (tmp_path / "losses" / "__init__.py").write_text("")
    before = source_digest(["losses"])
    (tmp_path / "losses" / "deep" / "bce.py").write_text("x = 2")
    assert source_digest(["losses"]) != before
    moved = tmp_path / "elsewhere"
    (tmp_path / "losses").rename(moved)
    moved.rename(tmp_path / "losses")
    (tmp_path / "losses" / "deep" / "bce.py").write_text("x = 1")
    assert source_digest(["losses"]) == before


@pytest.mark.parametrize("code", [None, "def broken(:", "x = '\0'"])
def test_a_missing_or_broken_module_is_named(tmp_path: Path, code: str | None) -> None:
    path = tmp_path / "module.py"
    if code is not None:
        path.write_text(code)
    with pytest.raises(DataError, match=r"module\.py"):
        source_digest([path])


def test_the_facts_name_versions_machine_and_command_but_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/home/someone/bin/ablations", "run", "my study"])
    facts = environment("cpu")
    assert facts["command"] == "ablations run 'my study'"
    assert facts["version.numpy"] == __import__("numpy").__version__
    assert facts["python"].endswith(platform.python_version())
    assert facts["device"] == "cpu"
    assert facts["cpu"]
    assert int(facts["cpu_count"]) >= 1
    assert all(isinstance(value, str) for value in facts.values())
    assert not any(platform.node() == value for value in facts.values())


def test_the_commit_and_its_state_come_from_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "ablations"
    package.mkdir()
    (package / "code.py").write_text("x = 1\n")
    monkeypatch.setattr(rooms, "PACKAGE", package)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert "git_commit" not in environment()

    rooms._checkout.cache_clear()
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.hooksPath=/dev/null"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "--no-verify", "-m", "x"]):
        subprocess.run(["git", "-C", str(tmp_path), *identity, *command], check=True, capture_output=True)
    facts = environment()
    assert len(facts["git_commit"]) == 40
    assert facts["git_state"] == "clean"

    (tmp_path / "note.txt").write_text("beside the package")
    rooms._checkout.cache_clear()
    assert environment()["git_state"] == "clean"

    (package / "code.py").write_text("x = 2\n")
    rooms._checkout.cache_clear()
    assert environment()["git_state"] == "dirty"
    rooms._checkout.cache_clear()


def test_torch_is_not_imported_for_it() -> None:
    code = "from ablations.execution.environment import environment; environment()"
    code = f"import sys; {code}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "False"
