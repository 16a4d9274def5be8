"""What is wrong with a dataset whose arrays have the right form: mistakes that would train, and score nonsense."""

from __future__ import annotations

from ablations.config.errors import DataError
from ablations.data.dataset import Dataset

_COLOURS = (1, 3)
"""Channels of images, where they stand last by mistake."""


def check_plausible(dataset: Dataset) -> None:
    """Look over data of the user's own.

    Raises:
        DataError: images that are black but for rounding, channels that stand last, or a class without an image.
    """
    name = f"the dataset {dataset.name!r}"
    _, channels, height, width = dataset.train_images.shape
    if width in _COLOURS and channels not in _COLOURS:
        raise DataError(
            f"{name} has images of {height}x{width} pixels in {channels} channels: it seems to give (n, height, width, "
            "channels); images.permute(0, 3, 1, 2) has the channels first"
        )
    if len(dataset.train_images) and int(dataset.train_images.max()) <= 1:
        raise DataError(
            f"{name} has no value above 1: images go from 0, black, to 255; of images in [0, 1] "
            "(255 * x).round().to(torch.uint8) makes them"
        )
    if dataset.train_labels is None:
        return
    for split, labels in zip(("training", "test"), dataset.labels, strict=True):
        there = set(labels.unique().tolist())
        missing = [label for label in range(dataset.shape.classes or 0) if label not in there]
        if missing:
            some = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
            raise DataError(
                f"{name} has no {split} image of class {some}: labels count the classes from 0 on, and each class "
                f"needs images in both splits (here they go from {min(there)} to {max(there)})"
            )
