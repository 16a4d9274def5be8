"""What every extractor is and gives: from images to features, and, where it knows classes, to what can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """An extractor's view of n images. An image with a value that is not finite has NaN in every row that is float."""

    features: NDArray[np.float32]
    """(n, d)."""
    probabilities: NDArray[np.float32] | None = None
    """Of each class, if the image shows one at all: (n, classes), rows of sum 1; None: the extractor has no classes."""
    shapeless: NDArray[np.float32] | None = None
    """The probability that the image shows nothing to be read, (n,); None: the extractor does not abstain."""
    threshold: float = 0.5
    """An image is readable if `shapeless` is at most this."""

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def labels(self) -> Labels:
        """The most probable classes, (n,), also of images that are not `readable`. Without meaning unless `finite`.

        Raises:
            ValueError: the extractor has no classes.
        """
        if self.probabilities is None:
            raise ValueError("this extractor was trained without labels: it reads no classes")
        labels: Labels = self.probabilities.argmax(1).astype(np.int64)
        return labels

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """Which images show something that can be read, (n,): all where the extractor does not abstain."""
        if self.shapeless is None:
            return np.ones(len(self), dtype=np.bool_)
        return self.shapeless <= self.threshold

    @cached_property
    def finite(self) -> bool:
        """False if any image had a value that is not a number: the generator has diverged."""
        parts = (self.features, self.probabilities, self.shapeless)
        return all(bool(np.isfinite(part).all()) for part in parts if part is not None)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is said, to be kept; `of_arrays` is the way back."""
        parts = {"features": self.features, "probabilities": self.probabilities, "shapeless": self.shapeless}
        return {name: part for name, part in parts.items() if part is not None} | {
            "threshold": np.array(self.threshold)
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Features:
        return cls(
            features=arrays["features"],
            probabilities=arrays.get("probabilities"),
            shapeless=arrays.get("shapeless"),
            threshold=float(arrays["threshold"]),
        )

    def rows(self, chosen: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Features:
        """Some of the images."""
        return Features(
            features=self.features[chosen],
            probabilities=None if self.probabilities is None else self.probabilities[chosen],
            shapeless=None if self.shapeless is None else self.shapeless[chosen],
            threshold=self.threshold,
        )


class Extractor(Protocol):
    """From images to features. Each is loaded by name with `load_extractor`."""

    @property
    def name(self) -> str:
        """What it is called: `reader`, `contrastive`, ..."""

    @property
    def digest(self) -> str:
        """SHA-256 of its weights: scores of different digests cannot be compared."""

    def features(self, images: Tensor) -> Features:
        """Features of images (n, channels, height, width), uint8 or float in [0, 1]; (n, height, width) if grey.

        An image's features depend on that image alone: not on n, on its place or on its neighbours.

        Raises:
            ValueError: another type or range.
            DataError: the extractor does not take images of that shape.
        """
