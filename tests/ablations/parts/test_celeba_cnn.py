"""The book's pair for faces, held against torch.nn modules with the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ablations.catalog import FACE_RECIPES
from ablations.config import Engine, Variant
from ablations.config.errors import ConfigError
from ablations.data import DataShape
from ablations.parts.celeba_cnn import grown
from ablations.parts.networks import StackedNetwork, build_networks
from ablations.training.initial_values import initial_tensors
from ablations.training.seed_group import SeedGroup
from tests.ablations.datasets import random_dataset

CPU = torch.device("cpu")
BOOK, SMALL = (FACE_RECIPES[name] for name in ("s1-celeba", "s1-celeba-small"))


def shape(size: int) -> DataShape:
    return DataShape(channels=3, height=size, width=size, classes=None)


def book_discriminator() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 256, 8, stride=2), nn.BatchNorm2d(256), nn.LeakyReLU(0.2),
        nn.Conv2d(256, 256, 8, stride=2), nn.BatchNorm2d(256), nn.LeakyReLU(0.2),
        nn.Conv2d(256, 3, 8, stride=2), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(300, 1), nn.Sigmoid(),
    )  # fmt: skip


def book_generator() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(100, 3 * 11 * 11), nn.LeakyReLU(0.2), nn.Unflatten(1, (3, 11, 11)),
        nn.ConvTranspose2d(3, 256, 8, stride=2), nn.BatchNorm2d(256), nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(256, 256, 8, stride=2), nn.BatchNorm2d(256), nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(256, 3, 8, stride=2, padding=1), nn.BatchNorm2d(3), nn.Sigmoid(),
    )  # fmt: skip


def loaded(module: nn.Sequential, network: StackedNetwork, tensors: dict[str, Tensor]) -> nn.Sequential:
    """The module with the tensors of a stack of one, in the order of both."""
    ours = network.tensors
    theirs = [(key, value) for key, value in module.state_dict().items() if "num_batches" not in key]
    assert len(ours) == len(theirs)
    state: dict[str, Any] = {key: value for key, value in module.state_dict().items() if "num_batches" in key}
    for spec, (key, value) in zip(ours, theirs, strict=True):
        own = tensors[spec.name][0]
        state[key] = own.T if own.ndim == 2 and own.shape != value.shape else own
    module.load_state_dict(state)
    return module


@pytest.mark.parametrize("training", [True, False])
def test_the_pair_is_the_books(training: bool) -> None:
    g, d = build_networks(BOOK, shape(128))
    generator = torch.Generator().manual_seed(0)
    latents, images = torch.randn(2, 100, generator=generator), torch.rand(2, 3, 128, 128, generator=generator)
    for network, name, module, inputs in (
        (g, "generator", book_generator(), latents),
        (d, "discriminator", book_discriminator(), images),
    ):
        tensors = initial_tensors("framework", name, network, [0], CPU, torch.float32)
        plain = loaded(module, network, tensors).train(training)
        with torch.no_grad():
            expected = plain(inputs).flatten(1)
            found = network(tensors, inputs.flatten(1)[None], training=training)[0]
        torch.testing.assert_close(found, expected, rtol=2e-4, atol=2e-5)


def test_the_first_maps_are_the_smallest_that_cover_the_image_evenly() -> None:
    assert grown((8, 8, 8), shape(128)) == (11, (28, 62, 130))
    assert grown((3, 4, 4), shape(32)) == (3, (7, 16, 34))
    assert grown((3, 3, 4), shape(32)) == (3, (7, 15, 32))
    with pytest.raises(ConfigError, match="lead to no image"):
        grown((3, 3), shape(32))


def test_the_narrow_pair_trains_on_small_pictures_in_colour() -> None:
    dataset = random_dataset(train=80, test=20, image=(3, 32, 32))
    group = SeedGroup(SMALL.override({"batch_size": 8}), [0, 1], dataset, Engine())
    before = group.weights(1)
    group.advance(3)
    assert all(group.finite())
    after = group.weights(1)
    moved = {name for name, values in after.items() if (values != before[name]).any()}
    assert moved == set(after)
    assert group.sample(0, 4).shape == (4, 3, 32, 32)


@pytest.mark.parametrize(("variant", "size"), [(BOOK, 28), (BOOK, 32), (SMALL, 8)], ids=["28", "32", "8"])
def test_images_that_are_too_small_are_refused(variant: Variant, size: int) -> None:
    with pytest.raises(ConfigError, match="kernels"):
        build_networks(variant, shape(size))


def test_the_narrow_discriminator_sees_every_pixel() -> None:
    _, d = build_networks(SMALL, shape(32))
    tensors = initial_tensors("framework", "discriminator", d, [0], CPU, torch.float32)
    images = torch.rand(1, 1, 3 * 32 * 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (seen,) = torch.autograd.grad(d(tensors, images, training=False).sum(), images)
    assert (seen != 0).all()


def test_images_that_are_not_square_are_refused() -> None:
    with pytest.raises(ConfigError, match="image"):
        build_networks(SMALL, DataShape(channels=3, height=32, width=30, classes=None))
