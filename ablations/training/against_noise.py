"""The documents' sanity check: D alone must tell real images from images of noise (S0, S1), before there is a GAN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.config import Engine, Variant
from ablations.data import Dataset
from ablations.parts.networks import StackedNetwork, build_networks
from ablations.training.generator import in_batches
from ablations.training.random_streams import StackedStream, draw
from ablations.training.seed_group import check_fits, trained_network, training_images
from ablations.training.step import TrainedNetwork, TrainStep
from ablations.training.step_inputs import Sampler


@dataclass(frozen=True, eq=False, kw_only=True)
class AgainstNoise:
    """What D has shown."""

    d_real: NDArray[np.float32]
    """Mean probability that D gives the real images of each step's batch, (steps,)."""
    d_noise: NDArray[np.float32]
    """The same of the noise, (steps,)."""
    real_right: float
    """Share of the test images that D takes for real at the end, in eval mode."""
    noise_right: float
    """Share of as many new images of noise that it does not."""


def train_against_noise(variant: Variant, dataset: Dataset, engine: Engine, steps: int, seed: int = 0) -> AgainstNoise:
    """Train a variant's D, from its first values and with its own updates, on the data and on images of noise.

    The values of noise are uniform over the range of the images. A conditional D is told the label of a real image, and
    a random one with noise.

    Raises:
        ConfigError: a variant that does not fit the data.
    """
    alone = variant.override({"update.detach": True, "update.discriminator_steps": 1, "update.per": "batch"})
    check_fits(alone, dataset)
    device, dtype = torch.device(engine.device), torch.float32
    training = training_images(alone, dataset, device, dtype)
    networks = build_networks(alone, dataset.shape)
    g, d = (
        trained_network(name, network, alone, [seed], device, dtype)
        for name, network in zip(("generator", "discriminator"), networks, strict=True)
    )
    step, sampler = TrainStep(alone, g, d), Sampler(alone, [seed], training, networks)
    noise = StackedStream("uniform", "noise", [seed], (alone.batch_size, dataset.shape.values), device, dtype)
    records = [
        step.update_discriminator(sampler.at(number).discriminator[0], _ranged(noise.at(number), alone))[2:4, 0]
        for number in range(steps)
    ]
    means = torch.stack(records).float().cpu().numpy()
    real, fake = _at_the_end(alone, networks[1], d, dataset, seed)
    return AgainstNoise(
        d_real=means[:, 0],
        d_noise=means[:, 1],
        real_right=float((real > 0.5).float().mean()),
        noise_right=float((fake <= 0.5).float().mean()),
    )


@torch.no_grad()
def _at_the_end(
    variant: Variant, network: StackedNetwork, d: TrainedNetwork, dataset: Dataset, seed: int
) -> tuple[Tensor, Tensor]:
    """D's probabilities, in eval mode, of the test images and of as many of noise that it has not seen."""
    device = d.parameters[0].device
    count, values = len(dataset.test_images), dataset.shape.values
    real = dataset.test_images.reshape(1, count, values).to(device).float() / 255
    noise = draw("uniform", seed, "evaluation", 0, (count, values), device)[None]
    own = random_labels = None
    if variant.conditional:
        own = dataset.labels[1][None].to(device)
        random_labels = draw("label", seed, "evaluation", 1, (count,), device, classes=network.labels)[None]
    outputs = [
        in_batches(network, d.tensors, network.append_one_hot(_ranged(images, variant), labels))
        for images, labels in ((real, own), (noise, random_labels))
    ]
    of_real, of_noise = (network.output.probability(one).flatten() for one in outputs)
    return of_real, of_noise


def _ranged(images: Tensor, variant: Variant) -> Tensor:
    """Values in [0, 1] as the variant has them."""
    return images * 2 - 1 if variant.image_range == "symmetric" else images
