"""The reader: a classifier trained with the artefacts of generators, which also says that an image shows nothing.

Its network has one output more than there are classes. The share of the softmax on that output is `shapeless`; what is
left, taken to a sum of 1, are the `probabilities` of the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ablations.config.errors import DataError
from ablations.scoring.extractors.arranged import ArrangedTrunk, product
from ablations.scoring.extractors.frozen import FOLDER, read_frozen
from ablations.scoring.extractors.pixels import checked, in_chunks, of_shape
from ablations.scoring.extractors.trunk import FEATURES, Shape, folded, linear, trunk
from ablations.scoring.features import Features

KIND = "reader"
WEIGHTS = FOLDER / "reader.safetensors"
WIDTHS = (16, 64, 64)


class ReaderNetwork(nn.Module):
    """Images (n, *shape) in [0, 1] to logits (n, classes + 1), the last one for "nothing to be read"."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.trunk = trunk(shape, widths=WIDTHS)
        self.head = linear(FEATURES, classes + 1)

    def forward(self, images: Tensor) -> Tensor:
        # Channels last: convolutions with so few channels take half the time.
        hidden: Tensor = self.trunk(images.contiguous(memory_format=torch.channels_last))
        logits: Tensor = self.head(hidden.relu())
        return logits

    def frozen(self) -> ReaderNetwork:
        """Ready for use: in eval mode, BatchNorm merged into the weights, without gradients."""
        self.trunk = folded(self.trunk)
        return self.eval().requires_grad_(False).to(memory_format=torch.channels_last)


class Reader:
    """The extractor; make it with `load_reader`."""

    name = KIND

    def __init__(self, network: ReaderNetwork, digest: str, facts: Mapping[str, Any]) -> None:
        self._trunk, self._head = ArrangedTrunk(network.trunk, tuple(facts["shape"])), network.head
        self.digest = digest
        self.facts = facts
        """Where the weights come from, and what was measured of them: `ReaderFacts` as JSON."""
        self.shape: Shape = tuple(facts["shape"])
        self.threshold = float(facts["threshold"])

    def features(self, images: Tensor) -> Features:
        """See `Extractor`; with probabilities, and with `shapeless`."""
        images = of_shape(checked(images), self.shape, self.name)
        features, shares = in_chunks(images, self._compute, self._head.weight.device)
        return Features(
            features=features.numpy(),
            probabilities=(shares[:, :-1] / shares[:, :-1].sum(1, keepdim=True)).numpy(),
            shapeless=shares[:, -1].numpy(),
            threshold=self.threshold,
        )

    def _compute(self, images: Tensor) -> tuple[Tensor, ...]:
        hidden = self._trunk(images).relu_()
        # In float64 the classes keep a share even where the network is all but sure that there is nothing.
        return hidden, product(hidden, self._head.weight, self._head.bias).double().softmax(1)


def load_reader(path: Path = WEIGHTS, *, device: str | torch.device = "cpu") -> Reader:
    """The reader of a weights file; by default the one of this project.

    Raises:
        DataError: the file is missing or altered, or holds another kind of extractor.
    """
    frozen = read_frozen(path, KIND)
    try:
        network = ReaderNetwork(tuple(frozen.facts["shape"]), frozen.facts["classes"]).frozen()
        network.load_state_dict(frozen.state)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"the weights in {path} do not fit this version: {error}; train it again") from error
    return Reader(network.to(device), frozen.digest, frozen.facts)
