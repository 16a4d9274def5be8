"""Norms of the weights themselves: what stands between the stored weights of a network and those its layers use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F

from ablations.config.parts import WEIGHT_NORMS
from ablations.parts.layers import Layer, Tensors, TensorSpec, kept_exact


class WeightNorm(Protocol):
    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """Its buffers."""
        ...

    def __call__(self, tensors: Tensors, training: bool) -> Tensors:
        """The tensors with other weights, stacked over seeds; in training its buffers move on."""
        ...


def weight_norm(name: str, layers: Sequence[Layer]) -> WeightNorm | None:
    """None: the layers use the stored weights."""
    builder = WEIGHT_NORMS[name].load()
    norm: WeightNorm | None = builder and builder(layers)
    return norm


class Spectral:
    """Miyato et al. 2018: each weight, as a matrix from inputs to outputs, divided by its largest singular value.

    That value comes from one step of power iteration a training pass, in the order of
    torch.nn.utils.parametrizations.spectral_norm; the right singular vector is kept between passes. It starts as a
    random direction. An evaluating pass takes the step and keeps nothing.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = [layer for layer in layers if layer.output_axis is not None]

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        found = []
        for layer in self._layers:
            weight = layer.tensors[0]
            size = weight.size // weight.shape[layer.output_axis or 0]
            found.append(TensorSpec(_vector_of(weight), (size,), "singular_vector"))
        return tuple(found)

    def __call__(self, tensors: Tensors, training: bool) -> Tensors:
        with kept_exact(next(iter(tensors.values()))):
            return self._normed(tensors, training)

    def _normed(self, tensors: Tensors, training: bool) -> Tensors:
        normed = dict(tensors)
        for layer in self._layers:
            spec = layer.tensors[0]
            weight, vector = tensors[spec.name], tensors[_vector_of(spec)]
            matrix = weight.movedim(1 + (layer.output_axis or 0), 1).flatten(2)
            with torch.no_grad():
                left = F.normalize(torch.bmm(matrix, vector.unsqueeze(2)), dim=1, eps=1e-12)
                right = F.normalize(torch.bmm(matrix.transpose(1, 2), left), dim=1, eps=1e-12)
                if training:
                    vector.copy_(right.squeeze(2))
            largest = torch.bmm(left.transpose(1, 2), torch.bmm(matrix, right))
            normed[spec.name] = weight / largest.view(-1, *[1] * len(spec.shape))
        return normed


def _vector_of(weight: TensorSpec) -> str:
    return f"{weight.name.rpartition('.')[0]}.singular_vector"
