"""Images of a stored run's G: which latents and classes stand where, and what G makes of them. Trains nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.config.errors import ConfigError, DataError
from ablations.data.splits import load_split
from ablations.scoring.metrics.neighbours import distance_blocks
from ablations.store.records import NO_WEIGHTS
from ablations.store.result import Result
from ablations.training.generator import StoredGenerator
from ablations.training.latents import mixed, mixture, walk

Pixels = NDArray[np.uint8]
NEIGHBOURS = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Cells:
    """What G is asked for, row by row."""

    latents: Tensor
    """(rows, columns, size)."""
    labels: Tensor | None
    """The classes asked for, (rows, columns); None where G is unconditional."""
    words: tuple[str, ...]
    """What each row is; empty where nothing need be said."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawing:
    """Images as they stand in a picture."""

    images: Pixels
    """(rows, columns, channels, height, width)."""
    words: tuple[str, ...]
    latents: NDArray[np.floating]
    labels: NDArray[np.int64] | None
    steps: tuple[int, ...] = ()
    """Of training, one a row, where the rows show its course."""
    distances: NDArray[np.float64] | None = None
    """Of the training images in a row, (rows, `NEIGHBOURS`), where they stand beside a sample."""


class Artist:
    """A stored run, ready to draw; `result` comes with its snapshots.

    Raises:
        ConfigError: no weights of G were kept at that step of training.
        DataError: the run kept none at all, or was trained on other data than are here.
    """

    def __init__(self, result: Result, data_folder: Path | None = None, step: int | None = None) -> None:
        if not result.snapshots:
            is_record = result.is_done and not result.weights
            why = NO_WEIGHTS if is_record else f"{result.status} and has no weights of G"
            raise DataError(f"the run {result.key} is {why}; train it again to draw what it makes")
        self.step = max(result.snapshots) if step is None else step
        if self.step not in result.snapshots:
            kept = ", ".join(f"{known:,}" for known in sorted(result.snapshots))
            raise ConfigError(f"no weights were kept at step {self.step:,}; there are those of the steps {kept}")
        run = result.run
        self.dataset, digest = load_split(run.dataset, run.split, data_folder)
        if digest != run.data_digest:
            raise DataError(f"the run {result.key} was trained on other data than {run.dataset!r} here; get the same")
        self.result, self.variant = result, run.variant
        self._generator = self._at(self.step)

    @property
    def classes(self) -> int | None:
        """How many G can be asked for; None where it is unconditional."""
        return self.dataset.shape.classes if self.variant.conditional else None

    def latents(self, numbers: Sequence[int]) -> Tensor:
        """Some of the latents that the scores are taken of, by their numbers: (n, size)."""
        return self._generator.latents(1 + max(numbers))[list(numbers)]

    # --- what is asked for ---

    def grid(self, numbers: Sequence[int], labels: Sequence[int] = (), columns: int | None = None) -> Cells:
        """The latents of these numbers: a row for each label, or, of one label or none, in so many columns."""
        asked, latents = self._asked(labels), self.latents(numbers)
        if len(asked) > 1:
            return self._rows(latents.expand(len(asked), -1, -1), asked)
        wide = min(columns or math.ceil(math.sqrt(len(numbers))), len(numbers))
        if len(numbers) % wide:
            raise ConfigError(f"{len(numbers)} latents do not fill rows of {wide}; take another --columns")
        cells = latents.view(-1, wide, latents.shape[1])
        return self._rows(cells, asked * len(cells), words=[""] * len(cells))

    def walk(self, numbers: Sequence[int], frames: int, labels: Sequence[int] = (), *, straight: bool = False) -> Cells:
        """A way through the latents of these numbers, a row for each label; see `latents.walk`."""
        straight = straight or self.variant.latent.distribution != "normal"
        way, asked = walk(self.latents(numbers), frames, straight=straight), self._asked(labels)
        return self._rows(way.expand(len(asked), -1, -1), asked)

    def sums(self, sums: Sequence[str], labels: Sequence[int] = ()) -> Cells:
        """Each sum of latents, then what it is made of (the book's seed experiments); a row for each, label by label.

        Raises:
            ConfigError: a text that is no sum, or sums of unlike lengths.
        """
        terms = [mixture(text) for text in sums]
        if len({len(one) for one in terms}) > 1:
            raise ConfigError(f"the sums {', '.join(sums)} have unlike numbers of latents: draw them one by one")
        latents = self.latents(range(1 + max(number for one in terms for _, number in one)))
        rows = [torch.stack([mixed(latents, one), *(latents[number] for _, number in one)]) for one in terms]
        asked = self._asked(labels)
        words = [f"{self._word(label)}  {text}".strip() for label in asked for text in sums]
        return self._rows(torch.stack(rows * len(asked)), [label for label in asked for _ in sums], words)

    def row(self, numbers: Sequence[int], labels: Sequence[int] = ()) -> Cells:
        """One row; a conditional G is asked for the labels in turn, by default for all of them."""
        latents, asked = self.latents(numbers)[None], self._asked(labels)
        told = [asked[place % len(asked)] for place in range(len(numbers))]
        return Cells(latents=latents, labels=None if told[0] is None else torch.tensor([told]), words=("",))

    # --- what comes of it ---

    def draw(self, cells: Cells) -> Drawing:
        return _drawing(_pixels(self._generator, cells), cells)

    def along(self, cells: Cells) -> Drawing:
        """One row of cells at every step of training at which G's weights were kept: a row of images for each."""
        steps = tuple(sorted(self.result.snapshots))
        images = np.concatenate([_pixels(self._at(step), cells) for step in steps])
        return replace(_drawing(images, cells), words=tuple(f"step {step:,}" for step in steps), steps=steps)

    def beside_nearest(self, cells: Cells) -> Drawing:
        """A row for each image: itself, then the training images nearest to it, by the distance of pixels in [0, 1]."""
        images = _pixels(self._generator, cells).reshape(-1, 1, *self.dataset.shape.image)
        training = self.dataset.train_images[-self.variant.training_images :].numpy()
        distances, found = nearest_images(images[:, 0], training, NEIGHBOURS)
        drawn = _drawing(np.concatenate([images, training[found]], 1), cells)
        return replace(drawn, words=tuple(f"{own[0]:.1f}" for own in distances), distances=distances)

    # --- the parts ---

    def _at(self, step: int) -> StoredGenerator:
        run = self.result.run
        return StoredGenerator(run.variant, self.dataset.shape, run.seed, self.result.snapshots[step])

    def _asked(self, labels: Sequence[int]) -> list[int | None]:
        if self.classes is None:
            if labels:
                raise ConfigError(f"{self.variant.name!r} is unconditional: no label can be asked of it")
            return [None]
        for label in labels:
            if not 0 <= label < self.classes:
                raise ConfigError(f"label {label}: {self.dataset.name} has the labels 0 to {self.classes - 1}")
        return [*(labels or range(self.classes))]

    def _rows(self, latents: Tensor, asked: Sequence[int | None], words: Sequence[str] | None = None) -> Cells:
        """A row of latents for each label."""
        labels = None
        if self.classes is not None:
            labels = torch.tensor([label or 0 for label in asked])[:, None].expand(latents.shape[:2])
        said = [self._word(label) for label in asked] if words is None else words
        return Cells(latents=latents, labels=labels, words=tuple(said))

    @staticmethod
    def _word(label: int | None) -> str:
        return "" if label is None else str(label)


def nearest_images(images: Pixels, others: Pixels, count: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances in pixels of [0, 1] and indices of the `count` nearest of `others`, both (n, count)."""
    one, rest = (batch.reshape(len(batch), -1).astype(np.float32) / 255 for batch in (images, others))
    count = min(count, len(rest))
    found = np.empty((len(one), count), dtype=np.intp)
    for block, distances in distance_blocks(one, rest):
        found[block] = np.argpartition(distances, count - 1, axis=1)[:, :count]
    distances = np.linalg.norm(one[:, None].astype(np.float64) - rest[found], axis=2)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(distances, order, 1), np.take_along_axis(found, order, 1)


def _pixels(generator: StoredGenerator, cells: Cells) -> Pixels:
    labels = None if cells.labels is None else cells.labels.flatten()
    images = generator.images(cells.latents.flatten(0, 1), labels)
    pixels: Pixels = torch.nan_to_num(images).clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
    return pixels.reshape(*cells.latents.shape[:2], *pixels.shape[1:])


def _drawing(images: Pixels, cells: Cells) -> Drawing:
    labels = None if cells.labels is None else cells.labels.flatten().numpy()
    return Drawing(images=images, words=cells.words, latents=cells.latents.flatten(0, 1).numpy(), labels=labels)
