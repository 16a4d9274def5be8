"""The two networks of a stored run as `torch.nn.Module`s, for whatever a user wants of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ablations.config import Variant
from ablations.data import DataShape
from ablations.parts.networks import StackedNetwork, build_networks
from ablations.training.generator import check_classes, stored_tensors


class StoredNetwork(nn.Module):
    """One network of a run: its weights are parameters and buffers under the names that they are stored by, a dot as
    two underscores.
    """

    def __init__(
        self, network: StackedNetwork, tensors: Mapping[str, Tensor], variant: Variant, shape: DataShape
    ) -> None:
        super().__init__()
        self._network, self._variant, self._shape = network, variant, shape
        self._names = {spec.name: spec.name.replace(".", "__") for spec in network.tensors}
        for spec in network.tensors:
            values = tensors[spec.name][0]
            if spec.is_buffer:
                self.register_buffer(self._names[spec.name], values)
            else:
                self.register_parameter(self._names[spec.name], nn.Parameter(values))

    def _outputs(self, inputs: Tensor, labels: Tensor | None) -> Tensor:
        """In eval mode, whatever `training` says: random masks belong to a run, not to a module."""
        told = labels[None] if labels is not None and self._variant.conditional else None
        if self._variant.conditional and told is None:
            raise ValueError(f"the variant {self._variant.name!r} is conditional: give the classes too, as int64 (n,)")
        if labels is not None and self._variant.conditional:
            check_classes(labels, len(inputs), self._network.labels, self._variant.name)
        tensors = {name: getattr(self, key)[None] for name, key in self._names.items()}
        return self._network(tensors, self._network.append_one_hot(inputs[None], told), training=False)[0]


class Generator(StoredNetwork):
    """Latents (n, size), and of a conditional G the classes (n,), to images (n, channels, height, width) in [0, 1]."""

    @property
    def latent_size(self) -> int:
        return self._variant.latent.size

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        images = self._outputs(latents, labels)
        if self._variant.image_range == "symmetric":
            images = (images + 1) / 2
        return images.view(len(latents), *self._shape.image)


class Discriminator(StoredNetwork):
    """Images (n, channels, height, width) in [0, 1], and of a conditional D the classes (n,), to the probability (n,)
    that each is real.
    """

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        values = images.reshape(len(images), self._shape.values)
        if self._variant.image_range == "symmetric":
            values = values * 2 - 1
        return self._network.output.probability(self._outputs(values, labels)).view(-1)


def stored_modules(
    variant: Variant, shape: DataShape, weights: Mapping[str, NDArray[Any]]
) -> tuple[Generator, Discriminator]:
    """G and D with weights as `SeedGroup.weights` gives them, in eval mode.

    Raises:
        DataError: weights of another network.
    """
    made = []
    for side, network in zip(("generator", "discriminator"), build_networks(variant, shape), strict=True):
        own = {k.removeprefix(f"{side}."): v for k, v in weights.items() if k.startswith(f"{side}.")}
        made.append((network, stored_tensors(network, own, variant.name, torch.device("cpu"))))
    (g, g_tensors), (d, d_tensors) = made
    return Generator(g, g_tensors, variant, shape).eval(), Discriminator(d, d_tensors, variant, shape).eval()
