"""Damages: in the form of images, always the same, more of it at a higher grade, and what they are named after."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ablations.catalog.metrics import METRICS
from ablations.scoring.certify.damages import DAMAGES, Damage
from ablations.scoring.certify.operations import Material

BY_NAME = {damage.name: damage for damage in DAMAGES}


@pytest.fixture(scope="module")
def material() -> Material:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (1000, 28, 28), dtype=torch.uint8, generator=generator)
    labels = torch.arange(1000) % 10
    return Material(images=images[:400], labels=labels[:400], others=images[400:], other_labels=labels[400:])


def unit(images: Tensor) -> Tensor:
    return images.float() / 255 if images.dtype == torch.uint8 else images


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_every_grade_gives_as_many_images_in_range_and_leaves_the_material_alone(
    damage: Damage, material: Material
) -> None:
    before = material.images.clone()
    for grade in damage.grades:
        images, labels = damage(material, grade)
        assert images.shape == material.images.shape
        assert labels.shape == material.labels.shape
        assert 0 <= unit(images).min() <= unit(images).max() <= 1
    assert torch.equal(material.images, before)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_it_is_the_same_each_time(damage: Damage, material: Material) -> None:
    first, second = (damage(material, damage.grades[1]) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@pytest.mark.parametrize("name", ["noise", "blur", "salt_and_pepper", "occlusion", "copies", "noise_images"])
def test_a_higher_grade_is_farther_from_the_undamaged_images(name: str, material: Material) -> None:
    damage = BY_NAME[name]
    distances = [(unit(damage(material, g)[0]) - unit(material.images)).square().mean() for g in damage.grades]
    assert distances[0] > 0
    assert all(a < b for a, b in itertools.pairwise(distances))


def test_claims_are_about_damages_that_there_are_and_grades_rise() -> None:
    claimed = {name for row in METRICS.values() for name in (*row.rises, *row.falls, *row.stays)}
    assert claimed == {damage.name for damage in DAMAGES}
    for damage in DAMAGES:
        assert damage.claims
        assert list(damage.grades) == sorted(set(damage.grades))
        assert damage.why


def test_translation_moves_and_occlusion_blackens(material: Material) -> None:
    moved, _ = BY_NAME["translation"](material, 3)
    assert torch.equal(moved[:, :, 3:], material.images[:, :, :-3])
    assert not moved[:, :, :3].any()
    hidden, _ = BY_NAME["occlusion"](material, 4)
    assert not hidden[:, 12:16].any()
    assert torch.equal(hidden[:, :12], material.images[:, :12])


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_images_in_colour_are_damaged_as_their_channels_are(damage: Damage, material: Material) -> None:
    """But for what is drawn for each pixel."""
    wide = Material(
        images=material.images[:, None].expand(-1, 3, -1, -1),
        labels=material.labels,
        others=material.others[:, None].expand(-1, 3, -1, -1),
        other_labels=material.other_labels,
    )
    grey, colour = damage(material, damage.grades[0])[0], damage(wide, damage.grades[0])[0]
    assert colour.shape == (400, 3, 28, 28)
    if damage.name not in ("noise", "salt_and_pepper", "noise_images"):
        assert all(torch.equal(colour[:, channel], grey) for channel in range(3))


def test_a_blur_keeps_the_mean_of_what_is_far_from_the_edge(material: Material) -> None:
    point = torch.zeros_like(material.images)
    point[:, 14, 14] = 255
    blurred, _ = BY_NAME["blur"](Material(images=point, labels=material.labels, others=point, other_labels=point), 1)
    assert blurred.sum((1, 2)) == pytest.approx(torch.ones(400), rel=1e-5)
    assert blurred[0, 14, 14] == pytest.approx(1 / (2 * torch.pi), rel=0.01)


def test_swapped_labels_are_all_wrong_at_grade_1_and_touch_no_image(material: Material) -> None:
    images, labels = BY_NAME["swapped_labels"](material, 1.0)
    assert torch.equal(images, material.images)
    assert not (labels == material.labels).any()
    assert set(labels.tolist()) <= set(range(10))


@pytest.mark.parametrize("dropped", [1, 5, 9])
def test_dropped_classes_are_gone_and_the_rest_is_distinct_while_there_are_enough(
    dropped: int, material: Material
) -> None:
    images, labels = BY_NAME["dropped_classes"](material, dropped)
    assert labels.unique().tolist() == list(range(10 - dropped))
    assert len(images.flatten(1).unique(dim=0)) == min(400, 100 * (10 - dropped))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_duplicates_leave_so_many_distinct_images(share: float, material: Material) -> None:
    images, _ = BY_NAME["duplicates"](material, share)
    assert (
        len(images.flatten(1).unique(dim=0))
        == round(400 * (1 - share))
        == round(400 * BY_NAME["duplicates"].distinct(share))
    )


def test_one_image_a_class_has_ten_images_and_the_same_labels(material: Material) -> None:
    images, labels = BY_NAME["one_a_class"](material, 1.0)
    assert len(images.flatten(1).unique(dim=0)) == 10
    assert torch.equal(labels, material.labels)


def test_copies_are_training_images_with_their_labels(material: Material) -> None:
    images, labels = BY_NAME["copies"](material, 1.0)
    training = {
        image.numpy().tobytes(): int(label) for image, label in zip(material.others, material.other_labels, strict=True)
    }
    assert [training[image.numpy().tobytes()] for image in images] == labels.tolist()
    few, _ = BY_NAME["copies"](material, 0.25)
    assert 60 < sum(image.numpy().tobytes() in training for image in few) < 140
