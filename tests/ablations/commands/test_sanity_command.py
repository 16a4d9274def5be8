"""`ablations sanity`, on the digits that need no network."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from ablations.cli import main


def test_a_recipe_is_checked_with_labels_and_without(tmp_path: Path) -> None:
    words = ["sanity", "s4", "--data", "digits", "--steps", "60", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(item["variant"], item["labels"], item["passed"]) for item in found] == [
        ("s4", False, True),
        ("s4", True, True),
    ]
    assert (tmp_path / "s4.svg").read_text().count("D(noise)") >= 1


def test_a_d_that_fails_is_named_and_the_exit_code_says_so(tmp_path: Path) -> None:
    words = ["sanity", "s1-cnn", "--data", "digits", "--steps", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "FAILED" in done.stdout


def test_an_unknown_recipe_is_refused_with_the_nearest(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["sanity", "s1_cnn"])
    assert done.exit_code == 2
    assert "'s1-cnn'" in done.stderr
