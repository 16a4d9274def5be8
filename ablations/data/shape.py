"""What the data decide about everything that reads or draws them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DataShape:
    """The form of a dataset's images, and how many classes their labels tell apart."""

    channels: int
    height: int
    width: int
    classes: int | None
    """Labels go from 0 to `classes` - 1; None: there are no labels."""

    @property
    def image(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    @property
    def values(self) -> int:
        """Of one image."""
        return self.channels * self.height * self.width

    def __str__(self) -> str:
        return f"{self.height}x{self.width}" + (f" in {self.channels} channels" if self.channels > 1 else "")


MNIST_SHAPE = DataShape(channels=1, height=28, width=28, classes=10)
