"""What every dataset is, whatever it was read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ablations.config.digest import digest_of_arrays

Notify = Callable[[str], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """Labelled images of 28x28 in two splits, on the CPU.

    Images are uint8 of shape (n, 28, 28), 0 is background; labels are int64 of shape (n,), from 0 to 9.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    def __post_init__(self) -> None:
        for images, labels in ((self.train_images, self.train_labels), (self.test_images, self.test_labels)):
            if images.dtype != torch.uint8 or images.shape != (len(labels), 28, 28) or labels.dtype != torch.int64:
                raise ValueError(
                    f"dataset {self.name!r}: images must be uint8 (n, 28, 28) and labels int64 (n,), not "
                    f"{images.dtype} {tuple(images.shape)} and {labels.dtype} {tuple(labels.shape)}"
                )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the four arrays: it identifies the data, whatever their source and name."""
        names = ("train_images", "train_labels", "test_images", "test_labels")
        return digest_of_arrays({name: getattr(self, name).numpy() for name in names})
