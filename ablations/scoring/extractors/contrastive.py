"""The label-free extractor: trained to know two views of one picture among many, without a class ever being named.

In half of the training pictures both views have the same artefact in the same grade, with other draws and another small
warp; in the others each view has its own. So the features hold what is drawn *and* how well: a network whose views
always differ in their noise would learn to be blind to it (SimCLR, Chen et al. 2020, arXiv:2002.05709, and what its
choice of views does), and one whose views never differ in it would see little else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ablations.config.errors import DataError
from ablations.scoring.extractors.arranged import ArrangedTrunk
from ablations.scoring.extractors.frozen import FOLDER, read_frozen
from ablations.scoring.extractors.pixels import checked, in_chunks, of_shape
from ablations.scoring.extractors.trunk import Shape, folded, trunk
from ablations.scoring.features import Features

KIND = "contrastive"
WEIGHTS = FOLDER / "contrastive.safetensors"
WIDTHS = (16, 32, 64)


def contrastive_network(shape: Shape) -> nn.Sequential:
    """Images (n, *shape) in [0, 1] to features (n, 64)."""
    return trunk(shape, widths=WIDTHS)


def frozen_network(network: nn.Sequential) -> nn.Sequential:
    """Ready for use: in eval mode, BatchNorm merged into the weights, without gradients."""
    return folded(network).requires_grad_(False).to(memory_format=torch.channels_last)


class Contrastive:
    """The extractor; make it with `load_contrastive`."""

    name = KIND

    def __init__(self, network: nn.Sequential, digest: str, facts: Mapping[str, Any]) -> None:
        self._device = next(network.parameters()).device
        self._trunk = ArrangedTrunk(network, tuple(facts["shape"]))
        self.digest = digest
        self.facts = facts
        """Where the weights come from: `ContrastiveFacts` as JSON."""
        self.shape: Shape = tuple(facts["shape"])

    def features(self, images: Tensor) -> Features:
        """See `Extractor`; without probabilities."""
        images = of_shape(checked(images), self.shape, self.name)
        (features,) = in_chunks(images, self._compute, self._device)
        return Features(features=features.numpy())

    def _compute(self, images: Tensor) -> tuple[Tensor, ...]:
        return (self._trunk(images),)


def load_contrastive(path: Path = WEIGHTS, *, device: str | torch.device = "cpu") -> Contrastive:
    """The extractor of a weights file; by default the one of this project.

    Raises:
        DataError: the file is missing or altered, or holds another kind of extractor.
    """
    frozen = read_frozen(path, KIND)
    try:
        network = frozen_network(contrastive_network(tuple(frozen.facts["shape"])))
        network.load_state_dict(frozen.state)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"the weights in {path} do not fit this version: {error}; train it again") from error
    return Contrastive(network.to(device), frozen.digest, frozen.facts)
