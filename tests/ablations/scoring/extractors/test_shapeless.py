"""Images that show nothing: of every kind, in the range, from the caller's generator alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ablations.data import load_dataset
from ablations.scoring.extractors.shapeless import SHAPELESS, Shapeless, overlaid, shapeless, shuffled
from ablations.scoring.extractors.strokes import drawn

KINDS = tuple(dict.fromkeys(SHAPELESS))


@pytest.fixture(scope="module")
def real() -> tuple[Tensor, Tensor]:
    digits = load_dataset("digits")
    return digits.train_images[:64].float() / 255, digits.labels[0][:64]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("make", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_kind_makes_images_of_the_shape_and_range(
    make: Shapeless, channels: int, real: tuple[Tensor, Tensor]
) -> None:
    images, labels = real[0].expand(-1, channels, -1, -1), real[1]
    state = torch.get_rng_state()
    made = make(images, labels, generator())
    assert made.shape == images.shape
    assert made.min() >= 0
    assert made.max() <= 1
    assert torch.equal(made, make(images, labels, generator()))
    assert not torch.equal(made, make(images, labels, generator(1)))
    assert torch.equal(torch.get_rng_state(), state)


def test_all_kinds_are_made_in_any_number(real: tuple[Tensor, Tensor]) -> None:
    for count in (1, len(SHAPELESS), 40):
        assert len(shapeless(*real, count, generator())) == count


def test_shuffling_keeps_every_pixel(real: tuple[Tensor, Tensor]) -> None:
    images, labels = real
    made = shuffled(images, labels, generator())
    assert torch.equal(made.flatten(1).sort(1).values, images.flatten(1).sort(1).values)


def test_what_is_laid_over_an_image_is_of_another_class() -> None:
    """Images that show their class as a grey: the brighter of two is never that of one and the same."""
    labels = torch.arange(64) % 4
    images = (labels.view(-1, 1, 1, 1) / 8).expand(-1, 1, 8, 8)
    made = overlaid(images, labels, generator())
    assert (made[labels == 0].amax((1, 2, 3)) > 0).all()


def test_a_pen_leaves_its_thickness_on_the_paper() -> None:
    path = torch.stack([torch.full((51,), 10.0), torch.linspace(5, 15, 51)], 1)[None]
    image = drawn(path, 21, 21, torch.full((1, 1, 1, 1), 1.5))[0, 0]
    assert (image[:, 10] == 1).nonzero().squeeze(1).tolist() == [9, 10, 11]
    assert image[10, 2] == image[2, 10] == 0
