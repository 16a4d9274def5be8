"""G alone, from stored weights: the same images as when it was trained, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.config import Variant
from ablations.config.errors import DataError
from ablations.data import DataShape
from ablations.parts.layers import Linear
from ablations.parts.networks import StackedNetwork, generator_network
from ablations.training.step_inputs import asked_labels, evaluation_latents

EVALUATION_BATCH = 2_000
"""Samples computed at a time: the bits of a product can depend on its shape."""


class StoredGenerator:
    """One seed's G of a variant, with weights as `SeedGroup.generator_weights` gives them.

    Raises:
        DataError: weights of another network.
    """

    def __init__(
        self,
        variant: Variant,
        shape: DataShape,
        seed: int,
        weights: Mapping[str, NDArray[Any]],
        device: str = "cpu",
    ) -> None:
        self._variant = variant
        self._shape = shape
        self._seed = seed
        self._network = generator_network(variant, shape)
        self._tensors = stored_tensors(self._network, weights, variant.name, torch.device(device))

    def sample(self, count: int, number: int = 0) -> Tensor:
        """See `draw_images`."""
        return draw_images(self._network, self._tensors, self._variant, self._shape, self._seed, count, number)

    def latents(self, count: int) -> Tensor:
        """The first of the latents that the scores are taken of: (count, size)."""
        first = next(iter(self._tensors.values()))
        return evaluation_latents(self._variant, self._seed, count, first.device, first.dtype)[0]

    def images(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Of latents (n, size) in eval mode, and of the classes (n,) asked for: see `images_of`."""
        if self._variant.conditional and labels is not None:
            check_classes(labels, len(latents), self._network.labels, self._variant.name)
        return images_of(self._network, self._tensors, self._variant, self._shape, latents, labels)


def check_classes(labels: Tensor, count: int, classes: int, name: str) -> None:
    """Raise `ValueError` for labels that are not `count` of the classes; `name` is the variant's."""
    what = f"the variant {name!r} is conditional: give the classes as int64 ({count},), "
    if labels.dtype != torch.int64 or labels.shape != (count,):
        found = f"{labels.dtype} of shape {tuple(labels.shape)}".removeprefix("torch.")
        one_hot = "; of one-hot labels, labels.argmax(1)" if labels.ndim > 1 else ""
        raise ValueError(f"{what}not {found}{one_hot}")
    strange = labels[(labels < 0) | (labels >= classes)]
    if len(strange):
        raise ValueError(f"{what}each from 0 to {classes - 1}, not {int(strange[0])}")


@torch.no_grad()
def draw_images(
    network: StackedNetwork,
    tensors: Mapping[str, Tensor],
    variant: Variant,
    shape: DataShape,
    seed: int,
    count: int,
    number: int = 0,
) -> Tensor:
    """`count` images of one seed in eval mode on its fixed evaluation latents: float32 (count, channels, height, width)
    in [0, 1].

    `tensors` are those of this seed alone, each of shape (1, ...). A conditional G is asked for the `asked_labels`.
    Each `number` stands for latents of its own.
    """
    first = next(iter(tensors.values()))
    latents = evaluation_latents(variant, seed, count, first.device, first.dtype, number)[0]
    return images_of(network, tensors, variant, shape, latents, asked_labels(count, shape.classes, first.device))


@torch.no_grad()
def images_of(
    network: StackedNetwork,
    tensors: Mapping[str, Tensor],
    variant: Variant,
    shape: DataShape,
    latents: Tensor,
    labels: Tensor | None,
) -> Tensor:
    """What one seed's G makes of latents (n, size) in eval mode: float32 (n, channels, height, width) in [0, 1].

    An unconditional G is not told the labels (n,).
    """
    told = labels[None] if labels is not None and variant.conditional else None
    images = in_batches(network, tensors, network.append_one_hot(latents[None], told))
    if variant.image_range == "symmetric":
        images = (images + 1) / 2
    return images.view(len(latents), *shape.image).float()


def in_batches(network: StackedNetwork, tensors: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
    """A network in eval mode on inputs (seeds, n, ...), a fixed number of samples at a time."""
    return torch.cat([network(tensors, part, training=False) for part in inputs.split(EVALUATION_BATCH, 1)], 1)


def stored_tensors(
    network: StackedNetwork, weights: Mapping[str, NDArray[Any]], name: str, device: torch.device
) -> dict[str, Tensor]:
    """A network's tensors, each of shape (1, ...), of weights as `SeedGroup.weights` gives them; `name` is the
    variant's.

    Raises:
        DataError: weights of another network.
    """
    tensors = {}
    transposed = {f"{layer.name}.weight" for layer in network.layers if isinstance(layer, Linear)}
    for spec in network.tensors:
        values = weights.get(spec.name)
        stored = None if values is None else torch.from_numpy(values)
        if stored is not None and spec.name in transposed:
            stored = stored.T
        if stored is None or tuple(stored.shape) != spec.shape:
            found = None if stored is None else tuple(stored.shape)
            raise DataError(f"the weights are not those of {name!r}: {spec.name} is {found}, not {spec.shape}")
        tensors[spec.name] = stored.contiguous()[None].to(device)
    return tensors
