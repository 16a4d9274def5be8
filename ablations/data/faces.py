"""`faces`: drawn faces, for what S1 says of CelebA where CelebA is not: ellipses with eyes, a nose and a mouth.

Only sums, products, quotients and square roots are taken, each rounded as IEEE 754 says, so that the bytes, and with
them the dataset's digest, are the same on every machine. No labels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ablations.data.dataset import Dataset, Notify

SIDE = 32
TRAINING, TEST = 12_000, 2_000
PARTS = ("left eye", "right eye", "nose", "mouth")
_PLACES = ((-5.0, -2.5), (5.0, -2.5), (0.0, 2.0), (0.0, 7.0))
"""Of the parts, (right, down) of the middle of a face, in pixels."""
_CHUNK = 1_000

Values = NDArray[np.float64]


def load_faces(folder: Path, notify: Notify) -> Dataset:
    """12,000 training and 2,000 test faces, 32x32, in colour; always the same."""
    images = torch.from_numpy(draw_faces(TRAINING + TEST))
    return Dataset(
        name="faces",
        train_images=images[:TRAINING],
        train_labels=None,
        test_images=images[TRAINING:],
        test_labels=None,
    )


def draw_faces(count: int, seed: int = 0, misplaced: float = 0.0) -> NDArray[np.uint8]:
    """Faces (count, 3, 32, 32). In the share `misplaced` of them each part has the place of another.

    A face of a seed is the same whatever the share, but for the places of its parts, and each part stays whole: only
    the arrangement is lost.
    """
    random = np.random.Generator(np.random.SFC64(seed))
    parts = [_draw(random, min(_CHUNK, count - start), misplaced) for start in range(0, count, _CHUNK)]
    return np.concatenate(parts)


def _draw(random: np.random.Generator, count: int, misplaced: float) -> NDArray[np.uint8]:
    def uniform(low: float, high: float, *shape: int) -> Values:
        return low + (high - low) * random.random((count, *(shape or (1,))))

    # Everything is drawn in every case, so that faces of one seed stay comparable.
    behind, skin, hair, iris = (
        uniform(0.1, 0.75, 3),
        _skin(random, count),
        uniform(0.03, 0.5, 1),
        uniform(0.05, 0.45, 3),
    )
    middle, size = uniform(-1.5, 1.5, 2), np.concatenate([uniform(9.5, 11.5), uniform(12.0, 14.0)], 1)
    jitter, scale = uniform(-0.6, 0.6, 4, 2), uniform(0.85, 1.15)
    eyes, mouth, open_mouth = uniform(1.6, 2.4), uniform(2.6, 4.4), uniform(0.8, 2.0)
    lips = np.concatenate([uniform(0.55, 0.85), uniform(0.1, 0.35), uniform(0.15, 0.4)], 1)
    wrong, turn = random.random(count) < misplaced, random.integers(1, len(PARTS), count)

    order = (np.arange(len(PARTS)) + np.where(wrong, turn, 0)[:, None]) % len(PARTS)
    places = middle[:, None] + scale[:, None] * np.array(_PLACES)[order] + jitter
    image = np.broadcast_to(behind[:, :, None, None], (count, 3, SIDE, SIDE)).copy()
    dark = hair * np.array([[1.0, 0.8, 0.6]])
    image = _over(image, middle - np.array([[0.0, 2.0]]), size + np.array([[1.5, 1.5]]), dark)
    image = _over(image, middle, size, skin)
    for part in (0, 1):
        image = _over(image, places[:, part], np.concatenate([1.25 * eyes, eyes], 1), np.full((count, 3), 0.95))
        image = _over(image, places[:, part], np.concatenate([0.6 * eyes, 0.6 * eyes], 1), iris)
    image = _over(image, places[:, 2], np.concatenate([0.5 * eyes, 1.3 * eyes], 1), 0.78 * skin)
    image = _over(image, places[:, 3], np.concatenate([mouth, open_mouth], 1), lips)
    return np.floor(255 * image.clip(0, 1) + 0.5).astype(np.uint8)


def _skin(random: np.random.Generator, count: int) -> Values:
    """Colours between a dark and a light skin."""
    dark, light = np.array([0.35, 0.22, 0.15]), np.array([0.98, 0.84, 0.74])
    tone = random.random((count, 1))
    colours: Values = dark + tone * (light - dark) + 0.04 * (random.random((count, 3)) - 0.5)
    return colours


def _over(image: Values, centre: Values, radii: Values, colour: Values) -> Values:
    """The images with an ellipse painted over each, its edge a pixel soft; centres from the middle, in pixels."""
    steps = np.arange(SIDE) - (SIDE - 1) / 2
    right = (steps[None, None, :] - centre[:, 0, None, None]) / radii[:, 0, None, None]
    down = (steps[None, :, None] - centre[:, 1, None, None]) / radii[:, 1, None, None]
    far = np.sqrt(right * right + down * down)
    cover = ((1 - far) * radii.min(1)[:, None, None] + 0.5).clip(0, 1)[:, None]
    painted: Values = image + cover * (colour[:, :, None, None] - image)
    return painted
