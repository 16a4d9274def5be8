"""A study file says what the built-in studies say, and `new` writes one of each kind."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ablations.catalog import RECIPES, STUDIES
from ablations.cli import main
from ablations.commands.new import KINDS
from ablations.commands.study_files import find_study, read_axes, read_study, stored_name
from ablations.config import Study
from ablations.config.errors import ConfigError
from tests.ablations.execution.bad_parts import HEAD

LABELS = {"name": "mine", "title": "t", "description": "d"}


def read(folder: Path, **tables: Any) -> Study:
    path = folder / "study.json"
    path.write_text(json.dumps(LABELS | tables))
    return read_study(path)


def test_one_factor_at_a_time_is_the_built_in_study(tmp_path: Path) -> None:
    theirs = STUDIES["quick"]
    levels = {
        "loss": ["mse"], "activation": ["sigmoid"], "normalization": ["no-norm", "batch-norm"], "optimizer": ["sgd"],
        "conditioning": ["conditional"], "architecture": ["cnn"],
    }  # fmt: skip
    ours = read(tmp_path, one_factor=levels)
    assert ours.variants == theirs.variants
    asked = {frozenset((c.treatment, c.reference)) for c in theirs.contrasts}
    assert {frozenset((c.treatment, c.reference)) for c in ours.contrasts} == asked


def test_a_ladder_is_the_built_in_one(tmp_path: Path) -> None:
    theirs = STUDIES["ladder"]
    rungs = [
        ["loss", "bce"], ["activation", "leaky-relu-0.02"], ["normalization", "layer-norm"], ["optimizer", "adam"],
        ["latent-size", "z100"], ["latent-distribution", "normal-z"],
    ]  # fmt: skip
    base = {"base": "s1-first-attempt", "name": "first-attempt"}
    ours = read(tmp_path, ladder={"base": base, "rungs": rungs})
    assert ours.variants == theirs.variants
    assert [(c.treatment, c.reference) for c in ours.contrasts] == [
        (c.treatment, c.reference) for c in theirs.contrasts
    ]


def test_a_variant_starts_from_one_before_it_so_that_they_differ_in_what_is_said(tmp_path: Path) -> None:
    first = {"name": "first", "base": "s3", "steps": 70, "generator": {"hidden": [8]}}
    rows = [first, {"name": "second", "base": "first", "batch_size": 9}, {"name": "third", "base": {"base": "second"}}]
    one, two, three = read(tmp_path, variants=rows).variants
    assert two == one.override({"batch_size": 9}, name="second")
    assert (three.batch_size, three.generator.hidden) == (9, (8,))
    whole = {**one.as_dict(), "name": "whole"}
    assert read(tmp_path, variants=[whole, {"name": "other", "base": "whole"}]).variants[1].generator == one.generator
    catalog = {"name": "s3", "base": "baseline"}
    assert read(tmp_path, variants=[catalog, {"name": "x", "base": "s3"}]).variants[1] == dataclasses.replace(
        RECIPES["s3"], name="x"
    ), "a name of the catalog is the catalog's"
    with pytest.raises(ConfigError, match="unknown base 'secnd'; did you mean 'second'"):
        read(tmp_path, variants=[*rows[:2], {"name": "z", "base": "secnd"}])
    with pytest.raises(ConfigError, match="unknown base 'first'"):
        read(tmp_path, variants=[rows[1], first])


def test_one_level_of_an_own_axis_stands_beside_the_base(tmp_path: Path) -> None:
    axes = {"mine": {"question": "q", "levels": {"wide": {"generator.hidden": [300]}}}}
    asked = read(tmp_path, axes=axes, one_factor={"mine": ["wide"]})
    assert [variant.name for variant in asked.variants] == ["baseline", "wide"]
    assert [(c.treatment, c.reference) for c in asked.contrasts] == [("wide", "baseline")]


def test_a_stored_study_is_called_as_its_file_says(tmp_path: Path) -> None:
    path = tmp_path / "any.toml"
    path.write_text('name = "mine"\nvariants = "of a loss that is not here"\n')
    assert (stored_name(str(path)), stored_name("mine")) == ("mine", "mine")
    path.write_text("seeds = 2\n")
    with pytest.raises(ConfigError, match=r"any\.toml says no name"):
        stored_name(str(path))


def test_what_is_no_study_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"recipes, s4, or the path of a \.json or"):
        find_study("nosuch")
    with pytest.raises(ConfigError, match=r"^the study file quick must be named \*\.json or \*\.toml$"):
        read_axes(Path("quick"))


def test_the_name_of_a_study_of_the_catalog_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'quick' is a study of the catalog"):
        read(tmp_path, name="quick", one_factor={"loss": ["mse"]})


def test_axes_of_ones_own_are_used_like_the_others(tmp_path: Path) -> None:
    levels = {"one": {"generator.hidden": [50]}, "two": {"generator": {"hidden": [60, 60]}}}
    axes = {"depth": {"question": "How deep?", "levels": levels}}
    ours = read(tmp_path, axes=axes, one_factor={"depth": ["one", "two"], "loss": ["mse", "bce"]})
    assert [variant.name for variant in ours.variants] == ["baseline", "one", "two", "mse"]
    assert ours.variant("two").generator.hidden == (60, 60)
    assert [c.question for c in ours.contrasts][2] == "MSE instead of BCE"
    both = read(tmp_path, axes=axes, cross={"depth": ["one", "two"], "loss": ["mse", "bce"]})
    assert [variant.name for variant in both.variants] == ["one+mse", "one+bce", "two+mse", "two+bce"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"one_factor": {"los": ["mse"]}}, "unknown axis in 'one_factor': 'los'; did you mean 'loss'"),
        ({"one_factor": {"loss": ["msee"]}}, "unknown level in one_factor.loss: 'msee'; did you mean 'mse'"),
        ({"one_factor": {"loss": "mse"}}, "must list different levels of that axis, not 'mse'"),
        ({"one_factor": {"base": "nosuch", "loss": ["mse"]}}, "unknown base 'nosuch'"),
        ({"ladder": {"rungs": ["loss"]}}, "must list pairs"),
        ({"ladder": {"rung": []}}, "unknown key of 'ladder': 'rung'; did you mean 'rungs'"),
        ({"ladder": {"rungs": [["loss", "bec"]]}}, "unknown level in ladder.rungs: 'bec'"),
        ({"cross": {"loss": ["mse", "bce"]}}, "must name two or more axes, not 1"),
        ({"cross": [1]}, "'cross' must be a table"),
        ({"axes": {"loss": {"levels": {}}}}, "the catalog has an axis of that name"),
        ({"axes": {"mine": {"levels": {}}}}, "must have a level, beside which the base stands, or more"),
        ({"axes": {"mine": {"levels": {"a": 1, "b": 2}}}}, r"'axes.mine.levels.a' must be a table"),
        ({"axes": {"mine": {"level": {}}}}, "unknown key of axes.mine: 'level'; did you mean 'levels'"),
    ],
)
def test_a_table_that_says_nothing_possible_is_refused(tmp_path: Path, tables: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, **tables)


@pytest.mark.parametrize("kind", KINDS)
def test_new_writes_a_commented_file_that_is_a_study(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(main, ["new", "mine", "--kind", kind])
    assert made.exit_code == 0, made.output
    study = read_study(Path("mine.toml"))
    assert study.name == "mine"
    assert len(study.variants) >= 2
    assert study.contrasts
    assert Path("mine.toml").read_text().count("#") >= 5
    again = CliRunner().invoke(main, ["new", "mine"])
    assert (again.exit_code, "mine.toml exists already" in again.output) == (2, True)


def test_list_shows_parts_with_the_settings_they_take(tmp_path: Path) -> None:
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + "def wide(shape, hidden, width=3): ...\nregister('discriminator', 'wide', wide)\n")
    shown = CliRunner().invoke(main, ["list", "--parts", str(path)]).output
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "discriminator wide hidden, discriminator.settings.width=3 my_parts.py" in rows
    assert "optimizer sgd learning_rate, momentum built in" in rows
    tree = json.loads(CliRunner().invoke(main, ["list", "--json"]).stdout)
    assert {"part": "loss", "name": "mse", "reads the settings": "", "of": "built in"} in tree["parts"]
