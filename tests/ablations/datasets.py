"""Small datasets for tests of training."""

from __future__ import annotations

import torch

from ablations.data import Dataset


def random_dataset(
    train: int = 300, test: int = 60, seed: int = 0, *, image: tuple[int, int, int] = (1, 28, 28), classes: int = 10
) -> Dataset:
    """Blurred noise with random labels: enough for everything that does not look at the pictures."""
    rng = torch.Generator().manual_seed(seed)
    channels, *size = image
    images = [torch.rand(n, channels, 7, 7, generator=rng) for n in (train, test)]
    large = [torch.nn.functional.interpolate(part, size=tuple(size), mode="bilinear") for part in images]
    pixels = [part.mul(255).round().to(torch.uint8) for part in large]
    labels = [torch.randint(0, classes, (n,), generator=rng) for n in (train, test)]
    return Dataset(
        name="random",
        train_images=pixels[0],
        train_labels=labels[0],
        test_images=pixels[1],
        test_labels=labels[1],
    )
