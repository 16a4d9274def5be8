"""The sanity checks of a study: made once, kept beside it, made again where something changed."""

from __future__ import annotations

from typing import Any

import pytest

from ablations.catalog import RECIPES
from ablations.config import Engine, Study, Variant
from ablations.config.errors import DataError
from ablations.data import Dataset
from ablations.execution import noise_checks
from ablations.execution.noise_checks import check_recipes
from ablations.execution.plan import Plan, make_plan
from ablations.store import Archive
from ablations.store.noise_check import FILE, NoiseCheck, read_checks
from ablations.training.against_noise import AgainstNoise, train_against_noise
from tests.ablations.small_study import BASE, OPTIONS

STUDY = Study(
    name="checked",
    title="Checked",
    description="For tests.",
    variants=(RECIPES["s0"].override({"steps": 10}), BASE),
    seeds=1,
)


def plan(archive: Archive, **steps: Any) -> Plan:
    variants = tuple(variant.override(steps, name=variant.name) for variant in STUDY.variants)
    made = make_plan(Study(name="checked", title="", description="", variants=variants, seeds=1), OPTIONS, archive)
    archive.write_study(made.recorded, made.members, scorer=made.scorer)
    return made


def test_the_recipes_of_a_study_are_checked_with_labels_and_without_and_kept(archive: Archive) -> None:
    found = check_recipes(plan(archive), archive, steps=60)
    assert [(item.variant, item.labels) for item in found] == [("s0", False), ("s0", True)]
    assert all(item.images == 60 for item in found)
    assert all(item.at[-1] == 60 and len(item.at) == len(item.d_real) == len(item.d_noise) for item in found)
    assert archive.read("checked").noise_checks == found


def test_what_was_checked_is_not_checked_again_until_it_changes(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = check_recipes(plan(archive), archive, steps=5)
    calls: list[int] = []

    def counted(variant: Variant, dataset: Dataset, engine: Engine, steps: int, seed: int) -> AgainstNoise:
        calls.append(steps)
        return train_against_noise(variant, dataset, engine, steps, seed)

    monkeypatch.setattr(noise_checks, "train_against_noise", counted)
    assert check_recipes(plan(archive), archive, steps=5) == first
    assert not calls
    check_recipes(plan(archive), archive, steps=6)
    assert calls.count(6) == 2
    check_recipes(plan(archive, batch_size=2), archive, steps=6)
    assert calls.count(6) == 4


def test_a_d_that_fails_is_trained_for_longer_and_said_to_be_slow_where_its_batch_is_one_image(
    archive: Archive,
) -> None:
    slow = RECIPES["s1-cnn"].override({"steps": 10}, name="s1-cnn")
    made = make_plan(Study(name="slow", title="", description="", variants=(slow,), seeds=1), OPTIONS, archive)
    archive.write_study(made.recorded, made.members, scorer=made.scorer)
    found = check_recipes(made, archive, steps=25)
    assert archive.read("slow").noise_checks == found
    for item in found:
        assert not item.passed
        assert item.over_one
        assert item.longer is not None
        assert item.longer.steps == 100
        assert (item.longer.real_right, item.longer.noise_right) != (item.real_right, item.noise_right)
        assert (
            f"D of s1-cnn {'with' if item.labels else 'without'} labels fails: trained for 100 updates it" in item.says
        )
        assert "BatchNorm over a batch of one image" in item.says


def test_of_a_d_that_passes_nothing_is_said_and_what_was_kept_of_it_before_is_read() -> None:
    tree = {
        "variant": "a", "identity": "b", "labels": True, "images": 1, "at": [1], "d_real": [1.0], "d_noise": [0.0],
        "real_right": 1.0, "noise_right": 0.96, "passed": True,
    }  # fmt: skip
    item = NoiseCheck.from_dict(tree)
    assert (item.says, item.as_dict()) == ("", {**tree, "at": [1]})


def test_a_study_without_a_recipe_is_left_alone(archive: Archive) -> None:
    made = make_plan(Study(name="own", title="", description="", variants=(BASE,), seeds=1), OPTIONS, archive)
    assert check_recipes(made, archive) == ()
    assert archive.attachment("own", FILE) is None


def test_a_check_passes_only_where_both_kinds_are_told_right() -> None:
    facts: dict[str, Any] = {"variant": "a", "identity": "b", "labels": True, "images": 1, "at": (1,)}
    facts |= {"d_real": (1.0,), "d_noise": (0.0,)}
    assert NoiseCheck(**facts, real_right=0.95, noise_right=1.0).passed
    assert not NoiseCheck(**facts, real_right=0.94, noise_right=1.0).passed
    assert not NoiseCheck(**facts, real_right=1.0, noise_right=0.5).passed


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"a": 1}', b'[{"variant": 3}]', b"[1]"])
def test_a_file_that_cannot_be_read_holds_no_checks(content: bytes | None) -> None:
    assert read_checks(content) == ()


def test_a_d_that_cannot_be_trained_is_left_out(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(variant: Variant, dataset: Dataset, engine: Engine, steps: int, seed: int) -> AgainstNoise:
        if variant.conditional:
            raise DataError("own code fails")
        return train_against_noise(variant, dataset, engine, steps, seed)

    made = plan(archive)
    monkeypatch.setattr(noise_checks, "train_against_noise", broken)
    assert check_recipes(made, archive, steps=5) == ()
