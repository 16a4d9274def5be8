"""A user's modules against the built-in networks that they equal: the same sizes, no normalisation, stacked alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ablations.catalog import BASELINE
from ablations.config import Engine, Variant
from ablations.config.parts import ARCHITECTURES, register
from ablations.data import Dataset, load_dataset
from ablations.training.seed_group import SeedGroup
from bench.ratios import Interval, ratio_interval
from bench.timing import Work, take_turns

SLOPE, UNITS, MAPS = 0.02, 200, 10
PREFIX = "bench-"
HEADER = ("network", "seeds", "module's time over the built-in's")


def dense_generator(latent_size: int, shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(nn.Linear(latent_size, UNITS), nn.LeakyReLU(SLOPE), nn.Linear(UNITS, math.prod(shape)))


def dense_discriminator(shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), UNITS), nn.LeakyReLU(SLOPE), nn.Linear(UNITS, 1))


class ConvolutionalGenerator(nn.Module):
    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.first = nn.Linear(latent_size, MAPS * 25)
        self.rest = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(MAPS, MAPS, 3, 2, output_padding=1),
            nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(MAPS, 1, 5, 2, output_padding=1),
        )

    def forward(self, latents: Tensor) -> Tensor:
        images: Tensor = self.rest(self.first(latents).view(-1, MAPS, 5, 5))
        return images


def convolutional_discriminator() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, MAPS, 5, 2), nn.LeakyReLU(SLOPE), nn.Conv2d(MAPS, MAPS, 3, 2), nn.LeakyReLU(SLOPE),
        nn.Flatten(), nn.Linear(MAPS * 25, 1),
    )  # fmt: skip


FACTORIES: Mapping[str, tuple[Any, Any]] = {
    "mlp": (dense_generator, dense_discriminator),
    "cnn": (ConvolutionalGenerator, convolutional_discriminator),
}


def pair_of(architecture: str) -> tuple[Variant, Variant]:
    """The built-in variant and its equal of modules."""
    sides = ("generator", "discriminator")
    name = PREFIX + architecture
    if name not in ARCHITECTURES:
        for side, factory in zip(sides, FACTORIES[architecture], strict=True):
            register(side, name, factory)
    bare = BASELINE.override({f"{side}.normalization": "none" for side in sides})
    own = bare.override({f"{side}.architecture": name for side in sides}, name="module")
    if architecture == "cnn":
        built_in = {"architecture": "cnn", "hidden": (MAPS, MAPS)}
        changes: dict[str, Any] = {f"{side}.{key}": value for side in sides for key, value in built_in.items()}
        bare = bare.override({**changes, "generator.kernels": (3, 5), "discriminator.kernels": (5, 3)})
    return bare, own


def ratio(architecture: str, dataset: Dataset, *, seeds: int, pairs: int, seconds: float) -> Interval:
    """The CPU time of a step of the modules over that of the built-in networks."""
    variants = [variant.override({"training_images": len(dataset.train_images)}) for variant in pair_of(architecture)]
    built_in, own = (SeedGroup(variant, range(seeds), dataset, Engine()) for variant in variants)

    def work(group: SeedGroup) -> Work:
        def advance(steps: int) -> None:
            group.advance(steps)
            group.take_curves()

        return advance

    theirs, ours = take_turns(work(built_in), work(own), pairs=pairs, seconds=seconds)
    return ratio_interval(ours.cpu, theirs.cpu)


def ratios(seeds: Sequence[int], quick: bool) -> list[tuple[str, ...]]:
    """A row for each architecture and number of seeds in a stack; one thread."""
    torch.set_num_threads(1)
    pairs, seconds = (2, 0.02) if quick else (12, 0.4)
    data = load_dataset("digits")
    cases = [(name, count) for name in FACTORIES for count in seeds]
    return [(name, str(n), str(ratio(name, data, seeds=n, pairs=pairs, seconds=seconds))) for name, n in cases]
