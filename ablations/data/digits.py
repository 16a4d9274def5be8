"""`digits`: the 1,797 handwritten digits of 8x8 that scikit-learn ships, enlarged. Needs no network and no folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ablations.data.dataset import Dataset, Notify

SIDE = 20
MARGIN = 4
TEST_IMAGES_PER_CLASS = 50


def load_digits(folder: Path, notify: Notify) -> Dataset:
    """1,297 training images and 500 test images, 50 of each class; always the same split."""
    # Imported here: it takes about a second, and only this dataset needs it.
    from sklearn import datasets

    bunch = datasets.load_digits()
    images, labels = enlarge(np.asarray(bunch.images)), np.asarray(bunch.target, dtype=np.int64)
    test = np.sort(np.concatenate([_spread(np.flatnonzero(labels == label)) for label in range(10)]))
    train = np.setdiff1d(np.arange(len(labels)), test)
    return Dataset(
        name="digits",
        train_images=torch.from_numpy(images[train]),
        train_labels=torch.from_numpy(labels[train]),
        test_images=torch.from_numpy(images[test]),
        test_labels=torch.from_numpy(labels[test]),
    )


def enlarge(images: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Images (n, 8, 8) of whole numbers 0 to 16, bilinearly enlarged to 20x20, centred in 28x28, 0 to 255.

    MNIST's digits fill the same 20x20 pixels. The arithmetic is in whole numbers, so that the bytes, and with them the
    dataset's digest, are the same on every machine.
    """
    weights = _bilinear_weights(images.shape[-1])
    total = int(weights[0].sum())
    sums = weights @ images.astype(np.int64) @ weights.T
    full = 16 * total**2
    pixels = (sums * 255 + full // 2) // full
    return np.pad(pixels.astype(np.uint8), ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))


def _bilinear_weights(size: int) -> NDArray[np.int64]:
    """Rows of whole-number weights, all with the sum 2 * SIDE: output pixel i of SIDE from `size` input pixels.

    The centre of output pixel i lies at (i + 1/2) * size / SIDE - 1/2 on the input's grid; clamped at the border.
    """
    unit = 2 * SIDE
    position = np.clip((2 * np.arange(SIDE) + 1) * size - SIDE, 0, unit * (size - 1))
    low, above = position // unit, position % unit
    weights = np.zeros((SIDE, size), dtype=np.int64)
    rows = np.arange(SIDE)
    weights[rows, low] += unit - above
    weights[rows, np.minimum(low + 1, size - 1)] += above
    return weights


def _spread(indices: NDArray[np.intp]) -> NDArray[np.intp]:
    """Evenly spaced members: the images are ordered by writer, so both splits see all writers."""
    return indices[np.linspace(0, len(indices) - 1, TEST_IMAGES_PER_CLASS).round().astype(np.intp)]
