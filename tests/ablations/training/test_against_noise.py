"""D alone against noise: it learns where it can, and says so where it cannot."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from ablations.catalog import BASELINE, RECIPES
from ablations.config import Engine, Variant
from ablations.data import Dataset, load_dataset
from ablations.training.against_noise import train_against_noise
from ablations.training.random_streams import generator
from tests.ablations.datasets import random_dataset

SMALL = Variant(name="small", batch_size=16).override(
    {"generator.hidden": 16, "discriminator.hidden": 32, "discriminator_optimizer.learning_rate": 1e-3}
)


def noise_dataset() -> Dataset:
    """Images that are themselves uniform noise: nobody can tell them from it."""
    pixels = torch.randint(0, 256, (400, 1, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    labels = torch.arange(400) % 10
    return Dataset(
        name="noise",
        train_images=pixels[:300],
        train_labels=labels[:300],
        test_images=pixels[300:],
        test_labels=labels[300:],
    )


def test_d_learns_to_tell_digits_from_noise_with_labels_and_without() -> None:
    digits = load_dataset("digits")
    for conditional in (False, True):
        found = train_against_noise(SMALL.override({"conditional": conditional}), digits, Engine(), 120)
        assert found.d_real.shape == found.d_noise.shape == (120,)
        assert min(found.real_right, found.noise_right) > 0.99
        assert found.d_real[-20:].mean() > 0.9
        assert found.d_noise[-20:].mean() < 0.1


def test_d_cannot_tell_noise_from_noise() -> None:
    found = train_against_noise(SMALL, noise_dataset(), Engine(), 120)
    assert found.real_right + found.noise_right < 1.3


def test_the_first_update_is_that_of_a_plain_network_with_the_same_values() -> None:
    """By hand, in float64: D before its first step, on the first batch and on the first noise."""
    dataset = random_dataset()
    variant = SMALL.override({"discriminator.normalization": "none", "training_images": 300})
    found = train_against_noise(variant, dataset, Engine(), 1, seed=3)
    order = generator(3, "data", 0).permutation(300)[:16]
    real = dataset.train_images.flatten(1)[order].double().numpy() / 255
    steps = max(1, min(1024, (1 << 15) // (16 * 784)))
    noise = generator(3, "noise", 0).random((steps, 16, 784), dtype=np.float32)[0].astype(float)

    def values(name: str, shape: tuple[int, ...], fan: int) -> np.ndarray:
        bound = 1 / fan**0.5
        return generator(3, "init", f"discriminator.{name}").uniform(-bound, bound, shape)

    hidden, bias = values("hidden.0.weight", (784, 32), 784), values("hidden.0.bias", (32,), 784)
    output, last = values("output.weight", (32, 1), 32), values("output.bias", (1,), 32)

    def d(images: np.ndarray) -> float:
        inner = images @ hidden + bias
        inner = np.where(inner > 0, inner, variant.discriminator.slope * inner)
        return float((1 / (1 + np.exp(-(inner @ output + last)))).mean())

    np.testing.assert_allclose([found.d_real[0], found.d_noise[0]], [d(real), d(noise)], rtol=1e-5)


def test_what_only_a_gan_has_does_not_matter() -> None:
    """Undetached fakes, several D steps and one update an epoch are settings of a GAN's loop."""
    dataset = random_dataset()
    plain = train_against_noise(SMALL, dataset, Engine(), 5)
    changed = {"update.detach": False, "update.discriminator_steps": 3, "update.per": "epoch"}
    other = train_against_noise(SMALL.override(changed), dataset, Engine(), 5)
    for field in dataclasses.fields(plain):
        np.testing.assert_array_equal(getattr(plain, field.name), getattr(other, field.name))


def test_every_recipe_can_be_checked() -> None:
    dataset = random_dataset(train=220)
    for variant in (*RECIPES.values(), BASELINE):
        found = train_against_noise(variant, dataset, Engine(), 2)
        assert np.isfinite([*found.d_real, *found.d_noise]).all(), variant.name
