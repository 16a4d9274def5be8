"""What is said of good and of bad parts of one's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ablations.cli import main
from ablations.config import Study, own_parts
from ablations.config.own_parts import PartError
from ablations.config.parts import KINDS
from ablations.execution import parts_check
from ablations.execution.parts_check import examine
from ablations.store import Archive
from tests.ablations.execution.bad_parts import BAD, HEAD, MODULES, module
from tests.ablations.registries import kept
from tests.ablations.small_study import BASE, run
from tests.ablations.training import own_modules

registries = pytest.fixture(autouse=True)(kept)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_check, "LEAST_SECONDS", 0.0)


def test_there_are_thirty_of_them() -> None:
    assert len(BAD) >= 30


@pytest.mark.parametrize("which", BAD)
def test_a_bad_part_is_told_in_a_sentence_with_its_line(
    which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, what, sentence = BAD[which]
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + text)
    [origin] = own_parts.load([str(path)])
    failed = [item for item in examine(origin) if item.fails]
    assert [(item.what, bool(re.search(sentence, item.result))) for item in failed] == [(what, True)], failed
    assert re.search(r"my_parts.py, line \d+", failed[0].result)
    assert len(failed[0].result) < 800
    assert "\n" not in failed[0].result
    assert capsys.readouterr().out == ""


def test_good_parts_pass_every_check() -> None:
    own_modules.enter()
    [origin] = {part.origin for part in KINDS["architecture"]._parts.values() if part.origin}
    findings = list(examine(origin))
    assert [item for item in findings if item.fails] == []
    stacks = {item.part: item.result for item in findings if item.what == "stacks"}
    assert stacks["generator dense"] == "all seeds are one computation"
    assert stacks["generator noisy"] == "no, one seed is trained after another: it draws random numbers in its forward"
    assert "out=" in stacks["discriminator spectral"]
    assert "discriminator conditional, conditional" in stacks
    cost = {item.part: item.result for item in findings if item.what == "cost"}
    assert "times a built-in CNN" in cost["discriminator convolutional"]


def test_weights_alone_that_are_not_finite_are_named_without_a_step() -> None:
    weights = iter(({"line": np.zeros(3)}, {"line": np.full(3, np.nan)}))
    group: Any = SimpleNamespace(
        weights=lambda seed: next(weights), advance=lambda steps: None, take_curves=lambda: np.zeros((8, 6, 2))
    )
    with pytest.raises(PartError, match=r"^here: line is not finite after 8 steps, though losses and gradients are$"):
        parts_check._trains(group, "here")


def test_a_run_goes_on_without_its_bad_variants(tmp_path: Path, archive: Archive) -> None:
    chosen = ["wrong shape", "nan gradient", "an exception in step 7", "state in an attribute", "it prints and fails"]
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + "".join(MODULES[w][0].replace('"bad"', f'"bad{i}"') for i, w in enumerate(chosen)))
    own_parts.load([str(path)])
    bad = [
        BASE.override({"discriminator.architecture": f"bad{index}", "steps": 30}, name=name)
        for index, name in enumerate(chosen)
    ]
    study = Study(name="bad", title="Bad", description="For tests.", variants=(*bad, BASE), seeds=1, evaluations=1)
    summary, _ = run(study, archive)
    reasons = dict(summary.failures)
    assert summary.counts["finished"] == 1
    assert summary.counts["diverged"] == 1
    assert summary.counts["failed"] == 4
    assert all("\n" not in reason for reason in reasons.values())
    assert "AssertionError: seventh" in reasons["an exception in step 7 seed 0"]


def test_the_command_says_what_was_found_and_shows_a_traceback_only_where_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + module("return x.nosuch()"))
    found = CliRunner().invoke(main, ["check", str(path)])
    assert found.exit_code == 1
    assert "discriminator bad  builds  FAILS" in found.output
    told = CliRunner().invoke(main, ["check", str(path), "--json"])
    assert json.loads(told.stdout)["findings"][0]["fails"] is True
    path.write_text("1 / 0")
    plain = CliRunner().invoke(main, ["check", str(path)])
    assert (plain.exit_code, "Traceback" in plain.output) == (2, False)
    assert "my_parts.py, line 1: ZeroDivisionError" in plain.output
    asked = CliRunner().invoke(main, ["check", str(path), "--traceback"])
    assert "Traceback" in asked.output
    path.write_text("")
    empty = CliRunner().invoke(main, ["check", str(path)])
    assert "registers no part" in empty.output
