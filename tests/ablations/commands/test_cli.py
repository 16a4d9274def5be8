"""The command line before anything is trained: help, refusals, exit codes, study files."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from ablations.catalog import AXES, BASELINE, RECIPES, STUDIES
from ablations.catalog.outside import OUTSIDE_AXES
from ablations.cli import Commands, main
from ablations.commands.study_files import find_study, read_study
from ablations.config import Study
from ablations.config.errors import ConfigError, UserError
from reports.analysis.factorial import factors

ROOT = Path(__file__).parents[3]


def ablations(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def refused(result: Result) -> str:
    """The message of a refusal: exit code 2, nothing on standard output, no traceback."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["report", "--help"]])
def test_help_is_there_within_half_a_second(arguments: Sequence[str]) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def once() -> float:
        """Of the processor: what else the machine does is no fault of the program."""
        before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        subprocess.run(
            [sys.executable, "-m", "ablations.cli", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before

    assert any(once() < 0.5 for _ in range(3))


def test_every_command_explains_itself_and_its_options() -> None:
    for name, command in main.commands.items():
        assert ablations(name, "--help").exit_code == 0
        assert command.help
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help or isinstance(parameter.type, click.Choice), f"{name} {parameter.name}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rum"], ["unknown command 'rum'", "'run'"]),
        (["run", "quik"], ["unknown study 'quik'", "'quick'"]),
        (["list", "laddr"], ["'ladder'"]),
        (["run", "quick", "--seed", "3"], ["--seeds"]),
        (["run", "quick", "--seeds", "0"], ["--seeds", "0"]),
        (["run", "quick", "--seeds", "many"], ["many", "integer"]),
        (["run", "quick", "--set", "batch_size"], ["batch_size", "KEY=VALUE"]),
        (["run", "quick", "--set", "=3"], ["KEY=VALUE"]),
        (["run", "quick", "--data", "cifar"], ["cifar", "mnist"]),
        (["run", "quick", "--device", "tpu"], ["tpu", "cuda"]),
        (["run", "no/such.json"], ["no/such.json", "No such file"]),
        (["run"], ["STUDY"]),
        (["ui", "--port", "70000"], ["70000"]),
    ],
)
def test_a_mistake_is_named_with_the_way_out_and_exits_2(arguments: list[str], words: list[str]) -> None:
    message = refused(ablations(*arguments))
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UserError("the disk is full; free some"), 2, "Error: the disk is full; free some"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_become_exit_codes(error: BaseException, code: int, words: str) -> None:
    @click.group(cls=Commands)
    def group() -> None:
        """A group with a command that fails."""

    @group.command("fail")
    def fail() -> None:
        raise error

    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == code
    assert words in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_list_shows_every_study_recipe_and_axis() -> None:
    shown, axes = ablations("list").stdout, {**AXES, **OUTSIDE_AXES}
    tree = json.loads(ablations("list", "--json").stdout)
    assert (tree["studies"].keys(), tree["recipes"].keys(), tree["axes"].keys()) == (
        STUDIES.keys(),
        RECIPES.keys(),
        axes.keys(),
    )
    for name in [*STUDIES, *RECIPES, *axes]:
        assert name in shown
    for name, axis in axes.items():
        assert list(tree["axes"][name]["levels"]) == [level.name for level in axis.levels]


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_list_of_a_study_shows_every_variant_and_question(name: str) -> None:
    study = STUDIES[name]
    shown = ablations("list", name).stdout
    for variant in study.variants:
        assert variant.name in shown
    for contrast in study.contrasts:
        assert contrast.question in shown
    assert Study.from_dict(json.loads(ablations("list", name, "--json").stdout)) == study


# --- study files ---


def write(folder: Path, tree: Any, name: str = "mine.json") -> Path:
    path = folder / name
    path.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return path


def study_tree(**changes: Any) -> dict[str, Any]:
    return {"name": "mine", "title": "", "description": "", "variants": [{"name": "plain"}]} | changes


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_a_study_of_the_catalog_survives_a_file(name: str, tmp_path: Path) -> None:
    assert read_study(write(tmp_path, STUDIES[name].as_dict())) == STUDIES[name]


def test_a_table_of_axes_stands_for_every_combination_of_their_levels(tmp_path: Path) -> None:
    table = {"base": "s3", "loss": ["bce", "mse"], "conditioning": ["unconditional", "conditional"]}
    lone = {"name": "lone", "base": "baseline"}
    lone_too, *combined = read_study(write(tmp_path, study_tree(variants=[lone], cross=table))).variants
    assert lone_too.digest == BASELINE.digest
    assert [v.name for v in combined] == [
        "bce+unconditional",
        "bce+conditional",
        "mse+unconditional",
        "mse+conditional",
    ]
    assert combined[0].digest == RECIPES["s3"].digest
    assert combined[3].digest == RECIPES["s3"].override({"loss.criterion": "mse", "conditional": True}).digest
    del table["base"]
    found = factors(read_study(write(tmp_path, study_tree(variants=[], cross=table))))
    assert [factor.name for factor in found] == ["conditioning", "loss"]


def test_a_variant_starts_from_its_base_and_replaces_settings(tmp_path: Path) -> None:
    entries = [
        {"name": "plain", "base": "s3"},
        {"name": "nested", "base": "s3", "steps": 7, "generator": {"hidden": [64], "dropout": 0.5}},
        {"name": "dotted", "base": "s3", "steps": 7, "generator.hidden": [64], "generator.dropout": 0.5},
    ]
    plain, nested, dotted = read_study(write(tmp_path, study_tree(variants=entries))).variants
    assert plain.digest == RECIPES["s3"].digest
    assert (nested.steps, nested.generator.hidden, nested.generator.dropout) == (7, (64,), 0.5)
    assert nested.generator.activation == RECIPES["s3"].generator.activation
    assert nested.digest == dotted.digest


def test_toml_says_the_same_as_json(tmp_path: Path) -> None:
    toml = """
    name = "mine"
    title = ""
    description = ""
    [[variants]]
    name = "small"
    base = "s3"
    generator.hidden = [64]
    """
    entries = [{"name": "small", "base": "s3", "generator.hidden": [64]}]
    from_json = find_study(str(write(tmp_path, study_tree(variants=entries))))
    assert find_study(str(write(tmp_path, toml, "mine.toml"))) == from_json


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", ["not valid JSON", "line 1"]),
        ('{"seeds": 2, "seeds": 3}', ["not valid JSON", "the key 'seeds' is said 2 times in one table; keep one"]),
        ("[]", ["mapping"]),
        (study_tree(variants={}), ["variants"]),
        (study_tree(variants=["s3"]), ["variants"]),
        (study_tree(variants=[]), ["no variants"]),
        (study_tree(seads=3), ["'seads'", "'seeds'"]),
        (study_tree(variants=[{"name": "a", "base": "s9"}]), ["'s9'", "s3"]),
        (study_tree(variants=[{"name": "a", "base": "s3", "stps": 3}]), ["'stps'", "'steps'"]),
        (
            study_tree(variants=[{"name": "a", "base": "s3", "learning_rate": 1e-3}]),
            ["did you mean 'discriminator_optimizer.learning_rate' or 'generator_optimizer.learning_rate'?"],
        ),
        (
            study_tree(variants=[{**RECIPES["s3"].as_dict(), "hidden": [64]}]),
            ["unknown key", "did you mean 'discriminator.hidden' or 'generator.hidden'?"],
        ),
        (study_tree(variants=[{"name": "a", "base": ["s3"]}]), ["base", "'s3'"]),
        (study_tree(variants=[], cross=["loss"]), ["'cross'", "axes"]),
        (study_tree(variants=[], cross={"los": ["bce", "mse"], "dropout": []}), ["'los'", "'loss'"]),
        (study_tree(variants=[], cross={"loss": ["bce", "mse"]}), ["two or more axes", "1"]),
        (study_tree(variants=[], cross={"loss": ["bce"], "optimizer": ["sgd", "adam"]}), ["cross.loss", "'bce'"]),
        (study_tree(variants=[], cross={"loss": ["bce", "bce"], "optimizer": ["sgd", "adam"]}), ["different"]),
        (study_tree(variants=[], cross={"loss": ["bce", "mse"], "optimizer": ["sgd", "adm"]}), ["'adm'", "'adam'"]),
        (
            study_tree(
                variants=[], cross={"normalization": ["no-norm", "batch-norm"], "batch-size": ["batch-1", "batch-64"]}
            ),
            ["batch-norm+batch-1", "batch_size"],
        ),
        (study_tree(variants=[{"name": "a", "batch_size": "many"}]), ["batch_size", "'many'"]),
    ],
)
def test_a_bad_study_file_is_refused_with_the_reason(content: Any, words: list[str], tmp_path: Path) -> None:
    path = write(tmp_path, content)
    message = refused(ablations("run", str(path)))
    for word in [str(path), *words]:
        assert word in message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert "not valid JSON" in refused(ablations("run", str(path)))


KEYS = st.sampled_from(
    ["name", "base", "variants", "generator", "hidden", "steps", "title", "description", "contrasts", "cross"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, JSON, max_size=6) | JSON, st.dictionaries(KEYS, JSON, max_size=4))
def test_no_study_file_does_worse_than_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, tree: Any, variant: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for content in (tree, study_tree(variants=[{"name": "a", **variant}]), study_tree(variants=[variant])):
        with contextlib.suppress(ConfigError):
            study = read_study(write(folder, content))
            assert Study.from_dict(study.as_dict()) == study
