"""When tests of claims were written, in a small history made for it; where claims stand, in the real files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ablations.catalog.claims import CLAIMS
from reports.pages.claim_history import FILES, FOLDER, UNCHANGED, Written, first_in_words, histories
from reports.pages.claim_source import sources

CHECKS = "LIMIT = 0.5\n\n\ndef low(says, of):\n    return (says, of, LIMIT)\n"
FIRST = 'low("a is low", "s/a")'
SECOND = 'low("b is low", "s/b")'
HEAD = "from ablations.catalog.claims.checks import low\n\n"


def rows(**tests: str) -> str:
    made = [f'    Claim(name="S0-{name}", text="x", tests=({test},)),\n' for name, test in tests.items()]
    return HEAD + "CLAIMS = (\n" + "".join(made) + ")\n"


class Repository:
    """A clone with the claims' files and a history of hours."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hours = folder, 0
        self.git("init", "-q")

    def git(self, *arguments: str) -> str:
        when = f"2030-01-01T{self.hours:02d}:00:00+00:00"
        names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(
            command, env={"PATH": "/usr/bin:/bin", **names, **dates}, capture_output=True, text=True, check=True
        ).stdout.strip()

    def commit(self, message: str = "x", **files: str) -> str:
        self.hours += 1
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def of(self, **trained: str) -> dict[str, Written]:
        return histories({f"S0-{name}": {sha} if sha else set() for name, sha in trained.items()}, self.folder)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_tests_that_the_trainings_code_had_were_written_first(repository: Repository) -> None:
    written = repository.commit(checks=CHECKS, s0=rows(a=FIRST, b=SECOND))
    trained = repository.commit()
    later = repository.commit(s0=rows(a=FIRST, b='low("b is low", "s/c")'))
    found = repository.of(a=trained, b=trained)
    commits = {name: item.commit.sha if item.commit else "" for name, item in found.items()}
    assert commits == {"S0-a": written, "S0-b": later}
    assert [item.first for item in found.values()] == [True, False]
    assert [item.rewritten for item in found.values()] == [(), ("b is low",)]
    assert str(found["S0-a"].trained) == f"{trained[:7]} of 2030-01-01 02:00"
    assert first_in_words(found) == (
        "Of the 2 claims whose runs say which code trained them, the tests of 1 were written before that; of all 2, "
        "none have lost a test since."
    )


def test_a_limit_that_the_tests_share_is_part_of_each(repository: Repository) -> None:
    repository.commit(checks=CHECKS, s0=rows(a=FIRST))
    trained = repository.commit()
    loosened = repository.commit(checks=CHECKS.replace("0.5", "0.4"))
    (item,) = repository.of(a=trained).values()
    assert item.commit is not None
    assert (item.commit.sha, item.first, item.removed) == (loosened, False, ())
    assert item.rewritten == ("what LIMIT stands for",)
    words = CHECKS.replace("def low(says, of):\n", 'def low(says, of):\n    """Words."""\n')
    explained = repository.commit(checks=words)
    (again,) = repository.of(a=explained).values()
    assert (again.first, again.rewritten) == (True, ())


@pytest.mark.parametrize("remark", ["seen", "in_short", "before"])
def test_what_was_seen_in_the_runs_is_no_part_of_a_test(remark: str) -> None:
    text = 'from ablations.catalog.claims.checks import low\nTOLD = "a"\nLOW = low("a is low", "s/a")\n'
    text += f'CLAIMS = (Claim(name="S0-a", text="t", tests=(LOW,), {remark}=TOLD),)\n'
    one, other = (sources({"checks.py": CHECKS, "s0.py": t})["S0-a"] for t in (text, text.replace('"a"\n', '"b"\n')))
    assert one == other
    assert "what LOW stands for" in one.tests.values()


def test_no_test_is_removed_after_the_trainings_without_being_named(repository: Repository) -> None:
    repository.commit(checks=CHECKS, s0=rows(a=f"{FIRST}, {SECOND}"))
    trained = repository.commit()
    repository.commit(s0=rows(a=f'{FIRST}, low("c is low", "s/c")'))
    removed = repository.commit(s0=rows(a=FIRST))
    (item,) = repository.of(a=trained).values()
    assert item.commit is not None
    assert item.commit.sha == removed, "to take a test away is a change too"
    assert (item.first, item.removed) == (False, ("b is low", "c is low"))


def test_a_claim_that_has_lost_all_its_tests_is_counted_among_those_that_lost_some(repository: Repository) -> None:
    trained = repository.commit(checks=CHECKS, s0=rows(a=FIRST, b=SECOND))
    text = rows(a=FIRST) + 'MORE = (Claim(name="S0-b", text="t", beyond="No number."),)\n'
    repository.commit(s0=text)
    found = histories({"S0-a": {trained}, "S0-b": set()}, repository.folder)
    assert found["S0-b"].removed == ("b is low",)
    assert found["S0-a"].removed == ()
    assert first_in_words(found).endswith("; of all 2, 1 has lost a test since.")


def test_commits_that_say_that_no_test_changes_are_passed_over(repository: Repository) -> None:
    repository.commit(checks=CHECKS, s0=rows(a=FIRST))
    trained = repository.commit()
    repository.commit(f"Rename\n\n{UNCHANGED}", checks=CHECKS.replace("says", "words"))
    (item,) = repository.of(a=trained).values()
    assert item.first is True
    assert item.rewritten == ("what low stands for",)  # it is told all the same


def test_what_git_cannot_say_is_said(repository: Repository, tmp_path: Path) -> None:
    trained = repository.commit(checks=CHECKS, s0=rows(a=FIRST))
    assert repository.of(a="")["S0-a"].why == "none of its runs is stored"
    assert repository.of(a="0" * 40)["S0-a"].why == "the commit of some of its runs is not in this history"
    assert repository.of(z=trained)["S0-z"].why == "not committed yet"
    (repository.folder / "s0.py").write_text(rows(a=SECOND))
    assert repository.of(a=trained)["S0-a"].why == "changes that are not committed"
    bare = tmp_path / "bare"
    bare.mkdir()
    subprocess.run(["git", "init", "-q", str(bare)], check=True)
    assert histories({"S0-a": {trained}}, bare) == {"S0-a": Written(why="no clone of the project with git")}


def test_every_claim_of_the_documents_is_found_in_its_file() -> None:
    files = {path.name: path.read_text() for pattern in FILES for path in FOLDER.glob(pattern)}
    found = sources(files)
    assert set(found) == {item.name for item in CLAIMS}
    for item in CLAIMS:
        own = found[item.name].lines
        assert any(part.file == f"{item.name[:2].lower()}.py" for part in own)
        assert bool(found[item.name].tests) == bool(item.tests)
    shared = {part for name in ("S0-b", "S1-d") for part in found[name].lines if part.file == "s0.py"}
    assert shared & {*found["S0-b"].lines} & {*found["S1-d"].lines}, "both have the tests of LABEL_HELPS"
