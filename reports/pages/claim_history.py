"""When each claim's tests were written, and whether before the runs were trained that answer it: asked of git.

A run names the commit of the code that trained it. The tests were written first where that code already had them as
they are now: then their commit is an ancestor of the run's, which no clock has to be trusted for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ablations.catalog import claims
from reports.pages.claim_source import Source, sources

UNCHANGED = "No test of a claim changes."
"""A line of the message of commits that only rename what the rows are made of; they are passed over."""
FOLDER = Path(claims.__file__).parent
FILES = ("s?.py", "checks.py")
"""Those of the folder that say what is tested."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    sha: str
    date: str
    """ISO 8601, to the second."""

    def __str__(self) -> str:
        return f"{self.sha[:7]} of {self.date[:16].replace('T', ' ')}"


@dataclass(frozen=True, kw_only=True)
class Written:
    """When a claim's tests were written, and what happened to them since."""

    commit: Commit | None = None
    """The last that changed its row or what it is made with; None where git cannot say."""
    trained: Commit | None = None
    """Of the code that trained the first of its runs."""
    first: bool | None = None
    """Whether the code that trained its runs had these tests already; None: no runs, or no commit is known of them."""
    removed: tuple[str, ...] = ()
    """What the tests said that stood here when the first run was trained, or since, and are gone."""
    rewritten: tuple[str, ...] = ()
    """The same of those that are there still, in another form."""
    why: str = ""
    """Why something is not known; else empty."""


def first_in_words(written: Mapping[str, Written]) -> str:
    """Of how many claims the tests were written before the runs that answer them, in a sentence; empty if unknown."""
    known = [item for item in written.values() if item.first is not None]
    if not known:
        return ""
    first = sum(bool(item.first) for item in known)
    gone = sum(bool(item.removed) for item in written.values())
    return (
        f"Of the {len(known)} claims whose runs say which code trained them, the tests of {first} were written before "
        f"that; of all {len(written)}, {gone or 'none'} {'has' if gone == 1 else 'have'} lost a test since."
    )


def histories(trained_by: Mapping[str, Iterable[str]], folder: Path = FOLDER) -> dict[str, Written]:
    """Of each claim, by name.

    Args:
        trained_by: a claim's name to the commits that its runs were trained from; an empty text: the run names none.
        folder: of the claims' files.
    """
    git = Git(folder)
    if why := git.unusable:
        return {name: Written(why=why) for name in trained_by}
    now = git.sources("HEAD")
    return {name: _history(git, name, now.get(name), sorted(set(commits))) for name, commits in trained_by.items()}


def _history(git: Git, name: str, source: Source | None, trained: list[str]) -> Written:
    if source is None:
        return Written(why="not committed yet")
    commit = git.last_change(source)
    if not trained:
        # A claim that lost all its tests has no runs any more that could say since when.
        lost = () if source.tests else git.last_tests(name)
        return Written(commit=commit, removed=lost, why="none of its runs is stored")
    known = [found for sha in trained if sha and (found := git.commit(sha))]
    if len(known) < len(trained) or commit is None:
        return Written(commit=commit, why="the commit of some of its runs is not in this history")
    first = all(git.has(commit.sha, run.sha) for run in known)
    oldest = min(known, key=lambda run: run.date)
    before = git.tests_since(oldest.sha, name)
    gone = dict.fromkeys(said for text, said in before.items() if text not in source.tests)
    still = {*source.tests.values()}
    return Written(
        commit=commit,
        trained=oldest,
        first=first,
        removed=tuple(said for said in gone if said not in still),
        rewritten=tuple(said for said in gone if said in still),
    )


class Git:
    """The history of the claims' files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, dict[str, Source]] = {}

    @property
    def unusable(self) -> str:
        """Why the history cannot be asked; empty where it can."""
        if self._ask("rev-parse", "--verify", "HEAD:./") is None:
            return "no clone of the project with git"
        if self._ask("rev-parse", "--is-shallow-repository") != "false":
            return "a shallow clone, without the history"
        return "changes that are not committed" if self._ask("status", "--porcelain", "--", ".") else ""

    def commit(self, revision: str) -> Commit | None:
        found = self._ask("log", "-1", "--format=%H %cI", revision, "--")
        sha, _, date = (found or "").partition(" ")
        return Commit(sha=sha, date=date) if sha else None

    def last_change(self, source: Source) -> Commit | None:
        """The newest commit that wrote or took away any of the lines."""
        ranges = [f"-L{item.first},{item.last}:{item.file}" for item in source.lines]
        passed_over = ("--invert-grep", f"--grep=^{UNCHANGED}$")
        found = self._ask("log", "-s", "--format=%H %cI", *passed_over, *ranges, "HEAD")
        sha, _, date = (found or "").partition("\n")[0].partition(" ")
        return Commit(sha=sha, date=date) if sha else None

    def has(self, earlier: str, later: str) -> bool:
        """Whether the code of a commit came from another, or is it."""
        return self._ask("merge-base", "--is-ancestor", earlier, later) is not None

    def tests_since(self, revision: str, claim: str) -> dict[str, str]:
        """The tests that the claim had at a revision and at any later change: see `Source.tests`."""
        later = self._ask("log", "--format=%H", f"{revision}..HEAD", "--", ".") or ""
        found: dict[str, str] = {}
        for commit in (revision, *later.split()):
            source = self.sources(commit).get(claim)
            found |= source.tests if source else {}
        return found

    def last_tests(self, claim: str) -> tuple[str, ...]:
        """What the tests said that it had last; empty where it never had any."""
        for commit in (self._ask("log", "--format=%H", "HEAD", "--", ".") or "").split():
            source = self.sources(commit).get(claim)
            if source is not None and source.tests:
                return tuple(said for said in source.tests.values() if not said.endswith(" stands for"))
        return ()

    def sources(self, revision: str) -> dict[str, Source]:
        """Of the claims' files as they were; empty where they were not there."""
        if revision not in self._read:
            names = [
                Path(name).name for name in (self._ask("ls-tree", "--name-only", revision, "./") or "").split("\n")
            ]
            rows = [name for name in names if any(fnmatch(name, pattern) for pattern in FILES)]
            files = {name: self._ask("show", f"{revision}:./{name}") or "" for name in rows}
            self._read[revision] = sources(files)
        return self._read[revision]

    def _ask(self, *arguments: str) -> str | None:
        """What git prints; None where it fails or is not there."""
        try:
            done = subprocess.run(
                ["git", "-C", str(self._folder), *arguments], capture_output=True, text=True, check=True, timeout=60
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()
