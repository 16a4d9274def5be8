"""A user's own file: one part of each kind, each entered by one call. What `test_registries` trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ablations.catalog import Axis, Level
from ablations.config import Network, Optimizer
from ablations.config.parts import register
from ablations.data import Dataset, DataShape, Notify
from ablations.parts.layers import Elementwise, Layer, Linear
from ablations.parts.losses import Halves
from ablations.parts.networks import Architecture
from ablations.parts.penalties import Discriminate


def logistic(network: Network) -> torch.nn.Module:
    return torch.nn.Softplus(beta=1 + network.slope)


def small_steps(parameters: Sequence[Tensor], config: Optimizer, on_gpu: bool) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(parameters, lr=config.learning_rate, foreach=False)


def far_from_zero(discriminate: Discriminate, real: Tensor, fake: Tensor, draws: Tensor) -> Tensor:
    """D's outputs on real images squared: no gradient of an image, but D as a function."""
    return discriminate(real, torch.ones_like(draws)).square().mean((1, 2))


def linear_generator(network: Network, inputs: int, shape: DataShape) -> list[Layer]:
    return [Linear("output", inputs, shape.values)]


def two_ways_discriminator(network: Network, shape: DataShape, labels: int) -> list[Layer]:
    width = network.hidden[0]
    return [Linear("first", shape.values + labels, width), Elementwise(torch.sin), Linear("output", width, 1)]


def stripes(folder: Path, notify: Notify) -> Dataset:
    """Two classes of coloured 12x12 images: rows and columns."""
    notify("drawing stripes")
    images = torch.zeros(80, 3, 12, 12, dtype=torch.uint8)
    images[::2, 0, ::2] = 255
    images[1::2, 1, :, ::2] = 255
    labels = torch.arange(80) % 2
    return Dataset(
        name="stripes",
        train_images=images[:60],
        train_labels=labels[:60],
        test_images=images[60:],
        test_labels=labels[60:],
    )


AXIS = Axis(
    name="own",
    question="Mine or theirs?",
    levels=(Level(name="quartic", label="quartic", overrides={"loss.criterion": "quartic"}),),
    sources=(),
)


def enter() -> None:
    register(
        "loss", "quartic", Halves(lambda d: (d - 1) ** 4, lambda d: d**4), outputs=("sigmoid", "logits"), ideal=1 / 16
    )
    register("penalty", "far_from_zero", far_from_zero, uniform_draws=1)
    register("activation", "logistic", logistic, settings=("slope",))
    register("optimizer", "small_steps", small_steps, settings=("learning_rate",), transfers=5)
    register("initialization", "small", lambda rng, spec: 0.05 * rng.standard_normal(spec.shape))
    register("architecture", "sine", Architecture(generator=linear_generator, discriminator=two_ways_discriminator))
    register("dataset", "stripes", stripes, title="drawn stripes")
