"""Artefacts: nothing at grade 0, within the range, more of it at a higher grade, and only the caller's generator."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ablations.scoring.extractors import artefacts
from ablations.scoring.extractors.artefacts import ARTEFACTS, Artefact, dilated, eroded, spoiled, with_artefacts
from ablations.scoring.extractors.warps import Warp, moved, shifted

KINDS = tuple(dict.fromkeys(ARTEFACTS))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Bright discs of different sizes and greys."""
    places = torch.arange(20).float() - 9.5
    radius = (places[:, None] ** 2 + places**2).sqrt()
    sizes = torch.linspace(3, 8, 24).view(-1, 1, 1, 1)
    return (sizes - radius).clamp(0, 1) * torch.linspace(0.5, 1, 24).view(-1, 1, 1, 1)


@pytest.mark.parametrize("artefact", KINDS, ids=lambda kind: kind.__name__)
def test_grade_0_changes_next_to_nothing_and_1_something_within_the_range(artefact: Artefact, images: Tensor) -> None:
    grades = torch.ones(len(images), 1, 1, 1)
    assert artefact(images, 0 * grades, generator()) == pytest.approx(images, abs=1e-3)
    changed = [(artefact(images, grade * grades, generator()) - images).abs().mean() for grade in (0.3, 1)]
    assert 0 < changed[0] < changed[1]
    spoiled_images = artefact(images, grades, generator())
    assert spoiled_images.shape == images.shape
    assert spoiled_images.min() >= 0
    assert spoiled_images.max() <= 1


@pytest.mark.parametrize("artefact", KINDS, ids=lambda kind: kind.__name__)
def test_the_generator_decides_all(artefact: Artefact, images: Tensor) -> None:
    grades, state = torch.rand(len(images), 1, 1, 1), torch.get_rng_state()
    assert torch.equal(artefact(images, grades, generator()), artefact(images, grades, generator()))
    assert torch.equal(torch.get_rng_state(), state)


def test_colour_images_are_taken_too(images: Tensor) -> None:
    colour = images.expand(-1, 3, -1, -1).contiguous()
    assert spoiled(colour, generator()).shape == colour.shape
    assert moved(colour, Warp(), generator()).shape == colour.shape


def test_a_window_widens_by_a_pixel_on_each_side_and_narrows_by_as_much() -> None:
    square = torch.zeros(1, 1, 9, 9)
    square[..., 3:6, 3:6] = 1
    assert dilated(square, 3).sum() == 25
    assert eroded(square, 3).sum() == 1
    assert eroded(square, 2).sum() == 4
    assert torch.equal(eroded(dilated(square, 3), 3), square)


def test_each_image_has_the_artefact_of_its_kind_and_the_others_stay(images: Tensor) -> None:
    kinds = torch.full((len(images),), -1)
    kinds[5] = ARTEFACTS.index(artefacts.faded)
    made = with_artefacts(images, kinds, torch.ones(len(images), 1, 1, 1), generator())
    assert made[5] == pytest.approx(images[5] * 0.33)
    keep = torch.arange(len(images)) != 5
    assert torch.equal(made[keep], images[keep])


def test_some_images_stay_whole(images: Tensor) -> None:
    many = images.repeat(50, 1, 1, 1)
    same = (spoiled(many, generator()) == many).flatten(1).all(1).float().mean()
    assert same == pytest.approx(artefacts.UNSPOILED, abs=0.06)


def test_a_shift_moves_and_changes_nothing_else() -> None:
    point = torch.zeros(200, 1, 9, 9)
    point[:, 0, 4, 4] = 1
    places = shifted(point, 2, generator()).flatten(1)
    assert (places.sum(1) == 1).all()
    assert len(places.argmax(1).unique()) == 25


def test_a_warp_of_nothing_is_nothing(images: Tensor) -> None:
    still = Warp(turn=0, shear=0, resize=0, shift=0, bend=0)
    assert still(images, generator()) == pytest.approx(images, abs=1e-5)
