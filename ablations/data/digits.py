"""`digits`: the 1,797 handwritten digits of 8x8 that scikit-learn ships, enlarged. Needs no network and no folder."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ablations.config.errors import DataError
from ablations.data.dataset import Dataset, Notify

SIDE = 20
MARGIN = 4
TEST_IMAGES_PER_CLASS = 50


def load_digits(folder: Path, notify: Notify) -> Dataset:
    """1,297 training images and 500 test images, 50 of each class; always the same split."""
    values = _shipped()
    images, labels = enlarge(values[:, :-1].reshape(-1, 8, 8)), values[:, -1].astype(np.int64)
    test = np.sort(np.concatenate([_spread(np.flatnonzero(labels == label)) for label in range(10)]))
    train = np.setdiff1d(np.arange(len(labels)), test)
    return Dataset(
        name="digits",
        train_images=torch.from_numpy(images[train])[:, None],
        train_labels=torch.from_numpy(labels[train]),
        test_images=torch.from_numpy(images[test])[:, None],
        test_labels=torch.from_numpy(labels[test]),
    )


def _shipped() -> NDArray[np.float64]:
    """A row for each image: its pixels, then its label. As `sklearn.datasets.load_digits` reads it, which takes seconds
    to import.
    """
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise DataError(
            "the dataset digits lies in scikit-learn, which is not installed: python -m pip install scikit-learn"
        )
    with gzip.open(Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        return np.loadtxt(file, delimiter=",")


def enlarge(images: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Images (n, 8, 8) of whole numbers 0 to 16, bicubically enlarged to 20x20, centred in 28x28, 0 to 255.

    MNIST's digits fill the same 20x20 pixels. The arithmetic is in whole numbers, so that the bytes, and with them the
    dataset's digest, are the same on every machine.
    """
    weights = _cubic_weights(images.shape[-1])
    sums = weights @ images.astype(np.int64) @ weights.T
    white = 16 * int(weights[0].sum()) ** 2
    pixels = ((sums * 255 + white // 2) // white).clip(0, 255)
    return np.pad(pixels.astype(np.uint8), ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))


def _cubic_weights(size: int) -> NDArray[np.int64]:
    """Whole-number weights (SIDE, size) of `size` input pixels for each output pixel; all rows have the same sum.

    The centre of output pixel i lies at (i + 1/2) * size / SIDE - 1/2 on the input's grid. The kernel is the cubic
    convolution of Keys (1981) with a = -3/4, that of PyTorch's interpolation; the border pixel goes on outside.
    """
    unit = 2 * SIDE
    weights = np.zeros((SIDE, size), dtype=np.int64)
    for row in range(SIDE):
        position = (2 * row + 1) * size - SIDE
        low = position // unit
        for tap in range(low - 1, low + 3):
            weights[row, min(max(tap, 0), size - 1)] += _cubic_kernel(abs(tap * unit - position), unit)
    return weights


def _cubic_kernel(distance: int, unit: int) -> int:
    """The kernel at distance / unit, times 4 unit^3."""
    if distance <= unit:
        return 5 * distance**3 - 9 * distance**2 * unit + 4 * unit**3
    return -3 * distance**3 + 15 * distance**2 * unit - 24 * distance * unit**2 + 12 * unit**3


def _spread(indices: NDArray[np.intp]) -> NDArray[np.intp]:
    """Evenly spaced members: the images are ordered by writer, so both splits see all writers."""
    return indices[np.linspace(0, len(indices) - 1, TEST_IMAGES_PER_CLASS).round().astype(np.intp)]
