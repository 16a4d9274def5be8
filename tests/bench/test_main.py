from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import __main__ as program
from bench.gate import STEPS
from tests.bench.made_package import MILLISECOND, STEP, git, write_package


def test_limit_prints_a_floor_of_every_recipe_and_keeps_the_figures(tmp_path: Path) -> None:
    done = CliRunner().invoke(program.main, ["limit", "--quick", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    tree = json.loads((tmp_path / "limit.json").read_text())
    assert {"baseline", "s0", "s1", "s2", "s3", "s4"} <= tree["floors"].keys()
    assert all(name in done.output for name in tree["floors"])
    assert tree["environment"]["device"] == "cpu"


def test_race_prints_a_line_for_each_loop_and_keeps_the_figures(tmp_path: Path) -> None:
    done = CliRunner().invoke(program.main, ["race", "--quick", "--only", "s4", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (outcome,) = json.loads((tmp_path / "race.json").read_text())["outcomes"]
    assert outcome["name"] == "s4"
    assert outcome["achieved"] == pytest.approx(outcome["floor"] / outcome["harness"])
    assert "times faster" in done.output


def test_a_loop_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = CliRunner().invoke(program.main, ["race", "--only", "s5"])
    assert done.exit_code == 2
    assert "'s5' is none of: s0, s1, s2, s3, s4, cnn" in done.output


@pytest.mark.parametrize(("slowdown", "status"), [("0", 0), ("0.5", 1)])
def test_the_gate_fails_where_a_step_became_slower(
    slowdown: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "repository"
    write_package(repository, MILLISECOND)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "a step"]):
        git(repository, *command)
    monkeypatch.setattr(program, "ROOT", repository)
    monkeypatch.setattr(program, "STEPS", {"baseline": STEP})
    options = ["--against", "HEAD", "--pairs", "10", "--seconds", "0.01", "--slowdown", slowdown]
    done = CliRunner().invoke(program.main, ["gate", *options, "--out", str(tmp_path)])
    assert done.exit_code == status, done.output
    assert json.loads((tmp_path / "gate.json").read_text())["steps"]["baseline"]["slower"] is bool(status)


def test_the_steps_of_the_gate_are_those_of_the_catalog() -> None:
    from ablations.catalog import STUDIES

    for name, step in STEPS.items():
        assert STUDIES[step.study].variant(step.variant).name == name


def test_modules_are_timed_against_their_equals() -> None:
    done = CliRunner().invoke(program.main, ["modules", "--quick", "--seeds", "2"])
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["mlp", "2"], ["cnn", "2"]]
    assert all(float(row[2]) > 0.3 for row in rows)
