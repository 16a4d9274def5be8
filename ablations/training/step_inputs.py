"""Turns the named streams of a stack of seeds into the draws of each iteration."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ablations.config import Variant
from ablations.config.parts import PENALTIES
from ablations.parts.module_layer import NUMBER_WORDS
from ablations.parts.networks import StackedNetwork
from ablations.training.random_streams import DataOrder, StackedStream, draw
from ablations.training.step import DiscriminatorDraw, Draws, GeneratorDraw, generator_step_shows_real


@dataclass(frozen=True)
class TrainingImages:
    """The training set on the device: images uint8 (n, values), labels int64 (n,) or None.

    They are scaled when they are drawn: as float32 they would take four times the memory, and a step uses few of them.
    """

    images: Tensor
    labels: Tensor | None
    symmetric: bool
    """Drawn in [-1, 1], else in [0, 1]."""
    dtype: torch.dtype
    """As which they are drawn."""

    def at(self, indices: Tensor) -> Tensor:
        """Images of shape (*indices.shape, values), scaled."""
        drawn = self.images.index_select(0, indices.flatten()).to(self.dtype).div_(255)
        if self.symmetric:
            drawn.mul_(2).sub_(1)
        return drawn.view(*indices.shape, -1)

    def labels_at(self, indices: Tensor) -> Tensor:
        """Labels of the shape of `indices`."""
        assert self.labels is not None, "checked before training: see check_fits"
        return self.labels[indices]


class Sampler:
    """`at(step)` gives the draws of iteration `step` (0, 1, ...) for the stack, whatever was asked before."""

    def __init__(
        self,
        variant: Variant,
        seeds: Sequence[int],
        training: TrainingImages,
        networks: tuple[StackedNetwork, StackedNetwork],
    ) -> None:
        device, dtype = training.images.device, training.dtype
        batch, size = variant.batch_size, variant.latent.size
        kind, classes = variant.latent.distribution, networks[0].labels
        penalty = PENALTIES[variant.loss.penalty]
        self._variant = variant
        self._training = training
        self._masks = _MaskPlan(variant, networks)
        self._order = DataOrder(seeds, len(training.images), batch, device)
        self._d_latents = StackedStream(kind, "latents_discriminator", seeds, (batch, size), device, dtype)
        self._g_latents = StackedStream(kind, "latents_generator", seeds, (batch, size), device, dtype)
        self._d_labels = StackedStream("label", "labels_discriminator", seeds, (batch,), device, dtype, classes)
        self._g_labels = StackedStream("label", "labels_generator", seeds, (batch,), device, dtype, classes)
        self._penalized = penalty.builder is not None
        self._penalty = StackedStream("uniform", "penalty", seeds, (batch, penalty.uniform_draws), device, dtype)
        self._bits = StackedStream("bits", "dropout", seeds, (self._masks.values,), device, dtype)
        self._numbers = _NumberPlan(variant, networks)
        self._words = StackedStream("bits", "module", seeds, (self._numbers.values,), device, dtype)

    def at(self, step: int) -> Draws:
        update, conditional = self._variant.update, self._variant.conditional
        bits = self._bits.at(step) if self._masks.values else None
        words = self._words.at(step) if self._numbers.values else None
        masks = (
            [*dropped, *numbers]
            for dropped, numbers in zip(
                self._masks.cut(bits, self._training.dtype), self._numbers.cut(words), strict=True
            )
        )
        discriminator = []
        for number in range(step * update.discriminator_steps, (step + 1) * update.discriminator_steps):
            indices = self._order.last_of_epoch(number) if update.once_an_epoch else self._order.batch(number)
            discriminator.append(
                DiscriminatorDraw(
                    images=self._training.at(indices),
                    labels=self._training.labels_at(indices) if conditional else None,
                    latents=self._d_latents.at(number),
                    fake_labels=self._d_labels.at(number) if conditional else None,
                    generator_masks=next(masks),
                    discriminator_masks=next(masks),
                    penalty=self._penalty.at(number) if self._penalized else None,
                )
            )
        fresh = update.generator_latents == "fresh"
        generator = [
            GeneratorDraw(
                latents=self._g_latents.at(number) if fresh else None,
                labels=self._g_labels.at(number) if fresh and conditional else None,
                generator_masks=next(masks) if fresh else (),
                discriminator_masks=next(masks),
            )
            for number in range(step * update.generator_steps, (step + 1) * update.generator_steps)
        ]
        return Draws(discriminator, generator)


class _MaskPlan:
    """How the dropout bits of one iteration are cut into masks, pass by pass.

    A value is dropped where its 16 bits, as a number in [0, 65536), are below round(p * 65536): p to within 1e-5.
    """

    def __init__(self, variant: Variant, networks: tuple[StackedNetwork, StackedNetwork]) -> None:
        sides = [(n.mask_shapes, p) for n, p in zip(networks, _dropout(variant), strict=True)]
        self._passes = [
            ([(size, *shape) for shape in sides[side][0]], sides[side][1]) for side, size in _passes(variant, networks)
        ]
        self.values = sum(math.prod(shape) for shapes, _ in self._passes for shape in shapes)

    def cut(self, bits: Tensor | None, dtype: torch.dtype) -> Iterator[list[Tensor]]:
        """The masks of each pass in turn, scaled by 1 / (1 - p). `bits` is int16 of shape (seeds, values)."""
        start = 0
        for shapes, p in self._passes:
            masks = []
            for shape in shapes:
                assert bits is not None
                count = math.prod(shape)
                window = bits[:, start : start + count]
                kept = torch.empty(window.shape, dtype=dtype, device=bits.device)
                torch.ge(window, round(p * 65536) - 32768, out=kept)
                masks.append(kept.mul_(1 / (1 - p)).view(-1, *shape))
                start += count
            yield masks


class _NumberPlan:
    """How the bits of one iteration become the numbers that a user's own modules set the global generators to, pass by
    pass: int16 (seeds, samples, NUMBER_WORDS), for the modules that draw.
    """

    def __init__(self, variant: Variant, networks: tuple[StackedNetwork, StackedNetwork]) -> None:
        draws = [network.own is not None and network.own.traits.draws for network in networks]
        self._sizes = [size if draws[side] else 0 for side, size in _passes(variant, networks)]
        self.values = sum(self._sizes) * NUMBER_WORDS

    def cut(self, words: Tensor | None) -> Iterator[list[Tensor]]:
        start = 0
        for size in self._sizes:
            end = start + size * NUMBER_WORDS
            yield [] if words is None or not size else [words[:, start:end].view(-1, size, NUMBER_WORDS)]
            start = end


def _passes(variant: Variant, networks: tuple[StackedNetwork, StackedNetwork]) -> list[tuple[int, int]]:
    """Through which network, 0 for G and 1 for D, and with how many samples, in the order of an iteration."""
    batch, update = variant.batch_size, variant.update
    judged = (1, (2 if generator_step_shows_real(variant, networks[1]) else 1) * batch)
    of_generator = [(0, batch), judged] if update.generator_latents == "fresh" else [judged]
    return [(0, batch), (1, 2 * batch)] * update.discriminator_steps + of_generator * update.generator_steps


def _dropout(variant: Variant) -> tuple[float, float]:
    return variant.generator.dropout, variant.discriminator.dropout


def evaluation_latents(
    variant: Variant, seed: int, count: int, device: torch.device, dtype: torch.dtype, number: int = 0
) -> Tensor:
    """The fixed latents of a seed's evaluations, of shape (1, count, size); training never draws them.

    Set 0 is what scores are taken of; others show how much a score owes to the samples.
    """
    size, distribution = variant.latent.size, variant.latent.distribution
    # A copy, since a network of the user's own may change what it is given.
    return _last_latents(distribution, size, seed, count, device, number).to(dtype, copy=True)[None]


@functools.lru_cache(maxsize=4)
def _last_latents(
    distribution: Literal["normal", "uniform"], size: int, seed: int, count: int, device: torch.device, number: int
) -> Tensor:
    """Kept, since each snapshot of a seed is asked with the same ones when D looks back at them."""
    return draw(distribution, seed, "evaluation", number, (count, size), device)


def asked_labels(count: int, classes: int | None, device: torch.device) -> Tensor | None:
    """The labels asked of a conditional G in an evaluation: 0, 1, ..., `classes` - 1, 0, ...; None without classes."""
    return None if classes is None else torch.arange(count, device=device) % classes
