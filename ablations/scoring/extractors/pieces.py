"""Pixels as they stand, apart: the layout of an image without its detail, and its pieces without their places.

An image is brought to 32x32 by averaging. Its layout is that, averaged to 8x8: where what stands, of whatever make. Its
pieces are sixteen squares of 8x8, which together are the image: of what make, wherever it stands. No network, nothing
trained.
"""

from __future__ import annotations

import hashlib

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.scoring.extractors.pixels import checked, in_chunks
from ablations.scoring.features import Features

KIND = "pieces"
SIDE, PIECE = 32, 8
ACROSS = SIDE // PIECE
PIECES = ACROSS**2
"""Of an image. Features are 1 + `PIECES` rows of equal length, the layout first, behind each other."""


class Pieces:
    """The extractor. It takes images of any size and number of channels."""

    name = KIND
    digest = hashlib.sha256(f"{KIND}: {SIDE} by averaging, pieces of {PIECE}".encode()).hexdigest()

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self._device = torch.device(device)

    def features(self, images: Tensor) -> Features:
        """See `Extractor`; without probabilities. (n, (1 + `PIECES`) * channels * 64)."""
        (features,) = in_chunks(checked(images), _compute, self._device)
        return Features(features=features.numpy())


def _compute(images: Tensor) -> tuple[Tensor, ...]:
    count, channels = images.shape[:2]
    small = F.adaptive_avg_pool2d(images, SIDE)
    layout = F.avg_pool2d(small, ACROSS).reshape(count, 1, -1)
    squares = small.reshape(count, channels, ACROSS, PIECE, ACROSS, PIECE).permute(0, 2, 4, 1, 3, 5)
    return (torch.cat([layout, squares.reshape(count, PIECES, -1)], 1).flatten(1),)
