"""Losses and penalties of a user's own take settings: said, read, kept with the variant, trained, searched, shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ablations.catalog import BASELINE
from ablations.catalog.domains import Range
from ablations.catalog.spaces import make_space
from ablations.cli import main
from ablations.commands.study_files import find_study
from ablations.config import Engine, Variant, own_parts
from ablations.config.description import SAME, differences
from ablations.config.errors import ConfigError
from ablations.training.seed_group import SeedGroup
from tests.ablations.datasets import random_dataset

PARTS = """
import torch
from ablations import Halves, register

def hinge(margin=1.0, both=True, shares=(1.0, 1.0)):
    real, fake = shares
    return Halves(
        lambda d: real * (margin - d).relu(), lambda d: fake * ((margin if both else 1.0) + d).relu(), torch.neg
    )

def centred(discriminate, real, fake, draws, centre=1.0):
    images = real.detach().requires_grad_()
    logits = discriminate(images, torch.ones_like(real[..., :1]))
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return (torch.linalg.vector_norm(gradient, dim=2) - centre).square().mean(1)

class Margin(Halves):
    def __init__(self, margin=1.0):
        super().__init__(lambda d: (margin - d).relu(), lambda d: (margin + d).relu(), torch.neg)

register("loss", "my_hinge", hinge, outputs=("logits",), search={"margin": "0.5:2"})
register("loss", "fixed", Halves(lambda d: (2 - d).relu(), lambda d: (2 + d).relu(), torch.neg), outputs=("logits",))
register("loss", "made_by_a_class", Margin, outputs=("logits",))
register("penalty", "centred", centred, settings=("penalty_weight",), search={"centre": "0:1"})
"""
SMALL = BASELINE.override({"batch_size": 10, "generator.hidden": 16, "discriminator.hidden": 16, "training_images": 60})
HINGE = {"loss.criterion": "my_hinge", "discriminator.output": "logits"}


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    path = tmp_path / "my_parts.py"
    path.write_text(PARTS)
    own_parts.load([str(path)])
    return path


def trained(overrides: dict[str, Any]) -> dict[str, Any]:
    """One seed's weights after some steps, and its curves."""
    group = SeedGroup(SMALL.override(overrides), (0, 1), random_dataset(train=60), Engine())
    group.advance(6)
    return {**group.weights(1), "curves": group.take_curves()[:, :, 1]}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.usefixtures("parts")
def test_a_setting_that_one_variant_alone_states_tells_them_apart_both_ways() -> None:
    plain = SMALL.override(HINGE)
    stated = SMALL.override({**HINGE, "loss.settings.margin": 2.0}, name="stated")
    assert differences(stated, plain) == "loss.settings.margin: 2"
    assert differences(plain, stated) == "loss.settings.margin: its default"
    assert differences(plain, plain) == SAME


@pytest.mark.usefixtures("parts")
def test_settings_are_read_in_the_types_of_their_defaults_and_kept() -> None:
    said = {"loss.settings.margin": "2", "loss.settings.both": "no", "loss.settings.shares": "1,3"}
    variant = SMALL.override(HINGE | said | {"loss.penalty": "centred", "loss.penalty_settings.centre": 0})
    assert dict(variant.loss.settings) == {"both": False, "margin": 2.0, "shares": (1.0, 3.0)}
    assert dict(variant.loss.penalty_settings) == {"centre": 0.0}
    assert Variant.from_dict(json.loads(json.dumps(variant.as_dict()))) == variant
    assert variant.flat()["loss.settings.margin"] == 2.0
    assert hash(variant) == hash(Variant.from_dict(variant.as_dict()))


@pytest.mark.usefixtures("parts")
def test_a_setting_is_part_of_the_identity_and_none_changes_no_other() -> None:
    assert not {"settings", "penalty_settings"} & set(BASELINE.as_dict()["loss"])
    assert BASELINE.digest == "2a2de8b85f2ca82fd4598f6784a2febfb2f8a280a83c30672a2bd1334f15e8b8"
    found = [SMALL.override(HINGE | more).digest for more in ({}, {"loss.settings.margin": 2})]
    assert found[0] != found[1]
    assert "settings" not in SMALL.override(HINGE).as_dict()["loss"]


def test_a_stored_variant_keeps_its_settings_where_the_source_is_not_at_hand(parts: Path) -> None:
    variant = SMALL.override(HINGE | {"loss.settings.margin": 2})
    tree, digest = variant.as_dict(), variant.digest
    own_parts._forget(own_parts.load([str(parts)])[0])
    again = Variant.from_dict(tree)
    assert (again.digest, dict(again.loss.settings)) == (digest, {"margin": 2.0})


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("name", ["my_hinge", "made_by_a_class"])
def test_a_loss_with_a_setting_trains_like_one_with_that_number_written_in(name: str) -> None:
    chosen = HINGE | {"loss.criterion": name}
    ours = trained(chosen | {"loss.settings.margin": 2.0})
    assert same(ours, trained(HINGE | {"loss.criterion": "fixed"}))
    assert not same(ours, trained(chosen)), "its default is another number"


@pytest.mark.usefixtures("parts")
def test_a_penalty_with_a_setting_trains_like_the_built_in_one_that_it_becomes() -> None:
    ours = trained({"loss.penalty": "centred", "loss.penalty_settings.centre": 0, "loss.penalty_weight": 1})
    theirs = trained({"loss.penalty": "r1", "loss.penalty_weight": 2})  # half the mean of the same squares
    assert all(np.allclose(ours[key], theirs[key], atol=1e-6) for key in ours)
    assert not same(ours, trained({"loss.penalty": "centred", "loss.penalty_weight": 1}))


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (HINGE | {"loss.settings.magrin": 2}, r"in loss.settings of the loss 'my_hinge': 'magrin'; did you mean 'marg"),
        (HINGE | {"loss.settings.margin": "wide"}, "loss.settings.margin must be a number, not 'wide'"),
        (HINGE | {"loss.settings.margin": float("inf")}, "must be finite"),
        ({"loss.criterion": "fixed", "discriminator.output": "logits", "loss.settings.margin": 1}, r"\(valid: none\)"),
        ({"loss.settings.margin": 2}, "loss.settings.margin: loss.criterion=bce takes no settings of its own"),
        ({"loss.penalty": "r1", "loss.penalty_settings.centre": 2}, "loss.penalty=r1 takes no settings of its own"),
        ({"loss.penalty": "centred", "loss.penalty_settings.center": 2}, "did you mean 'centre'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BASELINE.override(overrides)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(margin): ...", r"my_parts.py, line 2: the parameter 'margin' of the loss 'x' needs a default"),
        ("def f(margin=1.0, /): ...", "must be taken by name"),
        ("def f(margin=object()): ...", "must be a number, a text"),
    ],
)
def test_what_takes_no_settings_right_is_refused_when_it_is_registered(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "my_parts.py"
    path.write_text(f"from ablations import register\n{text}\nregister('loss', 'x', f, outputs=('logits',))\n")
    with pytest.raises(own_parts.PartError, match=message):
        own_parts.load([str(path)])
    path.write_text(
        "from ablations import register\ndef f(d, real, fake, draws, centre): ...\nregister('penalty', 'x', f)\n"
    )
    with pytest.raises(own_parts.PartError, match="line 2: the parameter 'centre' of the penalty 'x' needs a default"):
        own_parts.load([str(path)])
    path.write_text(f"{PARTS}\nregister('loss', 'x', hinge, outputs=('logits',), search={{'magrin': '1:2'}})\n")
    with pytest.raises(own_parts.PartError, match="to search of the loss 'x': 'magrin'; did you mean 'margin'"):
        own_parts.load([str(path)])


@pytest.mark.usefixtures("parts")
def test_a_search_tunes_them_in_the_stated_range_or_in_another() -> None:
    variant = BASELINE.override(HINGE | {"loss.penalty": "centred"})
    space = make_space(variant)
    domains = {item.key: item.domain for item in space.hyperparameters}
    assert domains["loss.settings.margin"] == Range(low=0.5, high=2)
    assert domains["loss.penalty_settings.centre"] == Range(low=0, high=1)
    assert "loss.settings.both" not in domains
    own = space.own_values()
    assert own is not None
    assert (own["loss.settings.margin"], own["loss.penalty_settings.centre"]) == (1.0, 1.0)
    settled = space.settle({"loss.settings.margin": 1.5, "loss.penalty_settings.centre": 0.5}, "tried")
    assert (settled.loss.settings["margin"], settled.loss.penalty_settings["centre"]) == (1.5, 0.5)
    other = make_space(variant, narrowed={"loss.settings.both": "true,false", "loss.settings.margin": "1:3"})
    assert {"loss.settings.both", "loss.settings.margin"} <= set(other.keys)
    assert "loss.settings.margin" not in make_space(SMALL).keys


@pytest.mark.usefixtures("parts")
def test_a_study_file_says_them_also_as_levels_of_an_axis(tmp_path: Path) -> None:
    study = tmp_path / "margins.toml"
    study.write_text(
        'name = "margins"\ntitle = "t"\ndescription = "d"\n'
        '[axes.margin]\nquestion = "How far?"\n[axes.margin.levels]\n'
        "near = { loss.settings.margin = 0.5 }\nfar = { loss.settings.margin = 2 }\n"
        '[one_factor]\nbase = { base = "baseline", name = "one", loss.criterion = "my_hinge", '
        'discriminator.output = "logits" }\nmargin = ["near", "far"]\n'
    )
    found = {variant.name: dict(variant.loss.settings) for variant in find_study(str(study)).variants}
    assert found == {"one": {}, "near": {"margin": 0.5}, "far": {"margin": 2.0}}


def test_list_and_check_show_them(parts: Path) -> None:
    listed = CliRunner().invoke(main, ["list", "--parts", str(parts)])
    assert "loss.settings.margin=1.0, loss.settings.both=True" in listed.output
    assert "penalty_weight, loss.penalty_settings.centre=1.0" in listed.output
    checked = CliRunner().invoke(main, ["check", str(parts), "--json"])
    findings = json.loads(checked.stdout)["findings"]
    assert not [item for item in findings if item["fails"]]
    settings = {item["part"]: item["result"] for item in findings if item["what"] == "settings"}
    assert settings["penalty centred"] == "takes loss.penalty_settings.centre=1.0"
    assert set(settings) == {"loss my_hinge", "loss made_by_a_class", "penalty centred"}
