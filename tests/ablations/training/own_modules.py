"""A user's file of modules: what `test_own_modules` trains."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ablations.config.parts import register


def dense(inputs: int, outputs: int, *hidden: int) -> nn.Sequential:
    sizes = (inputs, *hidden)
    layers: list[nn.Module] = []
    for size, width in zip(sizes, hidden, strict=False):
        layers += [nn.Linear(size, width), nn.LeakyReLU(0.02), nn.LayerNorm(width)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))


def dense_generator(shape: tuple[int, ...], latent_size: int, hidden: tuple[int, ...]) -> nn.Module:
    """The baseline's."""
    return dense(latent_size, math.prod(shape), *hidden)


def dense_discriminator(shape: tuple[int, ...], hidden: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), *dense(math.prod(shape), 1, *hidden))


def convolutional(shape: tuple[int, ...], width: int = 4) -> nn.Module:
    side = ((shape[1] - 5) // 2 + 1 - 3) // 2 + 1
    return nn.Sequential(
        nn.Conv2d(shape[0], width, 5, 2), nn.LeakyReLU(0.2), nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, 2),
        nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(width * side**2, 1),
    )  # fmt: skip


def normalised(shape: tuple[int, ...], latent_size: int) -> nn.Module:
    return nn.Sequential(nn.Linear(latent_size, 8), nn.BatchNorm1d(8), nn.Linear(8, math.prod(shape)))


def spectral(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), spectral_norm(nn.Linear(math.prod(shape), 8)), nn.ReLU(), nn.Linear(8, 1))


class Noisy(nn.Module):
    def __init__(self, shape: tuple[int, ...], latent_size: int) -> None:
        super().__init__()
        self.body = dense(latent_size, math.prod(shape), 8)
        self.drop = nn.Dropout(0.2)

    def forward(self, latents: Tensor) -> Tensor:
        result: Tensor = self.body(self.drop(latents + torch.randn_like(latents)))
        return result


class Conditional(nn.Module):
    """With a running mean that is replaced and not written in place, a number alone, and weights that are not used."""

    mean: Tensor

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.images, self.labels = nn.Linear(math.prod(shape), 8), nn.Linear(max(classes, 1), 8)
        self.scale, self.unused = nn.Parameter(torch.tensor(0.7)), nn.Parameter(torch.ones(3))
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        features: Tensor = self.images(images.flatten(1))
        if labels is not None:
            features = features + self.labels(labels)
        self.mean = 0.9 * self.mean + 0.1 * features.detach().mean(0)
        return self.scale * (features - self.mean).sum(1)


def enter() -> None:
    register("generator", "dense", dense_generator)
    register("discriminator", "dense", dense_discriminator)
    register("discriminator", "convolutional", convolutional)
    register("discriminator", "spectral", spectral)
    register("generator", "noisy", Noisy)
    register("discriminator", "conditional", Conditional)
