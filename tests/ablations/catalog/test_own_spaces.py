"""What may be tuned of a user's own parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ablations.catalog import BASELINE
from ablations.catalog.axis import Axis, Level
from ablations.catalog.domains import Choice, Range
from ablations.catalog.spaces import Space, make_space
from ablations.cli import main
from ablations.config import Variant
from ablations.config.errors import ConfigError
from ablations.config.parts import register

WIDTH = "discriminator.settings.width"


UNITS = (4, 8)


def network(
    shape: Any, width: int = 64, gain: float = 1.0, deep: bool = False, kind: str = "plain", units: Any = UNITS
) -> None: ...


@pytest.fixture
def variant() -> Variant:
    register("discriminator", "mine", network, search={"width": "32:256", "deep": "true,false"})
    return BASELINE.override({"discriminator.architecture": "mine"})


def domains(space: Space) -> dict[str, Any]:
    return {item.key: item.domain for item in space.hyperparameters}


def test_a_file_states_what_is_searched(variant: Variant) -> None:
    space = make_space(variant)
    found = domains(space)
    assert found[WIDTH] == Range(low=32, high=256, whole=True)
    assert found["discriminator.settings.deep"] == Choice(values=("true", "false"))
    assert "discriminator.settings.gain" not in found
    assert not {"discriminator.dropout", "discriminator.slope", "discriminator.hidden"} & set(found), "it reads none"
    assert "generator.dropout" in found
    own = space.own_values()
    assert own is not None
    assert (own[WIDTH], own["discriminator.settings.deep"]) == (64, "false")
    settled = space.settle({WIDTH: 200, "discriminator.settings.deep": "true"}, "tried")
    assert dict(settled.discriminator.settings) == {"deep": True, "width": 200}


@pytest.mark.parametrize(
    ("key", "wanted", "domain"),
    [
        ("width", "100:200", Range(low=100, high=200, whole=True)),
        ("width", "8:512", Range(low=8, high=512, whole=True, log=True)),
        ("width", "16,64", Choice(values=(16, 64))),
        ("gain", "0.5:2", Range(low=0.5, high=2)),
        ("gain", [0.5, 2.0], Choice(values=(0.5, 2.0))),
        ("deep", "true", Choice(values=("true",))),
        ("kind", "plain,fancy", Choice(values=("plain", "fancy"))),
        ("units", "4:32", Range(low=4, high=32, whole=True)),
    ],
)
def test_a_search_names_others_by_the_type_of_their_default(
    variant: Variant, key: str, wanted: Any, domain: Any
) -> None:
    assert (
        domains(make_space(variant, narrowed={f"discriminator.settings.{key}": wanted}))[
            f"discriminator.settings.{key}"
        ]
        == domain
    )


def test_a_list_keeps_its_shares(variant: Variant) -> None:
    key = "discriminator.settings.units"
    space = make_space(variant, narrowed={key: "4:32"})
    assert space.settle({key: 16}, "tried").discriminator.settings["units"] == (8, 16)


@pytest.mark.parametrize(
    ("narrowed", "message"),
    [
        (
            {"discriminator.settings.widht": "1:2"},
            "did you mean 'discriminator.settings.width'",
        ),
        ({"generator.settings.width": "1:2"}, "unknown hyperparameter"),
        ({WIDTH: "a,b"}, "'a' in 'a,b' is not a number"),
        ({WIDTH: "9:9"}, "is empty"),
        ({"discriminator.settings.kind": "1:2"}, "is a text, 'plain' by default: write A,B,C"),
        ({"discriminator.settings.deep": "maybe"}, "unknown value of discriminator.settings.deep: 'maybe'"),
    ],
)
def test_what_it_cannot_be_is_refused(variant: Variant, narrowed: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_space(variant, narrowed=narrowed)


def test_a_range_of_no_setting_is_refused_where_it_is_registered() -> None:
    with pytest.raises(ConfigError, match="to search of the discriminator 'bad': 'widht'; did you mean"):
        register("discriminator", "bad", network, search={"widht": "1:2"})
    with pytest.raises(ConfigError, match="unknown fact of the generator 'bad': 'serach'; did you mean 'search'"):
        register("generator", "bad", network, serach={})


def test_own_optimizers_are_tuned_in_what_they_read() -> None:
    register("optimizer", "lion", lambda p, c, gpu: None, transfers=5, settings=("learning_rate", "beta1"))
    space = make_space(BASELINE.override({"discriminator_optimizer.name": "lion"}))
    keys = {key for key in space.keys if key.startswith("discriminator_optimizer.")}
    assert keys == {"discriminator_optimizer.learning_rate", "discriminator_optimizer.beta1"}


def test_one_that_reads_hidden_may_be_tuned_in_it_where_that_is_asked() -> None:
    def reading(shape: Any, hidden: Any) -> None: ...

    register("discriminator", "reading", reading)
    variant = BASELINE.override({"discriminator.architecture": "reading"})
    assert "discriminator.hidden" not in make_space(variant).keys
    assert "discriminator.hidden" in make_space(variant, narrowed={"discriminator.hidden": "8:16"}).keys


def test_axes_of_ones_own_are_tuned_and_compared(tmp_path: Path) -> None:
    parts, study = tmp_path / "my_parts.py", tmp_path / "study.toml"
    parts.write_text(
        "from ablations import register\ndef mine(shape, width=64): ...\n"
        "register('discriminator', 'mine', mine, search={'width': '32:256'})\n"
    )
    study.write_text(
        'name = "own"\ntitle = "t"\ndescription = "d"\n[[variants]]\nname = "start"\nbase = "baseline"\nsteps = 9\n'
        '[axes.network]\nquestion = "Which D?"\n[axes.network.levels]\nusual = { discriminator.architecture = "mlp" }\n'
        'mine = { discriminator.architecture = "mine" }\n'
    )
    words = ["tune-and-compare", "network", "--study", str(study), "--base", "start", "--parts", str(parts)]
    told = CliRunner().invoke(main, [*words, "--dry-run", "--json"])
    assert told.exit_code == 0, told.output
    tree = json.loads(told.stdout)
    assert list(tree) == ["network-usual", "network-mine"]
    assert WIDTH in str(tree["network-mine"])
    assert WIDTH not in str(tree["network-usual"])
    other = CliRunner().invoke(main, [*words, f"--space={WIDTH}=8:16", "--dry-run", "--json"])
    assert "8:16" in other.stdout


def test_a_variant_that_leaves_an_own_setting_as_it_is_has_no_level_of_it(variant: Variant) -> None:
    wide = Level(name="wide", label="wide", overrides={WIDTH: 128})
    axis = Axis(name="width", question="How wide?", levels=(wide,), sources=())
    assert axis.level_of(variant) is None
    assert axis.level_of(wide.apply(variant)) is wide
