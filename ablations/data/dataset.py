"""What every dataset is, whatever it was read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ablations.config.digest import digest_of_arrays
from ablations.config.errors import ConfigError
from ablations.data.shape import DataShape

if TYPE_CHECKING:
    from torch import Tensor

Notify = Callable[[str], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """Images of one shape in two splits, with or without labels, on the CPU.

    Images are uint8 of shape (n, channels, height, width), from 0, black, to 255; labels are int64 of shape (n,), the
    classes counted from 0, or None in both splits.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor | None
    test_images: Tensor
    test_labels: Tensor | None

    def __post_init__(self) -> None:
        import torch  # here, so that a plan can be made without it

        splits = ((self.train_images, self.train_labels), (self.test_images, self.test_labels))
        for images, labels in splits:
            if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1:] != self.train_images.shape[1:]:
                hint = "; of images in [0, 1]: (255 * x).round().to(torch.uint8)" if images.is_floating_point() else ""
                raise ValueError(
                    f"dataset {self.name!r}: images must be uint8 (n, channels, height, width), the same in both "
                    f"splits, not {images.dtype} {tuple(images.shape)}{hint}"
                )
            if (labels is None) != (self.train_labels is None):
                raise ValueError(f"dataset {self.name!r}: both splits have labels, or neither has")
            if labels is None:
                continue
            if labels.dtype != torch.int64 or labels.shape != (len(images),) or (labels < 0).any():
                least = f", the least {int(labels.min())}" if len(labels) and not labels.is_floating_point() else ""
                raise ValueError(
                    f"dataset {self.name!r}: labels must be int64 (n,) from 0 on, one for each of {len(images)} "
                    f"images, not {labels.dtype} {tuple(labels.shape)}{least}"
                )

    @cached_property
    def shape(self) -> DataShape:
        """Of its images; the classes are as many as the largest label says."""
        classes = None if self.train_labels is None else 1 + max(int(labels.max()) for labels in self.labels)
        channels, height, width = self.train_images.shape[1:]
        return DataShape(channels=channels, height=height, width=width, classes=classes)

    def shuffled(self) -> Dataset:
        """The same images and labels, those of each split in another order, always the same one.

        Scores, validation and smaller training sets take the first or the last images of a split as a fair part of it.
        """
        import numpy as np
        import torch

        train, test = (
            torch.from_numpy(np.random.default_rng(0).permutation(len(images)))
            for images in (self.train_images, self.test_images)
        )
        return Dataset(
            name=self.name,
            train_images=self.train_images[train],
            train_labels=None if self.train_labels is None else self.train_labels[train],
            test_images=self.test_images[test],
            test_labels=None if self.test_labels is None else self.test_labels[test],
        )

    @property
    def labels(self) -> tuple[Tensor, Tensor]:
        """Of the training and of the test images; raises `ConfigError` where there are none."""
        if self.train_labels is None or self.test_labels is None:
            raise ConfigError(f"the dataset {self.name!r} has no labels, which this needs")
        return self.train_labels, self.test_labels

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the arrays: it identifies the data, whatever their source and name.

        Images of one channel count as (n, height, width), so that a dataset keeps the digest it had when all were grey.
        """
        names = ("train_images", "train_labels", "test_images", "test_labels")
        arrays = {name: values for name in names if (values := getattr(self, name)) is not None}
        if self.shape.channels == 1:
            arrays |= {name: values.squeeze(1) for name, values in arrays.items() if values.ndim == 4}
        return digest_of_arrays({name: values.numpy() for name, values in arrays.items()})
