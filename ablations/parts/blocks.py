"""Hidden blocks, which architectures are made of."""

from __future__ import annotations

from collections.abc import Sequence

from ablations.config import Network
from ablations.config.parts import NORMALIZATIONS
from ablations.parts.activations import activation
from ablations.parts.layers import Dropout, Elementwise, Layer


def block(network: Network, index: int, layers: Sequence[Layer], shape: tuple[int, ...]) -> list[Layer]:
    """Layers with their activation, normalisation and dropout; `shape` is that of one sample of their output."""
    active: tuple[Layer, ...] = (Elementwise(activation(network)),)
    normal: tuple[Layer, ...] = NORMALIZATIONS[network.normalization].load()(f"norm.{index}", shape)
    ordered = normal + active if network.normalization_first else active + normal
    dropout = (Dropout(shape),) if network.dropout else ()
    return [*layers, *ordered, *dropout]
